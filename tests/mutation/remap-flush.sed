# SPDX-License-Identifier: MIT
# what: a live PTE is replaced by a read-only one without a TLB flush
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.svm_fault.gpu_ro_flag_takes_the_right_to_write_xnack_off
s/^\tif (replaced)$/\tif (0 \&\& replaced)/
