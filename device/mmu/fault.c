// SPDX-License-Identifier: MIT
#include "mmu/fault.h"

struct ih_event fault_event(const struct mmu_fault *fault, const struct fault_origin *origin)
{
	struct ih_event event = {
		.client = VKFD_IH_CLIENT_UTCL2,
		.source = VKFD_IH_SRC_VM_FAULT,
		.ctx = origin->ctx,
		.pasid = origin->pasid,
	};
	bool write = fault->access & VKFD_FAULT_WRITE;

	event.data[0] = (u32)(fault->va >> 12);
	event.data[1] = (u32)(fault->va >> 44) & 0xf;
	event.data[1] |= fault->access & (u32)(VKFD_FAULT_READ | VKFD_FAULT_WRITE |
					       VKFD_FAULT_EXECUTE);
	if (fault->retry)
		event.data[1] |= (u32)VKFD_FAULT_RETRY;
	event.data[2] = origin->sequence;
	event.data[3] = origin->queue;
	if (fault->cause != MMU_PERMISSION)
		event.ring |= (u8)VKFD_FAULT_RING_NOT_PRESENT;
	if (fault->access & VKFD_FAULT_READ)
		event.ring |= (u8)VKFD_FAULT_RING_READ;
	if (fault->cause == MMU_PERMISSION && write)
		event.ring |= (u8)VKFD_FAULT_RING_READ_ONLY;
	return event;
}
