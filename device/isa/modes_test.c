// SPDX-License-Identifier: MIT
/* MODE.GPR_IDX_EN, MODE.VSKIP, and the semaphores of a queue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "isa/fake_wave.h"

#define S_ENDPGM		0xbf810000
#define S_SET_GPR_IDX_OFF	0xbf9c0000
/* s_set_gpr_idx_on s4, gpr_idx(...) */
#define IDX_ON(operands)	(0xbf110004 | (operands) << 8)
#define SRC0	1u
#define SRC1	2u
#define SRC2	4u
#define DST	8u

#define V_MOV_V1_V2		0x7e020302
#define V_ADD_U32_V1_V2_V3	0x68020702
#define LANE	5u

static int setup(void **state)
{
	static struct fake_wave fake;

	fake_wave_init(&fake, true);
	*state = &fake;
	return 0;
}

static int teardown(void **state)
{
	fake_wave_fini(*state);
	return 0;
}

static enum wave_stop run(struct fake_wave *fake)
{
	return wave_run(fake->wave, &fake->env, 1000);
}

/* Register n is 100 + n in each lane, AccVGPR n is 1000 + n; s4 is @index. */
static void fill(struct fake_wave *fake, u32 index)
{
	struct wave *wave = fake->wave;

	for (u32 n = 0; n < wave->nr_vgprs; n++)
		for (u32 lane = 0; lane < WAVE_LANES; lane++)
			wave->v[n].u[lane] = 100 + n;
	for (u32 n = 0; n < wave->nr_agprs; n++)
		for (u32 lane = 0; lane < WAVE_LANES; lane++)
			wave->a[n].u[lane] = 1000 + n;
	wave->s[4] = index;
}

static u32 vgpr(const struct fake_wave *fake, u32 n)
{
	return fake->wave->v[n].u[LANE];
}

static void index_is_added_to_the_operands_named(void **state)
{
	static const struct {
		u32 operands, word[2], dst, value;
	} cases[] = {
		{ SRC0, { V_MOV_V1_V2 }, 1, 112 },
		{ DST, { V_MOV_V1_V2 }, 11, 102 },
		{ SRC0 | DST, { V_MOV_V1_V2 }, 11, 112 },
		{ SRC1 | SRC2, { V_MOV_V1_V2 }, 1, 102 },
		{ SRC0, { V_ADD_U32_V1_V2_V3 }, 1, 112 + 103 },
		{ SRC1, { V_ADD_U32_V1_V2_V3 }, 1, 102 + 113 },
		{ SRC0 | SRC1 | DST, { V_ADD_U32_V1_V2_V3 }, 11, 112 + 113 },
		{ SRC0, { 0x68020605 }, 1, 7 + 103 },	/* v_add_u32 v1, s5, v3 */
		/* v_bfi_b32 v1, v2, v3, v4: v2 chooses bits of v3, the rest is v4 */
		{ SRC2, { 0xd1ca0001, 0x04120702 }, 1, (102 & 103) | (~102 & 114) },
		/* v_mov_b32_sdwa v1, v2 src0_sel:WORD_1 */
		{ SRC0 | DST, { 0x7e0202f9, 0x00051602 }, 11, 0 },
		/* v_lshlrev_b64 v[4:5], 1, v[2:3] */
		{ SRC1 | DST, { 0xd28f0004, 0x00020481 }, 14, 112 * 2 },
		{ SRC1 | DST, { 0xd28f0004, 0x00020481 }, 15, 113 * 2 },
	};
	struct fake_wave *fake = *state;

	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		u32 second = cases[n].word[1] ? cases[n].word[1] : 0xbf800000;

		FAKE_WAVE_LOAD(fake, 1, IDX_ON(cases[n].operands), cases[n].word[0], second,
			       S_ENDPGM);
		fill(fake, 10);
		fake->wave->s[5] = 7;
		assert_int_equal(run(fake), WAVE_ENDED);
		assert_int_equal(vgpr(fake, cases[n].dst), cases[n].value);
		/* and where it would have gone otherwise nothing has changed */
		if (cases[n].operands & DST)
			assert_int_equal(vgpr(fake, cases[n].dst - 10), 100 + cases[n].dst - 10);
	}
}

