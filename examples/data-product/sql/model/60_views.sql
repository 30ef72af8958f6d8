-- What readers ask for.
create view country_profile as
select country.code, country.flag, country.name, country.formal_name, country.alpha_3, country.numeric,
       (select count(*) from subdivision where country = country.code) as subdivisions,
       (select max(depth) from subdivision where country = country.code) as depth,
       (select group_concat(kind, ', ')
        from (select distinct kind from subdivision where subdivision.country = country.code order by kind)) as kinds,
       (select group_concat(currency.code, ', ')
        from currency where country_code = country.code) as currencies
from country;

create view kind_of_subdivision as
select kind, count(*) as subdivisions, count(distinct country) as countries
from subdivision
group by kind
order by subdivisions desc, kind;

create view language_state as
select state, count(*) as languages, sum(alpha_2 is not null) as with_two_letters
from language
group by state
order by languages desc;

create view script_family_size as
select family.name as family, count(distinct script.code) as scripts,
       count(distinct script_language.script) as named_after_a_language
from script_family as family
left join script on script.family = family.name
left join script_language on script_language.script = script.code
group by family.hundreds
order by family.hundreds;
