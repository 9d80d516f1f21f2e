# SPDX-License-Identifier: MIT
# what: pages that never existed get VRAM with the bytes of its previous owner
# file: kmod/mem/mem_copy.c
# kernel: stock
# tests: guest.svm_migrate.prefetch_of_untouched_memory_is_zeroes_4k_xnack_on
/^\t\t\tbatch_zero(&batch, /d
