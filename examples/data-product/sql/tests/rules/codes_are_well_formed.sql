-- Codes look as their standards say
select 'country' as what, code from country where code not glob '[A-Z][A-Z]' or alpha_3 not glob '[A-Z][A-Z][A-Z]'
union all select 'currency', code from currency where code not glob '[A-Z][A-Z][A-Z]'
union all select 'language', code from language where code not glob '[a-z][a-z][a-z]'
union all select 'script', code from script where code not glob '[A-Z][a-z][a-z][a-z]'
union all select 'subdivision', code from subdivision where code not like country || '-%';
