select code, country, parent, name, other_name, kind, depth from subdivision order by code;
