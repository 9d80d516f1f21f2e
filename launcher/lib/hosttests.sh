# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Tests that need no guest: static checks, unit tests, fuzzers, end-to-end
# scripts. Exit status 4 is a skip, its reason in a line "SKIP: WHY".

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# The line of a log that says most.
hosttest_reason() {
	reason_line=$(grep -m 1 -E 'ERROR: AddressSanitizer|runtime error:|^# .*(error|ERROR)|error:|^not ok|FAIL' "$2" ||
		tail -n 1 "$2")
	printf '%s: %s' "$1" "$reason_line" | tr '\t\n' '  ' | cut -c 1-300
}

# hosttest_judge ID STATUS MILLISECONDS LOG
hosttest_judge() {
	case $2 in
	0) tests_record "$1" pass "$3" '' ;;
	4)
		judge_reason=$(sed -n 's/^SKIP: //p' "$4" | tail -n 1)
		if [ -n "$judge_reason" ]; then
			tests_record "$1" skip "$3" "$judge_reason"
		else
			tests_record "$1" fail "$3" "skipped without a reason"
		fi
		;;
	124 | 137) tests_record "$1" fail "$3" "no end after its time limit" ;;
	*) tests_record "$1" fail "$3" "$(hosttest_reason "exit $2" "$4")" ;;
	esac
}

# hosttest_tap ID STATUS MILLISECONDS LOG: one result for each test that a
# cmocka program reports. False if it reports none.
hosttest_tap() {
	grep -qE '^(not )?ok [0-9]' "$4" || return 1
	tap_count=$(grep -cE '^(not )?ok [0-9]' "$4")
	sed -n -E 's/^(not ok|ok) [0-9]+ (- )?(.*)$/\1\t\3/p' "$4" | while IFS=$tab read -r tap_word tap_name; do
		tap_ms=$(($3 / tap_count))
		case $tap_word:$tap_name in
		ok:*SKIP*) tests_record "$1.$(echo "$tap_name" | sed 's/#* *SKIP *//; s/ *$//')" skip "$tap_ms" "skipped by the test itself" ;;
		ok:*) tests_record "$1.$tap_name" pass "$tap_ms" '' ;;
		*) tests_record "$1.$tap_name" fail "$tap_ms" "$(hosttest_reason "not ok" "$4")" "$4" ;;
		esac
	done
	# A crash after or between the tests is not a test that said "not ok".
	[ "$2" = 0 ] || grep -q '^not ok' "$4" || hosttest_judge "$1" "$2" "$3" "$4"
}

# hosttest_run ID KIND PROGRAM
hosttest_run() {
	run_log=$tests_dir/$1.log run_began=$(now_ms) run_status=0
	case $2 in
	static) attend enter env VKFD_TOP=/vkfd timeout -k 5 600 sh "$3" ;;
	host) attend hosttest_program "$1" "$3" ;;
	e2e) attend env VKFD_TOP="$VKFD_TOP" timeout -k 10 900 sh "$3" ;;
	esac >"$run_log" 2>&1 </dev/null 8>&- || run_status=$?
	run_ms=$(($(now_ms) - run_began))
	case $2 in
	host) hosttest_tap "$1" "$run_status" "$run_ms" "$run_log" ||
		hosttest_judge "$1" "$run_status" "$run_ms" "$run_log" ;;
	*) hosttest_judge "$1" "$run_status" "$run_ms" "$run_log" ;;
	esac
}

hosttest_program() {
	case $1 in
	*_fuzz) enter env -C /vkfd timeout -k 5 120 "$2" --seconds "${VKFD_FUZZ_SECONDS:-5}" ;;
	*) enter env ${test_seed:+"VKFD_SEED=$test_seed"} CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 300 "$2" ;;
	esac
}

hosttests_run() {
	while IFS=$tab read -r hosttest_id hosttest_kind hosttest_file _; do
		case $hosttest_kind in
		"$1") hosttest_run "$hosttest_id" "$hosttest_kind" "$hosttest_file" ;;
		esac
	done <"$tests_dir/selected"
}
