# SPDX-License-Identifier: MIT
# what: every process gets the doorbell page of the first
# file: kmod/process/doorbell.c
# kernel: stock
# tests: guest.svm_mm.two_processes_do_not_mix_4k_xnack_on
s/(u64)pdd->doorbell_frame \* VKFD_DOORBELL_FRAME_BYTES/(u64)1 * VKFD_DOORBELL_FRAME_BYTES/
