#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated tables of docs/hardware.md agree with the contract headers.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

exec tools/gen/hardware.sh --check
