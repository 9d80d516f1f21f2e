# SPDX-License-Identifier: MIT
# what: the reference of the pages on their buffer is never dropped: VRAM leaks
# file: kmod/mem/mem_svm_bo.c
# kernel: stock
# tests: guest.svm_leak.munmap_gives_svm_vram_back_at_once_xnack_on
/^static void release_work(/,/^}/s/vkfd_bo_put(&bo->base);/;/
