# SPDX-License-Identifier: MIT
# what: memory that a GPU may write is not marked dirty: reclaim drops what it wrote
# file: kmod/svm/svm_dirty.c
# kernel: stock
# tests: guest.svm_madvise.gpu_write_after_madv_free_survives_reclaim_4k_xnack_on
s/^\t\tfolio_mark_dirty(folio);$/\t\tcpu_relax();/
