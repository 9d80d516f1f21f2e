#!/bin/sh
# SPDX-License-Identifier: MIT
# Files up to 800 lines (tables exempt), functions up to 60 lines between a
# brace and its closing partner in column 0, at most five parameters.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

find kmod device include launcher tests tools -name '*.[ch]' ! -path '*/build/*' | sort | xargs awk '
	FNR == 1 { if (file && lines > 800) over(file, lines); file = FILENAME; lines = 0; start = 0 }
	function over(f, n) { print f ": " n " lines, the limit is 800: split it"; bad = 1 }
	{ lines = FNR }
	/^\{/ { start = FNR }
	/^\}/ {
		if (start && FNR - start - 1 > 60) {
			print FILENAME ":" start ": function of " FNR - start - 1 " lines, the limit is 60"
			bad = 1
		}
		start = 0
	}
	END { if (lines > 800) over(file, lines); exit bad }'
