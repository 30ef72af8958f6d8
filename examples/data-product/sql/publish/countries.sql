select * from country_profile order by code;
