# SPDX-License-Identifier: MIT
# what: a 2 MiB leaf stays in the page table when its memory goes
# file: kmod/mmu/mmu_vm.c
# kernel: stock
# tests: guest.svm_mm.munmap_and_reuse_never_shows_old_bytes_2m_xnack_on
/^\tslot_drop_leaf(vm, slot);$/d
