-- Countries of today, and former ones. A former country may share its code with a present one (AI was the Afars and
-- Issas before it was Anguilla), hence two tables.
create table country (
    code           text primary key,
    alpha_3        text not null unique,
    numeric        text not null unique,
    name           text not null,          -- the name to show
    formal_name    text not null,          -- the official one where the source has it
    flag           text not null
);
insert into country
select alpha_2, alpha_3, numeric,
       coalesce(nullif(short_name, ''), name),
       coalesce(nullif(official_name, ''), name),
       flag
from raw_country
where withdrawn = ''
order by alpha_2;

create table former_country (
    alpha_3        text primary key,
    code           text not null,
    name           text not null,
    withdrawn      text not null           -- a year, or a date
);
insert into former_country
select alpha_3, alpha_2, name, withdrawn
from raw_country
where withdrawn <> ''
order by withdrawn, alpha_3;
