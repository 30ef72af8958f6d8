select script.code, script.numeric, script.name, script.family, group_concat(script_language.language, ' ') as languages
from script
left join script_language on script_language.script = script.code
group by script.code
order by script.code;
