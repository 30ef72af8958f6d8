-- For the log.
.mode box
select 'countries' as made, count(*) as rows from country
union all select 'former countries', count(*) from former_country
union all select 'subdivisions', count(*) from subdivision
union all select 'currencies', count(*) from currency
union all select 'languages', count(*) from language
union all select 'scripts', count(*) from script
union all select 'scripts named after a language', count(distinct script) from script_language;
select family, scripts, named_after_a_language from script_family_size;
