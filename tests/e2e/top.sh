#!/bin/sh
# SPDX-License-Identifier: MIT
# ./vkfd top on a terminal draws beside a command and ends at q; a shell on a
# terminal is a shell. tests/guest/top_test.c is about what top shows.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

command -v script >/dev/null 2>&1 || { echo "SKIP: script(1) is not installed"; exit 4; }
mkdir -p "$tmp/work"
export TMPDIR="$tmp/work"

# on_terminal CMD: the launcher on a pseudo terminal of 80x24, keys by FIFO 9.
on_terminal() {
	rm -f "$tmp/keys"
	mkfifo "$tmp/keys"
	: >"$tmp/screen"
	TERM=vt100 script -qefc "stty rows 24 cols 80; exec $*" "$tmp/screen" <"$tmp/keys" >/dev/null 2>&1 &
	run_pid=$!
	exec 9>"$tmp/keys"
}
shows() { wait_for 120 grep -q -- "$1" "$tmp/screen" || fail "the terminal does not show '$1': $(cat "$tmp/screen")"; }
ends() {
	ends_got=0
	wait "$run_pid" || ends_got=$?
	run_pid=
	exec 9>&-
	[ "$ends_got" = "$1" ] || fail "status $ends_got instead of $1: $(cat "$tmp/screen")"
}

on_terminal ./vkfd top --no-build --interval 0.5 -- sh -c "'echo beside; exec tail -f /dev/null'"
shows 'vkfd top'
shows 'no process uses a GPU'
printf q >&9
ends 0
shows 'beside'

on_terminal ./vkfd shell "$plain"
shows '#'
# shellcheck disable=SC2016 # the guest's shell does the sum
printf 'echo sum $((40 + 2)); command -v vkfd-top; exit 7\n' >&9
ends 7
shows 'sum 42'
shows '/usr/local/bin/vkfd-top'

nothing_left "top"
