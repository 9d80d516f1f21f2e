// SPDX-License-Identifier: MIT
/*
 * Waves of a group together: barriers, LDS, turns; and that neither preemption
 * nor missing pages change what a kernel computes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "isa/fake_wave.h"
#include "isa/valu.h"
#include "util/rng.h"
#include "vkfd_hw/addr.h"

#define WAVES	4u

static int setup(void **state)
{
	static struct fake_wave fake;

	valu_init();
	fake_wave_init(&fake, true);
	*state = &fake;
	return 0;
}

static int teardown(void **state)
{
	fake_wave_fini(*state);
	return 0;
}

static enum group_stop run(struct fake_wave *fake, u32 budget)
{
	return group_run(fake->group, &fake->env, budget, &fake->stop);
}

static void config_outside_the_limits_is_refused(void **state)
{
	static const struct group_config bad[] = {
		{ .nr_waves = 0, .nr_vgprs = 8 },
		{ .nr_waves = GROUP_MAX_WAVES + 1, .nr_vgprs = 8 },
		{ .nr_waves = 1, .lds_bytes = GROUP_MAX_LDS + 1 },
		{ .nr_waves = 1, .nr_vgprs = 257 },
		{ .nr_waves = 1, .nr_agprs = 257 },
	};
	const struct group_config largest = { GROUP_MAX_WAVES, GROUP_MAX_LDS, 256, 256 };
	struct wave_group *group = group_create(&largest);

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_null(group_create(&bad[n]));
	assert_non_null(group);
	assert_int_equal(group->wave[15].a[255].u[63], 0);
	assert_int_equal((uintptr_t)group->wave[15].v % 64, 0);
	group_destroy(group);
}

/*
 * s_lshl_b32 s4, s0, 8; v_lshlrev_b32 v1, 2, v0; v_add_u32 v1, s4, v1; v_add_u32 v2, s4, v0;
 * ds_write_b32 v1, v2; s_barrier; s_add_u32 s5, s4, 256; s_and_b32 s5, s5, 0x3ff;
 * v_lshlrev_b32 v3, 2, v0; v_add_u32 v3, s5, v3; ds_read_b32 v4, v3; s_barrier;
 * v_add_u32 v4, 1, v4; ds_write_b32 v1, v4; s_barrier; s_endpgm
 */
#define NEIGHBOURS                                                                                \
	0x8e048800, 0x24020082, 0x68020204, 0x68040004, 0xd81a0000, 0x00000201, 0xbf8cc07f,       \
	0xbf8a0000, 0x8005ff04, 0x00000100, 0x8605ff05, 0x000003ff, 0x24060082, 0x68060605,       \
	0xd86c0000, 0x04000003, 0xbf8cc07f, 0xbf8a0000, 0x68080881, 0xd81a0000, 0x00000401,       \
	0xbf8a0000, 0xbf810000

static void barrier_shows_what_neighbours_wrote(void **state)
{
	struct fake_wave *fake = *state;

	for (u32 budget = 1; budget < 60; budget += 7) {
		enum group_stop stop;

		FAKE_WAVE_LOAD(fake, WAVES, NEIGHBOURS);
		do {
			stop = run(fake, budget);
		} while (stop == GROUP_READY || stop == GROUP_ASLEEP);
		assert_int_equal(stop, GROUP_ENDED);
		assert_int_equal(fake->group->nr_live, 0);
		for (u32 n = 0; n < WAVES * WAVE_LANES; n++) {
			u32 value, next = (n / 64 + 1) % WAVES;

			memcpy(&value, fake->group->lds + 4 * n, 4);
			assert_int_equal(value, next * 256 + n % 64 + 1);
		}
	}
}

