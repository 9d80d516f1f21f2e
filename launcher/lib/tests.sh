# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Which tests there are, which were asked for, and what came out of them.
#
# The list has one test a line: ID KIND PROGRAM NAME TAGS, split at tabs.
# The results have: ID pass|fail|skip MILLISECONDS REASON.

# tests_list_static: checks of the source, run inside the root tree.
tests_list_static() {
	for list_file in "$VKFD_TOP"/tools/lint/*.sh; do
		[ -e "$list_file" ] || continue
		list_name=$(basename "$list_file" .sh)
		printf 'static.%s\tstatic\t/vkfd/tools/lint/%s.sh\t-\t-\n' "$list_name" "$list_name"
	done
}

# Host programs are unit tests (cmocka) and fuzzers (named *_fuzz).
tests_list_host() {
	for list_dir in device/tests tests/host; do
		for list_file in "$VKFD_BUILD/$list_dir"/*; do
			{ [ -f "$list_file" ] && [ -x "$list_file" ]; } || continue
			list_name=$(basename "$list_file")
			printf 'host.%s\thost\t/vkfd/build/%s/%s\t-\t-\n' "$list_name" "$list_dir" "$list_name"
		done
	done
}

# Guest programs list their own tests: NAME, or NAME<TAB>TAGS.
tests_list_guest() {
	for list_file in "$VKFD_BUILD"/tests/guest/* "$VKFD_BUILD"/tests/rocr/* "$VKFD_BUILD"/tests/hip/* \
		"$VKFD_TOP"/tests/clients/*.sh; do
		{ [ -f "$list_file" ] && [ -x "$list_file" ]; } || continue
		list_name=$(basename "$list_file" .sh)
		list_inside=/vkfd/${list_file#"$VKFD_TOP"/}
		case $list_file in
		*.sh) sh "$list_file" --list ;;
		*) "$rootfs_ld" --library-path "$rootfs_lib" "$list_file" --list ;;
		esac >"$tests_dir/list.tmp" 2>/dev/null </dev/null ||
			die 1 "$list_file --list failed"
		awk -F'\t' -v p="$list_name" -v f="$list_inside" 'NF {
			printf "guest.%s.%s\tguest\t%s\t%s\t%s\n", p, $1, f, $1, ($2 == "" ? "-" : $2) }' \
			"$tests_dir/list.tmp"
	done
	rm -f "$tests_dir/list.tmp"
}

# End-to-end scripts say their tags in a comment "# tags: ...".
tests_list_e2e() {
	for list_file in "$VKFD_TOP"/tests/e2e/*.sh; do
		[ -e "$list_file" ] || continue
		list_tags=$(sed -n 's/^# tags: //p' "$list_file" | head -n 1)
		printf 'e2e.%s\te2e\t%s\t-\t%s\n' "$(basename "$list_file" .sh)" "$list_file" "${list_tags:--}"
	done
}

# The debug kernel makes a difference only where there is a guest kernel.
tests_list() {
	if [ "$opt_kernel" = stock ]; then
		tests_list_static
		tests_list_host
	fi
	tests_list_guest
	[ "$opt_kernel" != stock ] || tests_list_e2e
}

# tests_select NAMES...: a filter. A name is an ID, the head of one, a glob,
# or either without the class ("svm" for guest.svm...). Tests tagged "long"
# run only when they are named, those tagged "long=debug" on the debug kernel.
tests_select() {
	while IFS= read -r select_line; do
		select_id=${select_line%%"$tab"*}
		if [ $# -eq 0 ]; then
			case $opt_kernel" ${select_line##*"$tab"} " in
			*" long "* | debug*" long=debug "*) continue ;;
			esac
			printf '%s\n' "$select_line"
			continue
		fi
		for select_name; do
			if tests_match "$select_id" "$select_name" ||
				tests_match "${select_id#*.}" "$select_name"; then
				printf '%s\n' "$select_line"
				break
			fi
		done
	done
}

# tests_match ID NAME. A host program is also found by one of its tests.
tests_match() {
	# shellcheck disable=SC2254
	case $1 in
	$2 | $2.*) return 0 ;;
	esac
	case $1:$2 in
	host.*) case $2 in "$1".*) return 0 ;; esac ;;
	esac
	return 1
}

# tests_record ID VERDICT MILLISECONDS REASON [LOG]
tests_record() {
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$tests_dir/results"
	record_s=$(awk -v ms="$3" 'BEGIN { printf "%.1f", ms / 1000 }')
	case $2 in
	pass) printf 'PASS %s (%s s)\n' "$1" "$record_s" ;;
	skip) printf 'SKIP %s: %s\n' "$1" "$4" ;;
	*) printf 'FAIL %s: %s (%s s, log: %s)\n' "$1" "$4" "$record_s" "${5:-$tests_dir/$1.log}" ;;
	esac
}

# The failures once more, then the line that scripts read. 0 if none failed.
tests_summary() {
	tests_passed=$(grep -c "${tab}pass$tab" "$tests_dir/results") || :
	tests_failed=$(grep -c "${tab}fail$tab" "$tests_dir/results") || :
	tests_skipped=$(grep -c "${tab}skip$tab" "$tests_dir/results") || :
	if [ "$tests_failed" -gt 0 ]; then
		printf '\nFailed:\n'
		awk -F'\t' '$2 == "fail" { printf "  %s: %s\n", $1, $4 }' "$tests_dir/results"
		printf 'Logs: %s\n' "$tests_dir"
	fi
	printf '%s passed, %s failed, %s skipped\n' "$tests_passed" "$tests_failed" "$tests_skipped"
	[ "$tests_failed" = 0 ] && [ "$tests_passed" != 0 ]
}
