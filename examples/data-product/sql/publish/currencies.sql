select currency.code, currency.numeric, currency.name, currency.class, currency.country_code, country.name as country
from currency
left join country on country.code = currency.country_code
order by currency.code;
