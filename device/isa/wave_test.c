// SPDX-License-Identifier: MIT
/* The interpreter loop: flow, stops, code cache, messages, scalar memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "isa/fake_wave.h"
#include "vkfd_hw/addr.h"

#define CODE_VRAM (FAKE_DATA_PAGES * 4096ull)

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

/*
 * s_mov_b32 s4, 0; L: s_add_u32 s4, s4, 3; s_addk_i32 s5, 1; s_cmp_lt_u32 s5, 10;
 * s_cbranch_scc1 L; s_endpgm
 */
#define LOOP 0xbe840080, 0x80048304, 0xb7050001, 0xbf0a8a05, 0xbf85fffc, 0xbf810000

static void loop_runs_to_its_end(void **state)
{
	struct fake_wave *fake = *state;

	FAKE_WAVE_LOAD(fake, 1, LOOP);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->wave->s[4], 30);
	assert_int_equal(fake->wave->executed, 1 + 4 * 10 + 1);
}

static void loop_in_budgets_of_any_size_is_the_same(void **state)
{
	struct fake_wave *fake = *state;

	for (u32 budget = 1; budget < 45; budget++) {
		u32 turns = 0;

		FAKE_WAVE_LOAD(fake, 1, LOOP);
		while (wave_run(fake->wave, &fake->env, budget) == WAVE_READY) {
			turns++;
			assert_int_equal(fake->wave->executed, turns * budget);
		}
		assert_int_equal(fake->wave->stop, WAVE_ENDED);
		assert_int_equal(fake->wave->s[4], 30);
		assert_int_equal(fake->wave->executed, 42);
	}
}

static void branches_follow_vcc_exec_and_scc(void **state)
{
	struct fake_wave *fake = *state;

	/* s_cbranch_vccz, vccnz, execnz, execz, scc0: each over an s_endpgm; then s4 = 7 */
	FAKE_WAVE_LOAD(fake, 1, 0xbf860001, 0xbf810000, 0xbeea0182, 0xbf870001, 0xbf810000, 0xbf890001,
		       0xbf810000, 0xbefe0180, 0xbf880001, 0xbf810000, 0xbf840001, 0xbf810000,
		       0xbe840087, 0xbf810000);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->wave->s[4], 7);
}

static void calls_save_the_next_pc(void **state)
{
	struct fake_wave *fake = *state;

	/*
	 * s_getpc_b64 s[10:11]; s_call_b64 s[12:13], F; s_mov_b32 s6, 1; s_add_u32 s14, s10, 24;
	 * s_mov_b32 s15, s11; s_swappc_b64 s[16:17], s[14:15]; s_endpgm; F: s_add_u32 s5, s5, 1;
	 * s_cmp_eq_u32 s5, 2; s_cbranch_scc1 G; s_setpc_b64 s[12:13]; G: s_setpc_b64 s[16:17]
	 */
	FAKE_WAVE_LOAD(fake, 1, 0xbe8a1c00, 0xba8c0005, 0xbe860081, 0x800e980a, 0xbe8f000b, 0xbe901e0e,
		       0xbf810000, 0x80058105, 0xbf068205, 0xbf850001, 0xbe801d0c, 0xbe801d10);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->wave->s[5], 2);
	assert_int_equal(wave_sreg64(fake->wave, 10), FAKE_CODE_VA + 4);
	assert_int_equal(wave_sreg64(fake->wave, 12), FAKE_CODE_VA + 8);
	assert_int_equal(wave_sreg64(fake->wave, 16), FAKE_CODE_VA + 24);
}

static void illegal_instruction_stops_on_itself(void **state)
{
	struct fake_wave *fake = *state;

	FAKE_WAVE_LOAD(fake, 1, 0xbe840081, 0xffff1234, 0xbf810000);
	assert_int_equal(run(fake), WAVE_ILLEGAL);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA + 4);
	assert_int_equal(fake->wave->inst.word[0], 0xffff1234);
	assert_int_equal(fake->wave->executed, 1);
	/* global_load_dword v70, v[0:1], off: the wave has 64 */
	FAKE_WAVE_LOAD(fake, 1, 0xdc508000, 0x467f0000, 0xbf810000);
	assert_int_equal(run(fake), WAVE_ILLEGAL);
	assert_int_equal(fake->wave->inst.nr_vgprs, 71);
}

