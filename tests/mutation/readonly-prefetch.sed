# SPDX-License-Identifier: MIT
# what: prefetched memory that mapping took back to RAM, to make it writable, stays there
# file: kmod/svm/svm_set.c
# kernel: stock
# tests: guest.svm_readonly.prefetch_after_fork_reaches_vram_2m_xnack_on
s/^\tif (!err && svm->unshared != unshared && has_change(job, KFD_IOCTL_SVM_ATTR_PREFETCH_LOC))$/\tif (0)/
