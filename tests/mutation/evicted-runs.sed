# SPDX-License-Identifier: MIT
# what: queues go on while memory they must not miss is taken away
# file: kmod/process/queue_hw.c
# kernel: stock
# tests: guest.svm_mm.mprotect_storm_under_gpu_reads_keeps_data_4k_xnack_off
s/ || q->pdd->p->evicted)$/)/
