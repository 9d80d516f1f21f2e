#!/bin/sh
# SPDX-License-Identifier: MIT
# Keeps the generated tables of docs/hardware.md true.
#
#   tools/gen/hardware.sh           rewrites them
#   tools/gen/hardware.sh --check   exits 1 if they differ from the headers
set -eu

cd "$(dirname "$0")/../.."
doc=docs/hardware.md
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

${CC:-cc} -std=gnu11 -Iinclude -o "$tmp/hw_tables" tools/gen/hw_tables.c
for table in registers counters; do
	"$tmp/hw_tables" "$table" >"$tmp/$table"
done

awk -v dir="$tmp" -f tools/gen/splice.awk "$doc" >"$tmp/new"

if [ "${1:-}" = --check ]; then
	diff -u "$doc" "$tmp/new"
else
	cat "$tmp/new" >"$doc"
fi
