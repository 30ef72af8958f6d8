"""Turns the numbered schema files into one C file: embed.py OUT 0001_a.sql 0002_b.sql ..."""
import os
import sys


def c_string(text):
    lines = []
    for line in text.splitlines():
        code = line.split("--", 1)[0].rstrip()  # comments are for readers of the file
        if code:
            code = code.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'      "{code}\\n"')
    return "\n".join(lines)


def main(out, *files):
    rows = []
    for number, path in enumerate(sorted(files, key=os.path.basename), 1):
        name = os.path.splitext(os.path.basename(path))[0]
        if int(name.split("_")[0]) != number:
            sys.exit(f"{path}: number {number} is missing")
        with open(path, encoding="utf-8") as file:
            rows.append(f'    {{ {number}, "{name}",\n{c_string(file.read())} }},')
    with open(out, "w", encoding="utf-8") as file:
        file.write('#include "store/schema.h"\n\nconst DbMigration schema_migrations[] = {\n')
        file.write("\n".join(rows))
        file.write(f"\n}};\nconst size_t schema_n_migrations = {len(rows)};\n")


main(*sys.argv[1:])
