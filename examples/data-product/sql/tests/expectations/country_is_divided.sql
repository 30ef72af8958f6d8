-- Every country has subdivisions
select code, name from country_profile where subdivisions = 0 order by name;
