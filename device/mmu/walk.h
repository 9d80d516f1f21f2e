/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_WALK_H
#define VKFD_DEVICE_MMU_WALK_H

#include <stdbool.h>
#include "vkfd_hw/pte.h"

/* Reads one 8-byte entry at a hive address, atomically. False: nobody answers. */
struct walk_source {
	bool (*load)(void *opaque, u64 hive, u64 *entry);
	void *opaque;
};

enum walk_status {
	WALK_LEAF,
	WALK_NOT_PRESENT,
	WALK_PRT,	/* invalid with PRT: reads 0, drops writes */
	WALK_NO_RETRY,	/* must fault without retry */
	WALK_BAD_TABLE,	/* a table lies where no VRAM answers */
};

struct walk_result {
	enum walk_status status;
	u32 shift;	/* log2 of the bytes that @entry describes */
	u64 entry;	/* address bits aligned to @shift */
};

/*
 * The last page table a walk came through. Valid only while no flush can end,
 * that is inside one in-flight section of the context.
 */
struct walk_cache {
	bool valid;
	u64 region;	/* VA >> 21 */
	u64 table;	/* hive address of its PTB */
};

/**
 * walk() - translate one VA by the tables under @root
 * @root: hive address of the PDB2.
 * @va:   48 significant bits.
 * @cache: NULL, or where neighbours of the last page find their table.
 *
 * Reads each entry once; the CPU may write them at any time. A fragment hint
 * counts only where all entries it covers agree, so @shift is never a lie.
 *
 * Return: the leaf with @shift 12, 16, 21, 30 or 39, or why there is none.
 */
struct walk_result walk(const struct walk_source *source, u64 root, u64 va,
			struct walk_cache *cache);

#endif
