# SPDX-License-Identifier: MIT
# what: faults that did not fit into the queue are never replayed
# file: kmod/svm/svm_fault.c
# kernel: stock
# tests: guest.forged.reports_that_do_not_fit_are_replayed
/^\treplay_lost(svm);$/d
