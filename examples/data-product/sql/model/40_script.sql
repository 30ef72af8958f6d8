-- The hundreds of a script's number say what family it is of.
create table script_family (
    hundreds       integer primary key,
    name           text not null
);
insert into script_family values
    (0, 'Hieroglyphic and cuneiform'),
    (1, 'Right-to-left alphabetic'),
    (2, 'Left-to-right alphabetic'),
    (3, 'Alphasyllabic'),
    (4, 'Syllabic'),
    (5, 'Ideographic'),
    (6, 'Undeciphered'),
    (7, 'Shorthand and other notations'),
    (9, 'Private use and special codes');

create table script (
    code           text primary key,
    numeric        text not null unique,
    name           text not null,
    base_name      text not null,          -- without what follows a bracket or comma
    family         text                    -- null for a number outside the families
);
insert into script
select raw.code, raw.numeric, raw.name,
       trim(substr(raw.name, 1, min(instr(raw.name || '(', '('), instr(raw.name || ',', ',')) - 1)),
       family.name
from raw_script as raw
left join script_family as family on family.hundreds = cast(raw.numeric as integer) / 100
order by raw.code;
