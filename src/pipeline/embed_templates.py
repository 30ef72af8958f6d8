"""Turns a folder of templates into one C file: embed_templates.py OUT ROOT FILE..."""
import os
import sys


def c_string(text):
    return "\n".join('      "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for line in text.splitlines())


def main(out, root, *files):
    rows = []
    for path in sorted(files):
        with open(path, encoding="utf-8") as file:
            rows.append(f'    {{ "{os.path.relpath(path, root)}",\n{c_string(file.read())} }},')
    with open(out, "w", encoding="utf-8") as file:
        file.write('#include "pipeline/template_file.h"\n\nconst TemplateFile template_files[] = {\n')
        file.write("\n".join(rows))
        file.write("\n    { 0 },\n};\n")


main(*sys.argv[1:])
