-- The model has as many rows as the source
with counted (what, loaded, modelled) as (
    values
        ('countries', (select count(*) from raw_country),
         (select count(*) from country) + (select count(*) from former_country)),
        ('subdivisions', (select count(*) from raw_subdivision), (select count(*) from subdivision)),
        ('currencies', (select count(*) from raw_currency), (select count(*) from currency)),
        ('languages', (select count(*) from raw_language), (select count(*) from language)),
        ('scripts', (select count(*) from raw_script), (select count(*) from script))
)
select * from counted where loaded <> modelled or loaded = 0;
