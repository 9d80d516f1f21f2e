/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MMU_TLB_H
#define VKFD_MMU_TLB_H

#include <linux/types.h>

struct vkfd_vm;

/*
 * Flushes return only when no engine uses the old translations. Split in two
 * so that several GPUs flush at once. Legal inside an MMU notifier: no
 * allocation. An error means the device is lost, hence harmless.
 */
int vkfd_tlb_flush_issue(struct vkfd_vm *vm, u64 start, u64 end, u64 *seq);
int vkfd_tlb_flush_wait(struct vkfd_vm *vm, u64 seq);
int vkfd_tlb_flush(struct vkfd_vm *vm, u64 start, u64 end);
/* Lets accesses parked in [start, end) run again, at the latest at the ring. */
int vkfd_fault_ack(struct vkfd_vm *vm, u64 start, u64 end);
void vkfd_fault_ack_ring(struct vkfd_vm *vm);

#endif
