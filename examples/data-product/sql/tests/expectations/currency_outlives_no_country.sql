-- A national currency is of a country that still exists
select currency.code, currency.name, former_country.name as country, former_country.withdrawn
from currency
join former_country on former_country.code = currency.country_code
where currency.country_code not in (select code from country);
