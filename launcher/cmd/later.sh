# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Commands of the contract that do not exist yet.

cmd_top() { die 2 "top: not yet"; }
