/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_FAKE_DRIVER_H
#define VKFD_DEVICE_FAKE_DRIVER_H

#include <stdatomic.h>
#include "gpu.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/doorbell.h"
#include "vkfd_hw/ih.h"
#include "vkfd_hw/kiq.h"
#include "vkfd_hw/pci.h"
#include "vkfd_hw/pte.h"
#include "vkfd_hw/regs.h"
#include "vkfd_hw/sdma.h"
#include "vkfd_stats.h"

/*
 * Plays guest RAM and the kernel driver against a real gpu, for tests, fuzzers
 * and the benchmark: KIQ, interrupt ring, page tables, queues. Everything that
 * waits gives up after FAKE_TIMEOUT_MS.
 */
#define FAKE_RAM_BUS	0x100000000ULL
#define FAKE_RAM_BYTES	(64u << 20)
#define FAKE_RAM_FREE	(4u << 20)	/* tests use RAM from here on */
#define FAKE_VRAM_BYTES	(64u << 20)
#define FAKE_VRAM_TABLES (48u << 20)	/* page tables from here; the GART table before */
#define FAKE_GART_TABLE	(47u << 20)
#define FAKE_GART_PAGES	4096u
#define FAKE_IH_BYTES	4096u
#define FAKE_TIMEOUT_MS	5000

/* Guest RAM: a memfd that several GPUs see at the same bus address. */
struct fake_ram {
	int fd;
	u8 *base;
};

struct fake_driver {
	struct gpu *gpu;
	struct guest_mem *mem;
	struct vram vram;
	u8 *bar0;		/* the CPU's own view of VRAM */
	struct fake_ram *ram;
	u32 node;
	u64 control;		/* RAM offset of rings and pointers */
	u64 tables;		/* VRAM offset of the next page table */
	u64 kiq_submitted;
	u64 ih_rptr;
	_Atomic u32 interrupts;
	_Atomic u32 log_lines;
};

void fake_ram_init(struct fake_ram *ram);
void fake_ram_fini(struct fake_ram *ram);

struct fake_config {
	u32 node, nodes;
	u64 seed;
	u32 mode;
	bool xgmi;
};

/* Creates the GPU and starts IH, KIQ and GART. */
void fake_driver_init(struct fake_driver *drv, struct fake_ram *ram, const struct fake_config *config);
/* The rings again, after a reset. */
void fake_driver_start(struct fake_driver *drv);
void fake_driver_fini(struct fake_driver *drv);

static inline void *fake_ram_at(const struct fake_driver *drv, u64 offset)
{
	return drv->ram->base + offset;
}

u32 fake_reg(struct fake_driver *drv, u32 offset);
u64 fake_stat(struct fake_driver *drv, enum vkfd_stat stat);

/* Runs one command and returns its status; ~0u: no answer in time. */
u32 fake_kiq(struct fake_driver *drv, const struct vkfd_kiq_cmd *cmd);
u32 fake_ctx_set(struct fake_driver *drv, u32 ctx, u32 pasid, u32 flags, u64 root);
u32 fake_range(struct fake_driver *drv, enum vkfd_kiq_op op, u32 ctx, u64 start, u64 end);

/* Sleeps while @drv->interrupts is @seen: an idle guest takes no time from the GPU. */
void fake_interrupt_wait(struct fake_driver *drv, u32 seen);
/* The next interrupt ring entry. False: none in time. */
bool fake_ih_next(struct fake_driver *drv, struct vkfd_ih_entry *entry, int timeout_ms);

/* A cleared page table in VRAM: its hive address. */
u64 fake_table(struct fake_driver *drv);
/* Writes the entry of @va at @level (0 = 4 KiB), making tables above it. */
void fake_pte(struct fake_driver *drv, u64 root, u64 va, u32 level, u64 entry);
#define FAKE_RW (VKFD_PTE_VALID | VKFD_PTE_READABLE | VKFD_PTE_WRITEABLE)
void fake_map_ram(struct fake_driver *drv, u64 root, u64 va, u64 offset, u64 bytes);
void fake_map_vram(struct fake_driver *drv, u64 root, u64 va, u64 offset, u64 bytes);

/* An SDMA queue with its ring and pointers in RAM. */
struct fake_queue {
	struct fake_driver *drv;
	u32 number, ctx, doorbell;
	u64 mem;		/* RAM offset: ring, then rptr at +ring_bytes, wptr 64 bytes behind */
	u32 ring_bytes;
	u64 va;			/* of mem in the context */
	u64 wptr;		/* bytes emitted */
};

#define FAKE_QUEUE_BYTES(ring_bytes) ((u64)(ring_bytes) + 4096)

/* Fills the command for fake_kiq(); the caller may change it. */
struct vkfd_kiq_cmd fake_queue_cmd(const struct fake_queue *queue, enum vkfd_kiq_op op, u32 engine);
/* The kernel's queue (ctx 0) or one of a context whose tables map queue->mem at queue->va. */
u32 fake_queue_map(struct fake_queue *queue, u32 engine);
u32 fake_queue_unmap(struct fake_queue *queue);
void fake_emit(struct fake_queue *queue, const u32 *dw, u32 n);
/* Stores the write pointer and rings. */
void fake_submit(struct fake_queue *queue);
u64 fake_rptr(const struct fake_queue *queue);
/* Waits until the read pointer reaches the write pointer. */
bool fake_idle(struct fake_queue *queue);

void fake_sleep_us(unsigned int us);

#endif
