-- The source has one letter for scope and state; the model has words.
create table language (
    code           text primary key,
    alpha_2        text unique,
    name           text not null,
    scope          text not null,
    state          text not null
);
insert into language
select code, nullif(alpha_2, ''), coalesce(nullif(short_name, ''), name),
       case scope when 'I' then 'individual' when 'M' then 'macrolanguage' else 'special' end,
       case state
           when 'L' then 'living' when 'E' then 'extinct' when 'A' then 'ancient'
           when 'H' then 'historical' when 'C' then 'constructed' else 'special'
       end
from raw_language
order by code;

-- Which scripts bear the name of a language? The standards do not link the two, their names do.
create table script_language as
select script.code as script, language.code as language, language.name, language.state
from script
join raw_language on raw_language.name = script.base_name
join language on language.code = raw_language.code
order by script.code;
