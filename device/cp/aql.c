// SPDX-License-Identifier: MIT
/* AQL queues: a packet that shows is a named error until it executes. */
#include "cp/compute_priv.h"

enum cp_step aql_step(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	u64 wptr, header;

	if (!atomic_exchange(&queue->rung, false))
		return CP_EMPTY;
	if (!mmu_load(&run->access, queue->wptr_va, &wptr, 8))
		return CP_FAULT;
	if (!wptr)
		return CP_EMPTY;
	if (mmu_load(&run->access, queue->ring.base, &header, 4))
		queue->packet.dw[0] = (u32)header;
	return cp_bad(run, VKFD_QERR_NOT_EXECUTED, VKFD_EC_PACKET_UNSUPPORTED);
}
