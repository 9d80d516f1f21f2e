// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: acknowledge: served accesses run again, many for one doorbell
 *
 * A doorbell is a trap out of the virtual machine and costs more than serving a
 * fault does. In a storm the worker of svm_fault.c therefore collects what it
 * served: neighbours become one command, and commands share a doorbell, which is
 * rung when there is nothing else to do, or when the oldest has waited for
 * ACK_AGE. A fault that is alone is acknowledged at once.
 *
 * Locks: none; the worker alone comes here.
 */
#include <linux/ktime.h>

#include "mmu/mmu_tlb.h"
#include "svm_ack.h"
#include "svm_types.h"

#define ACK_AGE		(500 * NSEC_PER_USEC)

/* Fails on a lost device only, which parks nothing. */
static void ack_post(struct vkfd_svm *svm, unsigned int slot)
{
	struct vkfd_svm_acks *acks = &svm->faults.acks;

	if (acks->slot[slot].start < acks->slot[slot].end)
		vkfd_fault_ack(svm->gpus[slot].vm, acks->slot[slot].start, acks->slot[slot].end);
	acks->slot[slot].start = 0;
	acks->slot[slot].end = 0;
}

/**
 * vkfd_svm_ack() - Accesses of a GPU to [start, end) may run again, soon
 * @svm:   SVM state.
 * @slot:  GPU.
 * @start: Page aligned.
 * @end:   Page aligned, half-open.
 *
 * Context: Fault worker; vkfd_svm_acks_send() follows before it rests.
 */
void vkfd_svm_ack(struct vkfd_svm *svm, unsigned int slot, u64 start, u64 end)
{
	struct vkfd_svm_acks *acks = &svm->faults.acks;

	if (start > acks->slot[slot].end || end < acks->slot[slot].start) {
		ack_post(svm, slot);
		acks->slot[slot].start = start;
		acks->slot[slot].end = end;
	}
	acks->slot[slot].start = min(acks->slot[slot].start, start);
	acks->slot[slot].end = max(acks->slot[slot].end, end);
	if (!acks->slots)
		acks->since = ktime_get_ns();
	acks->slots |= BIT(slot);
}

/** vkfd_svm_acks_send() - All that was acknowledged runs. Context: Fault worker. */
void vkfd_svm_acks_send(struct vkfd_svm *svm)
{
	struct vkfd_svm_acks *acks = &svm->faults.acks;
	unsigned int slot;

	for_each_slot(slot, acks->slots) {
		ack_post(svm, slot);
		vkfd_fault_ack_ring(svm->gpus[slot].vm);
	}
	acks->slots = 0;
}

/** vkfd_svm_acks_age() - Send what has waited long enough. Context: Fault worker. */
void vkfd_svm_acks_age(struct vkfd_svm *svm)
{
	const struct vkfd_svm_acks *acks = &svm->faults.acks;

	if (acks->slots && ktime_get_ns() - acks->since >= ACK_AGE)
		vkfd_svm_acks_send(svm);
}
