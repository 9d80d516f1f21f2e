#!/bin/sh
# SPDX-License-Identifier: MIT
# Each source file names its licence in the first two lines (D12).
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

status=0
want() { # LICENCE FILES...
	licence=$1
	shift
	for f; do
		head -n 2 "$f" | grep -q "SPDX-License-Identifier: $licence\$\|SPDX-License-Identifier: $licence \*/" || {
			echo "$f: the first line must say SPDX-License-Identifier: $licence"
			status=1
		}
	done
}
# shellcheck disable=SC2046
want 'GPL-2.0 OR MIT' $(find kmod include -name '*.[ch]' -o -name Kbuild | sort)
# shellcheck disable=SC2046
want MIT $(find device launcher tests tools -name '*.[ch]' -o -name '*.sh' -o -name Makefile | sort)
exit $status