static void fetch_from_missing_page_faults_and_replays(void **state)
{
	struct fake_wave *fake = *state;
	const u32 tail[] = { 0x12345678, 0xbf810000 };
	const u32 head = 0xbe8400ff; /* s_mov_b32 s4, literal: which is on the next page */
	u64 second = FAKE_CODE_VA + 4096;

	fake_wave_code(fake, 4092, &head, 1);
	fake_wave_code(fake, 4096, tail, 2);
	FAKE_WAVE_LOAD(fake, 1, 0xbf8203fe); /* s_branch to 4092 */
	fake_space_pte(&fake->space, second, 0);
	fake_space_flush(&fake->space);
	assert_int_equal(run(fake), WAVE_FAULTED);
	assert_int_equal(fake->wave->fault.va, second);
	assert_int_equal(fake->wave->fault.access, VKFD_FAULT_READ | VKFD_FAULT_EXECUTE);
	assert_true(fake->wave->fault.retry);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA + 4092);
	fake_space_pte(&fake->space, second, VKFD_HIVE_ADDR(0, CODE_VRAM + 4096) | FAKE_SPACE_RX);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->wave->s[4], 0x12345678);
}

static void fetch_needs_the_right_to_execute(void **state)
{
	struct fake_wave *fake = *state;

	FAKE_WAVE_LOAD(fake, 1, 0xbf810000);
	fake->wave->pc = FAKE_DATA_VA;
	assert_int_equal(run(fake), WAVE_FAULTED);
	assert_int_equal(fake->wave->fault.cause, MMU_PERMISSION);
	assert_false(fake->wave->fault.retry);
	fake->wave->pc = 0x123456789abcdeffull;
	assert_int_equal(run(fake), WAVE_FAULTED);
	assert_false(fake->wave->fault.retry);
}

static void code_is_cached_until_told(void **state)
{
	struct fake_wave *fake = *state;
	const u32 two = 0xbe840082; /* s_mov_b32 s4, 2 */

	for (int how = 0; how < 3; how++) {
		/* s_mov_b32 s4, 1; s_endpgm */
		FAKE_WAVE_LOAD(fake, 1, 0xbe840081, 0xbf810000);
		assert_int_equal(run(fake), WAVE_ENDED);
		fake_wave_code(fake, 0, &two, 1);
		fake->wave->pc = FAKE_CODE_VA;
		assert_int_equal(run(fake), WAVE_ENDED);
		assert_int_equal(fake->wave->s[4], 1);
		if (how == 0)
			fake_space_flush(&fake->space);
		else if (how == 1)
			mmu_code_changed(fake->space.mmu, FAKE_SPACE_CTX);
		fake->wave->pc = FAKE_CODE_VA;
		assert_int_equal(run(fake), WAVE_ENDED);
		assert_int_equal(fake->wave->s[4], how < 2 ? 2 : 1);
	}
}

static void code_that_changes_itself_needs_icache_inv(void **state)
{
	struct fake_wave *fake = *state;

	fake_space_map_vram(&fake->space, FAKE_HOLE_VA, CODE_VRAM, 4096);
	/*
	 * L: s_mov_b32 s4, 1; s_store_dword s8, s[6:7], 0; s_icache_inv; s_cmp_eq_u32 s9, 0;
	 * s_mov_b32 s9, 1; s_cbranch_scc1 L; s_endpgm
	 */
	FAKE_WAVE_LOAD(fake, 1, 0xbe840081, 0xc0420203, 0x00000000, 0xbf930000, 0xbf068009, 0xbe890081,
		       0xbf85fff9, 0xbf810000);
	wave_set_sreg64(fake->wave, 6, FAKE_HOLE_VA);
	fake->wave->s[8] = 0xbe840082;
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->wave->s[4], 2);
}