static void wave_that_polls_lds_lets_the_other_run(void **state)
{
	struct fake_wave *fake = *state;

	/*
	 * wave 0: until (ds_read_b32 v2, 0) != 0; wave 1: counts to 1000, then
	 * ds_write_b32 0, 7
	 */
	FAKE_WAVE_LOAD(fake, 2, 0x7e020280, 0xbf068000, 0xbf840007, 0xd86c0000, 0x02000001, 0xbf8cc07f,
		       0x7e080502, 0xbf068004, 0xbf85fffa, 0xbf810000, 0xbe850080, 0xb7050001, 0xb60503e8,
		       0xbf85fffd, 0x7e040287, 0xd81a0000, 0x00000201, 0xbf810000);
	assert_int_equal(run(fake, 100000), GROUP_ENDED);
	assert_int_equal(fake->wave->s[4], 7);
}

static void barrier_does_not_wait_for_ended_waves(void **state)
{
	struct fake_wave *fake = *state;

	/* s_cmp_eq_u32 s0, 0; s_cbranch_scc0 B; s_endpgm; B: s_barrier; s_mov_b32 s4, 9; s_endpgm */
	FAKE_WAVE_LOAD(fake, 3, 0xbf068000, 0xbf840001, 0xbf810000, 0xbf8a0000, 0xbe840089, 0xbf810000);
	assert_int_equal(run(fake, 1000), GROUP_ENDED);
	assert_int_equal(fake->group->wave[2].s[4], 9);
}

static void barrier_behind_a_halted_wave_waits(void **state)
{
	struct fake_wave *fake = *state;

	/* s_cmp_eq_u32 s0, 0; s_cbranch_scc0 B; s_sethalt 1; B: s_barrier; s_endpgm */
	FAKE_WAVE_LOAD(fake, 3, 0xbf068000, 0xbf840001, 0xbf8d0001, 0xbf8a0000, 0xbf810000);
	assert_int_equal(run(fake, 1000), GROUP_WAITING);
	assert_int_equal(fake->group->wave[0].stop, WAVE_HALTED);
	assert_int_equal(fake->group->wave[1].stop, WAVE_BARRIER);
	assert_int_equal(run(fake, 1000), GROUP_WAITING);
}

static void sleeping_group_gives_its_turn_away(void **state)
{
	struct fake_wave *fake = *state;

	/* L: s_sleep 1; s_branch L */
	FAKE_WAVE_LOAD(fake, 3, 0xbf8e0001, 0xbf82fffe);
	assert_int_equal(run(fake, 100000), GROUP_ASLEEP);
	assert_true(fake->group->executed < 100);
	/* One wave of three sleeps: the others are given their time. */
	/* s_cmp_eq_u32 s0, 0; s_cbranch_scc0 -1; L: s_sleep 1; s_branch L */
	FAKE_WAVE_LOAD(fake, 3, 0xbf068000, 0xbf84ffff, 0xbf8e0001, 0xbf82fffe);
	assert_int_equal(run(fake, 10000), GROUP_READY);
}

static void broken_wave_breaks_the_group(void **state)
{
	struct fake_wave *fake = *state;

	FAKE_WAVE_LOAD(fake, 2, 0xbf800000, 0xffffffff);
	assert_int_equal(run(fake, 1000), GROUP_BROKEN);
	assert_int_equal(run(fake, 1000), GROUP_BROKEN);
	/* global_store_dword v1, v0, s[4:5] to code: no right to write, no retry */
	FAKE_WAVE_LOAD(fake, 1, 0xdc708000, 0x00040001, 0xbf810000);
	wave_set_sreg64(fake->wave, 4, FAKE_CODE_VA);
	assert_int_equal(run(fake, 1000), GROUP_BROKEN);
	assert_int_equal(fake->wave->stop, WAVE_FAULTED);
	group_resume(fake->group);
	assert_int_equal(fake->wave->stop, WAVE_FAULTED);
}

static void *stop_soon(void *arg)
{
	struct fake_wave *fake = arg;
	struct timespec pause = { 0, 20000000 };

	nanosleep(&pause, NULL);
	atomic_store(&fake->stop, true);
	return NULL;
}

