# SPDX-License-Identifier: MIT
# what: eviction frees VRAM that pages still live in
# file: kmod/mem/mem_ttm.c
# kernel: stock
# tests: guest.svm_leak.evict_file_sends_everything_to_ram_xnack_on
s/^\tplacement->num_placement = 1;$/\tplacement->num_placement = 0;/
