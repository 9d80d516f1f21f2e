/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_FAKE_SPACE_H
#define VKFD_DEVICE_MMU_FAKE_SPACE_H

#include "mmu/mmu.h"
#include "vkfd_hw/pte.h"

/*
 * One context's address space without a GPU around it, for tests of what
 * accesses memory: VRAM, guest RAM, page tables, a doorbell page. No threads.
 */
#define FAKE_SPACE_CTX		1u
#define FAKE_SPACE_VRAM		(64u << 20)	/* the least that a walk needs */
#define FAKE_SPACE_TABLES	(32u << 20)	/* VRAM offset of page tables */
#define FAKE_SPACE_RAM		(8u << 20)
#define FAKE_SPACE_BUS		0x100000000ull
#define FAKE_SPACE_DOORBELLS	0x800000000ull	/* bus address of the doorbell BAR */

#define FAKE_SPACE_RW		(VKFD_PTE_VALID | VKFD_PTE_READABLE | VKFD_PTE_WRITEABLE)
#define FAKE_SPACE_RX		(VKFD_PTE_VALID | VKFD_PTE_READABLE | VKFD_PTE_EXECUTABLE)

struct fake_space {
	struct vram vram;
	struct guest_mem *guest;
	struct counters counters;
	struct place_node node;
	struct place_map map;
	struct mmu *mmu;
	int ram_fd;
	u8 *ram;
	u64 root;
	u64 tables;		/* VRAM offset of the next page table */
	u64 doorbell_offset;	/* of the last store to the doorbell BAR */
	u64 doorbell_value;
	u32 doorbell_writes;
};

/* Aborts when the host has no memory. */
void fake_space_init(struct fake_space *space, bool retry);
void fake_space_fini(struct fake_space *space);

/* The entry of the page at @va, tables made as needed; no flush. Low VRAM offsets are free for data. */
void fake_space_pte(struct fake_space *space, u64 va, u64 entry);
u64 fake_space_pte_get(struct fake_space *space, u64 va);
void fake_space_map_vram(struct fake_space *space, u64 va, u64 offset, u64 bytes);
void fake_space_map_ram(struct fake_space *space, u64 va, u64 offset, u64 bytes);
/* Forgets translations of all pages. */
void fake_space_flush(struct fake_space *space);

#endif
