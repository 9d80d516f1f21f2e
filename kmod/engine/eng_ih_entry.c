// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: decoding of interrupt ring entries
 *
 * Pure functions from the device's 32 bytes to the driver's structures; no
 * state, no locks, any input. eng_ih.c is the only caller.
 */
#include "engine/eng_ih_entry.h"

static bool is_sdma(u32 client)
{
	switch (client) {
	case VKFD_IH_CLIENT_SDMA0:
	case VKFD_IH_CLIENT_SDMA1:
	case VKFD_IH_CLIENT_SDMA2:
	case VKFD_IH_CLIENT_SDMA3:
	case VKFD_IH_CLIENT_SDMA4:
		return true;
	default:
		return false;
	}
}

/**
 * vkfd_ih_classify() - What kind of news is it?
 * @client: enum vkfd_ih_client as the device says.
 * @source: enum vkfd_ih_source as the device says.
 *
 * Context: Any.
 * Return: The kind; VKFD_IH_KIND_UNKNOWN for pairs that do not exist.
 */
enum vkfd_ih_kind vkfd_ih_classify(u32 client, u32 source)
{
	bool cp = client == VKFD_IH_CLIENT_CP;

	switch (source) {
	case VKFD_IH_SRC_VM_FAULT:
		return client == VKFD_IH_CLIENT_UTCL2 ? VKFD_IH_KIND_FAULT : VKFD_IH_KIND_UNKNOWN;
	case VKFD_IH_SRC_ACCESS_COUNT:
		return client == VKFD_IH_CLIENT_UTCL2 ? VKFD_IH_KIND_ACCESS_COUNT :
							VKFD_IH_KIND_UNKNOWN;
	case VKFD_IH_SRC_DEVICE_ERROR:
		return client == VKFD_IH_CLIENT_UTCL2 ? VKFD_IH_KIND_DEVICE_ERROR :
							VKFD_IH_KIND_UNKNOWN;
	case VKFD_IH_SRC_CP_EOP:
		return cp ? VKFD_IH_KIND_EVENT32 : VKFD_IH_KIND_UNKNOWN;
	case VKFD_IH_SRC_SQ_MESSAGE:
		return cp ? VKFD_IH_KIND_EVENT24 : VKFD_IH_KIND_UNKNOWN;
	case VKFD_IH_SRC_SDMA_TRAP:
		return is_sdma(client) ? VKFD_IH_KIND_EVENT28 : VKFD_IH_KIND_UNKNOWN;
	case VKFD_IH_SRC_BAD_OPCODE:
		return cp || is_sdma(client) ? VKFD_IH_KIND_QUEUE_ERROR : VKFD_IH_KIND_UNKNOWN;
	default:
		return VKFD_IH_KIND_UNKNOWN;
	}
}

/**
 * vkfd_ih_decode_fault() - VM fault
 * @entry:  Copy of the ring entry.
 * @ih_ptr: Its position in the ring, in bytes ever written.
 * @fault:  Out.
 *
 * Context: Any.
 */
void vkfd_ih_decode_fault(const struct vkfd_ih_entry *entry, u64 ih_ptr, struct vkfd_fault *fault)
{
	u32 ring = VKFD_IH_RING_ID(entry->header);
	u32 flags = entry->data[1];

	*fault = (struct vkfd_fault){
		.va = (u64)entry->data[0] << 12 | (u64)(flags & 0xf) << 44,
		.timestamp = entry->timestamp_lo | (u64)(entry->timestamp_hi & 0xffff) << 32,
		.ih_ptr = ih_ptr,
		.pasid = VKFD_IH_PASID(entry->pasid),
		.client = VKFD_IH_CLIENT(entry->header),
		.queue = entry->data[3],
		.seq = entry->data[2],
		.write = flags & VKFD_FAULT_WRITE,
		.execute = flags & VKFD_FAULT_EXECUTE,
		.retry = flags & VKFD_FAULT_RETRY,
		.not_present = ring & VKFD_FAULT_RING_NOT_PRESENT,
		.read_only = ring & VKFD_FAULT_RING_READ_ONLY,
	};
}

/**
 * vkfd_ih_decode_event() - Completion interrupt
 * @entry:      Copy of the ring entry.
 * @valid_bits: How many bits of the context id carry an event.
 * @irq:        Out.
 *
 * Context: Any.
 */
void vkfd_ih_decode_event(const struct vkfd_ih_entry *entry, u32 valid_bits,
			  struct vkfd_event_irq *irq)
{
	*irq = (struct vkfd_event_irq){
		.pasid = VKFD_IH_PASID(entry->pasid),
		.client = VKFD_IH_CLIENT(entry->header),
		.source = VKFD_IH_SOURCE(entry->header),
		.event_id = entry->data[0] & (u32)GENMASK_ULL(valid_bits - 1, 0),
		.valid_bits = valid_bits,
	};
}

/**
 * vkfd_ih_decode_queue_failure() - A queue stopped by its own packet
 * @entry: Copy of the ring entry.
 * @error: Out.
 *
 * Context: Any.
 */
void vkfd_ih_decode_queue_failure(const struct vkfd_ih_entry *entry,
				  struct vkfd_queue_failure *error)
{
	*error = (struct vkfd_queue_failure){
		.pasid = VKFD_IH_PASID(entry->pasid),
		.doorbell = entry->data[0] & 0x3ff,
		.code = entry->data[0] >> 10 & 0xffff,
		.header = entry->data[1],
		.queue = entry->data[2],
	};
}

/**
 * vkfd_ih_decode_access() - Access counter that reached its limit
 * @entry:  Copy of the ring entry.
 * @report: Out; the address is that of a block, whatever the device says.
 *
 * Context: Any.
 */
void vkfd_ih_decode_access(const struct vkfd_ih_entry *entry, struct vkfd_access_report *report)
{
	u64 va = (u64)entry->data[0] << 12 | (u64)(entry->data[1] & 0xf) << 44;

	*report = (struct vkfd_access_report){
		.va = va & ~0xffffULL,
		.pasid = VKFD_IH_PASID(entry->pasid),
		.requests = entry->data[2],
	};
}
