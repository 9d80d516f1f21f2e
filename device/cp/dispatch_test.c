// SPDX-License-Identifier: MIT
/* From registers to the first state of waves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "cp/dispatch.h"
#include "vkfd_hw/ih.h"

#define REG(name) reg[VKFD_COMPUTE_##name - VKFD_COMPUTE_REG_FIRST]

static u32 reg[VKFD_COMPUTE_REGS];

static int setup(void **state)
{
	(void)state;
	memset(reg, 0, sizeof(reg));
	for (u32 i = 0; i < 3; i++)
		reg[VKFD_COMPUTE_NUM_THREAD_X - VKFD_COMPUTE_REG_FIRST + i] = 1;
	for (u32 i = 0; i < VKFD_COMPUTE_USER_SGPRS; i++)
		reg[VKFD_COMPUTE_USER_DATA_0 - VKFD_COMPUTE_REG_FIRST + i] = 0xa0 + i;
	return 0;
}

static struct dispatch describe(u32 x, u32 y, u32 z, u32 initiator)
{
	struct dispatch dispatch;

	dispatch_from_registers(&dispatch, reg, (u32[]){ x, y, z }, initiator);
	assert_int_equal(dispatch_check(&dispatch), 0);
	return dispatch;
}

static struct wave_group *group_of(const struct dispatch *dispatch,
				   const struct dispatch_place *place)
{
	struct group_config config;
	struct wave_group *group;

	dispatch_group_config(dispatch, place->index, &config);
	group = group_create(&config);
	assert_non_null(group);
	dispatch_fill(dispatch, place, group);
	return group;
}

static void code_address_is_shifted_and_sign_extended(void **state)
{
	(void)state;
	REG(PGM_LO) = 0x12345678;
	REG(PGM_HI) = 0xffffff01;
	assert_true(describe(1, 1, 1, 1).entry == 0x0000011234567800ULL);
	REG(PGM_HI) = 0x80;
	assert_true(describe(1, 1, 1, 1).entry == 0xffff801234567800ULL);
}

static void sgprs_follow_each_other(void **state)
{
	struct dispatch_place place = { .index = 1 + 2 * 10, .slot = { 7, 9 } };
	struct dispatch dispatch;
	struct wave_group *group;

	(void)state;
	REG(NUM_THREAD_X) = 128;
	REG(PGM_RSRC2) = 1 | 3 << 1 | 0xf << 7;
	REG(TMPRING_SIZE) = 16 | 5 << 12;
	reg[VKFD_COMPUTE_START_X - VKFD_COMPUTE_REG_FIRST + 2] = 10;
	dispatch = describe(2, 5, 20, 1);
	group = group_of(&dispatch, &place);
	/* index 21 = x 1, y 0, z 2 */
	for (u32 n = 0; n < 2; n++) {
		const u32 *s = group->wave[n].s;

		assert_int_equal(s[0], 0xa0);
		assert_int_equal(s[2], 0xa2);
		assert_int_equal(s[3], 1);
		assert_int_equal(s[4], 0);
		assert_int_equal(s[5], 12);
		assert_int_equal(s[6], 2 | (n ? 0 : 1u << 31));
		assert_int_equal(s[7], (n ? 9 : 7) * 5 * 1024);
		assert_int_equal(s[8], 0);
	}
	group_destroy(group);
}

/* 5 x 3 x 6 work-items, the last group in x and z smaller. */
static void partial_groups_are_numbered_densely(void **state)
{
	struct dispatch_place place = { .index = 0 };
	struct wave_group *group;
	struct dispatch dispatch;

	(void)state;
	REG(NUM_THREAD_X) = 5 | 2u << 16;
	reg[VKFD_COMPUTE_NUM_THREAD_X - VKFD_COMPUTE_REG_FIRST + 1] = 3;
	reg[VKFD_COMPUTE_NUM_THREAD_X - VKFD_COMPUTE_REG_FIRST + 2] = 6 | 4u << 16;
	REG(PGM_RSRC2) = 2 << 11;
	dispatch = describe(2, 1, 2, 1 | 2);
	for (place.index = 0; place.index < 4; place.index++) {
		u32 sx = place.index & 1 ? 2 : 5, sz = place.index & 2 ? 4 : 6;
		u32 items = sx * 3 * sz;

		group = group_of(&dispatch, &place);
		assert_int_equal(group->config.nr_waves, (items + 63) / 64);
		for (u32 i = 0; i < group->config.nr_waves * 64; i++) {
			const struct wave *wave = &group->wave[i / 64];
			u32 id = i % sx | i / sx % 3 << 10 | i / (sx * 3) << 20;

			assert_int_equal(wave_exec(wave) >> i % 64 & 1, i < items);
			assert_int_equal(wave->v[0].u[i % 64], i < items ? id : 0);
		}
		group_destroy(group);
	}
}

