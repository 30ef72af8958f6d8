-- Kinds of subdivisions are written alike
select kind, count(*) as subdivisions
from subdivision
where kind <> upper(substr(kind, 1, 1)) || substr(kind, 2)
group by kind;
