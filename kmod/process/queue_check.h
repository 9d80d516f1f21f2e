/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_QUEUE_CHECK_H
#define VKFD_PROCESS_QUEUE_CHECK_H

#include <linux/types.h>

/** struct vkfd_queue_request - a queue as user space describes it, copied in */
struct vkfd_queue_request {
	u64 ring, rptr, wptr, eop, cwsr;	/* VAs on GPU and CPU */
	u64 eop_bytes;
	u32 ring_bytes;
	u32 cwsr_bytes, ctl_stack_bytes;
	u32 gpu_id;
	u32 type;	/* KFD_IOC_QUEUE_TYPE_* */
	u32 engine_id;	/* of SDMA_BY_ENG_ID */
	u32 percent, priority;
};

/** struct vkfd_cwsr_sizes - context-save area of one compute queue, in bytes */
struct vkfd_cwsr_sizes {
	u32 ctl_stack;	/* header and control stack */
	u32 save_area;	/* with the control stack; KFD's cwsr_size */
	u32 debug;	/* behind it */
	u32 total;	/* what the queue's area must have */
};

#define VKFD_EOP_BYTES	4096u

/* Pure: no locks, no kernel state. */
void vkfd_cwsr_sizes(u32 cus, u32 ses, struct vkfd_cwsr_sizes *sizes);
int vkfd_queue_check_common(const struct vkfd_queue_request *request);
int vkfd_queue_check_create(const struct vkfd_queue_request *request,
			    const struct vkfd_cwsr_sizes *cwsr);
u32 vkfd_queue_ring_bytes(u32 asked);

#endif
