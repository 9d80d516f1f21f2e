# SPDX-License-Identifier: MIT
# what: write protection by userfaultfd is not noticed for device pages that were looked at before
# file: kmod/svm/svm_notifier.c
# kernel: stock
# tests: guest.svm_madvise.write_protection_by_the_user_holds_in_vram_4k_xnack_on
/^\t\t\trange->cow_checked = 0;$/d
