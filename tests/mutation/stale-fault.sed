# SPDX-License-Identifier: MIT
# what: a fault reported before a munmap is taken for a new one
# file: kmod/svm/svm_notifier.c
# kernel: stock
# tests: guest.forged.fault_of_before_an_unmap_is_no_violation
/^\tvkfd_svm_faults_checkpoint(svm);$/s/vkfd_svm_faults_checkpoint(svm);/;/
