-- A national currency begins with the code of its country (CHF: Switzerland, Franc); X begins all that no country
-- issues. The euro is the one exception: EU is reserved for the European Union, which is no country of ISO 3166.
create table currency (
    code           text primary key,
    numeric        text not null unique,
    name           text not null,
    class          text not null,
    country_code   text                    -- of the issuing country, for the national ones
);
insert into currency
select code, numeric, name,
       case
           when code in ('XAG', 'XAU', 'XPD', 'XPT') then 'metal'
           when code in ('XTS', 'XXX') then 'no currency'
           when code like 'XB%' or code in ('XDR', 'XSU', 'XUA') then 'unit of account'
           when code like 'X%' or code = 'EUR' then 'shared'
           else 'national'
       end,
       case when code not like 'X%' and code <> 'EUR' then substr(code, 1, 2) end
from raw_currency
order by code;

create index currency_by_country on currency (country_code);
