#!/usr/bin/env python3
"""Writes a short profile of a staged CSV file as Markdown, and prints it.

    profile_csv.py FILE.csv --out FILE.md

For each column: how many rows have a value, how many values there are, the longest and the
most frequent one.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path


def column_line(name, values):
    filled = [value for value in values if value]
    counts = Counter(filled)
    (top, times), = counts.most_common(1) or [("", 0)]
    often = f"{top} ({times} times)" if times > 1 else "each occurs once"
    longest = max(filled, key=len, default="")
    share = 100 * len(filled) / len(values)
    return f"| {name} | {share:.0f} % | {len(counts)} | {often} | {longest[:40]} |"


def profile(path):
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows:
        sys.exit(f"profile: {path} holds no rows")
    lines = [f"# {path.stem}: {len(rows)} rows", "",
             "| column | filled | values | most frequent | longest |",
             "| --- | ---: | ---: | --- | --- |"]
    lines += [column_line(name, [row[name] for row in rows]) for name in rows[0]]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if not options.file.is_file():
        sys.exit(f"profile: {options.file} is missing; did its ingest job leave an artifact?")
    text = profile(options.file)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
