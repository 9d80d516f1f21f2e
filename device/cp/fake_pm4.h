/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_FAKE_PM4_H
#define VKFD_DEVICE_CP_FAKE_PM4_H

#include <string.h>
#include "cp/fake_compute.h"

/* What tests of compute queues write into rings and IBs. */
#define LO(x) ((u32)(x))
#define HI(x) ((u32)((u64)(x) >> 32))
#define ADDR(x) LO(x), HI(x)
#define DATA(n) (FAKE_DATA_VA + (n))
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RUN(queue, ...)                                                           \
	do {                                                                      \
		u32 dw_[] = { __VA_ARGS__ };                                      \
		fake_cq_run(queue, dw_, COUNT(dw_));                              \
	} while (0)
/* Golden headers, written out. */
#define NOP1		0xffff1002u
#define WRITE_DATA(n)	(0xc0003700u | (2 + (n)) << 16)
#define WAIT_MEM	0xc0053c00u
#define IB		0xc0023f00u
#define COPY_DATA	0xc0044000u
#define EVENT_WRITE	0xc0004600u
#define RELEASE_MEM	0xc0064900u
#define DMA_DATA	0xc0055000u
#define ACQUIRE_MEM	0xc0055800u
#define ATOMIC_MEM	0xc0071e00u
#define PRED_EXEC	0xc0002300u
#define TO_MEMORY	(5u << 8 | 1u << 20)
#define WAIT_EQUAL	(3u | 1u << 4)
#define WRITE1(va, value) WRITE_DATA(1), TO_MEMORY, ADDR(va), value

static inline volatile u32 *data32(struct fake_compute *bench, u32 offset)
{
	return fake_ram_at(&bench->drv, FAKE_DATA + offset);
}

static inline volatile u64 *data64(struct fake_compute *bench, u32 offset)
{
	return fake_ram_at(&bench->drv, FAKE_DATA + offset);
}

static inline void put(struct fake_compute *bench, u32 offset, const u32 *dw, u32 n)
{
	memcpy(fake_ram_at(&bench->drv, FAKE_DATA + offset), dw, n * 4);
}

static inline u64 fault_va(const struct vkfd_ih_entry *entry)
{
	return (u64)entry->data[0] << 12 | (u64)(entry->data[1] & 0xf) << 44;
}

static inline u32 ack_page(struct fake_compute *bench, u64 va)
{
	return fake_range(&bench->drv, VKFD_KIQ_FAULT_ACK, FAKE_CTX, va, va + 4096);
}

#endif