static void index_moves_with_its_own_instructions(void **state)
{
	struct fake_wave *fake = *state;

	/* on SRC0; v1 = v2'; s_set_gpr_idx_idx 5; s_set_gpr_idx_mode DST; v1' = v2; off; v1 = v2 */
	FAKE_WAVE_LOAD(fake, 1, IDX_ON(SRC0), V_MOV_V1_V2, 0xbe803285, 0xbf9d0008, V_MOV_V1_V2,
		       S_SET_GPR_IDX_OFF, 0x7e060302, S_ENDPGM);
	fill(fake, 0xabc00 + 10);
	fake->wave->s[ISA_SRC_M0] = 0x12345678;
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(vgpr(fake, 1), 112);
	assert_int_equal(vgpr(fake, 6), 102);
	assert_int_equal(vgpr(fake, 3), 102);
	assert_int_equal(fake->wave->s[ISA_SRC_M0], 0x12348605);
	assert_false(fake->wave->mode & WAVE_MODE_GPR_IDX_EN);
}

static void index_leaves_scalars_and_accumulators(void **state)
{
	struct fake_wave *fake = *state;

	/*
	 * v_cmp_eq_u32 s[10:11], v2, v3 (v12 and v3); v_readlane_b32 s12, v2, 3;
	 * v_accvgpr_write_b32 a1, v2; v_accvgpr_read_b32 v1, a2
	 */
	FAKE_WAVE_LOAD(fake, 1, IDX_ON(SRC0 | DST), 0xd0ca000a, 0x00020702, 0xd289000c, 0x00010702,
		       0xd3d94001, 0x18000102, 0xd3d84001, 0x18000102, S_ENDPGM);
	fill(fake, 10);
	fake->wave->v[12].u[LANE] = 103;
	fake->wave->v[12].u[3] = 55;
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(wave_sreg64(fake->wave, 10), 1ULL << LANE);
	assert_int_equal(fake->wave->s[12], 55);
	assert_int_equal(fake->wave->a[1].u[LANE], 103);
	assert_int_equal(vgpr(fake, 11), 1002);
	assert_int_equal(vgpr(fake, 1), 101);
}

static void index_behind_the_last_register_is_illegal(void **state)
{
	struct fake_wave *fake = *state;
	u32 last;

	FAKE_WAVE_LOAD(fake, 1, IDX_ON(SRC0), V_MOV_V1_V2, S_ENDPGM);
	last = fake->wave->nr_vgprs - 1u;
	fill(fake, last - 2);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(vgpr(fake, 1), 100 + last);
	FAKE_WAVE_LOAD(fake, 1, IDX_ON(SRC0), V_MOV_V1_V2, S_ENDPGM);
	fill(fake, last - 1);
	assert_int_equal(run(fake), WAVE_ILLEGAL);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA + 4);
	assert_int_equal(fake->wave->inst.word[0], V_MOV_V1_V2);
	FAKE_WAVE_LOAD(fake, 1, IDX_ON(DST), V_MOV_V1_V2, S_ENDPGM);
	fill(fake, 255);
	assert_int_equal(run(fake), WAVE_ILLEGAL);
}

/* Memory instructions take the registers that they name. */
static void index_is_for_the_alu_only(void **state)
{
	struct fake_wave *fake = *state;

	/* global_store_dword v[2:3], v1, off */
	FAKE_WAVE_LOAD(fake, 1, IDX_ON(SRC0 | SRC1 | DST), 0xdc708000, 0x007f0102, S_ENDPGM);
	fill(fake, 10);
	for (u32 lane = 0; lane < WAVE_LANES; lane++) {
		fake->wave->v[2].u[lane] = (u32)FAKE_DATA_VA + lane * 4;
		fake->wave->v[3].u[lane] = 0;
	}
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 4 * LANE), 101);
}

