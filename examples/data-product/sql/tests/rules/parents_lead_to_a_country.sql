-- Going up from parent to parent ends at a country
select code, name, parent from subdivision where depth is null;
