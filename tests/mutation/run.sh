#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: tests/mutation/run.sh [--list] [--no-baseline] [--stock-only] [NAME...]
#
# Breaks the driver on purpose, one rule at a time, on a copy of the tree, and
# runs the tests that should notice. Each *.sed file here is a mutation; its
# head says what it breaks, in which file, where it shows (kernel: stock, debug,
# or host for pure code), and which tests must not all pass. Before that the
# same tests, all in one go, must pass on the driver as it is.
#
# Exit status: 0 all were detected; 1 some survived; 2 a mutation, or the tree
# as it is, needs repair. See docs/mutation.md.
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

# head_of NAME KEY: the text after "# KEY: ".
head_of() { sed -n "s/^# $2: //p" "$here/$1.sed"; }

# with_kernel KERNEL NAMES...: those of NAMES that show there.
with_kernel() {
	with_wanted=$1
	shift
	for with_name; do
		[ "$(head_of "$with_name" kernel)" != "$with_wanted" ] || echo "$with_name"
	done
}

# The part that holds the broken code, for each kernel.
part_of() {
	case $1 in
	host) echo tests-host ;;
	*) echo "kmod-$1" ;;
	esac
}

# What tests in guests need, and the driver as it is. Also from a clean clone.
build_all() {
	say "building what the tests need"
	[ "$kernels" = host ] || set -- launcher device tests-guest
	for build_kernel in $kernels; do set -- "$@" "$(part_of "$build_kernel")"; done
	"$top/vkfd" build "$@" || die "the tree as it is does not compile"
}

# The sources, and what is built already, so that only the driver is compiled.
copy_tree() {
	mkdir "$work/tree"
	(
		cd "$top"
		for copy_entry in * .[a-z]*; do
			case $copy_entry in build | .git) continue ;; esac
			cp -a "$copy_entry" "$work/tree/"
		done
		for copy_entry in build/.stamp build/launcher build/device/vkfd-gpu build/kmod-stock \
			build/kmod-debug build/tests/guest build/tests/host; do
			[ ! -e "$copy_entry" ] || cp -a --parents "$copy_entry" "$work/tree/"
		done
	)
}

# run_tests KERNEL LOG TESTS...: status of `vkfd test`.
run_tests() {
	run_kernel=$1 run_log=$2
	shift 2
	[ "$run_kernel" != host ] || run_kernel=stock
	"$work/tree/vkfd" test --no-build --kernel "$run_kernel" "$@" >"$run_log" 2>&1
}

failed_tests() { sed -n 's|^FAIL *\([^ :]*\).*|\1|p' "$1"; }

# baseline KERNEL NAMES...: every test that is to notice something passes now.
baseline() {
	baseline_kernel=$1
	shift
	baseline_tests=$(for baseline_name; do head_of "$baseline_name" tests; done | tr ' ' '\n' | sort -u)
	say "baseline ($baseline_kernel): $(echo "$baseline_tests" | wc -l) tests on the driver as it is"
	set -f
	# shellcheck disable=SC2086 # the names are a list
	run_tests "$baseline_kernel" "$work/baseline.log" $baseline_tests || {
		cat "$work/baseline.log" >&2
		die "the tests fail on the driver as it is"
	}
	set +f
}

# report VERDICT NAME TEXT
report() {
	say "$1 $2: $3 ($(($(date +%s) - m_began)) s)"
	printf '%s %s\n' "$1" "$2" >>"$work/verdicts"
}

# The tests on the broken driver. A boot that fails is nobody's catch.
judge() {
	judge_status=0
	set -f
	# shellcheck disable=SC2046 # the names are a list
	run_tests "$m_kernel" "$work/mutant.log" $(head_of "$1" tests) || judge_status=$?
	set +f
	judge_failed=$(failed_tests "$work/mutant.log" | grep -v '^guest\.boot\.' | sort -u | tr '\n' ' ' || :)
	if [ -n "$judge_failed" ]; then
		report DETECTED "$1" "$judge_failed"
	elif [ "$judge_status" = 0 ]; then
		report SURVIVED "$1" "no test noticed"
	else
		cat "$work/mutant.log"
		report BROKEN "$1" "the tests did not run"
	fi
}

# check_mutation NAME: applies it, compiles, runs, undoes it.
check_mutation() {
	m_began=$(date +%s)
	m_kernel=$(head_of "$1" kernel)
	m_file=$work/tree/$(head_of "$1" file)
	say "$1: $(head_of "$1" what)"
	cp -p "$m_file" "$work/original"
	sed -f "$here/$1.sed" "$work/original" >"$m_file"
	if cmp -s "$m_file" "$work/original"; then
		report OUTDATED "$1" "the sed script matches nothing in $(head_of "$1" file)"
	elif ! "$work/tree/vkfd" build "$(part_of "$m_kernel")" >"$work/build.log" 2>&1; then
		cat "$work/build.log"
		report UNBUILT "$1" "the broken driver does not compile"
	else
		judge "$1"
	fi
	cp -p "$work/original" "$m_file"
	touch "$m_file"
}

count_of() { grep -c "^$1 " "$work/verdicts" || :; }

with_baseline=1 stock_only=0 list=0
while [ $# -gt 0 ]; do
	case $1 in
	--no-baseline) with_baseline=0 ;;
	--stock-only) stock_only=1 ;;
	--list) list=1 ;;
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
for name; do [ -f "$here/$name.sed" ] || die "no mutation '$name'"; done
# Pure code first, it takes seconds.
kernels='host stock debug'
[ "$stock_only" = 0 ] || kernels='host stock'
if [ "$list" = 1 ]; then
	for name; do
		printf '%s\t%s\t%s\t%s\n' "$name" "$(head_of "$name" kernel)" "$(head_of "$name" file)" "$(head_of "$name" tests)"
	done
	exit 0
fi
# shellcheck disable=SC2046 # names are a list
set -- $(for kernel in $kernels; do with_kernel "$kernel" "$@"; done)
[ $# -gt 0 ] || die "nothing to do: the debug kernel is needed"
VKFD_TOP=$top sh "$top/tools/lint/mutation.sh" || die "repair the mutations first"
kernels=$(for name; do head_of "$name" kernel; done | uniq)

trap cleanup EXIT
trap 'exit 130' INT TERM
work=$(mktemp -d "${TMPDIR:-/tmp}/vkfd-mutation.XXXXXX")
: >"$work/verdicts"
build_all
copy_tree
for kernel in $kernels; do
	# shellcheck disable=SC2046
	[ "$with_baseline" = 0 ] || baseline "$kernel" $(with_kernel "$kernel" "$@")
done
for name; do check_mutation "$name"; done
survived=$(count_of SURVIVED) detected=$(count_of DETECTED)
say "$detected detected, $survived survived, $(($# - detected - survived)) could not be tried"
[ $((detected + survived)) = $# ] || exit 2
[ "$survived" = 0 ] || exit 1
