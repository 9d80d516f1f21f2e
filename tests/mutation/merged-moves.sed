# SPDX-License-Identifier: MIT
# what: memory that ksmd may merge goes to VRAM
# file: kmod/mem/mem_migrate.c
# kernel: stock
# tests: guest.svm_madvise.mergeable_memory_stays_in_ram_4k_xnack_off
s/VM_SPECIAL | VM_MERGEABLE/VM_SPECIAL/
