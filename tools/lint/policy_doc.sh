#!/bin/sh
# SPDX-License-Identifier: MIT
# The decision tables of docs/policy.md are what kmod/svm/svm_policy.c decides.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

exec tools/gen/policy.sh --check
