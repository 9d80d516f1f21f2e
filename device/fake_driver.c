// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "fake_driver.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Layout of a GPU's control area. */
#define IH_RING		0x0000u
#define IH_WPTR		0x1000u
#define IH_RPTR		0x1040u
#define KIQ_RING	0x2000u
#define KIQ_BYTES	0x1000u
#define KIQ_ACK		0x3000u
#define CONTROL_BYTES	0x10000u

static void need(bool ok)
{
	if (!ok)
		abort();
}

void fake_sleep_us(unsigned int us)
{
	struct timespec pause = { us / 1000000, (long)(us % 1000000) * 1000 };

	nanosleep(&pause, NULL);
}

void fake_ram_init(struct fake_ram *ram)
{
	void *base;

	ram->fd = memfd_create("fake-ram", MFD_CLOEXEC);
	need(ram->fd >= 0 && !ftruncate(ram->fd, FAKE_RAM_BYTES));
	base = mmap(NULL, FAKE_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ram->fd, 0);
	need(base != MAP_FAILED);
	ram->base = base;
}

void fake_ram_fini(struct fake_ram *ram)
{
	munmap(ram->base, FAKE_RAM_BYTES);
	close(ram->fd);
}

static void host_raise(void *opaque)
{
	struct fake_driver *drv = opaque;

	atomic_fetch_add(&drv->interrupts, 1);
	syscall(SYS_futex, &drv->interrupts, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void fake_interrupt_wait(struct fake_driver *drv, u32 seen)
{
	const struct timespec limit = { FAKE_TIMEOUT_MS / 1000, 0 };

	if (atomic_load(&drv->interrupts) == seen)
		syscall(SYS_futex, &drv->interrupts, FUTEX_WAIT_PRIVATE, seen, &limit, NULL, 0);
}

static void host_log(void *opaque, const char *line)
{
	struct fake_driver *drv = opaque;

	if (getenv("FAKE_LOG"))
		fprintf(stderr, "%s\n", line);
	atomic_fetch_add(&drv->log_lines, 1);
}

static void reg_write64(struct fake_driver *drv, u32 offset, u64 value)
{
	gpu_reg_write(drv->gpu, offset, value, 8);
}

static void reg_write(struct fake_driver *drv, u32 offset, u32 value)
{
	gpu_reg_write(drv->gpu, offset, value, 4);
}

u32 fake_reg(struct fake_driver *drv, u32 offset)
{
	return (u32)gpu_reg_read(drv->gpu, offset, 4);
}

u64 fake_stat(struct fake_driver *drv, enum vkfd_stat stat)
{
	return gpu_reg_read(drv->gpu, VKFD_REGS_STATS_OFFSET + 8u * stat, 8);
}

void fake_driver_start(struct fake_driver *drv)
{
	u64 bus = FAKE_RAM_BUS + drv->control;

	memset(fake_ram_at(drv, drv->control), 0, CONTROL_BYTES);
	drv->kiq_submitted = 0;
	drv->ih_rptr = 0;
	reg_write64(drv, VKFD_REG_IH_RING_BASE_LO, bus + IH_RING);
	reg_write(drv, VKFD_REG_IH_RING_LOG2, 12);
	reg_write64(drv, VKFD_REG_IH_WPTR_ADDR_LO, bus + IH_WPTR);
	reg_write64(drv, VKFD_REG_IH_RPTR_ADDR_LO, bus + IH_RPTR);
	reg_write(drv, VKFD_REG_IH_CNTL, 1);
	reg_write64(drv, VKFD_REG_KIQ_BASE_LO, bus + KIQ_RING);
	reg_write(drv, VKFD_REG_KIQ_LOG2, 12);
	reg_write64(drv, VKFD_REG_KIQ_ACK_ADDR_LO, bus + KIQ_ACK);
	reg_write(drv, VKFD_REG_KIQ_CNTL, 1);
	reg_write64(drv, VKFD_REG_GART_TABLE_LO, VKFD_HIVE_ADDR(drv->node, FAKE_GART_TABLE));
	reg_write(drv, VKFD_REG_GART_PAGES, FAKE_GART_PAGES);
	reg_write(drv, VKFD_REG_GART_FLUSH, 1);
}

void fake_driver_init(struct fake_driver *drv, struct fake_ram *ram, const struct fake_config *config)
{
	struct gpu_config gpu = { .node = config->node, .nodes = config->nodes,
				  .vram_bytes = FAKE_VRAM_BYTES, .cus = 8,
				  .seed = config->seed, .mode = config->mode,
				  .xgmi = config->xgmi };
	struct gpu_host host = { host_raise, host_log, drv };

	memset(drv, 0, sizeof(*drv));
	drv->ram = ram;
	drv->node = config->node;
	drv->control = config->node * CONTROL_BYTES;
	drv->tables = FAKE_VRAM_TABLES;
	drv->mem = guest_mem_create();
	need(drv->mem && !vram_init(&drv->vram, FAKE_VRAM_BYTES));
	need(!guest_mem_map(drv->mem, FAKE_RAM_BUS, FAKE_RAM_BYTES, ram->fd, 0, true, true));
	drv->bar0 = mmap(NULL, FAKE_VRAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, drv->vram.fd, 0);
	need(drv->bar0 != MAP_FAILED);
	drv->gpu = gpu_create(&gpu, drv->mem, &drv->vram, &host);
	need(drv->gpu);
	fake_driver_start(drv);
}

void fake_driver_fini(struct fake_driver *drv)
{
	gpu_destroy(drv->gpu);
	guest_mem_destroy(drv->mem);
	munmap(drv->bar0, FAKE_VRAM_BYTES);
	vram_fini(&drv->vram);
}

static _Atomic u64 *word_at(struct fake_driver *drv, u64 offset)
{
	return fake_ram_at(drv, offset);
}

u32 fake_kiq(struct fake_driver *drv, const struct vkfd_kiq_cmd *cmd)
{
	u64 seq = drv->kiq_submitted++;
	struct vkfd_kiq_ack *ack = fake_ram_at(drv, drv->control + KIQ_ACK);

	memcpy(fake_ram_at(drv, drv->control + KIQ_RING + seq * sizeof(*cmd) % KIQ_BYTES), cmd,
	       sizeof(*cmd));
	gpu_doorbell_write(drv->gpu, VKFD_KIQ_DOORBELL * 8, drv->kiq_submitted, 8);
	for (int i = 0; i < FAKE_TIMEOUT_MS * 20; i++) {
		if (atomic_load(word_at(drv, drv->control + KIQ_ACK)) > seq)
			return ack->status[seq % VKFD_KIQ_STATUS_SLOTS];
		fake_sleep_us(50);
	}
	return ~0u;
}

u32 fake_ctx_set(struct fake_driver *drv, u32 ctx, u32 pasid, u32 flags, u64 root)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_CTX_SET,
				    .ctx = { ctx, pasid, flags, 0, root } };

	return fake_kiq(drv, &cmd);
}

