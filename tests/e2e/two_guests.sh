#!/bin/sh
# SPDX-License-Identifier: MIT
# One launcher that starts a guest after another, as `bench svm` does.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

# The launcher without its last part, which takes the command line.
sed '/^VKFD_TOP=/d; /^traps_set/,$d' vkfd >"$tmp/launcher"
cat >>"$tmp/launcher" <<'EOT'
traps_set
# The GPU too, whose log a guest needs.
# shellcheck disable=SC2086 # words
options_parse $PLAIN --
guest_prepare
guest_start 0 true
guest_start 0 echo second
guest_cleanup
EOT
expect 0 env VKFD_TOP="$VKFD_TOP" PLAIN="--no-build --no-driver" sh "$tmp/launcher"
grep -qx second "$tmp/out" || fail "the second guest did not run its command"
