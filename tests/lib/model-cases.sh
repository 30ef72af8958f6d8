#!/bin/bash
# model-cases.sh MODEL-CHECK ENGINE-CASES: random plays, written as cases, hold when they are compiled
# and run as such.  So what the model check prints of a failure is what failed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" --write "$folder" --steps 10000
"$2" "$folder"
