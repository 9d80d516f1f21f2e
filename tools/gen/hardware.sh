#!/bin/sh
# SPDX-License-Identifier: MIT
# Keeps the generated tables of docs/hardware.md true.
#
#   tools/gen/hardware.sh           rewrites them
#   tools/gen/hardware.sh --check   exits 1 if they differ from the headers
#
# A table stands between "<!-- gen:NAME -->" and "<!-- gen:end -->".
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

awk -v dir="$tmp" '
	/^<!-- gen:end -->$/ { skip = 0 }
	!skip { print }
	/^<!-- gen:[a-z]+ -->$/ && !/gen:end/ {
		name = $2
		sub("gen:", "", name)
		while ((getline line < (dir "/" name)) > 0)
			print line
		close(dir "/" name)
		skip = 1
	}
' "$doc" >"$tmp/new"

if [ "${1:-}" = --check ]; then
	diff -u "$doc" "$tmp/new"
else
	cat "$tmp/new" >"$doc"
fi
