# SPDX-License-Identifier: MIT
# what: forks are not counted: pages that a range had to itself are taken for its own for ever
# file: kmod/svm/svm_notifier.c
# kernel: stock
# tests: guest.svm_mm.gpu_write_after_fork_is_not_seen_by_the_child_4k_xnack_on
/^\t\tatomic64_inc(&svm->cow_gen);$/d
