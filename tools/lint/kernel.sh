#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver through checkpatch --strict, W=1 and sparse. Runs inside the root
# tree, where the kernel headers are. Exceptions with reasons: checkpatch.conf.
set -eu
top=$(cd "${VKFD_TOP:-$(dirname "$0")/../..}" && pwd)
cd "$top"
status=0

kdir=$(for d in /lib/modules/*/build; do echo "$d"; done | head -n 1)
[ -e "$kdir/Makefile" ] || { echo "SKIP: no kernel headers here"; exit 4; }
command -v sparse >/dev/null || { echo "SKIP: sparse is not installed"; exit 4; }

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# gcc 14 is newer than this sparse knows; its own complaints about the kernel's headers are not ours.
make -s -C "$kdir" M="$top/kmod" MO="$out" -j 2 W=1 C=2 CF=-D__CHECK_ENDIAN__ modules >"$out/log" 2>&1 || {
	cat "$out/log"
	exit 1
}
if grep -E '/kmod/.*: (warning|error)' "$out/log"; then
	echo "W=1 and sparse must be clean"
	status=1
fi

checkpatch=
for f in "${VKFD_CHECKPATCH:-}" /vkfd-cache/kernels/debug-*/scripts/checkpatch.pl \
	/vkfd-cache/kernels/debug-*/*/scripts/checkpatch.pl; do
	[ ! -f "$f" ] || checkpatch=$f
done
if [ -z "$checkpatch" ]; then
	[ $status = 0 ] || exit $status
	echo "SKIP: W=1 and sparse are clean; checkpatch comes with the debug kernel's source (./vkfd build --kernel debug)"
	exit 4
fi
ignore=$(sed 's/#.*//' tools/lint/checkpatch.conf | tr -s ' \t\n' ',' | sed 's/^,//; s/,$//')
# From elsewhere, because checkpatch leaves its cache where it runs.
cd "$out"
patchcheck() { # IGNORED FILES...
	patch_ignore=$1
	shift
	printf '%s\n' "$@" | xargs -P 2 -n 24 perl "$checkpatch" --no-tree --strict --terse \
		--no-summary --show-types --max-line-length=100 --ignore "$patch_ignore" -f 2>&1 |
		grep -vE 'uninitialized value|^find: ' && status=1
	return 0
}
# shellcheck disable=SC2046
patchcheck "$ignore" $(find "$top/kmod" "$top/include" -name '*.[ch]' ! -name trace.h | sort)
# Tracepoint bodies are declarations inside macro arguments; no alignment fits them.
patchcheck "$ignore,PARENTHESIS_ALIGNMENT" "$top/kmod/core/trace.h"
exit $status
