-- For the log.
.mode box
select 'countries' as source, count(*) as rows from raw_country
union all select 'subdivisions', count(*) from raw_subdivision
union all select 'currencies', count(*) from raw_currency
union all select 'languages', count(*) from raw_language
union all select 'scripts', count(*) from raw_script;
