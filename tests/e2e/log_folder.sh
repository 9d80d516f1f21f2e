#!/bin/sh
# SPDX-License-Identifier: MIT
# ./vkfd test --log DIR: DIR may have been used before, and belongs to the user.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

mkdir "$tmp/log"
echo mine >"$tmp/log/notes"

# A list writes nothing there and takes nothing away.
expect 0 ./vkfd test --no-build --list --log "$tmp/log" guest.topology
[ "$(ls -A "$tmp/log")" = notes ] || fail "--list has changed the folder of --log"

# What ran there before does not run again.
guest=guest.abi.ioctl_random_bytes_do_no_harm
expect 0 ./vkfd test --no-build --log "$tmp/log" host.svm_attr_test "$guest"
expect 0 ./vkfd test --no-build --log "$tmp/log" guest.topology
[ "$(grep -c "$guest" "$tmp/out")" = 0 ] || fail "tests of an earlier run ran again"
[ "$(cat "$tmp/log/notes")" = mine ] || fail "a file of the user is gone"