static void ids_beyond_the_asked_components_are_zero(void **state)
{
	struct dispatch_place place = { .index = 0 };
	struct wave_group *group;
	struct dispatch dispatch;

	(void)state;
	REG(NUM_THREAD_X) = 4;
	reg[VKFD_COMPUTE_NUM_THREAD_X - VKFD_COMPUTE_REG_FIRST + 1] = 4;
	reg[VKFD_COMPUTE_NUM_THREAD_X - VKFD_COMPUTE_REG_FIRST + 2] = 2;
	for (u32 ids = 0; ids < 3; ids++) {
		REG(PGM_RSRC2) = ids << 11;
		dispatch = describe(1, 1, 1, 1);
		group = group_of(&dispatch, &place);
		assert_int_equal(group->wave[0].v[0].u[31],
				 3 | (ids >= 1 ? 3 << 10 : 0) | (ids >= 2 ? 1 << 20 : 0));
		group_destroy(group);
	}
}

static void mode_and_status_come_from_resources(void **state)
{
	struct dispatch_place place = { .cu = 5, .se = 3, .ctx = 0x17, .queue = 0xc };
	struct wave_group *group;
	struct dispatch dispatch;

	(void)state;
	REG(PGM_RSRC1) = 0xc5u << 12 | 1u << 21 | 1u << 23 | 1u << 26;
	REG(PGM_RSRC2) = 1 << 6;
	dispatch = describe(1, 1, 1, 1);
	group = group_of(&dispatch, &place);
	assert_int_equal(group->wave[0].mode, 0xc5 | 0x100 | 0x200 | 0x800000);
	assert_true(group->wave[0].status & WAVE_STATUS_TRAP_EN);
	assert_int_equal(group->wave[0].hw_id, 5 << 8 | 3 << 13 | 7 << 20 | 4 << 24);
	group_destroy(group);
}

static void registers_and_lds_are_allocated_in_granules(void **state)
{
	/* rsrc1 VGPRs, rsrc3: both kinds */
	static const u32 rows[][4] = { { 4, 9, 40, 0 }, { 4, 3, 16, 24 }, { 0, 63, 8, 0 },
				       { 63, 63, 256, 256 }, { 31, 0, 4, 252 } };
	struct group_config config;
	struct dispatch dispatch;

	(void)state;
	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		REG(PGM_RSRC1) = rows[i][0];
		REG(PGM_RSRC3) = rows[i][1];
		REG(PGM_RSRC2) = 3u << 15;
		dispatch = describe(1, 1, 1, 1);
		dispatch_group_config(&dispatch, 0, &config);
		assert_int_equal(config.nr_vgprs, rows[i][2]);
		assert_int_equal(config.nr_agprs, rows[i][3]);
		assert_int_equal(config.lds_bytes, 3 * 512);
		dispatch.lds_bytes = 1;
		dispatch_group_config(&dispatch, 0, &config);
		assert_int_equal(config.lds_bytes, 512);
	}
}

static void huge_grids_do_not_overflow(void **state)
{
	struct dispatch dispatch = { .groups = { ~0u, ~0u, 1 }, .size = { 1, 1, 1 },
				     .last = { 1, 1, 1 } };

	(void)state;
	assert_int_equal(dispatch_check(&dispatch), 0);
	assert_true(dispatch_nr_groups(&dispatch) == 0xfffffffe00000001ULL);
	dispatch.groups[2] = 2;
	assert_int_equal(dispatch_check(&dispatch), VKFD_EC_DISPATCH_DIM);
	dispatch_dimension(&dispatch, 0, ~0u, 2);
	assert_int_equal(dispatch.groups[0], 1u << 31);
	assert_int_equal(dispatch.last[0], 1);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(code_address_is_shifted_and_sign_extended),
		CASE(sgprs_follow_each_other),
		CASE(partial_groups_are_numbered_densely),
		CASE(ids_beyond_the_asked_components_are_zero),
		CASE(mode_and_status_come_from_resources),
		CASE(registers_and_lds_are_allocated_in_granules),
		CASE(huge_grids_do_not_overflow),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