static void endless_kernel_stops_when_told(void **state)
{
	struct fake_wave *fake = *state;
	pthread_t thread;

	/* L: s_addk_i32 s4, 1; s_branch L */
	FAKE_WAVE_LOAD(fake, 2, 0xb7040001, 0xbf82fffe);
	pthread_create(&thread, NULL, stop_soon, fake);
	while (!atomic_load(&fake->stop))
		assert_int_equal(run(fake, ~0u), GROUP_READY);
	pthread_join(thread, NULL);
	atomic_store(&fake->stop, false);
	assert_true(fake->group->wave[0].s[4] > 0 && fake->group->wave[1].s[4] > 0);
}

/*
 * Eight rounds of: global load, add, xor, store; global_atomic_add on one word of all
 * waves; ds_add_rtn; under half the lanes dwordx4 store and dwordx3 load; s_load; barrier.
 * s[4:5] data, s[6:7] the word, s[12:13] more data.
 */
#define MIXED                                                                                     \
	0xbe880080, 0x24020082, 0x8e098a00, 0x8e0f8800, 0x68020209, 0xdc508000, 0x02040001,       \
	0xbf8c0f70, 0x68040408, 0x2a040500, 0xdc708100, 0x00040201, 0x7e060281, 0x7e0a0280,       \
	0xdd098000, 0x04060305, 0xbf8c0f70, 0x240c0082, 0x680c0c0f, 0x680e0102, 0xd8400000,       \
	0x08000706, 0xbf8cc07f, 0x7d9800a1, 0xbe8a206a, 0xd1fd0009, 0x00250900, 0xdc7c8000,       \
	0x000c0609, 0xdc588004, 0x0a0c0009, 0xbf8c0f70, 0x87fe0a7e, 0xc0020383, 0x00000000,       \
	0xbf8cc07f, 0xbf8a0000, 0x80088108, 0xbf0a8808, 0xbf85ffdd, 0x7e080280, 0xbe8e0080,       \
	0xbf810000

#define COUNTER_VA (FAKE_DATA_VA + 8 * 4096 + 12)

/* All that the kernel leaves behind. */
struct result {
	u8 data[FAKE_DATA_PAGES][4096];
	u8 lds[4096];
	u32 reg[WAVES][96][WAVE_LANES];
	u32 s[WAVES][WAVE_SREGS];
	u64 executed;
};

static void mixed_start(struct fake_wave *fake)
{
	struct rng rng;

	rng_init(&rng, 99, 1);
	for (u64 at = 0; at < FAKE_DATA_PAGES * 4096; at += 8) {
		u64 value = rng_next(&rng);

		memcpy(fake_wave_byte(fake, FAKE_DATA_VA + at), &value, 8);
	}
	memset(fake_wave_byte(fake, COUNTER_VA), 0, 4);
	FAKE_WAVE_LOAD(fake, WAVES, MIXED);
	for (u32 n = 0; n < WAVES; n++) {
		struct wave *wave = &fake->group->wave[n];

		/* Lanes straddle pages: VRAM to RAM and back. */
		wave_set_sreg64(wave, 4, FAKE_DATA_VA + 4096 - 130);
		wave_set_sreg64(wave, 6, COUNTER_VA);
		wave_set_sreg64(wave, 12, FAKE_DATA_VA + 3 * 4096 - 40);
	}
}

static void result_take(struct fake_wave *fake, struct result *result)
{
	for (u64 n = 0; n < FAKE_DATA_PAGES; n++)
		memcpy(result->data[n], fake_wave_byte(fake, FAKE_DATA_VA + n * 4096), 4096);
	memcpy(result->lds, fake->group->lds, 4096);
	for (u32 n = 0; n < WAVES; n++) {
		memcpy(result->reg[n], fake->group->wave[n].v, sizeof(result->reg[n]));
		memcpy(result->s[n], fake->group->wave[n].s, sizeof(result->s[n]));
	}
	result->executed = fake->group->executed;
}

static const struct result *undisturbed(struct fake_wave *fake)
{
	static struct result result;

	mixed_start(fake);
	assert_int_equal(run(fake, ~0u), GROUP_ENDED);
	assert_int_equal(fake_wave_dword(fake, COUNTER_VA), WAVES * WAVE_LANES * 8);
	result_take(fake, &result);
	return &result;
}

