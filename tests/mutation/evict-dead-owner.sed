# SPDX-License-Identifier: MIT
# what: eviction gives up where the helpers cannot, for instance when the owner is dead
# file: kmod/mem/mem_evict.c
# kernel: stock
# tests: guest.svm_mm.eviction_after_parent_exit_works_4k_xnack_on
s/^\treturn evict_by_number(bo, pages);$/\treturn -EBUSY;/
