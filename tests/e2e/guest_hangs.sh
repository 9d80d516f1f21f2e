#!/bin/sh
# SPDX-License-Identifier: MIT
# ./vkfd test: a guest that says nothing any more, as one whose kernel hangs, is ended,
# and the test that ran then has failed. Here a test that takes long must do.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

export VKFD_TEST_SILENCE=20
expect 1 ./vkfd test --no-build --log "$tmp/log" guest.stress.random_operations_of_many_processes
case=guest.stress.random_operations_of_many_processes
grep -q "^FAIL $case: guest died: the guest printed nothing for 20 s" "$tmp/out" ||
	fail "$(cat "$tmp/out")"
[ "$(tail -n 1 "$tmp/out")" = "0 passed, 1 failed, 0 skipped" ] || fail "$(tail -n 1 "$tmp/out")"