static void assert_result(struct fake_wave *fake, const struct result *want)
{
	static struct result got;

	result_take(fake, &got);
	assert_memory_equal(&got, want, sizeof(got));
}

static void preemption_after_every_n_instructions_changes_nothing(void **state)
{
	struct fake_wave *fake = *state;
	const struct result *want = undisturbed(fake);

	for (u32 budget = 1; budget < 50; budget++) {
		enum group_stop stop;

		mixed_start(fake);
		do {
			stop = run(fake, budget);
			/* Another thread takes up the group, after a flush. */
			isa_icache_destroy(fake->env.icache);
			fake->env.icache = isa_icache_create();
			fake_space_flush(&fake->space);
		} while (stop == GROUP_READY || stop == GROUP_ASLEEP);
		assert_int_equal(stop, GROUP_ENDED);
		assert_result(fake, want);
	}
}

/* Serves the faults of all waves; returns how many there were. */
static u32 serve(struct fake_wave *fake)
{
	u32 faults = 0;

	for (u32 n = 0; n < WAVES; n++) {
		struct wave *wave = &fake->group->wave[n];

		if (wave->stop != WAVE_FAULTED)
			continue;
		faults++;
		if (wave->fault.access & VKFD_FAULT_EXECUTE)
			fake_space_pte(&fake->space, FAKE_CODE_VA,
				       VKFD_HIVE_ADDR(0, FAKE_DATA_PAGES * 4096) | FAKE_SPACE_RX);
		else
			fake_wave_page(fake, wave->fault.va & ~4095ull, true);
	}
	group_resume(fake->group);
	return faults;
}

static void unmap_some(struct fake_wave *fake, struct rng *rng)
{
	for (u32 n = 0; n < FAKE_DATA_PAGES; n++) {
		if (!rng_below(rng, 3))
			fake_wave_page(fake, FAKE_DATA_VA + n * 4096ull, false);
	}
	if (!rng_below(rng, 8)) {
		fake_space_pte(&fake->space, FAKE_CODE_VA, 0);
		fake_space_flush(&fake->space);
	}
}

static void map_all(struct fake_wave *fake)
{
	for (u32 n = 0; n < FAKE_DATA_PAGES; n++)
		fake_wave_page(fake, FAKE_DATA_VA + n * 4096ull, true);
	fake_space_pte(&fake->space, FAKE_CODE_VA,
		       VKFD_HIVE_ADDR(0, FAKE_DATA_PAGES * 4096) | FAKE_SPACE_RX);
}

static void missing_pages_change_nothing(void **state)
{
	struct fake_wave *fake = *state;
	const struct result *want = undisturbed(fake);
	u64 seed = (u64)time(NULL);
	struct rng rng;

	print_message("seed %lu\n", seed);
	rng_init(&rng, seed, 3);
	for (int round = 0; round < 60; round++) {
		enum group_stop stop;
		u32 faults = 0;

		mixed_start(fake);
		do {
			unmap_some(fake, &rng);
			stop = run(fake, 1 + rng_below(&rng, 200));
			faults += serve(fake);
		} while (stop == GROUP_READY || stop == GROUP_ASLEEP || stop == GROUP_WAITING);
		map_all(fake);
		assert_int_equal(stop, GROUP_ENDED);
		assert_true(faults > 10);
		assert_result(fake, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_outside_the_limits_is_refused),
		cmocka_unit_test(barrier_shows_what_neighbours_wrote),
		cmocka_unit_test(wave_that_polls_lds_lets_the_other_run),
		cmocka_unit_test(barrier_does_not_wait_for_ended_waves),
		cmocka_unit_test(barrier_behind_a_halted_wave_waits),
		cmocka_unit_test(sleeping_group_gives_its_turn_away),
		cmocka_unit_test(broken_wave_breaks_the_group),
		cmocka_unit_test(endless_kernel_stops_when_told),
		cmocka_unit_test(preemption_after_every_n_instructions_changes_nothing),
		cmocka_unit_test(missing_pages_change_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
