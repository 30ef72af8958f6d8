-- A national currency has a country, of today or former
select code, name, country_code
from currency
where class = 'national'
  and country_code not in (select code from country)
  and country_code not in (select code from former_country);
