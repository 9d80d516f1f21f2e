# SPDX-License-Identifier: MIT
# what: of two losses only the second's end is remembered
# file: kmod/svm/svm_restore.c
# kernel: stock
# tests: guest.svm_race.queues_stopped_twice_run_again_xnack_off
s/^\t\*hull_end = max(\*hull_end, end);$/\t*hull_end = end;/
