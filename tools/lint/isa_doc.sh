#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated tables of docs/isa.md agree with the rows of device/isa.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

exec tools/gen/isa.sh --check