static void many_pages_of_code_share_the_cache(void **state)
{
	struct fake_wave *fake = *state;

	/* 300 virtual pages of the same physical ones: more than the cache holds. */
	FAKE_WAVE_LOAD(fake, 1, LOOP);
	for (u64 n = 0; n < 300; n++)
		fake_space_pte(&fake->space, FAKE_HOLE_VA + n * 4096,
			       VKFD_HIVE_ADDR(0, CODE_VRAM) | FAKE_SPACE_RX);
	fake_space_flush(&fake->space);
	for (u64 n = 0; n < 900; n++) {
		fake->wave->pc = FAKE_HOLE_VA + n * 7 % 300 * 4096;
		fake->wave->s[5] = 0;
		assert_int_equal(run(fake), WAVE_ENDED);
		assert_int_equal(fake->wave->s[4], 30);
	}
	for (u64 n = 0; n < 300; n++)
		fake_space_pte(&fake->space, FAKE_HOLE_VA + n * 4096, 0);
	fake_space_flush(&fake->space);
}

static void messages_arrive_once(void **state)
{
	struct fake_wave *fake = *state;

	/*
	 * s_mov_b32 m0, 0xff123456; s_sendmsg INTERRUPT; s_mov_b32 exec_lo, 0x80000000;
	 * s_sendmsg GET_DOORBELL; s_mov_b32 s4, exec_lo; s_endpgm
	 */
	FAKE_WAVE_LOAD(fake, 1, 0xbefc00ff, 0xff123456, 0xbf900001, 0xbefe00ff, 0x80000000, 0xbf90000a,
		       0xbe84007e, 0xbf810000);
	fake->busy = 2;
	fake->messages = 0;
	assert_int_equal(run(fake), WAVE_BUSY);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA + 8);
	assert_int_equal(run(fake), WAVE_BUSY);
	assert_int_equal(fake->messages, 0);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->messages, 1);
	assert_int_equal(fake->payload, 0x123456);
	assert_int_equal(fake->wave->s[4], 0x123);
}

static void trap_stops_only_with_a_handler(void **state)
{
	struct fake_wave *fake = *state;

	/* s_mov_b32 s4, 1; s_trap 3; s_mov_b32 s4, 2; s_endpgm */
	FAKE_WAVE_LOAD(fake, 1, 0xbe840081, 0xbf920003, 0xbe840082, 0xbf810000);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake->wave->s[4], 2);
	fake->wave->pc = FAKE_CODE_VA;
	fake->wave->status = WAVE_STATUS_TRAP_EN;
	assert_int_equal(run(fake), WAVE_TRAPPED);
	assert_int_equal(fake->wave->trap, 3);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA + 4);
}

static void sleep_yields_and_halt_stops_behind(void **state)
{
	struct fake_wave *fake = *state;

	/* s_sethalt 0; s_sleep 5; s_sethalt 1; s_endpgm */
	FAKE_WAVE_LOAD(fake, 1, 0xbf8d0000, 0xbf8e0005, 0xbf8d0001, 0xbf810000);
	assert_int_equal(run(fake), WAVE_SLEEPING);
	assert_int_equal(run(fake), WAVE_HALTED);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA + 12);
}

static void hwregs_read_and_write(void **state)
{
	struct fake_wave *fake = *state;
	const u32 *s = NULL;

	/*
	 * getreg s4 MODE; setreg_imm32 MODE[5:4] = 0; getreg s5 MODE; s6 LDS_ALLOC.size;
	 * s7 SH_MEM_BASES; s_cmp_eq_u32 s0, s0; s8 STATUS; s9 HW_ID.cu; setreg TRAPSTS = s7;
	 * s10 TRAPSTS[7:0]
	 */
	FAKE_WAVE_LOAD(fake, 2, 0xb884f801, 0xba000901, 0x00000000, 0xb885f801, 0xb8864306, 0xb887f80f,
		       0xbf060000, 0xb888f802, 0xb8891a04, 0xb907f803, 0xb88a3803, 0xbf810000);
	fake->wave->hw_id = 0x5a7;
	s = fake->wave->s;
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(s[4], 0x2f0);
	assert_int_equal(s[5], 0x2c0);
	assert_int_equal(s[6], 8);
	assert_int_equal(s[7], 0x10002);
	assert_int_equal(s[8], WAVE_STATUS_SCC | WAVE_STATUS_VCCZ | WAVE_STATUS_IN_TG | WAVE_STATUS_VALID);
	assert_int_equal(s[9], 5);
	assert_int_equal(s[10], 2);
}

static void fill(struct fake_wave *fake, u64 va, u32 dwords)
{
	for (u32 n = 0; n < dwords; n++) {
		u32 value = 0xabc00000 + n;

		memcpy(fake_wave_byte(fake, va + 4 * n), &value, 4);
	}
}

