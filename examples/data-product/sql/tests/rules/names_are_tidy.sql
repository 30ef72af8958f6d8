-- Names have no outer or double spaces
select code, name from country where name <> trim(name) or name like '%  %'
union all select code, name from subdivision where name <> trim(name) or name like '%  %' or name = ''
union all select code, name from language where name <> trim(name) or name like '%  %';
