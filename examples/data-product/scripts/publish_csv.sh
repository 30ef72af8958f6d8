#!/bin/bash
# One CSV file for each query of sql/publish, with a header line.
# usage: publish_csv.sh DATABASE FOLDER
set -euo pipefail

database=$1 folder=$2
[ -s "$database" ] || { echo "publish_csv: $database is missing" >&2; exit 1; }
mkdir -p "$folder"

for query in sql/publish/*.sql; do
    file=$folder/$(basename "$query" .sql).csv
    sqlite3 -readonly -bail -header -csv "$database" < "$query" > "$file.tmp"
    mv "$file.tmp" "$file"
    printf '%-32s %6d rows %8d bytes\n' "$file" "$(($(wc -l < "$file") - 1))" "$(wc -c < "$file")"
done
