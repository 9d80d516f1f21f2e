#!/bin/sh
# SPDX-License-Identifier: MIT
# ./vkfd test --seed N: random tests in guests and on the host make the choices
# of seed N, and say so.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

guest=guest.abi.ioctl_random_bytes_do_no_harm
expect 0 ./vkfd test --no-build --seed 4294967291 --log "$tmp/log" "$guest" host.svm_attr_test
grep -q 'VKFD_SEED=4294967291$' "$tmp/log/$guest.log" || fail "the guest's test has another seed"
grep -q 'seed 0xfffffffb ' "$tmp/log/host.svm_attr_test.log" || fail "the host's test has another seed"

# Without it, a test chooses, and what it prints fits --seed.
expect 0 ./vkfd test --no-build --log "$tmp/own" "$guest"
seed=$(sed -n 's/.*VKFD_SEED=//p' "$tmp/own/$guest.log")
expect 2 ./vkfd test --no-build --seed "$seed" no_such_test
said "no test matches"
