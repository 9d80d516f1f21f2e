# SPDX-License-Identifier: MIT
# what: memory that may be mapped later is given up because other memory never can be
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.failnth_worker.temporary_failure_beats_final_one_xnack_off
s/^\tif (!counts || (again && err && vkfd_svm_is_final(counts)))$/\tif (!counts)/
