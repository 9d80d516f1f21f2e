# SPDX-License-Identifier: MIT
# what: a fault reported before a munmap is taken for a new one
# file: kmod/svm/svm_notifier.c
# kernel: stock
# tests: guest.forged.fault_of_before_an_unmap_is_no_violation
/^\t\tset_checkpoints(svm);$/s/set_checkpoints(svm);/;/