static void vskip_skips_vector_instructions_only(void **state)
{
	struct fake_wave *fake = *state;

	/*
	 * s_setvskip s4, 3; v_mov_b32 v1, 7; ds_write_b32 v0, v1; global_store_dword to nowhere;
	 * v_readfirstlane_b32 s6, v1; s_mov_b32 s7, 9; s_setvskip s4, 2; v_mov_b32 v1, v2
	 */
	FAKE_WAVE_LOAD(fake, 1, 0xbf108304, 0x7e020287, 0xd81a0000, 0x00000100, 0xdc708000,
		       0x007f0102, 0x7e0c0501, 0xbe870089, 0xbf108204, V_MOV_V1_V2, S_ENDPGM);
	fill(fake, 8);
	fake->wave->s[6] = 33;
	assert_int_equal(wave_run(fake->wave, &fake->env, 6), WAVE_READY);
	assert_int_equal(vgpr(fake, 1), 101);
	assert_int_equal(fake->wave->s[6], 33);
	assert_int_equal(fake->wave->s[7], 9);
	assert_true(fake->wave->mode & WAVE_MODE_VSKIP);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(vgpr(fake, 1), 102);
	assert_int_equal(fake->wave->executed, 9);
}

#define GWS_INIT_V2	0xd9330003, 0x00000002	/* offset:3 */
#define GWS_INIT_A2	0xdb330003, 0x00000002
#define GWS_SEMA_V	0xd9350003, 0x00000000
#define GWS_SEMA_P	0xd9390003, 0x00000000

static void semaphore_counts_and_makes_wait(void **state)
{
	struct fake_wave *fake = *state;

	/* s_mov_b32 m0, 0x00050000: semaphore 5 + 3 */
	FAKE_WAVE_LOAD(fake, 1, 0xbefc00ff, 0x00050000, GWS_INIT_V2, GWS_SEMA_P, GWS_SEMA_P,
		       GWS_SEMA_V, S_ENDPGM);
	fill(fake, 0);
	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, 1ULL << LANE);
	fake->wave->v[2].u[LANE] = 1;
	assert_int_equal(run(fake), WAVE_BUSY);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA + 24);
	assert_int_equal(fake->gws[8], 0);
	assert_int_equal(run(fake), WAVE_BUSY);
	fake->gws[8] = 4;
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->gws[8], 4);
	for (u32 n = 0; n < WAVE_GWS; n++)
		assert_true(n == 8 || !fake->gws[n]);
}

static void semaphore_numbers_wrap_and_accumulators_count(void **state)
{
	struct fake_wave *fake = *state;

	FAKE_WAVE_LOAD(fake, 1, 0xbefc00ff, 0x003e0000, GWS_INIT_A2, S_ENDPGM);
	fill(fake, 0);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->gws[1], 1002);
}

static void semaphore_of_no_queue_is_illegal(void **state)
{
	struct fake_wave *fake = *state;

	FAKE_WAVE_LOAD(fake, 1, GWS_SEMA_V, S_ENDPGM);
	fake->env.gws = NULL;
	assert_int_equal(run(fake), WAVE_ILLEGAL);
	fake->env.gws = fake->gws;
}

/* One wave of the group takes what the other gives. */
static void semaphore_orders_waves_of_a_group(void **state)
{
	struct fake_wave *fake = *state;
	u32 turns = 0;

	/* s_cmp_eq_u32 s8, 0; s_cbranch_scc0 L; sema_p; s_endpgm; L: sema_v; s_endpgm */
	FAKE_WAVE_LOAD(fake, 2, 0xbf068008, 0xbf840003, GWS_SEMA_P, S_ENDPGM, GWS_SEMA_V, S_ENDPGM);
	fake->group->wave[0].s[8] = 0;
	fake->group->wave[1].s[8] = 1;
	while (group_run(fake->group, &fake->env, 1000, &fake->stop) == GROUP_WAITING) {
		group_resume(fake->group);
		assert_true(++turns < 5);
	}
	assert_int_equal(fake->group->nr_live, 0);
	assert_int_equal(fake->gws[3], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_is_added_to_the_operands_named),
		cmocka_unit_test(index_moves_with_its_own_instructions),
		cmocka_unit_test(index_leaves_scalars_and_accumulators),
		cmocka_unit_test(index_behind_the_last_register_is_illegal),
		cmocka_unit_test(index_is_for_the_alu_only),
		cmocka_unit_test(vskip_skips_vector_instructions_only),
		cmocka_unit_test(semaphore_counts_and_makes_wait),
		cmocka_unit_test(semaphore_numbers_wrap_and_accumulators_count),
		cmocka_unit_test(semaphore_of_no_queue_is_illegal),
		cmocka_unit_test(semaphore_orders_waves_of_a_group),
	};

	return cmocka_run_group_tests_name("modes", tests, setup, teardown);
}
