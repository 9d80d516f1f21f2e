# SPDX-License-Identifier: MIT
# what: an invalidation zaps the page tables and leaves the TLBs as they are
# file: kmod/svm/svm_range.c
# kernel: stock
# tests: guest.svm_fault.mprotect_takes_the_gpus_right_to_write_xnack_on
s/if (down->start\[slot\] < down->end\[slot\] &&/if (0 \&\& down->start[slot] < down->end[slot] \&\&/
