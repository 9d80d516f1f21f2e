# SPDX-License-Identifier: MIT
# what: attributes survive the memory they were set for
# file: kmod/svm/svm_notifier.c
# kernel: stock
# tests: guest.svm_attr.munmap_forgets_attributes_xnack_on
/^\tvkfd_svm_gc_unmapped(svm, start, end);$/d
