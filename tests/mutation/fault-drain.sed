# SPDX-License-Identifier: MIT
# what: teardown does not wait for the fault in service
# file: kmod/svm/svm_fault.c
# kernel: debug
# tests: guest.engine.unbind_while_a_fault_is_served_ends_cleanly
/^\tcancel_delayed_work_sync(&faults->work);$/d
