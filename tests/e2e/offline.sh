#!/bin/sh
# SPDX-License-Identifier: MIT
# Once the environment is there, nothing needs the network any more.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

[ "$(id -u)" = 0 ] || { echo "SKIP: needs root, to take the network away"; exit 4; }
offline() { unshare --net "$@"; }

expect 0 offline ./vkfd setup
[ ! -s "$tmp/err" ] || fail "setup had something to do"
# shellcheck disable=SC2086
expect 7 offline ./vkfd run $plain -- sh -c 'exit 7'