u32 fake_range(struct fake_driver *drv, enum vkfd_kiq_op op, u32 ctx, u64 start, u64 end)
{
	struct vkfd_kiq_cmd cmd = { .op = op, .range = { ctx, 0, start, end } };

	return fake_kiq(drv, &cmd);
}

bool fake_ih_next(struct fake_driver *drv, struct vkfd_ih_entry *entry, int timeout_ms)
{
	for (int i = 0; i <= timeout_ms * 20; i++) {
		if (atomic_load(word_at(drv, drv->control + IH_WPTR)) > drv->ih_rptr) {
			memcpy(entry,
			       fake_ram_at(drv, drv->control + IH_RING +
							drv->ih_rptr % FAKE_IH_BYTES),
			       sizeof(*entry));
			drv->ih_rptr += sizeof(*entry);
			atomic_store(word_at(drv, drv->control + IH_RPTR), drv->ih_rptr);
			return true;
		}
		fake_sleep_us(50);
	}
	return false;
}

u64 fake_table(struct fake_driver *drv)
{
	u64 offset = drv->tables;

	drv->tables += VKFD_PT_BYTES;
	need(drv->tables <= FAKE_VRAM_BYTES);
	memset(drv->bar0 + offset, 0, VKFD_PT_BYTES);
	return VKFD_HIVE_ADDR(drv->node, offset);
}

