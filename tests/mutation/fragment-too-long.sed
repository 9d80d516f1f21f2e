# SPDX-License-Identifier: MIT
# what: a fragment spans more than the contiguous memory behind it
# file: kmod/mmu/mmu_pte.c
# kernel: host
# tests: host.mmu_pte_test
s/pages >= 2ULL << order/pages >= 1ULL << order/
