# SPDX-License-Identifier: MIT
# what: a TLB flush leaves out the last 2 MiB block that it only touches
# file: kmod/mmu/mmu_tlb.c
# kernel: stock
# tests: guest.svm_fault.mprotect_takes_the_gpus_right_to_write_xnack_on
s/(end + FLUSH_ALIGN - 1) & ~(FLUSH_ALIGN - 1),/end \& ~(FLUSH_ALIGN - 1),/
