#!/bin/bash
# Is all here that the later jobs need? Says what is missing, and how to get it, before any work is done.
# Leaves what it found in $BUILD_DIR/run.env, for the page.
set -euo pipefail

sources=(iso_3166-1 iso_3166-2 iso_3166-3 iso_4217 iso_639-3 iso_15924)
missing=0

need() { # COMMAND PACKAGE
    if command -v "$1" >/dev/null; then
        printf '  %-10s %s\n' "$1" "$("$1" --version 2>&1 | head -n 1 | cut -c 1-40)"
    else
        echo "  $1 is missing: apt-get install $2" >&2
        missing=1
    fi
}

echo "Tools:"
need python3 python3
need sqlite3 sqlite3

echo "Sources in $ISO_CODES_DIR:"
for name in "${sources[@]}"; do
    if [ -r "$ISO_CODES_DIR/$name.json" ]; then
        printf '  %-15s %8d bytes\n' "$name.json" "$(wc -c < "$ISO_CODES_DIR/$name.json")"
    else
        echo "  $name.json is missing: apt-get install iso-codes, or set ISO_CODES_DIR" >&2
        missing=1
    fi
done

[ "$missing" = 0 ] || { echo "Cannot go on without what is missing above." >&2; exit 1; }

# From the package database, or where a sandbox hides that, from the package's own changelog.
release=$(dpkg-query --show --showformat '${Version}' iso-codes 2>/dev/null \
    || zcat /usr/share/doc/iso-codes/changelog*.gz 2>/dev/null | sed -n '/^iso-codes (/ { s/.*(\([^)]*\)).*/\1/p; q; }' \
    || true)
release=${release:-unknown}
mkdir -p "$BUILD_DIR"
cat > "$BUILD_DIR/run.env" <<END
SOURCE_RELEASE=$release
COMMIT=${CI_COMMIT_SHORT_SHA:-local}
PIPELINE=${CI_PIPELINE_ID:-0}
ENVIRONMENT=${PIPELINE_ENVIRONMENT:-development}
STARTED=$(date --utc +%Y-%m-%dT%H:%MZ)
END
echo "Source release: iso-codes $release"
