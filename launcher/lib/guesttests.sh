# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Tests inside guests. Tests that need the same machine share a boot; a boot
# that ends early (the kernel complained, the guest died) is followed by
# another for the tests that are left.

# guesttest_machine TAGS: the options of the machine a test wants, as a key.
# Booting the debug kernel and asking it for leaks takes a minute, so there who
# wants several GPUs or little VRAM gets the one machine that has both; not if it wants another kind of GPU.
guesttest_machine() {
	machine_key=
	for machine_tag in $1; do
		case $opt_kernel:$machine_tag:$1 in
		*mode=*) ;;
		debug:gpus=* | debug:vram=64M:*)
			machine_key=" --gpus=8 --vram=64M"
			break
			;;
		esac
		case $opt_kernel:$machine_tag in
		debug:image=*) ;; # always packed
		*:image=* | *:gpus=* | *:vram=* | *:mem=* | *:cpus=* | *:cus=* | *:numa=* | *:seed=* | *:mode=*)
			machine_key="$machine_key --$machine_tag"
			;;
		esac
	done
	echo "$machine_key"
}

# guesttest_limit TAGS: seconds; the debug kernel is slower.
guesttest_limit() {
	limit_s=120
	for limit_tag in $1; do
		case $limit_tag in timeout=*) limit_s=${limit_tag#timeout=} ;; esac
	done
	[ "$opt_kernel" = stock ] || limit_s=$((limit_s * 3))
	echo "$limit_s"
}

# guesttests_silence PLANFILE: seconds after which a guest hangs, kernel and all: run-tests
# prints a line before and after each test, and ends what takes longer than its limit.
guesttests_silence() {
	awk -F'\t' '$4 > most { most = $4 } END { print most + 120 }' "$1"
}

# Splits the selected guest tests into one plan file for each machine.
guesttests_plan() {
	mkdir -p "$tests_dir/plans"
	while IFS=$tab read -r plan_id plan_kind plan_program plan_name plan_tags; do
		[ "$plan_kind" = guest ] || continue
		case " $plan_tags " in
		*" kernel=debug "*)
			[ "$opt_kernel" = debug ] || {
				tests_record "$plan_id" skip 0 "needs --kernel debug"
				continue
			}
			;;
		*" kernel=stock "*)
			[ "$opt_kernel" = stock ] || {
				tests_record "$plan_id" skip 0 "needs --kernel stock"
				continue
			}
			;;
		esac
		plan_machine=$(guesttest_machine "$plan_tags")
		plan_file=$tests_dir/plans/$(echo "default$plan_machine" | tr ' =-' '___')
		echo "$plan_machine" >"$plan_file.machine"
		plan_when=any
		case " $plan_tags " in *" unloads "*) plan_when=unloads plan_file=$plan_file.last ;; esac
		printf '%s\t%s\t%s\t%s\t%s\n' "$plan_id" "$plan_program" "$plan_name" \
			"$(guesttest_limit "$plan_tags")" "$plan_when" >>"$plan_file"
	done <"$tests_dir/selected"
	for plan_file in "$tests_dir"/plans/*.last; do
		[ ! -e "$plan_file" ] || cat "$plan_file" >>"${plan_file%.last}"
	done
}

# Reads what run-tests prints; runs beside the guest.
guesttests_reader() {
	while IFS=$tab read -r reader_word reader_id reader_verdict reader_ms reader_reason; do
		case $reader_word in
		run) echo "$reader_id" >"$tests_dir/running" ;;
		result)
			rm -f "$tests_dir/running"
			tests_record "$reader_id" "$reader_verdict" "$reader_ms" "$reader_reason"
			;;
		esac
	done
}

# One boot for the tests in $guest_work/host/plan.
guesttests_boot() {
	boot_nr=$((boot_nr + 1))
	guest_log=$tests_dir/boot-$boot_nr
	mkdir -p "$guest_log" "$guest_work/host/logs"
	rm -f "$guest_work/results" "$tests_dir/running"
	mkfifo "$guest_work/results"
	guesttests_reader <"$guest_work/results" &
	boot_reader=$!
	boot_status=0
	# Each failure gets a new guest, unless there are too many to afford it.
	set -- /vkfd/build/launcher/run-tests /run/vkfd-host/plan /run/vkfd-host/logs
	[ "$boot_nr" -lt 12 ] || set -- "$@" --go-on
	[ -z "$test_seed" ] || set -- env "VKFD_SEED=$test_seed" "$@"
	guest_start 0 "$@" >"$guest_work/results" 2>"$guest_log/messages" </dev/null ||
		boot_status=$?
	wait "$boot_reader" || :
	cp "$guest_work"/host/logs/* "$tests_dir/" 2>/dev/null || :
	rm -rf "$guest_work/host/logs"
}

# The test that ran when the guest died, or the boot itself, has failed.
guesttests_blame() {
	blame_why=$(grep '^vkfd: ' "$guest_log/messages" | head -n 1 | sed 's/^vkfd: //')
	if [ -e "$tests_dir/running" ]; then
		read -r blame_id <"$tests_dir/running"
		cat "$guest_log/messages" >>"$tests_dir/$blame_id.log"
		tests_record "$blame_id" fail 0 "guest died: ${blame_why:-status $1}"
		rm -f "$tests_dir/running"
		return
	fi
	case $1 in 0 | 99) return 0 ;; esac
	# A complaint during a test was that test's failure already.
	if [ "$1" = 70 ] && tail -n 1 "$tests_dir/results" | grep -q "${tab}fail$tab.*kernel: "; then
		return
	fi
	tests_record "guest.boot.$boot_nr" fail 0 "${blame_why:-status $1}" "$guest_log"
}

# guesttests_machine PLANFILE: boots until each test has a result. Runs in a
# subshell, so that the options of this machine end with it.
guesttests_machine() (
	traps_set
	read -r machine_options <"$1.machine" || :
	# shellcheck disable=SC2086
	options_parse $machine_options
	options_check
	boot_nr=$(find "$tests_dir" -maxdepth 1 -name 'boot-*' | wc -l)
	guest_work_create
	guest_log_own=0
	guest_kmemleak=kmemleak=on # the debug kernel's; run-tests asks it at the end
	guest_silence=${VKFD_TEST_SILENCE:-$(guesttests_silence "$1")}
	cp "$1" "$guest_work/host/plan"
	while [ -s "$guest_work/host/plan" ]; do
		say "guest $((boot_nr + 1)):${machine_options:- default options}, $opt_kernel kernel, $(wc -l <"$guest_work/host/plan") tests to run"
		guesttests_boot
		guesttests_blame "$boot_status"
		awk -F'\t' 'NR == FNR { done[$1] = 1; next } !($1 in done)' \
			"$tests_dir/results" "$guest_work/host/plan" >"$guest_work/plan.new"
		if [ "$(wc -l <"$guest_work/plan.new")" = "$(wc -l <"$guest_work/host/plan")" ]; then
			guesttests_give_up
		fi
		mv "$guest_work/plan.new" "$guest_work/host/plan"
	done
)

# A machine that does not even start its first test.
guesttests_give_up() {
	while IFS=$tab read -r give_id _; do
		tests_record "$give_id" fail 0 "the guest did not start: ${blame_why:-status $boot_status}" "$guest_log"
	done <"$guest_work/plan.new"
	: >"$guest_work/plan.new"
}

guesttests_run() {
	guesttests_plan
	for guesttests_plan_file in "$tests_dir"/plans/*.machine; do
		[ -e "$guesttests_plan_file" ] || continue
		attend guesttests_machine "${guesttests_plan_file%.machine}" || return $?
	done
}
