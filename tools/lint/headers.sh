#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header compiles alone, and twice in one unit.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

status=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for h in $(cd include && find . -name '*.h' | sort) ; do
	printf '#include "%s"\n#include "%s"\n' "$h" "$h" >"$tmp/h.c"
	gcc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -Iinclude "$tmp/h.c" || { echo "include/$h does not compile alone"; status=1; }
done
for h in $(cd device && find . -name '*.h' | sort); do
	printf '#include "%s"\n#include "%s"\n' "$h" "$h" >"$tmp/h.c"
	gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Iinclude -Idevice "$tmp/h.c" || { echo "device/$h does not compile alone"; status=1; }
done

# The driver's headers, through kbuild: one unit a header.
kdir=$(for d in /lib/modules/*/build; do echo "$d"; done | head -n 1)
if [ -e "$kdir/Makefile" ]; then
	mkdir "$tmp/k" "$tmp/out"
	echo "ccflags-y += -I$PWD/kmod -I$PWD/include" >"$tmp/k/Kbuild"
	echo "obj-m += hdr.o" >>"$tmp/k/Kbuild"
	n=0
	for h in $(cd kmod && find . -name '*.h' ! -name trace.h | sort); do
		n=$((n + 1))
		printf '#include "%s"\n#include "%s"\n' "$h" "$h" >"$tmp/k/h$n.c"
		echo "hdr-y += h$n.o" >>"$tmp/k/Kbuild"
	done
	printf '#include <linux/module.h>\nMODULE_LICENSE("Dual MIT/GPL");\nMODULE_DESCRIPTION("header check");\n' >"$tmp/k/main.c"
	echo "hdr-y += main.o" >>"$tmp/k/Kbuild"
	make -s -C "$kdir" M="$tmp/k" MO="$tmp/out" modules >"$tmp/log" 2>&1 || { grep -E 'error|warning' "$tmp/log"; status=1; }
fi
exit $status
