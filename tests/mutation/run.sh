#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: tests/mutation/run.sh [--no-baseline] [--stock-only] [NAME...]
#
# Breaks the driver on purpose, one rule at a time, on a copy of the tree, and
# runs the tests that should notice. Each *.sed file here is a mutation; its
# head says what it breaks, in which file, on which kernel, and which tests
# must not all pass. Before that the same tests must pass on the driver as it
# is. See docs/mutation.md.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
top=$(CDPATH='' cd -- "$here/../.." && pwd -P)
work=

say() { printf 'mutation: %s\n' "$*"; }
die() {
	printf 'mutation: %s\n' "$*" >&2
	exit 2
}
cleanup() { [ -z "$work" ] || rm -rf "$work"; }

# head_of FILE KEY: the text after "# KEY: ".
head_of() { sed -n "s/^# $2: //p" "$1"; }

# The tree with what is built already, so that only the driver is compiled.
copy_tree() {
	mkdir "$work/tree"
	(cd "$top" && tar -c --exclude=./.git --exclude=./build/logs --exclude=./build/lock .) |
		tar -x -C "$work/tree"
}

# run_tests KERNEL LOG TESTS...: status of `vkfd test`.
run_tests() {
	run_kernel=$1 run_log=$2
	shift 2
	"$work/tree/vkfd" test --kernel "$run_kernel" "$@" >"$run_log" 2>&1
}

failed_tests() { sed -n 's|^ *FAIL *\([^ :]*\).*|\1|p' "$1"; }

# check_mutation NAME: applies it, compiles, runs, undoes it.
check_mutation() {
	m_sed=$here/$1.sed
	[ -f "$m_sed" ] || die "no mutation '$1'"
	m_file=$work/tree/$(head_of "$m_sed" file)
	m_kernel=$(head_of "$m_sed" kernel)
	m_tests=$(head_of "$m_sed" tests)
	if [ "$stock_only" = 1 ] && [ "$m_kernel" != stock ]; then
		say "SKIP $1: needs the $m_kernel kernel"
		return 0
	fi
	say "$1: $(head_of "$m_sed" what)"
	set -f
	# shellcheck disable=SC2086 # the names are a list
	if [ "$baseline" = 1 ] && ! run_tests "$m_kernel" "$work/baseline.log" $m_tests; then
		cat "$work/baseline.log" >&2
		die "$1: the tests fail on the driver as it is"
	fi
	cp -p "$m_file" "$work/original"
	sed -f "$m_sed" "$work/original" >"$m_file"
	cmp -s "$m_file" "$work/original" && die "$1: nothing to break in $m_file; correct $m_sed"
	"$work/tree/vkfd" build "kmod-$m_kernel" >"$work/build.log" 2>&1 || {
		cat "$work/build.log" >&2
		die "$1: the broken driver does not compile"
	}
	m_status=0
	# shellcheck disable=SC2086
	run_tests "$m_kernel" "$work/mutant.log" $m_tests || m_status=$?
	set +f
	cp -p "$work/original" "$m_file"
	touch "$m_file"
	m_failed=$(failed_tests "$work/mutant.log")
	if [ "$m_status" = 0 ] || [ -z "$m_failed" ]; then
		cat "$work/mutant.log"
		say "SURVIVED $1: no test noticed"
		survived=$((survived + 1))
	else
		say "DETECTED $1 by:"
		printf '%s\n' "$m_failed" | sed 's/^/    /'
		detected=$((detected + 1))
	fi
}

baseline=1 stock_only=0 survived=0 detected=0
while [ $# -gt 0 ]; do
	case $1 in
	--no-baseline) baseline=0 ;;
	--stock-only) stock_only=1 ;;
	-h | --help)
		sed -n '3,/^set -eu/{/^#/!d;s/^# \{0,1\}//;p;}' "$0"
		exit 0
		;;
	-*) die "unknown option '$1'" ;;
	*) break ;;
	esac
	shift
done
if [ $# -eq 0 ]; then
	for file in "$here"/*.sed; do set -- "$@" "$(basename "$file" .sed)"; done
fi

trap cleanup EXIT
trap 'exit 130' INT TERM
work=$(mktemp -d "${TMPDIR:-/tmp}/vkfd-mutation.XXXXXX")
copy_tree
for name; do check_mutation "$name"; done
say "$detected detected, $survived survived"
[ "$survived" = 0 ]
