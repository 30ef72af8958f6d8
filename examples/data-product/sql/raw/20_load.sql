-- The shell's own reader of CSV; it says so, and stops, when a file is missing.
.import --csv --skip 1 build/staged/countries.csv raw_country
.import --csv --skip 1 build/staged/subdivisions.csv raw_subdivision
.import --csv --skip 1 build/staged/currencies.csv raw_currency
.import --csv --skip 1 build/staged/languages.csv raw_language
.import --csv --skip 1 build/staged/scripts.csv raw_script
