-- Numbers have three digits, zeros included
select 'country' as what, code, numeric from country where numeric not glob '[0-9][0-9][0-9]'
union all select 'currency', code, numeric from currency where numeric not glob '[0-9][0-9][0-9]'
union all select 'script', code, numeric from script where numeric not glob '[0-9][0-9][0-9]';
