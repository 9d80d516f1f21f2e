// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "mmu/fake_space.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vkfd_hw/addr.h"

static void need(bool ok)
{
	if (!ok)
		abort();
}

static u64 doorbell_read(void *opaque, u64 offset, unsigned int bytes)
{
	(void)opaque, (void)bytes;
	return 0xd00bull + offset;
}

static void doorbell_write(void *opaque, u64 offset, u64 value, unsigned int bytes)
{
	struct fake_space *space = opaque;

	(void)bytes;
	space->doorbell_offset = offset;
	space->doorbell_value = value;
	space->doorbell_writes++;
}

static const struct place_mmio_ops mmio_ops = {
	doorbell_read, doorbell_write, doorbell_read, doorbell_write
};

static u64 table_new(struct fake_space *space)
{
	u64 offset = space->tables;

	space->tables += VKFD_PT_BYTES;
	need(space->tables <= FAKE_SPACE_VRAM);
	memset(space->vram.base + offset, 0, VKFD_PT_BYTES);
	return offset;
}

static void memory_init(struct fake_space *space)
{
	void *ram;

	need(!vram_init(&space->vram, FAKE_SPACE_VRAM));
	space->guest = guest_mem_create();
	space->ram_fd = memfd_create("fake-space", MFD_CLOEXEC);
	need(space->guest && space->ram_fd >= 0 && !ftruncate(space->ram_fd, FAKE_SPACE_RAM));
	ram = mmap(NULL, FAKE_SPACE_RAM, PROT_READ | PROT_WRITE, MAP_SHARED, space->ram_fd, 0);
	need(ram != MAP_FAILED);
	space->ram = ram;
	need(!guest_mem_map(space->guest, FAKE_SPACE_BUS, FAKE_SPACE_RAM, space->ram_fd, 0, true, true));
}

void fake_space_init(struct fake_space *space, bool retry)
{
	struct vkfd_kiq_ctx set = { .ctx = FAKE_SPACE_CTX, .pasid = 7,
				    .flags = retry ? (u32)VKFD_CTX_RETRY : 0 };

	memset(space, 0, sizeof(*space));
	memory_init(space);
	space->node.vram = &space->vram;
	space->node.mmio = &mmio_ops;
	space->node.opaque = space;
	space->node.doorbell_bar.bus = FAKE_SPACE_DOORBELLS;
	space->node.doorbell_bar.bytes = 8u << 20;
	space->map = (struct place_map){ .guest = space->guest, .counters = &space->counters,
					 .nodes = { &space->node }, .nr_nodes = 1, .link_mask = 1 };
	space->mmu = mmu_create(&space->map);
	need(space->mmu);
	space->tables = FAKE_SPACE_TABLES;
	space->root = table_new(space);
	set.root = VKFD_HIVE_ADDR(0, space->root);
	need(mmu_ctx_set(space->mmu, &set) == VKFD_KIQ_OK);
}

void fake_space_fini(struct fake_space *space)
{
	mmu_destroy(space->mmu);
	guest_mem_destroy(space->guest);
	munmap(space->ram, FAKE_SPACE_RAM);
	close(space->ram_fd);
	vram_fini(&space->vram);
}

static u64 *entry_at(struct fake_space *space, u64 va)
{
	u64 table = space->root;

	for (u32 level = VKFD_PT_LEVELS - 1; level; level--) {
		u64 *pde = (u64 *)(space->vram.base + table) + VKFD_PT_INDEX(va, level);

		if (!(*pde & VKFD_PTE_VALID))
			*pde = VKFD_HIVE_ADDR(0, table_new(space)) | VKFD_PTE_VALID;
		table = VKFD_HIVE_OFFSET(*pde & VKFD_PTE_ADDR_MASK);
	}
	return (u64 *)(space->vram.base + table) + VKFD_PT_INDEX(va, 0);
}

void fake_space_pte(struct fake_space *space, u64 va, u64 entry)
{
	*entry_at(space, va) = entry;
}

u64 fake_space_pte_get(struct fake_space *space, u64 va)
{
	return *entry_at(space, va);
}

void fake_space_map_vram(struct fake_space *space, u64 va, u64 offset, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += 4096)
		fake_space_pte(space, va + at, VKFD_HIVE_ADDR(0, offset + at) | FAKE_SPACE_RW);
}

void fake_space_map_ram(struct fake_space *space, u64 va, u64 offset, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += 4096)
		fake_space_pte(space, va + at,
			       (FAKE_SPACE_BUS + offset + at) | VKFD_PTE_SYSTEM | FAKE_SPACE_RW);
}

void fake_space_flush(struct fake_space *space)
{
	const struct vkfd_kiq_range range = { FAKE_SPACE_CTX, 0, 0, 1ull << 48 };

	need(mmu_flush(space->mmu, &range) == VKFD_KIQ_OK);
}