static void scalar_loads_of_each_size(void **state)
{
	struct fake_wave *fake = *state;
	const u32 *s;

	fill(fake, FAKE_DATA_VA, 2048);
	/*
	 * s_load_dword s10, s[4:5], 4; x2 s[12:13], -8; x4 s[16:19], s6; x8 s[20:27], 16;
	 * x16 s[28:43], 0xff0: over two pages; s_memtime s[44:45]; s_memrealtime s[46:47];
	 * s_dcache_inv
	 */
	FAKE_WAVE_LOAD(fake, 1, 0xc0020282, 0x00000004, 0xc0060302, 0x001ffff8, 0xc0080402, 0x00000006,
		       0xc00e0502, 0x00000010, 0xc0120702, 0x00000fd0, 0xc0900b00, 0x00000000, 0xc0940b80,
		       0x00000000, 0xc0800000, 0x00000000, 0xbf810000);
	wave_set_sreg64(fake->wave, 4, FAKE_DATA_VA + 8 * 4);
	fake->wave->s[6] = 400 + 3; /* the low bits do not count */
	fake->clock = 1ull << 40;
	assert_int_equal(run(fake), WAVE_ENDED);
	s = fake->wave->s;
	assert_int_equal(s[10], 0xabc00009);
	assert_int_equal(s[12], 0xabc00006);
	assert_int_equal(s[13], 0xabc00007);
	for (u32 n = 0; n < 4; n++)
		assert_int_equal(s[16 + n], 0xabc00000 + 108 + n);
	for (u32 n = 0; n < 8; n++)
		assert_int_equal(s[20 + n], 0xabc00000 + 12 + n);
	for (u32 n = 0; n < 16; n++)
		assert_int_equal(s[28 + n], 0xabc00000 + 1020 + n);
	assert_int_equal(wave_sreg64(fake->wave, 44), (1ull << 40) + 1);
	assert_int_equal(wave_sreg64(fake->wave, 46), (1ull << 40) + 2);
}

static void scalar_load_fault_leaves_registers(void **state)
{
	struct fake_wave *fake = *state;

	fill(fake, FAKE_DATA_VA, 2048);
	/* s_load_dwordx4 s[4:7], s[4:5], 0: into its own base */
	FAKE_WAVE_LOAD(fake, 1, 0xc00a0102, 0x00000000, 0xbf810000);
	wave_set_sreg64(fake->wave, 4, FAKE_DATA_VA + 4096 - 8);
	fake_wave_page(fake, FAKE_DATA_VA + 4096, false);
	assert_int_equal(run(fake), WAVE_FAULTED);
	assert_int_equal(fake->wave->fault.va, FAKE_DATA_VA + 4096);
	assert_int_equal(fake->wave->fault.access, VKFD_FAULT_READ);
	assert_int_equal(wave_sreg64(fake->wave, 4), FAKE_DATA_VA + 4096 - 8);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA);
	fake_wave_page(fake, FAKE_DATA_VA + 4096, true);
	assert_int_equal(run(fake), WAVE_ENDED);
	for (u32 n = 0; n < 4; n++)
		assert_int_equal(fake->wave->s[4 + n], 0xabc00000 + 1022 + n);
}

static void scalar_address_outside_stops_the_wave(void **state)
{
	struct fake_wave *fake = *state;

	FAKE_WAVE_LOAD(fake, 1, 0xc00a0102, 0x00000000, 0xbf810000);
	wave_set_sreg64(fake->wave, 4, VKFD_SCRATCH_BASE + 64);
	assert_int_equal(run(fake), WAVE_APERTURE);
	assert_int_equal(fake->wave->fault.va, VKFD_SCRATCH_BASE + 64);
	assert_int_equal(fake->wave->pc, FAKE_CODE_VA);
}

