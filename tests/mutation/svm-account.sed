# SPDX-License-Identifier: MIT
# what: VRAM that SVM gives back stays on its account
# file: kmod/mem/mem_vram.c
# kernel: stock
# tests: guest.svm_leak.munmap_gives_svm_vram_back_at_once_xnack_on
s/^\t\tsvm_account(bo, -(s64)bo->ttm\.base\.size);$/\t\tsvm_account(bo, 0);/
