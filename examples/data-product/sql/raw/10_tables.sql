-- One table for each staged file, with its columns, all text. An empty field stays empty here; the model makes it null.
create table raw_country (alpha_2, alpha_3, numeric, name, short_name, official_name, flag, withdrawn);
create table raw_subdivision (code, country, name, other_name, kind, parent);
create table raw_currency (code, numeric, name);
create table raw_language (code, alpha_2, name, short_name, sorted_name, scope, state);
create table raw_script (code, numeric, name);
