#!/bin/bash
# Packs what was published, with checksums, under the name of the channel and the commit.
# usage: release.sh FOLDER
set -euo pipefail

folder=$1
name=codes-of-the-world-${RELEASE_CHANNEL:-preview}-${CI_COMMIT_SHORT_SHA:-local}
parts=(run.env product.db site)
[ -d "$BUILD_DIR/csv" ] && parts+=(csv)

for part in "${parts[@]}"; do
    [ -e "$BUILD_DIR/$part" ] || { echo "release: $BUILD_DIR/$part is missing" >&2; exit 1; }
done

mkdir -p "$folder"
(cd "$BUILD_DIR" && find "${parts[@]}" -type f -print0 | sort -z | xargs -0 sha256sum) > "$folder/SHA256SUMS"
# Sorted names, one owner and one time: the same content gives the same archive.
tar --create --gzip --file "$folder/$name.tar.gz" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime='2000-01-01 UTC' --directory "$BUILD_DIR" --transform "s,^,$name/," "${parts[@]}"

cat "$folder/SHA256SUMS"
echo "Released to the ${RELEASE_CHANNEL:-preview} channel: $folder/$name.tar.gz, $(wc -c < "$folder/$name.tar.gz") bytes"
