#!/bin/sh
# SPDX-License-Identifier: MIT
# Wrong use is status 2 with a sentence that names the mistake; help is 0.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

for command in demo test run shell setup build clean doctor top; do
	expect 0 ./vkfd "$command" --help
	grep -q "usage: ./vkfd $command" "$tmp/out" || fail "$command --help does not show its usage"
done
expect 0 ./vkfd --help
expect 2 ./vkfd
expect 2 ./vkfd nonsense
said "unknown command 'nonsense'"

wrong() {
	wrong_text=$1
	shift
	expect 2 ./vkfd run "$@" -- true
	said "$wrong_text"
}
wrong "unknown option '--nonsense'" --nonsense
wrong "not a number" --gpus two
wrong "not in 1..8" --gpus 0
wrong "not in 1..8" --gpus=9
wrong "not a size" --vram 12X
wrong "not between" --vram 1M
wrong "power of two" --vram 96M
wrong "not a size" --mem ''
wrong "less than" --mem 16M
wrong "not a number" --cpus -1
wrong "not in 1..8" --numa 9
wrong "cannot be divided" --numa 3
wrong "none of" --kernel newest
wrong "none of" --accel fast
wrong "none of" --mode none
wrong "not yet" --link pcie
wrong "multiple" --cus 9
wrong "not a number" --timeout 1s
wrong "not a directory" --share /no/such/directory
wrong "must lie below" --share /tmp:/etc
wrong "'..'" --share /tmp:/mnt/../etc
expect 2 ./vkfd run
said "no command"
expect 2 ./vkfd run --gpus
said "needs a value"
expect 2 ./vkfd shell extra
expect 2 ./vkfd clean --everything
expect 2 ./vkfd build no-such-part
expect 2 ./vkfd demo /no/such/file
expect 2 ./vkfd test --no-build no_such_test
said "no test matches"
expect 2 ./vkfd test --no-build host.svm_attr_test no_such_test
said "no test matches: no_such_test"
expect 2 ./vkfd bench nonsense
said "no bench .nonsense."
expect 2 ./vkfd bench --json
said "needs a file name"
expect 2 ./vkfd top true
said "comes behind --"
expect 2 ./vkfd top --once --
said "no command"
expect 2 ./vkfd top --interval soon
said "not a number of seconds"
