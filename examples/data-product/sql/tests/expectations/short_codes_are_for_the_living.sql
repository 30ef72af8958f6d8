-- Two-letter codes go to languages that are in use
-- Latin, Sanskrit and their like have one all the same, for good reasons.
select code, alpha_2, name, state
from language
where alpha_2 is not null
  and state not in ('living', 'constructed')
order by name;
