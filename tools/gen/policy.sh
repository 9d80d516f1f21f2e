#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated tables of docs/policy.md. --check: are they what the policy decides?
exec "$(dirname "$0")/tables.sh" docs/policy.md tools/gen/policy_tables.c \
	"-Itests/shim -Ikmod -Iinclude" "fault prefetch hot" "$@"
