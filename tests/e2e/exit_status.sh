#!/bin/sh
# SPDX-License-Identifier: MIT
# run exits with the status of its command, or with what became of the guest.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

# shellcheck disable=SC2086
run() { ./vkfd run $plain "$@"; }

for status in 0 1 2 111 112 128 139 255; do
	expect "$status" run -- sh -c "exit $status"
done
expect 127 run -- /no/such/command
expect 137 run -- sh -c 'kill -9 $$'

expect 70 run -- sh -c 'echo "<2>WARNING: made by exit_status.sh" >/dev/kmsg; exit 3'
said 'WARNING: made by exit_status.sh'
said 'kernel complained'

expect 71 run -- sh -c 'echo c >/proc/sysrq-trigger'
said 'the guest died'
said 'Kernel panic - not syncing: sysrq triggered crash'

expect 71 run -- sh -c 'busybox poweroff -f'
said 'the guest died'

expect 72 run --timeout 12 -- sh -c 'while :; do :; done'
said 'timeout'
said 'where the guest was'
