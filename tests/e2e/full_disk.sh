#!/bin/sh
# SPDX-License-Identifier: MIT
# A full disk: the status of the command still arrives, or one clear sentence.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

[ "$(id -u)" = 0 ] || { echo "SKIP: needs root, to mount a small file system"; exit 4; }

# Runs in a mount namespace of its own: $tmp/work has 4 MiB, all but FREE_KB used.
mkdir -p "$tmp/work"
cat >"$tmp/inside" <<'INSIDE'
set -eu
tmp=$1
free_kb=$2
shift 2
mount -t tmpfs -o size=4m tmpfs "$tmp/work"
head -c $((4096 - free_kb))k /dev/zero >"$tmp/work/filler"
status=0
TMPDIR=$tmp/work "$@" || status=$?
rm "$tmp/work/filler"
left=$(ls -A "$tmp/work" | grep -vx log || :)
[ -z "$left" ] || { echo "left behind: $left"; exit 99; }
exit "$status"
INSIDE
full() {
	unshare --mount --propagation private sh "$tmp/inside" "$tmp" "$@"
}

# The kernel log does not fit, everything else does.
# shellcheck disable=SC2086,SC2016
expect 42 full 330 ./vkfd run $plain --log "$tmp/work/log" -- sh -c '
	i=0
	while [ $i -lt 7000 ]; do echo "<5>filling the log $i ................................" >/dev/kmsg; i=$((i + 1)); done
	exit 42'
# Not even the work directory can be made.
# shellcheck disable=SC2086
expect 1 full 0 ./vkfd run $plain -- true
said 'no space left'
wait_for 15 nothing_runs || fail "a full disk left processes behind"
