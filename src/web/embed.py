#!/usr/bin/env python3
"""embed.py SOURCE NPM OUT_DIST OUT_C OUT_BIN DEPFILE: builds the page in SOURCE (web/) and packs it for the program.

Installs the packages of package-lock.json where they are not installed yet, lets vite build, and writes every file
compressed (brotli and gzip, where that is smaller) into OUT_BIN, with a table of them in OUT_C. DEPFILE names all that went
in, folders too, so that nothing runs again until something changes."""
import fcntl
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json",
         ".webmanifest": "application/manifest+json", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
         ".map": "application/json"}
BROTLI = """
const { readFileSync, writeFileSync } = require('fs'), zlib = require('zlib');
for (const path of process.argv.slice(1)) {
  const bytes = readFileSync(path), options = { params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  writeFileSync(path + '.br', zlib.brotliCompressSync(bytes, options));
}"""


def run(words, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(word) for word in words)} failed:\n{done.stdout}")


def install(source, npm):
    """One at a time: several build folders share the packages."""
    lock = (source / "package-lock.json").read_bytes() + (source / "package.json").read_bytes()
    stamp, wanted = source / "node_modules/.installed-lock", hashlib.sha256(lock).hexdigest()
    with open(source / "package.json") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=source)
        stamp.write_text(wanted)


def sources(source):
    """Files and folders that the page is made of."""
    found = [path for path in source.iterdir() if path.is_file() and path.name != ".gitignore"]
    for folder in (source / "src", source / "public"):
        if folder.is_dir():
            found += [folder, *folder.rglob("*")]
    return sorted(found)


def vite(source, dist):
    """As a package script would call it, with no such thing as a watch or a browser."""
    shutil.rmtree(dist, ignore_errors=True)
    run([source / "node_modules/.bin/vite", "build", "--logLevel", "warn", "--outDir", dist, "--emptyOutDir"], cwd=source)
    if not (dist / "index.html").exists():
        sys.exit("vite built no index.html")


def pack(dist, out_bin):
    """(path, type, etag, immutable, [(offset, size) as it is, gzip, brotli]) of each file."""
    files = sorted(path for path in dist.rglob("*") if path.is_file())
    run(["node", "-e", BROTLI, *files])
    rows, packed = [], bytearray()
    for path in files:
        name, plain = path.relative_to(dist).as_posix(), path.read_bytes()
        if path.suffix not in TYPES:
            sys.exit(f"web: {name}: no media type is known for it (src/web/embed.py)")
        small = [gzip.compress(plain, 9, mtime=0), pathlib.Path(f"{path}.br").read_bytes()]
        parts = []
        for body in (plain, *small):
            if body is not plain and len(body) >= len(plain):
                body = b""
            parts.append((len(packed), len(body)))
            packed += body
        hashed = bool(re.fullmatch(r"assets/.*-[\w-]{8,}\.\w+", name))
        rows.append((name, TYPES[path.suffix], hashlib.sha256(plain).hexdigest()[:32], hashed, parts))
    out_bin.write_bytes(bytes(packed) or b"\0")
    return rows


def write_table(rows, out_c, out_bin):
    lines = ['/* Made by src/web/embed.py: the files of the page, sorted by path. */', '#include "web/page.h"', '',
             'extern const unsigned char page_bytes[] __attribute__((visibility("hidden")));',
             '__asm__(".pushsection .rodata\\n"', '        ".balign 16\\n"', '        ".globl page_bytes\\n"',
             '        ".hidden page_bytes\\n"', '        "page_bytes:\\n"',
             f'        ".incbin {json.dumps(json.dumps(str(out_bin.resolve())))[1:-1]}\\n"', '        ".popsection\\n");', '',
             'const PageFile page_files[] = {']
    for name, media, etag, hashed, parts in rows:
        bodies = ", ".join(f"{{ page_bytes + {offset}, {size} }}" for offset, size in parts)
        lines.append(f'    {{ {json.dumps(name)}, {json.dumps(media)}, "{etag}", {str(hashed).lower()}, {{ {bodies} }} }},')
    lines += ['    { 0 }', '};', f'const size_t page_n_files = {len(rows)};', '']
    out_c.write_text("\n".join(lines))


def main():
    source, npm, dist, out_c, out_bin, depfile = (pathlib.Path(word) for word in sys.argv[1:7])
    before = sources(source)
    install(source, npm)
    vite(source, dist.resolve())
    write_table(pack(dist.resolve(), out_bin), out_c, out_bin)
    names = " ".join(str(path).replace(" ", "\\ ") for path in before)
    depfile.write_text(f"{out_c} {out_bin}: {names}\n")


main()
