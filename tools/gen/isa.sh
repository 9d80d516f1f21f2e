#!/bin/sh
# SPDX-License-Identifier: MIT
# Keeps the generated tables of docs/isa.md true.
#
#   tools/gen/isa.sh           rewrites them
#   tools/gen/isa.sh --check   exits 1 if they differ from the rows of device/isa
set -eu

cd "$(dirname "$0")/../.."
doc=docs/isa.md
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

${CC:-cc} -std=gnu11 -Idevice -Iinclude -o "$tmp/isa_tables" tools/gen/isa_tables.c
for table in waves opcodes; do
	"$tmp/isa_tables" "$table" tools/gen/isa_waves.txt >"$tmp/$table"
done

awk -v dir="$tmp" -f tools/gen/splice.awk "$doc" >"$tmp/new"

if [ "${1:-}" = --check ]; then
	diff -u "$doc" "$tmp/new"
else
	cat "$tmp/new" >"$doc"
fi
