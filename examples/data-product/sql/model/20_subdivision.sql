-- The subdivisions as trees: a province in a region in a country. Depth 1 stands right under the country.
create table subdivision (
    code           text primary key,
    country        text not null references country,
    parent         text references subdivision,
    name           text not null,
    other_name     text,                   -- in another language of the place
    kind           text not null,
    depth          integer                 -- null when the parents do not lead to a country
);
insert into subdivision
with recursive tree (code, depth) as (
    select code, 1 from raw_subdivision where parent = ''
    union all
    select child.code, tree.depth + 1
    from raw_subdivision as child
    join tree on child.parent = tree.code
    where tree.depth < 10
)
select raw.code, raw.country, nullif(raw.parent, ''), raw.name, nullif(raw.other_name, ''), raw.kind, tree.depth
from raw_subdivision as raw
left join tree using (code)
order by raw.code;

create index subdivision_by_country on subdivision (country, kind);
