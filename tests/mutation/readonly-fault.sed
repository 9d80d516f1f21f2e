# SPDX-License-Identifier: MIT
# what: a fault's memory that mapping took back to RAM, to make it writable, stays there
# file: kmod/svm/svm_serve.c
# kernel: stock
# tests: guest.svm_readonly.fault_on_pages_marked_by_numa_balancing_moves_them_4k_xnack_on
s/^\tif (err || decision->place != VKFD_SVM_TO_VRAM || job->svm->unshared == unshared)$/\tif (1)/
