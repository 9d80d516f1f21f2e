// SPDX-License-Identifier: MIT
/*
 * Any instruction stream, over a small memory: it ends within its budget, never
 * leaves the pages it was given and never harms the host. Registers point into
 * the data pages, so that what streams of plain instructions do is not only to
 * fault.
 *
 * Input: budget of a turn (1 byte), seed of the registers (1), code.
 */
#include <assert.h>
#include <string.h>

#include "isa/fake_wave.h"
#include "isa/valu.h"
#include "mmu/fake_space.h"
#include "util/fuzz.h"
#include "util/rng.h"
#include "vkfd_hw/addr.h"

#define TURNS		60u
#define MAX_DWORDS	1024u
/* VRAM that no page of the space leads to, and the page tables. */
#define CANARY_OFFSET	(1u << 20)
#define CANARY_BYTES	65536u
#define TABLES_BYTES	65536u

static struct fake_wave fake;
static u8 tables[TABLES_BYTES];

static void start_once(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	valu_init();
	fake_wave_init(&fake, true);
	/* A page that may not be written, one of doorbells, one that is not there (PRT). */
	fake_space_pte(&fake.space, FAKE_HOLE_VA, VKFD_HIVE_ADDR(0, 0) | FAKE_SPACE_RX);
	fake_space_pte(&fake.space, FAKE_HOLE_VA + 4096,
		       FAKE_SPACE_DOORBELLS | VKFD_PTE_SYSTEM | FAKE_SPACE_RW);
	fake_space_pte(&fake.space, FAKE_HOLE_VA + 8192, VKFD_PTE_PRT);
	memcpy(tables, fake.space.vram.base + FAKE_SPACE_TABLES, sizeof(tables));
	memset(fake.space.vram.base + CANARY_OFFSET, 0x5a, CANARY_BYTES);
}

/* The same start for every input. */
static void reset(u8 seed)
{
	struct rng rng;

	rng_init(&rng, 1000u + seed, 1);
	for (u64 n = 0; n < FAKE_DATA_PAGES; n++)
		memset(fake_wave_byte(&fake, FAKE_DATA_VA + n * 4096), seed, 4096);
	for (u32 w = 0; w < 2; w++) {
		struct wave *wave = &fake.group->wave[w];

		for (u32 n = 0; n < 100; n += 2)
			wave_set_sreg64(wave, n, rng_below(&rng, 4) ?
							 FAKE_DATA_VA + rng_below(&rng, 65536) :
							 rng_next(&rng) >> rng_below(&rng, 64));
		for (u32 n = 0; n < 64; n += 2) {
			for (u32 lane = 0; lane < WAVE_LANES; lane++) {
				u64 va = FAKE_DATA_VA + rng_below(&rng, 65536);

				if (rng_below(&rng, 64) == 0)
					va = rng_next(&rng) >> rng_below(&rng, 40);
				wave->v[n].u[lane] = (u32)va;
				wave->v[n + 1].u[lane] = (u32)(va >> 32);
			}
		}
		wave_set_sreg64(wave, ISA_SRC_FLAT_SCRATCH, FAKE_DATA_VA);
		wave->s[ISA_SRC_M0] = (u32)rng_next(&rng);
		wave->mode = (u32)rng_next(&rng) & 0x8003ff;
	}
	fake.busy = 1;
}

static void check(void)
{
	const u8 *canary = fake.space.vram.base + CANARY_OFFSET;

	for (u32 n = 0; n < CANARY_BYTES; n++)
		assert(canary[n] == 0x5a);
	assert(!memcmp(tables, fake.space.vram.base + FAKE_SPACE_TABLES, sizeof(tables)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	u32 code[MAX_DWORDS], dwords, budget;
	u64 before = 0;

	if (len < 6)
		return 0;
	start_once();
	budget = data[0] + 1u;
	dwords = (u32)((len - 2) / 4 < MAX_DWORDS ? (len - 2) / 4 : MAX_DWORDS);
	memcpy(code, data + 2, dwords * 4);
	fake_wave_load(&fake, code, dwords, 2);
	reset(data[1]);
	for (u32 turn = 0; turn < TURNS; turn++) {
		enum group_stop stop = group_run(fake.group, &fake.env, budget, &fake.stop);

		assert(fake.group->executed - before <= budget);
		before = fake.group->executed;
		if (stop == GROUP_ENDED || stop == GROUP_BROKEN)
			break;
		if (stop == GROUP_WAITING)
			group_resume(fake.group);
	}
	check();
	return 0;
}