static void scalar_buffer_reads_zero_behind_its_end(void **state)
{
	struct fake_wave *fake = *state;
	const u32 *s;

	fill(fake, FAKE_DATA_VA, 64);
	/*
	 * s_buffer_load_dwordx4 s[12:15], s[4:7], 8; dword s16, s[4:7], s8;
	 * dwordx2 s[18:19], s[8:11], 0x20; s_buffer_store_dwordx2 s[12:13], s[4:7], 12
	 */
	FAKE_WAVE_LOAD(fake, 1, 0xc02a0302, 0x00000008, 0xc0200402, 0x00000008, 0xc0260484, 0x00000020,
		       0xc0660302, 0x0000000c, 0xbf810000);
	wave_set_sreg64(fake->wave, 4, FAKE_DATA_VA | 0x8000000000000000ull); /* swizzle: not here */
	fake->wave->s[6] = 16;
	wave_set_sreg64(fake->wave, 8, FAKE_DATA_VA | 4ull << 48);
	fake->wave->s[8] = (u32)FAKE_DATA_VA;
	fake->wave->s[10] = 9; /* records of 4 bytes */
	fake->wave->s[14] = fake->wave->s[15] = 1;
	assert_int_equal(run(fake), WAVE_ENDED);
	s = fake->wave->s;
	assert_int_equal(s[12], 0xabc00002);
	assert_int_equal(s[13], 0xabc00003);
	assert_int_equal(s[14], 0);
	assert_int_equal(s[15], 0);
	assert_int_equal(s[16], 0);
	assert_int_equal(s[18], 0xabc00008);
	assert_int_equal(s[19], 0);
	/* Only the first dword of the store was inside. */
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 12), 0xabc00002);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 16), 0xabc00004);
}

static void scalar_atomics_return_with_glc(void **state)
{
	struct fake_wave *fake = *state;

	fill(fake, FAKE_DATA_VA, 16);
	/*
	 * s_atomic_add s10, [0] glc; add_x2 s[12:13], [8]; cmpswap s[14:15], [16] glc;
	 * cmpswap_x2 s[16:19], [24] glc; s_store_dwordx2 s[12:13], [32]
	 */
	FAKE_WAVE_LOAD(fake, 1, 0xc20b0282, 0x00000000, 0xc28a0302, 0x00000008, 0xc2070382, 0x00000010,
		       0xc2870402, 0x00000018, 0xc0460302, 0x00000020, 0xbf810000);
	wave_set_sreg64(fake->wave, 4, FAKE_DATA_VA);
	fake->wave->s[10] = 5;
	wave_set_sreg64(fake->wave, 12, 0xffffffffull);
	fake->wave->s[14] = 77;
	fake->wave->s[15] = 0xabc00004;
	wave_set_sreg64(fake->wave, 16, 88);
	wave_set_sreg64(fake->wave, 18, 0);
	assert_int_equal(run(fake), WAVE_ENDED);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA), 0xabc00005);
	assert_int_equal(fake->wave->s[10], 0xabc00000);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 8), 0xabc00001);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 12), 0xabc00004);
	assert_int_equal(wave_sreg64(fake->wave, 12), 0xffffffffull);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 16), 77);
	assert_int_equal(fake->wave->s[14], 0xabc00004);
	assert_int_equal(wave_sreg64(fake->wave, 16), 0xabc00007abc00006ull);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 24), 0xabc00006);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 32), 0xffffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loop_runs_to_its_end),
		cmocka_unit_test(loop_in_budgets_of_any_size_is_the_same),
		cmocka_unit_test(branches_follow_vcc_exec_and_scc),
		cmocka_unit_test(calls_save_the_next_pc),
		cmocka_unit_test(illegal_instruction_stops_on_itself),
		cmocka_unit_test(fetch_from_missing_page_faults_and_replays),
		cmocka_unit_test(fetch_needs_the_right_to_execute),
		cmocka_unit_test(code_is_cached_until_told),
		cmocka_unit_test(code_that_changes_itself_needs_icache_inv),
		cmocka_unit_test(many_pages_of_code_share_the_cache),
		cmocka_unit_test(messages_arrive_once),
		cmocka_unit_test(trap_stops_only_with_a_handler),
		cmocka_unit_test(sleep_yields_and_halt_stops_behind),
		cmocka_unit_test(hwregs_read_and_write),
		cmocka_unit_test(scalar_loads_of_each_size),
		cmocka_unit_test(scalar_load_fault_leaves_registers),
		cmocka_unit_test(scalar_address_outside_stops_the_wave),
		cmocka_unit_test(scalar_buffer_reads_zero_behind_its_end),
		cmocka_unit_test(scalar_atomics_return_with_glc),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
