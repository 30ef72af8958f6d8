-- A flag is made of the two letters of its country's code
-- Regional indicator symbols begin at 127462, for A.
select code, flag
from country
where unicode(flag) <> 127462 + unicode(code) - unicode('A')
   or unicode(substr(flag, 2)) <> 127462 + unicode(substr(code, 2)) - unicode('A')
   or length(flag) <> 2;
