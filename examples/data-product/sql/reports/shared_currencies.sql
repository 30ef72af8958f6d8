-- Countries that no national currency is named after, so that they share one. Runs on the staged files alone.
create table country (alpha_2, alpha_3, numeric, name, short_name, official_name, flag, withdrawn);
create table currency (code, numeric, name);
.import --csv --skip 1 build/staged/countries.csv country
.import --csv --skip 1 build/staged/currencies.csv currency
.mode column
select count(*) as countries, sum(shares) as without_their_own
from (select alpha_2 not in (select substr(code, 1, 2) from currency) as shares from country where withdrawn = '');
select flag, alpha_2 as code, name
from country
where withdrawn = ''
  and alpha_2 not in (select substr(code, 1, 2) from currency)
order by name;
