-- The country of a subdivision exists
select subdivision.code, subdivision.name, subdivision.country
from subdivision
left join country on country.code = subdivision.country
where country.code is null;
