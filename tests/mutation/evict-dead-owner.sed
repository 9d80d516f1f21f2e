# SPDX-License-Identifier: MIT
# what: eviction gives up when the owner of the pages is dead
# file: kmod/mem/mem_evict.c
# kernel: stock
# tests: guest.svm_mm.eviction_after_parent_exit_works_4k_xnack_on
s/^\t\treturn vkfd_svm_bo_orphaned(bo) ? evict_by_number(bo, pages) : -EBUSY;$/\t\treturn -EBUSY;/
