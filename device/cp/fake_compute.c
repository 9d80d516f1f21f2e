// SPDX-License-Identifier: MIT
#include "cp/fake_compute.h"

#include <stdlib.h>
#include <string.h>

#define RING_BASE	(1u << 20)
#define RING_STRIDE	0x8000u
#define RING_BYTES	4096u

struct fake_compute *fake_compute_start(u32 ctx_flags, u64 seed)
{
	static struct fake_compute bench;
	struct fake_config config = { .nodes = 1, .seed = seed };

	memset(&bench, 0, sizeof(bench));
	fake_ram_init(&bench.ram);
	fake_driver_init(&bench.drv, &bench.ram, &config);
	bench.root = fake_table(&bench.drv);
	fake_map_ram(&bench.drv, bench.root, FAKE_DATA_VA, FAKE_DATA, FAKE_DATA_BYTES);
	if (fake_ctx_set(&bench.drv, FAKE_CTX, FAKE_PASID, ctx_flags, bench.root))
		abort();
	bench.queue = fake_cq(&bench, 0, VKFD_QUEUE_PM4);
	if (fake_cq_map(&bench.queue))
		abort();
	return &bench;
}

void fake_compute_stop(struct fake_compute *bench)
{
	fake_driver_fini(&bench->drv);
	fake_ram_fini(&bench->ram);
}

struct fake_compute_queue fake_cq(struct fake_compute *bench, u32 n, u32 type)
{
	struct fake_compute_queue queue = { .drv = &bench->drv, .number = 100 + n,
					    .doorbell = n, .type = type,
					    .ring_bytes = RING_BYTES,
					    .mem = RING_BASE + n * RING_STRIDE,
					    .va = FAKE_QUEUE_VA + n * RING_STRIDE };

	if (queue.mem + RING_STRIDE > FAKE_RAM_FREE)
		abort();
	fake_map_ram(&bench->drv, bench->root, queue.va, queue.mem, RING_BYTES + 4096);
	return queue;
}

struct vkfd_kiq_cmd fake_cq_cmd(const struct fake_compute_queue *queue, enum vkfd_kiq_op op)
{
	struct vkfd_kiq_cmd cmd = { .op = op };

	cmd.queue.queue = queue->number;
	cmd.queue.ctx = FAKE_CTX;
	cmd.queue.type = queue->type;
	cmd.queue.doorbell = queue->doorbell;
	cmd.queue.percent = 100;
	cmd.queue.ring = queue->va;
	cmd.queue.ring_bytes = queue->ring_bytes;
	cmd.queue.rptr_va = queue->va + queue->ring_bytes + 0x80;
	cmd.queue.wptr_va = queue->va + queue->ring_bytes + 0x38;
	return cmd;
}

static u8 *ram_of(const struct fake_compute_queue *queue, u64 offset)
{
	return fake_ram_at(queue->drv, queue->mem + offset);
}

u32 fake_cq_map(struct fake_compute_queue *queue)
{
	struct vkfd_kiq_cmd cmd = fake_cq_cmd(queue, VKFD_KIQ_QUEUE_MAP);
	const u32 offset = 0x80;

	memset(ram_of(queue, 0), 0, queue->ring_bytes + 4096);
	/* As in amd_queue_t. */
	memcpy(ram_of(queue, queue->ring_bytes + 0x88), &offset, 4);
	if (queue->type == VKFD_QUEUE_AQL) {
		for (u32 i = 0; i < queue->ring_bytes; i += VKFD_AQL_PACKET_BYTES)
			*ram_of(queue, i) = VKFD_AQL_INVALID;
	}
	queue->wptr = 0;
	return fake_kiq(queue->drv, &cmd);
}

u32 fake_cq_unmap(struct fake_compute_queue *queue)
{
	struct vkfd_kiq_cmd cmd = fake_cq_cmd(queue, VKFD_KIQ_QUEUE_UNMAP);

	return fake_kiq(queue->drv, &cmd);
}

u32 fake_cq_percent(struct fake_compute_queue *queue, u32 percent)
{
	struct vkfd_kiq_cmd cmd = fake_cq_cmd(queue, VKFD_KIQ_QUEUE_UPDATE);

	cmd.queue.percent = percent;
	return fake_kiq(queue->drv, &cmd);
}

void fake_cq_emit(struct fake_compute_queue *queue, const u32 *dw, u32 n)
{
	for (u32 i = 0; i < n; i++)
		memcpy(ram_of(queue, queue->wptr++ * 4 % queue->ring_bytes), &dw[i], 4);
}

void fake_cq_packet(struct fake_compute_queue *queue, const void *packet)
{
	u8 *slot = ram_of(queue, queue->wptr++ * VKFD_AQL_PACKET_BYTES % queue->ring_bytes);
	u32 header;

	memcpy(&header, packet, 4);
	memcpy(slot + 4, (const u8 *)packet + 4, VKFD_AQL_PACKET_BYTES - 4);
	atomic_store((_Atomic u32 *)(void *)slot, header);
}

void fake_cq_submit(struct fake_compute_queue *queue)
{
	u64 bell = (u64)FAKE_CTX * VKFD_DOORBELL_FRAME_BYTES + queue->doorbell * 8ULL;
	_Atomic u64 *wptr = (void *)ram_of(queue, queue->ring_bytes + 0x38);

	atomic_store(wptr, queue->wptr);
	gpu_doorbell_write(queue->drv->gpu, bell,
			   queue->type == VKFD_QUEUE_AQL ? queue->wptr - 1 : queue->wptr, 8);
}

u64 fake_cq_rptr(const struct fake_compute_queue *queue)
{
	_Atomic u64 *rptr = (void *)ram_of(queue, queue->ring_bytes + 0x80);
	_Atomic u32 *rptr32 = (void *)rptr;

	return queue->type == VKFD_QUEUE_AQL ? atomic_load(rptr) : atomic_load(rptr32);
}

bool fake_cq_idle(const struct fake_compute_queue *queue)
{
	u64 want = queue->wptr;

	if (queue->type != VKFD_QUEUE_AQL)
		want %= queue->ring_bytes / 4;
	for (int i = 0; i < FAKE_TIMEOUT_MS * 20; i++) {
		if (fake_cq_rptr(queue) == want)
			return true;
		fake_sleep_us(50);
	}
	return false;
}

bool fake_wait32(const volatile u32 *word, u32 value)
{
	for (int i = 0; i < FAKE_TIMEOUT_MS * 20; i++) {
		if (atomic_load((const volatile _Atomic u32 *)word) == value)
			return true;
		fake_sleep_us(50);
	}
	return false;
}

bool fake_wait64(const volatile u64 *word, u64 value)
{
	for (int i = 0; i < FAKE_TIMEOUT_MS * 20; i++) {
		if (atomic_load((const volatile _Atomic u64 *)word) == value)
			return true;
		fake_sleep_us(50);
	}
	return false;
}
