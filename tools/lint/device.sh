#!/bin/sh
# SPDX-License-Identifier: MIT
# cppcheck over the device process and the host-side tools.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

command -v cppcheck >/dev/null || { echo "SKIP: cppcheck is not installed"; exit 4; }
cppcheck -q --std=c11 --language=c --enable=warning,portability,performance \
	--inline-suppr --suppress=missingInclude --suppress=missingIncludeSystem \
	--suppress=normalCheckLevelMaxBranches \
	--error-exitcode=1 -j 2 -Iinclude -Idevice device launcher
