#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck over every shell script, without blanket exceptions.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

command -v shellcheck >/dev/null || { echo "SKIP: shellcheck is not installed"; exit 4; }
find vkfd .ci launcher tests tools -type f ! -path '*/build/*' ! -name '*.[ch]' | sort |
	while read -r f; do
		case $(head -n 1 "$f" | tr -d '\0') in
		'#!'*sh | '#!'*'sh -'*) echo "$f" ;;
		*) case $f in *.sh) echo "$f" ;; esac ;;
		esac
	done | xargs shellcheck -x -s sh
