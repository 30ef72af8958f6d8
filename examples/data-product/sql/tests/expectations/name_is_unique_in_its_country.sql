-- No two subdivisions of a country have the same name
select country, name, group_concat(code, ', ') as codes, group_concat(kind, ', ') as kinds
from subdivision
group by country, name
having count(*) > 1
order by country, name;
