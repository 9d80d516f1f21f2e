/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_IH_H
#define VKFD_HW_IH_H

#include "types.h"

/*
 * DOC: the interrupt ring
 *
 * A power-of-two ring of 32-byte entries in guest RAM, filled by the device,
 * emptied by the driver. Both pointers are 64-bit, count bytes, never wrap;
 * slot = pointer mod ring bytes. The device stores its write pointer at
 * IH_WPTR_ADDR after the entry is visible; the driver stores its read pointer
 * at IH_RPTR_ADDR, so neither side needs a register access.
 *
 * Interrupt rule: after publishing the write pointer the device executes a
 * full barrier, reads the driver's read pointer, and raises the interrupt if it
 * equals the old write pointer (the driver had emptied the ring). The driver,
 * after storing its read pointer, executes a full barrier and looks at the
 * write pointer once more before it stops.
 *
 * Overflow: an entry that does not fit waits inside the device in order;
 * nothing is dropped. VKFD_STAT_IH_FULL counts how often that happened.
 * A read pointer that is ahead of the write pointer is VKFD_ERR_IH_MEMORY.
 *
 * A device error is an entry too, so that its news cost no register access. If
 * the ring itself is what failed, only VKFD_REG_ERROR_CODE can tell.
 */
struct vkfd_ih_entry {
	u32 header;	/* [7:0] client [15:8] source [23:16] ring id [27:24] vmid [31] hub */
	u32 timestamp_lo;
	u32 timestamp_hi; /* [15:0] */
	u32 pasid;	/* [15:0] pasid, [23:16] node id */
	u32 data[4];
};

#define VKFD_IH_ENTRY_BYTES	32u
#define VKFD_IH_CLIENT(h)	((h) & 0xff)
#define VKFD_IH_SOURCE(h)	(((h) >> 8) & 0xff)
#define VKFD_IH_RING_ID(h)	(((h) >> 16) & 0xff)
#define VKFD_IH_PASID(p)	((p) & 0xffff)
#define VKFD_IH_HEADER(client, source, ring) \
	((u32)(client) | (u32)(source) << 8 | (u32)(ring) << 16)

enum vkfd_ih_client {
	VKFD_IH_CLIENT_SDMA0 = 8,
	VKFD_IH_CLIENT_SDMA1 = 9,
	VKFD_IH_CLIENT_SDMA2 = 1,
	VKFD_IH_CLIENT_SDMA3 = 4,
	VKFD_IH_CLIENT_SDMA4 = 5,
	VKFD_IH_CLIENT_CP = 0x14,
	VKFD_IH_CLIENT_UTCL2 = 0x1b,
};

enum vkfd_ih_source {
	VKFD_IH_SRC_VM_FAULT = 0,
	VKFD_IH_SRC_ACCESS_COUNT = 96,	/* ours: data[0] = VA[43:12] of a 64 KiB block, data[1] [3:0] = VA[47:44], data[2] = requests; client UTCL2 */
	VKFD_IH_SRC_DEVICE_ERROR = 97,	/* ours: data[0] = enum vkfd_hw_error, data[1] = its info; client UTCL2 */
	VKFD_IH_SRC_CP_EOP = 181,	/* data[0] = event id */
	VKFD_IH_SRC_BAD_OPCODE = 183,	/* data[0] [9:0] doorbell slot [25:10] exception code; data[1] packet header; data[2] queue; data[3] enum vkfd_queue_error; client = the engine's */
	VKFD_IH_SRC_SDMA_TRAP = 224,	/* data[0] [27:0] int_context; data[2] queue */
	VKFD_IH_SRC_SQ_MESSAGE = 239,	/* s_sendmsg MSG_INTERRUPT of a wave: data[0] [23:0] = M0[23:0]; data[2] queue; client CP */
};

#define VKFD_SQ_MESSAGE_MASK	0xffffffu

/* Exception codes of BAD_OPCODE: KFD's EC_*. */
#define VKFD_EC_WAVE_ABORT	1u
#define VKFD_EC_WAVE_TRAP	2u
#define VKFD_EC_WAVE_ILLEGAL	4u
#define VKFD_EC_WAVE_APERTURE	6u
#define VKFD_EC_DISPATCH_DIM	16u
#define VKFD_EC_DISPATCH_LDS	17u
#define VKFD_EC_DISPATCH_CODE	18u
#define VKFD_EC_PACKET_UNSUPPORTED 20u
#define VKFD_EC_DISPATCH_GROUP_SIZE 21u
#define VKFD_EC_DISPATCH_REGISTERS 22u
#define VKFD_EC_PACKET_VENDOR	23u
#define VKFD_BAD_OPCODE_DATA0(doorbell, code) (((u32)(doorbell) & 0x3ff) | (u32)(code) << 10)

/* Why a queue stopped. It stays mapped, does nothing and can be unmapped. */
enum vkfd_queue_error {
	VKFD_QERR_UNKNOWN_PACKET = 1,
	VKFD_QERR_MALFORMED = 2,	/* a field the packet does not allow */
	VKFD_QERR_PRIVILEGED = 3,	/* kernel packet in a user queue */
	VKFD_QERR_POINTER = 4,		/* write pointer unaligned or beyond the ring */
	VKFD_QERR_POLL_TIMEOUT = 5,	/* POLL_REGMEM used up its retries */
	VKFD_QERR_DISPATCH = 7,		/* asks for what no GPU has; the exception code says what */
	VKFD_QERR_ILLEGAL = 8,		/* illegal instruction; data[1] is its first dword */
	VKFD_QERR_APERTURE = 9,		/* a wave's address that is not canonical; data[1] is its upper half */
	VKFD_QERR_TRAP = 10,		/* s_trap; data[1] is its number */
};

/*
 * VM fault: data[0] = VA[43:12], data[1] [3:0] = VA[47:44] plus the flags,
 * data[2] = fault sequence number (names the report in an ack),
 * data[3] = queue number. header ring id: bits below.
 */
#define VKFD_FAULT_EXECUTE	BIT(4)
#define VKFD_FAULT_WRITE	BIT(5)
#define VKFD_FAULT_READ		BIT(6)
#define VKFD_FAULT_RETRY	BIT(7)
#define VKFD_FAULT_RING_NOT_PRESENT BIT(3)
#define VKFD_FAULT_RING_READ	BIT(4)
#define VKFD_FAULT_RING_READ_ONLY BIT(5)

#endif
