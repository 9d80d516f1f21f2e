# SPDX-License-Identifier: MIT
# what: an interrupt write pointer more than a ring ahead is followed
# file: kmod/engine/eng_ih.c
# kernel: stock
# tests: guest.forged.lost_gpu_sets_the_hardware_event_wild_pointer
s/^\tif (\*bytes <= IH_RING_BYTES && \*bytes % VKFD_IH_ENTRY_BYTES == 0)$/\tif (1)/
