-- A script's number is in a known family
select code, numeric, name from script where family is null;
