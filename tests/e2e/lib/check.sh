# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the end-to-end scripts share. A script stops at its first failure.
set -eu

: "${VKFD_TOP:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)}"
cd "$VKFD_TOP"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/vkfd-e2e.XXXXXX")
run_pid=
e2e_cleanup() {
	[ -z "$run_pid" ] || kill "$run_pid" 2>/dev/null || :
	for cleanup_pid in $(ours); do kill -9 "$cleanup_pid" 2>/dev/null || :; done
	rm -rf "$tmp"
}
trap e2e_cleanup EXIT
trap 'exit 130' INT TERM HUP

# A guest without GPU and driver, for what does not need them.
# shellcheck disable=SC2034 # used by the scripts
plain="--no-build --no-driver --no-gpu"

fail() {
	echo "FAIL: $*"
	[ ! -s "$tmp/err" ] || sed 's/^/  | /' "$tmp/err"
	exit 1
}

# expect STATUS CMD ARGS...: output in $tmp/out and $tmp/err.
expect() {
	expect_want=$1
	shift
	expect_got=0
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || expect_got=$?
	[ "$expect_got" = "$expect_want" ] || fail "status $expect_got instead of $expect_want: $*"
}

said() { grep -q -- "$1" "$tmp/err" || fail "stderr does not say '$1'"; }

# wait_for SECONDS CMD...: until CMD succeeds.
wait_for() {
	wait_left=$(($1 * 10))
	shift
	until "$@" 2>/dev/null; do
		wait_left=$((wait_left - 1))
		[ "$wait_left" -gt 0 ] || return 1
		sleep 0.1
	done
}

# Processes that belong to the runs below $tmp, by command line.
ours() {
	for ours_dir in /proc/[0-9]*; do
		if { tr '\0' ' ' <"$ours_dir/cmdline"; } 2>/dev/null | grep -q -- "$tmp/work/vkfd-run"; then
			echo "${ours_dir#/proc/}"
		fi
	done
}
# ours_named PROGRAM: all are started as "loader --library-path DIR PROGRAM".
ours_named() {
	for named_pid in $(ours); do
		case $({ tr '\0' '\n' <"/proc/$named_pid/cmdline"; } 2>/dev/null | sed -n 4p) in
		*"/$1") echo "$named_pid" ;;
		esac
	done
}
nothing_runs() { [ -z "$(ours)" ]; }

# Nothing of a run may be left: no process, no file, no mount.
nothing_left() {
	wait_for 15 nothing_runs || fail "$1 left processes behind: $(ours | tr '\n' ' ')"
	left_files=$(ls -A "$tmp/work")
	[ -z "$left_files" ] || fail "$1 left files behind: $left_files"
	! grep -q "$tmp/work" /proc/mounts || fail "$1 left a mount behind"
}

# start_run ARGS...: ./vkfd run in the background, as leader of a session of
# its own, with the signals a terminal would give it (a shell starts background
# jobs with SIGINT ignored). Waits until its command has printed "started".
start_run() {
	mkdir -p "$tmp/work"
	TMPDIR=$tmp/work setsid env --default-signal=INT,QUIT ./vkfd run "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
	run_pid=$!
	wait_for 120 grep -q started "$tmp/out" || fail "the guest did not start: $*"
}

# end_run STATUS WHAT
end_run() {
	end_got=0
	wait "$run_pid" || end_got=$?
	run_pid=
	[ "$end_got" = "$1" ] || fail "$2: status $end_got instead of $1"
	nothing_left "$2"
}
