#!/bin/sh
# SPDX-License-Identifier: MIT
# Keeps the tables of a page true that a program of ours prints.
#
# usage: tables.sh PAGE PROGRAM.c "CFLAGS" "TABLES" [--check]
#
# Rewrites PAGE; with --check exits 1 if that would change it.
set -eu

cd "$(dirname "$0")/../.."
doc=$1 program=$2 cflags=$3 tables=$4
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# shellcheck disable=SC2086 # words
${CC:-cc} -std=gnu11 $cflags -o "$tmp/program" "$program"
for table in $tables; do
	"$tmp/program" "$table" >"$tmp/$table"
done

awk -v dir="$tmp" -f tools/gen/splice.awk "$doc" >"$tmp/new"

if [ "${5:-}" = --check ]; then
	diff -u "$doc" "$tmp/new"
else
	cat "$tmp/new" >"$doc"
fi
