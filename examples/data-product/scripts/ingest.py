#!/usr/bin/env python3
"""Reads one source, holds it against the schema that comes with it, and writes it as CSV.

    ingest.py SOURCE [--out DIR]

A record that breaks the schema ends the job: half a source is worse than none. Text is
brought into one form (Unicode NFC, single spaces) and codes are made whole, so that later
steps can join by equality. The log says how much was changed.
"""

import argparse
import csv
import json
import os
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

MOST_ERRORS_SHOWN = 10


class SourceError(Exception):
    """The source is missing or not what its schema says. The message is for the log."""


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(
            f"{path} is missing. On Debian: apt-get install iso-codes; "
            "elsewhere set ISO_CODES_DIR to the folder of its JSON files."
        ) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from None


def field_rules(schema, standard):
    """The rules for one record: {field: {pattern, minLength}}, and the fields it must have."""
    entry = schema["properties"][standard]
    items = entry["items"]
    # Some of the schemas put "required" beside "items", where it says nothing about a record.
    return items["properties"], items.get("required") or entry.get("required") or []


def breaches(record, rules, required):
    """Says what is wrong with a record: one sentence each."""
    for field in required:
        if field not in record:
            yield f"has no {field}"
    for field, value in record.items():
        rule = rules.get(field)
        if rule is None:
            yield f"has an unknown field {field}"
        elif not isinstance(value, str):
            yield f"{field} is not text: {value!r}"
        elif len(value) < rule.get("minLength", 0):
            yield f"{field} is empty"
        elif "pattern" in rule and not re.search(rule["pattern"], value):
            yield f"{field} is {value!r}, which does not match {rule['pattern']}"


def read_standard(folder, standard):
    """All records of one standard, each as its schema says."""
    records = read_json(folder / f"iso_{standard}.json").get(standard)
    if not records:
        raise SourceError(f"iso_{standard}.json holds no records under {standard!r}")
    rules, required = field_rules(read_json(folder / f"schema-{standard}.json"), standard)
    errors = [f"record {number}, {record.get('name', '?')}: {breach}"
              for number, record in enumerate(records, 1)
              for breach in breaches(record, rules, required)]
    if errors:
        shown = "\n  ".join(errors[:MOST_ERRORS_SHOWN])
        raise SourceError(f"ISO {standard}: {len(errors)} breaches of its schema\n  {shown}")
    print(f"ISO {standard}: {len(records)} records, all as schema-{standard}.json says")
    return records


def tidy(text):
    """One way to write each text: composed characters, single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def countries(read):
    for record in read("3166-1"):
        yield {
            "alpha_2": record["alpha_2"], "alpha_3": record["alpha_3"],
            "numeric": record["numeric"], "name": record["name"],
            "short_name": record.get("common_name", ""),
            "official_name": record.get("official_name", ""),
            "flag": record["flag"], "withdrawn": "",
        }
    for record in read("3166-3"):
        yield {
            "alpha_2": record["alpha_2"], "alpha_3": record["alpha_3"],
            "numeric": record.get("numeric", ""), "name": record["name"],
            "short_name": "", "official_name": "", "flag": "",
            "withdrawn": record["withdrawal_date"],
        }


def split_name(name):
    """("Swansea", "Abertawe") from "Swansea [Abertawe GB-ATA]": a place has one name or two."""
    match = re.fullmatch(r"(.+?)\s*\[(.+?)(\s+[A-Z]{2}-[A-Z0-9]+)?\]", name)
    return (match[1], match[2]) if match else (name, "")


def subdivisions(read):
    for record in read("3166-2"):
        country = record["code"].split("-")[0]
        parent = record.get("parent", "")
        if parent and "-" not in parent:  # the source writes both "WLS" and "GB-WLS"
            parent = f"{country}-{parent}"
        name, other_name = split_name(record["name"])
        yield {
            "code": record["code"], "country": country, "name": name,
            "other_name": other_name, "kind": record["type"], "parent": parent,
        }


def currencies(read):
    for record in read("4217"):
        yield {"code": record["alpha_3"], "numeric": record["numeric"], "name": record["name"]}


def languages(read):
    for record in read("639-3"):
        yield {
            "code": record["alpha_3"], "alpha_2": record.get("alpha_2", ""),
            "name": record["name"], "short_name": record.get("common_name", ""),
            "sorted_name": record.get("inverted_name", ""),
            "scope": record["scope"], "state": record["type"],
        }


def scripts(read):
    for record in read("15924"):
        yield {"code": record["alpha_4"], "numeric": record["numeric"], "name": record["name"]}


SOURCES = {function.__name__: function
           for function in (countries, subdivisions, currencies, languages, scripts)}


def ingest(source, folder, out):
    """Writes OUT/SOURCE.csv and says in the log what was read, changed and written."""
    rows, changed = [], Counter()
    for row in SOURCES[source](lambda standard: read_standard(folder, standard)):
        tidied = {field: tidy(value) for field, value in row.items()}
        changed.update(field for field in row if row[field] != tidied[field])
        rows.append(tidied)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{source}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for field, count in changed.most_common():
        print(f"tidied {field} of {count} records")
    print(f"wrote {len(rows)} rows of {len(rows[0])} columns to {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", choices=SOURCES, metavar="SOURCE", help=", ".join(SOURCES))
    parser.add_argument("--out", type=Path, default=Path("build/staged"), metavar="DIR")
    options = parser.parse_args()
    folder = Path(os.environ.get("ISO_CODES_DIR", "/usr/share/iso-codes/json"))
    try:
        ingest(options.source, folder, options.out)
    except SourceError as error:
        sys.exit(f"ingest {options.source}: {error}")


if __name__ == "__main__":
    main()
