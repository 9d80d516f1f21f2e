#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs shellcheck over every shell script, without blanket exceptions. The launcher's
# parts share variables: they are checked as what they are, one script (-a).
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

command -v shellcheck >/dev/null || { echo "SKIP: shellcheck is not installed"; exit 4; }
find vkfd .ci launcher tests tools -type f ! -path '*/build/*' ! -path 'launcher/lib/*' ! -path 'launcher/cmd/*' ! -name '*.[ch]' | sort |
	while read -r f; do
		case $(head -n 1 "$f" | tr -d '\0') in
		'#!'*sh | '#!'*'sh -'*) echo "$f" ;;
		*) case $f in *.sh) echo "$f" ;; esac ;;
		esac
	done | xargs shellcheck -a -x -s sh
