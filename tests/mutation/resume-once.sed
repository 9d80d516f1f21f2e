# SPDX-License-Identifier: MIT
# what: of several stops the restore worker takes one back: the evicted count never returns to zero
# file: kmod/svm/svm_restore.c
# kernel: stock
# tests: guest.svm_race.queues_stopped_twice_run_again_xnack_off
s/^\twhile (stops--)$/\tif (stops)/
