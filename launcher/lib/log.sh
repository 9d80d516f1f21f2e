# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Messages and the progress of long steps. All of it goes to stderr: stdout
# belongs to the guest's command.

say() { printf 'vkfd: %s\n' "$*" >&2; }

# die STATUS MESSAGE
die() {
	die_status=$1
	shift
	say "$*"
	exit "$die_status"
}

# usage_of FILE: its first comment, without the licence line.
usage_of() { awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"; }

is_tty() { [ -t 2 ] && [ "${CI:-}" != true ]; }

now() { date +%s; }

# While a step runs: one line that counts on a terminal, else one line every
# 20 s, so that a CI log shows life without growing long.
step_progress() {
	step_age=$(($(now) - step_began))
	if is_tty; then
		step_last=$(tail -c 300 "$step_log" 2>/dev/null | tr -dc '[:print:]\n' | tail -n 1 | cut -c 1-60)
		printf '\r\033[Kvkfd: %s: %d s%s  %s' "$step_text" "$step_age" \
			"${step_about:+ of about $step_about s}" "$step_last" >&2
	elif [ "$step_age" -ge "$step_next" ]; then
		step_next=$((step_age + 20))
		say "$step_text: ${step_age} s${step_about:+ of about $step_about s}"
	fi
}

# step TEXT SECONDS LOGFILE CMD ARGS...: runs CMD with its output in LOGFILE,
# shows how far it is once it takes over 2 s (SECONDS is how long it usually
# takes, or ''), and names the log if it fails. Returns CMD's status.
step() {
	step_text=$1 step_about=$2 step_log=$3
	shift 3
	mkdir -p "$(dirname "$step_log")"
	step_began=$(now) step_next=2
	"$@" >"$step_log" 2>&1 </dev/null &
	job_pid=$!
	step_tick=0
	while kill -0 "$job_pid" 2>/dev/null; do
		# Short steps must not wait for a long tick.
		if [ "$step_tick" -lt 10 ]; then sleep 0.1; else sleep 0.5; fi
		step_tick=$((step_tick + 1))
		[ "$step_tick" -lt 20 ] || step_progress
	done
	step_status=0
	job_wait || step_status=$?
	if is_tty && [ "$step_tick" -ge 20 ]; then printf '\r\033[K' >&2; fi
	step_age=$(($(now) - step_began))
	if [ "$step_status" -ne 0 ]; then
		tail -n 25 "$step_log" | sed 's/^/  | /' >&2
		say "$step_text: failed after $step_age s; whole log: $step_log"
	elif [ "$step_age" -ge 2 ]; then
		say "$step_text: done in $step_age s"
	fi
	return "$step_status"
}
