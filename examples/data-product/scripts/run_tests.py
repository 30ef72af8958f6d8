#!/usr/bin/env python3
"""Runs data tests: each is a SQL file whose query finds the rows that are wrong.

    run_tests.py DIR --database FILE [--junit FILE] [--show ROWS]

The first line of a file, a comment, is the test's title. A test passes when its query finds
nothing. The log shows the first rows of each failure, and the JUnit report has them too.
Exit status: 0 all passed, 1 some failed, 2 there was nothing to run or no database.
"""

import argparse
import sqlite3
import sys
import time
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

GREEN, RED, BOLD, PLAIN = "\033[32m", "\033[31m", "\033[1m", "\033[0m"
WIDEST_COLUMN = 44


@dataclass
class Result:
    path: Path
    title: str
    seconds: float = 0.0
    columns: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    error: str = ""

    @property
    def passed(self):
        return not self.rows and not self.error

    @property
    def finding(self):
        return self.error or f"{len(self.rows)} row{'s' if len(self.rows) > 1 else ''}"


def run(database, path):
    sql = path.read_text(encoding="utf-8")
    result = Result(path, sql.splitlines()[0].lstrip("- ").strip() or path.stem)
    started = time.perf_counter()
    try:
        cursor = database.execute(sql)
        result.rows = cursor.fetchall()
        result.columns = [column[0] for column in cursor.description or []]
    except sqlite3.Error as error:
        result.error = str(error)
    result.seconds = time.perf_counter() - started
    return result


def width(text):
    """The columns that a text takes in a terminal: wide letters take two, marks none."""
    return sum(0 if unicodedata.combining(letter)
               else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
               for letter in text)


def shortened(value):
    text = "" if value is None else str(value)
    return text if len(text) <= WIDEST_COLUMN else text[:WIDEST_COLUMN - 1] + "…"


def table(result, most):
    """The first rows as lines of a table, and how many more there are."""
    cells = [[shortened(value) for value in row] for row in [result.columns, *result.rows[:most]]]
    widths = [max(map(width, column)) for column in zip(*cells)]
    lines = ["  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths)).rstrip()
             for row in cells]
    lines.insert(1, "  ".join("─" * wide for wide in widths))
    if len(result.rows) > most:
        lines.append(f"... and {len(result.rows) - most} more")
    return lines


def print_result(result, most):
    milliseconds = result.seconds * 1000
    if result.passed:
        print(f"{GREEN}passed{PLAIN}  {result.title}  ({milliseconds:.0f} ms)")
        return
    print(f"{RED}FAILED{PLAIN}  {BOLD}{result.title}{PLAIN}: {result.finding}  ({result.path})")
    for line in [] if result.error else table(result, most):
        print(f"        {line}")


def write_junit(path, suite, results, most):
    failures = sum(1 for result in results if result.rows)
    errors = sum(1 for result in results if result.error)
    total = f"{sum(result.seconds for result in results):.3f}"
    root = ElementTree.Element("testsuites")
    node = ElementTree.SubElement(
        root, "testsuite", name=suite, tests=str(len(results)), failures=str(failures),
        errors=str(errors), skipped="0", time=total)
    for result in results:
        case = ElementTree.SubElement(
            node, "testcase", classname=suite, name=result.title, file=str(result.path),
            time=f"{result.seconds:.3f}")
        if result.error:
            ElementTree.SubElement(case, "error", message=result.error)
        elif result.rows:
            failure = ElementTree.SubElement(case, "failure", message=f"found {result.finding}")
            failure.text = "\n".join(table(result, most))
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--database", type=Path, required=True, metavar="FILE")
    parser.add_argument("--junit", type=Path, metavar="FILE")
    parser.add_argument("--show", type=int, default=8, metavar="ROWS")
    options = parser.parse_args()

    paths = sorted(options.folder.glob("*.sql"))
    if not paths:
        print(f"run_tests: no *.sql in {options.folder}", file=sys.stderr)
        return 2
    if not options.database.is_file():
        print(f"run_tests: {options.database} is missing; did the job that builds it leave an artifact?",
              file=sys.stderr)
        return 2

    database = sqlite3.connect(f"file:{options.database}?mode=ro", uri=True)
    results = [run(database, path) for path in paths]
    for result in results:
        print_result(result, options.show)
    if options.junit:
        write_junit(options.junit, options.folder.name, results, options.show)
    failed = sum(not result.passed for result in results)
    print(f"{len(results)} tests, {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
