// SPDX-License-Identifier: MIT
/*
 * DOC: doorbells
 *
 * The doorbell BAR: what was stored last, and which queue a slot rings. Stores
 * come from the guest's CPUs and from engines of any GPU of the process, on
 * any thread; nothing here blocks.
 */
#include <sys/mman.h>
#include "gpu_priv.h"

#define NR_SLOTS	((size_t)VKFD_MAX_CONTEXTS * VKFD_DOORBELL_SLOTS)
#define SLOTS_BYTES	(NR_SLOTS * sizeof(u16))

static void *zero_pages(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

bool gpu_doorbells_init(struct gpu *gpu)
{
	gpu->slots = zero_pages(SLOTS_BYTES);
	gpu->doorbells = zero_pages(VKFD_DOORBELL_BAR_BYTES);
	return gpu->slots && gpu->doorbells;
}

void gpu_doorbells_fini(struct gpu *gpu)
{
	if (gpu->slots)
		munmap(gpu->slots, SLOTS_BYTES);
	if (gpu->doorbells)
		munmap(gpu->doorbells, VKFD_DOORBELL_BAR_BYTES);
}

/* Untouched pages stay untouched: most of the 8 MiB never holds a value. */
void gpu_doorbells_reset(struct gpu *gpu)
{
	madvise(gpu->slots, SLOTS_BYTES, MADV_DONTNEED);
	madvise(gpu->doorbells, VKFD_DOORBELL_BAR_BYTES, MADV_DONTNEED);
}

static _Atomic u16 *slot_at(struct gpu *gpu, u32 ctx, u32 slot)
{
	return &gpu->slots[(size_t)ctx * VKFD_DOORBELL_SLOTS + slot];
}

bool gpu_doorbell_claim(struct gpu *gpu, u32 ctx, u32 slot, u32 queue, bool compute)
{
	u16 value = (u16)((queue + 1) | (compute ? SLOT_COMPUTE : 0));
	u16 empty = 0;

	return atomic_compare_exchange_strong(slot_at(gpu, ctx, slot), &empty, value);
}

void gpu_doorbell_release(struct gpu *gpu, u32 ctx, u32 slot)
{
	atomic_store(slot_at(gpu, ctx, slot), 0);
}

static void doorbell_act(struct gpu *gpu, u64 offset, u64 value)
{
	u32 index = (u32)(offset / 8);
	u16 slot;

	counter_add(&gpu->counters, VKFD_STAT_DOORBELLS, 1);
	if (index == VKFD_KIQ_DOORBELL) {
		kiq_ring(gpu->kiq, value);
		return;
	}
	slot = atomic_load(&gpu->slots[index]);
	if (!slot)
		counter_add(&gpu->counters, VKFD_STAT_DOORBELLS_UNUSED, 1);
	else if (slot & SLOT_COMPUTE)
		compute_ring(gpu->compute, (slot & SLOT_QUEUE_MASK) - 1u, value);
	else
		sdma_ring(gpu->sdma, slot - 1u);
}

static bool access_legal(u64 offset, unsigned int bytes)
{
	return (bytes == 4 || bytes == 8) && !(offset & (bytes - 1)) &&
	       offset < VKFD_DOORBELL_BAR_BYTES;
}

void gpu_doorbell_write(struct gpu *gpu, u64 offset, u64 value, unsigned int bytes)
{
	_Atomic u32 *word;

	if (!access_legal(offset, bytes)) {
		counter_add(&gpu->counters, VKFD_STAT_DOORBELLS, 1);
		counter_add(&gpu->counters, VKFD_STAT_DOORBELLS_UNUSED, 1);
		return;
	}
	word = &gpu->doorbells[offset / 4];
	atomic_store(word, (u32)value);
	if (bytes == 8) {
		atomic_store(word + 1, (u32)(value >> 32));
		doorbell_act(gpu, offset, value);
	} else if (offset & 4) {
		doorbell_act(gpu, offset, value << 32 | atomic_load(word - 1));
	}
}

u64 gpu_doorbell_read(struct gpu *gpu, u64 offset, unsigned int bytes)
{
	_Atomic u32 *word;
	u64 value;

	if (!access_legal(offset, bytes))
		return 0;
	word = &gpu->doorbells[offset / 4];
	value = atomic_load(word);
	if (bytes == 8)
		value |= (u64)atomic_load(word + 1) << 32;
	return value;
}
