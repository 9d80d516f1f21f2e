#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated tables of docs/hardware.md. --check: are they what the headers say?
exec "$(dirname "$0")/tables.sh" docs/hardware.md tools/gen/hw_tables.c \
	-Iinclude "registers counters" "$@"
