-- The parent of a subdivision exists, in the same country
select child.code, child.name, child.parent
from subdivision as child
left join subdivision as parent on parent.code = child.parent
where child.parent is not null
  and (parent.code is null or parent.country <> child.country);
