#!/bin/sh
# SPDX-License-Identifier: MIT
# Keeps the generated tables of docs/policy.md true.
#
#   tools/gen/policy.sh           rewrites them
#   tools/gen/policy.sh --check   exits 1 if they differ from what the policy decides
set -eu

cd "$(dirname "$0")/../.."
doc=docs/policy.md
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

${CC:-cc} -std=gnu11 -Itests/shim -Ikmod -Iinclude -o "$tmp/policy_tables" tools/gen/policy_tables.c
for table in fault prefetch; do
	"$tmp/policy_tables" "$table" >"$tmp/$table"
done

awk -v dir="$tmp" -f tools/gen/splice.awk "$doc" >"$tmp/new"

if [ "${1:-}" = --check ]; then
	diff -u "$doc" "$tmp/new"
else
	cat "$tmp/new" >"$doc"
fi
