// SPDX-License-Identifier: MIT
#include "isa/fake_wave.h"

#include <stdlib.h>
#include <string.h>

#include "vkfd_hw/addr.h"

static void need(bool ok)
{
	if (!ok)
		abort();
}

static u64 clock_read(void *opaque)
{
	struct fake_wave *fake = opaque;

	return ++fake->clock;
}

static bool message(void *opaque, const struct wave *wave, u32 payload)
{
	struct fake_wave *fake = opaque;

	(void)wave;
	if (fake->busy) {
		fake->busy--;
		return false;
	}
	fake->messages++;
	fake->payload = payload;
	return true;
}

static u64 data_entry(u64 va)
{
	u64 page = (va - FAKE_DATA_VA) / 4096;

	if (page & 1)
		return (FAKE_SPACE_BUS + (page ^ 2) * 4096) | VKFD_PTE_SYSTEM | FAKE_SPACE_RW;
	return VKFD_HIVE_ADDR(0, (page ^ 2) * 4096) | FAKE_SPACE_RW;
}

void fake_wave_page(struct fake_wave *fake, u64 va, bool present)
{
	fake_space_pte(&fake->space, va, present ? data_entry(va) : 0);
	if (!present)
		fake_space_flush(&fake->space);
}

void fake_wave_init(struct fake_wave *fake, bool retry)
{
	memset(fake, 0, sizeof(*fake));
	fake_space_init(&fake->space, retry);
	for (u64 n = 0; n < FAKE_DATA_PAGES; n++)
		fake_wave_page(fake, FAKE_DATA_VA + n * 4096, true);
	for (u64 n = 0; n < FAKE_CODE_PAGES; n++)
		fake_space_pte(&fake->space, FAKE_CODE_VA + n * 4096,
			       VKFD_HIVE_ADDR(0, (FAKE_DATA_PAGES + n) * 4096) | FAKE_SPACE_RX);
	fake->env = (struct wave_env){
		.access = { .mmu = fake->space.mmu, .ctx = FAKE_SPACE_CTX },
		.scratch_base = VKFD_SCRATCH_BASE, .doorbell = 0x123,
		.clock = clock_read, .message = message, .opaque = fake, .gws = fake->gws,
		.icache = isa_icache_create(),
	};
	need(fake->env.icache != NULL);
}

void fake_wave_fini(struct fake_wave *fake)
{
	if (fake->group)
		group_destroy(fake->group);
	isa_icache_destroy(fake->env.icache);
	fake_space_fini(&fake->space);
}

void fake_wave_code(struct fake_wave *fake, u64 offset, const u32 *code, u32 dwords)
{
	need(offset + dwords * 4ull <= FAKE_CODE_PAGES * 4096);
	memcpy(fake->space.vram.base + FAKE_DATA_PAGES * 4096 + offset, code, dwords * 4ull);
}

void fake_wave_load(struct fake_wave *fake, const u32 *code, u32 dwords, u32 nr)
{
	const struct group_config config = { .nr_waves = nr, .lds_bytes = 4096, .nr_vgprs = 64,
					     .nr_agprs = 32 };

	fake_wave_code(fake, 0, code, dwords);
	mmu_code_changed(fake->space.mmu, FAKE_SPACE_CTX);
	if (fake->group)
		group_destroy(fake->group);
	fake->group = group_create(&config);
	need(fake->group != NULL);
	fake->wave = &fake->group->wave[0];
	for (u32 n = 0; n < nr; n++) {
		struct wave *wave = &fake->group->wave[n];

		wave->pc = FAKE_CODE_VA;
		wave->mode = 0x2f0;
		wave_set_sreg64(wave, ISA_SRC_EXEC, ~0ull);
		wave->s[0] = n;
		for (u32 lane = 0; lane < WAVE_LANES; lane++)
			wave->v[0].u[lane] = lane;
	}
}

u8 *fake_wave_byte(struct fake_wave *fake, u64 va)
{
	u64 entry = data_entry(va & ~4095ull), at = (entry & VKFD_PTE_ADDR_MASK) + va % 4096;

	need(va - FAKE_DATA_VA < FAKE_DATA_PAGES * 4096);
	if (entry & VKFD_PTE_SYSTEM)
		return fake->space.ram + (at - FAKE_SPACE_BUS);
	return fake->space.vram.base + at;
}

u32 fake_wave_dword(struct fake_wave *fake, u64 va)
{
	u32 value = 0;

	for (u32 n = 0; n < 4; n++)
		value |= (u32)*fake_wave_byte(fake, va + n) << 8 * n;
	return value;
}
