select code, alpha_2, name, scope, state from language order by code;
