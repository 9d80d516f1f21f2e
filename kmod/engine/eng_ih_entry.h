/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_IH_ENTRY_H
#define VKFD_ENG_IH_ENTRY_H

#include "core/fault.h"
#include "vkfd_hw/ih.h"

/* What an entry is, by its client and source. */
enum vkfd_ih_kind {
	VKFD_IH_KIND_UNKNOWN,
	VKFD_IH_KIND_FAULT,
	VKFD_IH_KIND_EVENT32,	/* completion, with this many bits of event id */
	VKFD_IH_KIND_EVENT28,
	VKFD_IH_KIND_EVENT24,
	VKFD_IH_KIND_QUEUE_ERROR,
	VKFD_IH_KIND_ACCESS_COUNT,
	VKFD_IH_KIND_DEVICE_ERROR,
};

enum vkfd_ih_kind vkfd_ih_classify(u32 client, u32 source);
void vkfd_ih_decode_fault(const struct vkfd_ih_entry *entry, u64 ih_ptr, struct vkfd_fault *fault);
void vkfd_ih_decode_event(const struct vkfd_ih_entry *entry, u32 valid_bits,
			  struct vkfd_event_irq *irq);
void vkfd_ih_decode_queue_failure(const struct vkfd_ih_entry *entry,
				  struct vkfd_queue_failure *error);
void vkfd_ih_decode_access(const struct vkfd_ih_entry *entry, struct vkfd_access_report *report);

#endif
