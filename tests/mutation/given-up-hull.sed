# SPDX-License-Identifier: MIT
# what: memory that cannot be mapped takes with it what was lost in that moment
# file: kmod/svm/svm_restore.c
# kernel: stock
# tests: guest.failnth_worker.memory_given_up_takes_nothing_along_xnack_off
s/^\terr = restore_hull(svm);$/\tif (vkfd_svm_is_final(err = restore_hull(svm)) \&\& svm->restore.tries >= RESTORE_FINAL_TRIES)\n\t\tsvm->restore.start = svm->restore.end;/