void fake_pte(struct fake_driver *drv, u64 root, u64 va, u32 level, u64 entry)
{
	u64 table = root;
	u64 at;

	for (u32 l = VKFD_PT_LEVELS - 1; l > level; l--) {
		u64 pde;

		at = VKFD_HIVE_OFFSET(table) + 8ULL * VKFD_PT_INDEX(va, l);
		need(vram_load(&drv->vram, at, &pde, 8) == MEM_OK);
		if (!(pde & VKFD_PTE_VALID)) {
			pde = fake_table(drv) | VKFD_PTE_VALID;
			need(vram_store(&drv->vram, at, pde, 8) == MEM_OK);
		}
		table = pde & VKFD_PTE_ADDR_MASK;
	}
	at = VKFD_HIVE_OFFSET(table) + 8ULL * VKFD_PT_INDEX(va, level);
	need(vram_store(&drv->vram, at, entry, 8) == MEM_OK);
}

void fake_map_ram(struct fake_driver *drv, u64 root, u64 va, u64 offset, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += 4096)
		fake_pte(drv, root, va + at, 0,
			 (FAKE_RAM_BUS + offset + at) | VKFD_PTE_SYSTEM | FAKE_RW);
}

void fake_map_vram(struct fake_driver *drv, u64 root, u64 va, u64 offset, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += 4096)
		fake_pte(drv, root, va + at, 0, VKFD_HIVE_ADDR(drv->node, offset + at) | FAKE_RW);
}

struct vkfd_kiq_cmd fake_queue_cmd(const struct fake_queue *queue, enum vkfd_kiq_op op, u32 engine)
{
	struct vkfd_kiq_cmd cmd = { .op = op };

	cmd.queue.queue = queue->number;
	cmd.queue.ctx = queue->ctx;
	cmd.queue.type = engine < VKFD_SDMA_ENGINES ? VKFD_QUEUE_SDMA : VKFD_QUEUE_SDMA_XGMI;
	cmd.queue.engine = engine;
	cmd.queue.doorbell = queue->doorbell;
	cmd.queue.percent = 100;
	cmd.queue.ring = queue->va;
	cmd.queue.ring_bytes = queue->ring_bytes;
	cmd.queue.rptr_va = queue->va + queue->ring_bytes;
	cmd.queue.wptr_va = queue->va + queue->ring_bytes + 64;
	return cmd;
}

u32 fake_queue_map(struct fake_queue *queue, u32 engine)
{
	struct vkfd_kiq_cmd cmd = fake_queue_cmd(queue, VKFD_KIQ_QUEUE_MAP, engine);

	memset(fake_ram_at(queue->drv, queue->mem), 0, FAKE_QUEUE_BYTES(queue->ring_bytes));
	queue->wptr = 0;
	return fake_kiq(queue->drv, &cmd);
}

u32 fake_queue_unmap(struct fake_queue *queue)
{
	struct vkfd_kiq_cmd cmd = fake_queue_cmd(queue, VKFD_KIQ_QUEUE_UNMAP, 0);

	return fake_kiq(queue->drv, &cmd);
}

void fake_emit(struct fake_queue *queue, const u32 *dw, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		u64 at = queue->mem + queue->wptr % queue->ring_bytes;

		memcpy(fake_ram_at(queue->drv, at), &dw[i], 4);
		queue->wptr += 4;
	}
}

void fake_submit(struct fake_queue *queue)
{
	u64 frame = (u64)queue->ctx * VKFD_DOORBELL_FRAME_BYTES;

	atomic_store(word_at(queue->drv, queue->mem + queue->ring_bytes + 64), queue->wptr);
	gpu_doorbell_write(queue->drv->gpu, frame + queue->doorbell * 8ULL, queue->wptr, 8);
}

u64 fake_rptr(const struct fake_queue *queue)
{
	return atomic_load(word_at(queue->drv, queue->mem + queue->ring_bytes));
}

bool fake_idle(struct fake_queue *queue)
{
	for (int i = 0; i < FAKE_TIMEOUT_MS * 20; i++) {
		if (fake_rptr(queue) == queue->wptr)
			return true;
		fake_sleep_us(50);
	}
	return false;
}
