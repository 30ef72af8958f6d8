#!/usr/bin/env python3
"""Writes the product's page: one HTML file that needs nothing beside it.

    publish_page.py --database FILE --run FILE --out FILE

The layout is page.html beside this script; here are the queries and how their rows become
figures, bars and table rows.
"""

import argparse
import os
import sqlite3
import sys
from html import escape
from pathlib import Path
from string import Template

FIGURES = """
select 'countries', count(*) from country
union all select 'former countries', count(*) from former_country
union all select 'subdivisions', count(*) from subdivision
union all select 'currencies', count(*) from currency
union all select 'languages', count(*) from language
union all select 'scripts', count(*) from script
"""

NAMESAKES = """
select name, count(distinct country) as countries
from subdivision
group by name
having countries > 2
order by countries desc, name
limit 12
"""

COUNTRIES = """
select flag, code, name, formal_name, subdivisions, kinds, currencies
from country_profile
order by name
"""


def grouped(number):
    """12345 as 12 345, with thin spaces."""
    return f"{number:,}".replace(",", "\u2009")


def figures(rows):
    return "".join(f"<li><b>{grouped(count)}</b>{escape(what)}</li>" for what, count in rows)


def bars(rows):
    rows = list(rows)
    most = max(count for _, count in rows)
    lines = [
        f'<dt title="{escape(label)}">{escape(label)}</dt>'
        f'<dd class="track"><i style="width:{100 * count / most:.1f}%"></i></dd>'
        f'<dd class="count">{grouped(count)}</dd>'
        for label, count in rows
    ]
    return f'<dl class="bars">{"".join(lines)}</dl>'


def country_row(flag, code, name, formal_name, subdivisions, kinds, currencies):
    formal = f"<small>{escape(formal_name)}</small>" if formal_name != name else ""
    parts = subdivisions or '<span class="none">none</span>'
    money = f"<code>{escape(currencies)}</code>" if currencies else '<span class="muted">shared</span>'
    return (f'<tr><td class="flag">{flag}</td><td><code>{code}</code></td>'
            f"<td>{escape(name)}{formal}</td>"
            f'<td class="number">{parts}</td><td>{escape(kinds or "")}</td><td>{money}</td></tr>\n')


def read_run(path):
    """The facts about this run, as the initialising job left them: KEY=value lines."""
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {key: escape(value) for key, _, value in pairs}


def page(database, run):
    def query(sql):
        return database.execute(sql).fetchall()

    layout = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    kinds = query("select kind, subdivisions from kind_of_subdivision")
    return layout.substitute(
        title=escape(os.environ.get("PRODUCT_TITLE", "Codes of the World")),
        figures=figures(query(FIGURES)),
        kinds=len(kinds),
        subdivision_bars=bars(kinds[:12]),
        namesake_bars=bars(query(NAMESAKES)),
        language_bars=bars(query("select state, languages from language_state")),
        script_bars=bars(query("select family, scripts from script_family_size")),
        country_rows="".join(country_row(*row) for row in query(COUNTRIES)),
        release=run["SOURCE_RELEASE"], pipeline=run["PIPELINE"], commit=run["COMMIT"],
        environment=run["ENVIRONMENT"], started=run["STARTED"],
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--database", "--run", "--out"):
        parser.add_argument(name, type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    for path in (options.database, options.run):
        if not path.is_file():
            sys.exit(f"publish_page: {path} is missing; did the job that makes it leave an artifact?")
    database = sqlite3.connect(f"file:{options.database}?mode=ro", uri=True)
    text = page(database, read_run(options.run))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(f"wrote {options.out}: {len(text.encode())} bytes, nothing else needed")


if __name__ == "__main__":
    main()
