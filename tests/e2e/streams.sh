#!/bin/sh
# SPDX-License-Identifier: MIT
# Bytes pass unchanged: stdin, stdout, stderr, arguments and shared files.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

# shellcheck disable=SC2086
run() { ./vkfd run $plain "$@"; }

expect 0 run -- sh -c 'echo to out; echo to err >&2; echo again >/dev/stdout'
[ "$(cat "$tmp/out")" = "to out
again" ] || fail "stdout is not what the command wrote"
said 'to err'
! grep -q 'to out' "$tmp/err" || fail "stdout leaked into stderr"

# shellcheck disable=SC2016
expect 0 run -- printf '<%s>' "a b" "it's" '$HOME "x" \n' '' 'two
lines'
[ "$(cat "$tmp/out")" = "<a b><it's><\$HOME \"x\" \\n><><two
lines>" ] || fail "arguments do not arrive as they were"

head -c 3000000 /dev/urandom >"$tmp/bytes"
sum=$(sha256sum <"$tmp/bytes")
# shellcheck disable=SC2086
got=$(./vkfd run $plain -- cat <"$tmp/bytes" | sha256sum)
[ "$got" = "$sum" ] || fail "3 MB through stdin and stdout are not the same"

mkdir "$tmp/shared one" "$tmp/two"
cp "$tmp/bytes" "$tmp/two/in"
# shellcheck disable=SC2016
expect 0 run --share "$tmp/two" --share "$tmp/shared one:/opt/one" -- sh -euc '
	cp /mnt/two/in /opt/one/out
	echo written >/mnt/two/file
	test "$PWD" = /vkfd -a -e /vkfd/launcher -a "$(id -u)" = 0'
[ "$(sha256sum <"$tmp/shared one/out")" = "$sum" ] || fail "a file changed on its way through the shares"
[ "$(cat "$tmp/two/file")" = written ] || fail "the default mount point of --share is not /mnt/<name>"

expect 0 run --log "$tmp/log" -- true
grep -q 'Linux version' "$tmp/log/kernel.log" || fail "--log has no kernel log"
