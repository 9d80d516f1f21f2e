# SPDX-License-Identifier: MIT
# what: eviction frees VRAM that pages still live in
# file: kmod/mem/mem_ttm.c
# kernel: stock
# tests: guest.svm_lru.memory_of_a_queue_that_ended_its_work_leaves_first_xnack_on
s/^\tplacement->num_placement = 1;$/\tplacement->num_placement = 0;/
