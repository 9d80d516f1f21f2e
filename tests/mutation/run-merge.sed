# SPDX-License-Identifier: MIT
# what: copies are merged when only their VRAM side is contiguous: wrong page offset in RAM
# file: kmod/mem/mem_runs.c
# kernel: host
# tests: host.mem_runs_test
s/ && run->bus + bytes == bus//
