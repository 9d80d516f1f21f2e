/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_FAKE_IMAGE_H
#define VKFD_DEVICE_ISA_FAKE_IMAGE_H

#include "isa/fake_wave.h"
#include "util/rng.h"

/*
 * Everything that an instruction may change, as plain arrays: the reference
 * works on a copy of it, byte by byte, and the two are compared whole.
 */
#define FAKE_DATA_BYTES	(FAKE_DATA_PAGES * 4096u)
#define FAKE_LDS_BYTES	4096u
#define FAKE_REGS	96u	/* 64 v, then 32 a */

struct fake_image {
	u8 data[FAKE_DATA_BYTES];	/* by address from FAKE_DATA_VA */
	u8 lds[FAKE_LDS_BYTES];
	u32 reg[FAKE_REGS][WAVE_LANES];
	u32 s[WAVE_SREGS];
	bool scc;
	u64 pc;
};

void fake_image_take(struct fake_wave *fake, struct fake_image *image);
/* Name of the first part that differs, or NULL. */
const char *fake_image_differs(const struct fake_image *a, const struct fake_image *b);
/* Random bytes in memory, LDS and registers. */
void fake_image_scramble(struct fake_wave *fake, struct rng *rng);

/*
 * Runs one instruction by its executor. While it faults, on pages that this
 * unmapped before: nothing may have changed; the page is mapped and it runs again.
 * Returns how it ended.
 */
enum wave_stop fake_image_run(struct fake_wave *fake, const struct isa_inst *inst, struct rng *rng);

/* The reference of an atomic, by the row's name: what is there afterwards. @data: DATA0, DATA1. */
u64 fake_atomic(const char *name, u64 old, const u64 *data, unsigned int bytes);

#endif
