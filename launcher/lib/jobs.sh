# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The one child that a shell of ours waits for, and how it ends when we are
# told to end. A shell runs its traps only between commands, so everything
# that takes long runs as a job beside it.

job_pid=''

# kill_tree PID: the process and all it started, children first; stopped
# meanwhile, so that it starts no more.
kill_tree() {
	kill -STOP "$1" 2>/dev/null || return 0
	kill_kids=''
	{ read -r kill_kids <"/proc/$1/task/$1/children"; } 2>/dev/null || :
	for kill_kid in $kill_kids; do kill_tree "$kill_kid"; done
	kill "$1" 2>/dev/null || :
	kill -CONT "$1" 2>/dev/null || :
}

job_stop() {
	[ -n "$job_pid" ] || return 0
	kill_tree "$job_pid"
	wait "$job_pid" 2>/dev/null || :
	job_pid=''
}

# job_wait: the status of the job that was started last.
job_wait() {
	job_status=0
	wait "$job_pid" || job_status=$?
	job_pid=''
	return "$job_status"
}

# attend CMD ARGS...: runs CMD like any command, but can be interrupted.
attend() {
	exec 6<&0
	"$@" <&6 6<&- &
	job_pid=$!
	exec 6<&-
	job_wait
}

# Each shell sets these anew: a subshell starts without traps.
traps_set() {
	trap 'job_stop; guest_cleanup' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}
