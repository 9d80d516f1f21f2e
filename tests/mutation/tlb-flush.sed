# SPDX-License-Identifier: MIT
# what: an invalidation zaps the page tables and leaves the TLBs as they are
# file: kmod/svm/svm_range.c
# kernel: stock
# tests: guest.svm_mm.munmap_and_reuse_never_shows_old_bytes_* guest.svm_mm.gpu_mapping_of_before_fork_is_taken_back_* guest.svm_fault.mprotect_takes_the_gpus_right_to_write_*
s/if (down->start\[slot\] < down->end\[slot\] &&/if (0 \&\& down->start[slot] < down->end[slot] \&\&/
