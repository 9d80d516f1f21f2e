#!/bin/sh
# SPDX-License-Identifier: MIT
# Mutations (tests/mutation) must not rot: each still changes one place of the
# file it names, and only that; the tests that are to notice still exist; and
# docs/mutation.md has exactly these mutations with these files and kernels.
# Compiles and runs nothing; tests/mutation/run.sh does.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"
status=0
doc=docs/mutation.md
most_lines=4 # a rule that takes more is not one rule

bad() {
	printf '%s: %s\n' "$name" "$*"
	status=1
}

head_of() { sed -n "s/^# $1: //p" "$script"; }

check_change() {
	sed -f "$script" "$file" >"$out/mutant"
	diff -U 0 "$file" "$out/mutant" >"$out/diff" && {
		bad "matches nothing in $file"
		return
	}
	hunks=$(grep -c '^@@' "$out/diff")
	gone=$(grep -c '^-[^-]' "$out/diff" || :)
	added=$(grep -c '^+[^+]' "$out/diff" || :)
	[ "$hunks" = 1 ] || bad "changes $hunks places of $file"
	[ "$gone" -ge 1 ] || bad "takes nothing away"
	[ $((gone > most_lines || added > most_lines)) = 0 ] || bad "changes $gone lines into $added"
}

# The case of a test is its name without the modes that TEST_XNACK() and TEST_MODES() add.
check_test() {
	case $1 in
	host.*)
		[ "$kernel" = host ] || bad "$1 does not run on the $kernel kernel"
		[ -f "tests/host/${1#host.}.c" ] || bad "no test $1"
		return
		;;
	guest.*.*) [ "$kernel" != host ] || bad "$1 does not run on the host" ;;
	*) bad "$1 is not a test" ;;
	esac
	suite=${1#guest.} case=${1#guest.*.}
	suite=tests/guest/${suite%%.*}_test.c
	case=${case%_xnack_o*}
	case=${case%_[24][km]}
	case=${case%\*}
	grep -qs "$case" "$suite" || bad "no test $1"
}

check_doc() {
	row=$(grep "^| \`$name\` |" "$doc") || {
		bad "not in $doc"
		return
	}
	for want in "\`${file#kmod/}\`" "| $kernel |" "\`${1#*.}\`"; do
		case $row in *"$want"*) ;; *) bad "its row in $doc does not say $want" ;; esac
	done
}

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for script in tests/mutation/*.sed; do
	name=$(basename "$script" .sed)
	file=$(head_of file) kernel=$(head_of kernel) tests=$(head_of tests)
	[ -n "$(head_of what)" ] || bad "does not say what it breaks"
	[ -n "$tests" ] || bad "names no test"
	case $kernel in host | stock | debug) ;; *) bad "no kernel '$kernel'" ;; esac
	case $file in kmod/*.c) [ -f "$file" ] || bad "no $file" ;; *) bad "'$file' is not the driver's" ;; esac
	[ ! -f "$file" ] || check_change
	set -f
	for test in $tests; do check_test "$test"; done
	check_doc "${tests%% *}"
	set +f
done
sed -n '/^## The mutations/,/^## What/s/^| [^a-z]\([a-z0-9-]*\)[^a-z] |.*/\1/p' "$doc" | while read -r name; do
	[ -f "tests/mutation/$name.sed" ] || echo "$doc: no mutation '$name'"
done >"$out/extra"
[ ! -s "$out/extra" ] || {
	cat "$out/extra"
	status=1
}
exit $status
