# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd test [OPTIONS] [--list] [SUITE|NAME...]
#
# Makes everything that is needed and runs the tests: static checks, host unit
# tests and fuzzers, tests in guests, end-to-end scripts. NAME is a test, a
# suite (static, host, guest, e2e, guest.<program>) or a glob. Long suites run
# only when they are named. --kernel debug runs the guest tests on the debug
# kernel, where any complaint of the kernel fails a test.
#
# Each test is a line PASS, FAIL or SKIP; the last line of the output is
# 'N passed, N failed, N skipped'. Exit status 0 only if none failed.
# test_parts NAMES...: what must be compiled for them.
test_parts() {
	[ $# -gt 0 ] || set -- guest
	for parts_name; do
		case $parts_name in
		static | static.*) ;;
		host | host.*) echo device tests-host ;;
		*) echo launcher device "kmod-$opt_kernel" tests-guest tests-rocr tests-hip tests-host tools demo ;;
		esac
	done | tr ' ' '\n' | awk '!seen[$0]++'
}

# In a shell of its own, because a failing build ends its shell.
test_build_part() (
	traps_set
	build "$1"
)

# A part that does not compile is a failure like any other, except the
# launcher's own. Guests start only if all their parts are there.
test_build() {
	[ "$opt_build" = 1 ] || return 0
	for test_part in $(test_parts "$@"); do
		attend test_build_part "$test_part" && continue
		[ "$test_part" != launcher ] || exit 1
		tests_record "build.$test_part" fail 0 "does not compile" "$VKFD_BUILD/logs/$test_part.log"
		case $test_part in tests-host) ;; *) test_guests=0 ;; esac
	done
}
test_guests=1

cmd_test() {
	test_list=0
	while :; do
		options_parse "$@"
		shift "$opt_taken"
		case ${1:-} in
		--list) test_list=1 ;;
		-h | --help)
			usage_of "$VKFD_TOP/launcher/cmd/test.sh"
			options_help
			return
			;;
		-*) die 2 "test: unknown option '$1'; './vkfd test --help' lists them" ;;
		*) break ;;
		esac
		shift
	done
	options_check
	# The machine of a test may have a seed of its own.
	test_seed=$opt_seed
	tests_dir=$VKFD_BUILD/logs/test-$(date +%H%M%S)-$$
	[ "$test_list" = 0 ] || opt_log=
	if [ -n "$opt_log" ]; then
		mkdir -p "$opt_log" || die 1 "cannot create $opt_log"
		tests_dir=$(CDPATH='' cd -- "$opt_log" && pwd -P)
		opt_log=
	fi
	guest_prepare_environment
	mkdir -p "$tests_dir"
	# Of an earlier run with the same --log.
	rm -rf "$tests_dir/plans" "$tests_dir/running"
	: >"$tests_dir/results"
	test_build "$@"
	tests_list >"$tests_dir/all"
	tests_select "$@" <"$tests_dir/all" >"$tests_dir/selected"
	for test_name; do
		tests_select "$test_name" <"$tests_dir/all" | grep -q . ||
			die 2 "no test matches: $test_name; './vkfd test --list' shows them"
	done
	if [ "$test_list" = 1 ]; then
		cut -f 1 "$tests_dir/selected"
		rm -rf "$tests_dir"
		return
	fi
	for test_kind in static host; do hosttests_run "$test_kind"; done
	if [ "$test_guests" = 1 ]; then
		guesttests_run
		hosttests_run e2e
	else
		say "no tests in guests: a part they need does not compile"
	fi
	tests_summary
}
