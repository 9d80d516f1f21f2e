#!/bin/sh
# SPDX-License-Identifier: MIT
# Ctrl-C or SIGTERM in the middle of host work and of a guest test stops all
# of it, and leaves nothing.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

in_session() {
	for session_dir in /proc/[0-9]*; do
		session_id=$({ sed 's/.*) //' "$session_dir/stat" | cut -d' ' -f4; } 2>/dev/null)
		[ "$session_id" != "$1" ] || echo "${session_dir#/proc/}"
	done
}
session_is_empty() { [ -z "$(in_session "$1")" ]; }

# interrupt SIGNAL STATUS HOW-TO-SEE-THAT-IT-RUNS ARGS...
interrupt() {
	int_signal=$1 int_status=$2 int_sign=$3
	shift 3
	mkdir -p "$tmp/work"
	TMPDIR=$tmp/work setsid env --default-signal=INT,QUIT ./vkfd "$@" \
		>"$tmp/out" 2>"$tmp/err" </dev/null &
	run_pid=$!
	int_pid=$run_pid
	wait_for 120 "$int_sign" "$int_pid" || fail "did not start: $*"
	kill "-$int_signal" "$run_pid"
	int_got=0
	wait "$run_pid" || int_got=$?
	run_pid=
	[ "$int_got" = "$int_status" ] || fail "status $int_got instead of $int_status: $*"
	wait_for 15 session_is_empty "$int_pid" || fail "$* left processes: $(in_session "$int_pid")"
	nothing_left "$*"
}

# The compiler of a static check runs in namespaces of its own.
several_run() { [ "$(in_session "$1" | wc -l)" -ge 4 ]; }
guest_test_runs() { grep -q '^PASS\|^FAIL' "$tmp/out"; }

interrupt TERM 143 several_run test --no-build static.kernel
interrupt INT 130 several_run test --no-build static.headers
interrupt INT 130 guest_test_runs test --no-build --no-driver --no-gpu guest.topology
