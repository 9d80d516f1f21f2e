/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_FAKE_WAVE_H
#define VKFD_DEVICE_ISA_FAKE_WAVE_H

#include "isa/group.h"
#include "isa/icache.h"
#include "mmu/fake_space.h"

/*
 * A place to run waves in, for tests: an address space with a page of code and
 * some of data, half in VRAM and half in RAM, and the world outside of a wave.
 */
#define FAKE_CODE_VA	0x400000ull	/* in VRAM behind the data */
#define FAKE_CODE_PAGES	8u
#define FAKE_DATA_VA	0x10000000ull
#define FAKE_DATA_PAGES	16u		/* the odd ones in RAM */
#define FAKE_HOLE_VA	0x20000000ull	/* nothing is mapped from here on */

struct fake_wave {
	struct fake_space space;
	struct wave_env env;
	struct wave_group *group;
	struct wave *wave;	/* the first of the group */
	u64 clock;		/* rises with every look */
	u32 busy;		/* messages to refuse */
	u32 messages, payload;	/* taken */
	_Atomic u32 gws[WAVE_GWS];
	_Atomic bool stop;
};

void fake_wave_init(struct fake_wave *fake, bool retry);
void fake_wave_fini(struct fake_wave *fake);

/* Writes code and flushes; a new group of @nr waves starts at it, all lanes on, 64 + 32 registers. */
void fake_wave_load(struct fake_wave *fake, const u32 *code, u32 dwords, u32 nr);
void fake_wave_code(struct fake_wave *fake, u64 offset, const u32 *code, u32 dwords);

/* The byte of memory behind an address of the data pages, found without the mmu. */
u8 *fake_wave_byte(struct fake_wave *fake, u64 va);
u32 fake_wave_dword(struct fake_wave *fake, u64 va);
/* Maps or unmaps the data page of @va; unmapping flushes. */
void fake_wave_page(struct fake_wave *fake, u64 va, bool present);

#define FAKE_WAVE_LOAD(fake, nr, ...)                                            \
	do {                                                                     \
		const u32 code_[] = { __VA_ARGS__ };                             \
		fake_wave_load(fake, code_, sizeof(code_) / sizeof(code_[0]), nr); \
	} while (0)

#endif
