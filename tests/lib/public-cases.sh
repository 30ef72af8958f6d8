#!/bin/sh
# public-cases.sh PROGRAM PATH...: runs PROGRAM on each PATH below the folder of public cases,
# $PENSTOCK_CASES (default: ../shared/cases, seen from the source tree).
#
# Exits as PROGRAM does, and with 77 (skipped) where one of the paths is not there.
set -eu

program=$1
shift
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cases=${PENSTOCK_CASES:-$root/../shared/cases}

for path; do
    shift
    if [ ! -e "$cases/$path" ]; then
        echo "skipped: no $cases/$path (PENSTOCK_CASES names the folder of public cases)"
        exit 77
    fi
    set -- "$@" "$cases/$path"
done
exec "$program" "$@"
