/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_FAKE_WORLD_H
#define VKFD_DEVICE_CP_FAKE_WORLD_H

#include "cp/shader.h"

/*
 * What the fuzzers of cp/ run queues in: VRAM that the user context maps, all but
 * page tables and a secret, and turns called by hand. Waves run on a shader
 * thread.
 */
#define WORLD_VRAM_BYTES (1u << 20)
#define WORLD_CODE	0x4000u	/* VRAM offset = VA; executable as everything else */
#define WORLD_RING	0x8000u
#define WORLD_RING_BYTES 4096u
#define WORLD_POINTERS	0x9000u	/* read pointer at + 0x80, write pointer at + 0x38 */
#define WORLD_SECRET	0xe0000u

/* Puts the input into ring, data and code, and maps one queue over it. */
void fake_world_begin(u32 type, const u8 *data, size_t len);
/* Gives the queue turns until it stops, waits or has had enough; checks and unmaps it. */
void fake_world_end(void);
u8 *fake_world_vram(void);
void fake_world_store(u64 offset, u64 value);
/* Stores the write pointer; the queue looks at it in its first turn. */
void fake_world_wptr(u64 wptr);

#endif
