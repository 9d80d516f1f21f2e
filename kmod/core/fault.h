/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_CORE_FAULT_H
#define VKFD_CORE_FAULT_H

#include <linux/types.h>

struct vkfd_device;

/** struct vkfd_fault - one VM fault, decoded from the interrupt ring */
struct vkfd_fault {
	u64 va;		/* page aligned */
	u64 timestamp;	/* device clock, 48 bits */
	u64 ih_ptr;	/* byte position in the interrupt ring: orders faults against drains */
	u32 pasid;
	u32 client;	/* enum vkfd_ih_client */
	u32 queue;	/* KIQ queue number */
	u32 seq;	/* device's report number */
	bool write;
	bool execute;
	bool retry;	/* parked, waits for an acknowledge */
	bool not_present;
	bool read_only;
};

/** struct vkfd_event_irq - a completion interrupt of a user queue */
struct vkfd_event_irq {
	u32 pasid;
	u32 client;
	u32 source;	/* enum vkfd_ih_source */
	u32 event_id;	/* context id; 0 means nobody asked */
	u32 valid_bits;	/* of event_id */
};

/** struct vkfd_queue_failure - a queue stopped by its own packet */
struct vkfd_queue_failure {
	u32 pasid;
	u32 doorbell;	/* slot in the process' frame */
	u32 code;	/* exception code of kfd_ioctl.h */
	u32 header;	/* packet header that was refused */
	u32 queue;	/* KIQ queue number */
};

/** struct vkfd_access_report - a GPU uses a block of RAM a lot */
struct vkfd_access_report {
	u64 va;		/* of the block, 64 KiB */
	u32 pasid;
	u32 requests;	/* of 64 bytes, that were counted */
};

/**
 * struct vkfd_irq_ops - upward news from the interrupt ring
 *
 * Called from the IH thread (process context, no locks held). May sleep
 * briefly, must not wait for another interrupt.
 */
struct vkfd_irq_ops {
	void (*vm_fault)(struct vkfd_device *dev, const struct vkfd_fault *fault);
	void (*event)(struct vkfd_device *dev, const struct vkfd_event_irq *irq);
	void (*queue_error)(struct vkfd_device *dev, const struct vkfd_queue_failure *error);
	void (*access_count)(struct vkfd_device *dev, const struct vkfd_access_report *report);
};

/* engine/eng_ih.c: set once before the first probe (vkfd_drv.c). */
void vkfd_irq_set_ops(const struct vkfd_irq_ops *ops);

#endif
