# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# One writer at a time for the cache and for the build directory.

# with_lock FILE WHAT CMD ARGS...: says so if it has to wait.
with_lock() {
	lock_file=$1 lock_what=$2
	shift 2
	mkdir -p "$(dirname "$lock_file")" 2>/dev/null ||
		die 1 "cannot create $(dirname "$lock_file")"
	exec 9>"$lock_file"
	if ! flock -n 9; then
		say "waiting for another vkfd that works on $lock_what"
		attend flock 9
	fi
	lock_status=0
	"$@" || lock_status=$?
	exec 9>&-
	return "$lock_status"
}
