// SPDX-License-Identifier: MIT
/* Trap handlers: entered at s_trap with their state, left by s_rfe_b64, reporting, halting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cp/fake_kernels.h"

#define FENCE 0x8000u
#define GROUPS 10u
#define TMA 0x123456789abcULL

/* data[0] += 1 for each work-item, if SCC and the rest of the wave survived trap 7 */
static const u32 kernel_trap7[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xbf060202,		/* s_cmp_eq_u32 s2, s2 */
	0xbf920007,		/* s_trap 7 */
	0xbf840002,		/* s_cbranch_scc0 2 */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/*
 * data[1] += trap, data[2] |= TMA low, data[3] |= TMA high, data[4] += group, data[5] +=
 * wave of the group, for each work-item; goes on behind the s_trap.
 */
static const u32 handler_count[] = {
	0x92eeff6d, 0x00080010,	/* s_bfe_u32 ttmp2, ttmp1, 0x80010 */
	0x7e04026e,		/* v_mov_b32 v2, ttmp2 */
	0xdd088004, 0x00000200,	/* global_atomic_add v0, v2, s[0:1] offset:4 */
	0x7e04027a,		/* v_mov_b32 v2, ttmp14 */
	0xdd248008, 0x00000200,	/* global_atomic_or v0, v2, s[0:1] offset:8 */
	0x7e04027b,		/* v_mov_b32 v2, ttmp15 */
	0xdd24800c, 0x00000200,	/* global_atomic_or v0, v2, s[0:1] offset:12 */
	0x7e040274,		/* v_mov_b32 v2, ttmp8 */
	0xdd088010, 0x00000200,	/* global_atomic_add v0, v2, s[0:1] offset:16 */
	0x7e040277,		/* v_mov_b32 v2, ttmp11 */
	0xdd088014, 0x00000200,	/* global_atomic_add v0, v2, s[0:1] offset:20 */
	0x806c846c,		/* s_add_u32 ttmp0, ttmp0, 4 */
	0x826d806d,		/* s_addc_u32 ttmp1, ttmp1, 0 */
	0xbf06c102,		/* s_cmp_eq_u32 s2, -1 */
	0xb9780002,		/* s_setreg_b32 hwreg(HW_REG_STATUS, 0, 1), ttmp12 */
	0xbe801f6c,		/* s_rfe_b64 ttmp[0:1] */
};

/* As a runtime's: asks for its doorbell and reports exception 1 of it, then parks. */
static const u32 handler_report[] = {
	0xbefe00ff, 0x80000000,	/* s_mov_b32 exec_lo, 0x80000000 */
	0xbf90000a,		/* s_sendmsg sendmsg(MSG_GET_DOORBELL) */
	0xbf800007,		/* s_nop 7 */
	0xbf0c9f7e,		/* s_bitcmp0_b32 exec_lo, 31 */
	0xbf84fffd,		/* s_cbranch_scc0 -3 */
	0xbefe1a8a,		/* s_bitset1_b32 exec_lo, 10 */
	0xbefc007e,		/* s_mov_b32 m0, exec_lo */
	0xbf900001,		/* s_sendmsg sendmsg(MSG_INTERRUPT) */
	0xbf82ffff,		/* s_branch . */
};

/* Leaves with STATUS.HALT. */
static const u32 handler_halt[] = {
	0xbef81a8d,		/* s_bitset1_b32 ttmp12, 13 */
	0xb9780342,		/* s_setreg_b32 hwreg(HW_REG_STATUS, 13, 1), ttmp12 */
	0x806c846c,		/* s_add_u32 ttmp0, ttmp0, 4 */
	0xbe801f6c,		/* s_rfe_b64 ttmp[0:1] */
};

/* What is not allowed: an export, a store to a hole; then data[0] += 1 for each work-item. */
static const u32 kernel_wrong[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xbe840080,		/* s_mov_b32 s4, 0 */
	0xbe8500ff, 0x00800000,	/* s_mov_b32 s5, 0x800000 */
	0xc4000000, 0x00000000,
	0xdc708000, 0x00040000,	/* global_store_dword v0, v0, s[4:5] */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/* data[1] += TRAPSTS, data[2] += the trap's number; clears TRAPSTS, goes on behind 8 bytes. */
static const u32 handler_skip[] = {
	0xb8eef803,		/* s_getreg_b32 ttmp2, hwreg(HW_REG_TRAPSTS) */
	0x7e04026e,		/* v_mov_b32 v2, ttmp2 */
	0xdd088004, 0x00000200,	/* global_atomic_add v0, v2, s[0:1] offset:4 */
	0x92eeff6d, 0x00080010,	/* s_bfe_u32 ttmp2, ttmp1, 0x80010 */
	0x7e04026e,		/* v_mov_b32 v2, ttmp2 */
	0xdd088008, 0x00000200,	/* global_atomic_add v0, v2, s[0:1] offset:8 */
	0xba00f803, 0x00000000,	/* s_setreg_imm32_b32 hwreg(HW_REG_TRAPSTS), 0 */
	0x806c886c,		/* s_add_u32 ttmp0, ttmp0, 8 */
	0x826d806d,		/* s_addc_u32 ttmp1, ttmp1, 0 */
	0xbe801f6c,		/* s_rfe_b64 ttmp[0:1] */
};

static int setup(void **state)
{
	*state = fake_compute_start(0, 0);
	return 0;
}

static int teardown(void **state)
{
	fake_compute_stop(*state);
	return 0;
}

static u32 set_trap(struct fake_compute *bench, u32 ctx, u64 tba)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_CTX_TRAP };

	cmd.trap.ctx = ctx;
	cmd.trap.tba = tba;
	cmd.trap.tma = TMA;
	return fake_kiq(&bench->drv, &cmd);
}

static struct fake_launch trapping(struct fake_compute *bench)
{
	return LAUNCH(CODE(bench, 0, kernel_trap7), DATA(0), .dim = { GROUPS }, .threads = { 128 },
		      .rsrc2 = 1 << 6);
}

static void start(struct fake_compute *bench, u32 fence)
{
	struct fake_launch launch = trapping(bench);

	fake_launch(&bench->queue, &launch);
	fake_fence(&bench->queue, FENCE, fence);
	fake_cq_submit(&bench->queue);
}

static void handler_runs_and_the_wave_goes_on(void **state)
{
	struct fake_compute *bench = *state;
	const u32 items = GROUPS * 128;

	/* The low byte of the address does not count. */
	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_count) + 0x80), VKFD_KIQ_OK);
	start(bench, 1);
	assert_true(fake_wait32(data32(bench, FENCE), 1));
	assert_int_equal(*data32(bench, 0), items);
	assert_int_equal(*data32(bench, 4), 7 * items);
	assert_int_equal(*data32(bench, 8), (u32)TMA);
	assert_int_equal(*data32(bench, 12), (u32)(TMA >> 32));
	assert_int_equal(*data32(bench, 16), GROUPS * (GROUPS - 1) / 2 * 128);
	assert_int_equal(*data32(bench, 20), items / 2);
}

/* The queue stops with the exception and doorbell that the handler named. */
static void report_of_a_handler_stops_the_queue(void **state)
{
	struct fake_compute *bench = *state;
	struct vkfd_ih_entry entry;

	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_report)), VKFD_KIQ_OK);
	start(bench, 1);
	assert_true(fake_ih_next(&bench->drv, &entry, FAKE_TIMEOUT_MS));
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_BAD_OPCODE);
	assert_int_equal(entry.data[0], bench->queue.doorbell | VKFD_EC_WAVE_ABORT << 10);
	assert_int_equal(entry.data[2], bench->queue.number);
	assert_int_equal(entry.data[3], VKFD_QERR_TRAP);
	assert_false(fake_ih_next(&bench->drv, &entry, 30));
	assert_int_equal(*data32(bench, 0), 0);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
}

/* One entry in the interrupt ring: an error of the queue. */
static struct vkfd_ih_entry expect_error(struct fake_compute *bench)
{
	struct vkfd_ih_entry entry, more;

	assert_true(fake_ih_next(&bench->drv, &entry, FAKE_TIMEOUT_MS));
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_BAD_OPCODE);
	assert_false(fake_ih_next(&bench->drv, &more, 30));
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
	return entry;
}

static void launch_code(struct fake_compute *bench, u64 code, u32 rsrc2)
{
	struct fake_launch launch = LAUNCH(code, DATA(0), .dim = { GROUPS }, .threads = { 128 },
					    .rsrc2 = rsrc2);

	fake_launch(&bench->queue, &launch);
	fake_fence(&bench->queue, FENCE, 1);
	fake_cq_submit(&bench->queue);
}

/* A handler that mends what was wrong: nobody else hears of it. */
static void exceptions_enter_the_handler(void **state)
{
	struct fake_compute *bench = *state;
	const u32 items = GROUPS * 128, lines = bench->drv.log_lines;
	struct vkfd_ih_entry entry;

	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_skip)), VKFD_KIQ_OK);
	launch_code(bench, CODE(bench, 0, kernel_wrong), 1 << 6);
	assert_true(fake_wait32(data32(bench, FENCE), 1));
	assert_int_equal(*data32(bench, 0), items);
	/* ILLEGAL_INST, then MEM_VIOL; no trap. */
	assert_int_equal(*data32(bench, 4), (0x800 + 0x100) * items);
	assert_int_equal(*data32(bench, 8), 0);
	assert_false(fake_ih_next(&bench->drv, &entry, 10));
	assert_int_equal(bench->drv.log_lines, lines);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_WAVE_ERRORS), 0);
}

/* The handler decides on the exception's code, the device adds what it knows. */
static void reported_exception_names_the_instruction(void **state)
{
	struct fake_compute *bench = *state;
	struct vkfd_ih_entry entry;
	u32 lines = bench->drv.log_lines;

	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_report)), VKFD_KIQ_OK);
	launch_code(bench, CODE(bench, 0, kernel_illegal), 1 << 6);
	entry = expect_error(bench);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_ABORT);
	assert_int_equal(entry.data[1], 0xc4000000);
	assert_int_equal(entry.data[3], VKFD_QERR_ILLEGAL);
	assert_int_equal(bench->drv.log_lines - lines, 2);
	launch_code(bench, CODE(bench, 2, kernel_aperture), 1 << 6);
	entry = expect_error(bench);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_ABORT);
	assert_int_equal(entry.data[1], 0x800000);
	assert_int_equal(entry.data[3], VKFD_QERR_APERTURE);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_WAVE_ERRORS), 2);
}

/* Without TRAP_PRESENT, and inside a handler, there is nobody to ask. */
static void exceptions_without_a_way_to_the_handler_stop_the_queue(void **state)
{
	struct fake_compute *bench = *state;
	struct vkfd_ih_entry entry;

	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_skip)), VKFD_KIQ_OK);
	launch_code(bench, CODE(bench, 0, kernel_illegal), 0);
	entry = expect_error(bench);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_ILLEGAL);
	assert_int_equal(*data32(bench, 4), 0);
	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 2, kernel_illegal)), VKFD_KIQ_OK);
	launch_code(bench, CODE(bench, 3, kernel_trap7), 1 << 6);
	entry = expect_error(bench);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_ILLEGAL);
	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 4, kernel_trap7)), VKFD_KIQ_OK);
	launch_code(bench, CODE(bench, 3, kernel_trap7), 1 << 6);
	entry = expect_error(bench);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_TRAP);
	assert_int_equal(entry.data[1], 7);
}

static void handler_may_halt_its_wave(void **state)
{
	struct fake_compute *bench = *state;
	struct vkfd_ih_entry entry;

	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_halt)), VKFD_KIQ_OK);
	start(bench, 1);
	fake_sleep_us(30000);
	assert_int_equal(*data32(bench, 0), 0);
	assert_int_equal(*data32(bench, FENCE), 0);
	assert_false(fake_ih_next(&bench->drv, &entry, 10));
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
}

/* Taken off the GPU and put back, then destroyed, with all waves in a handler that never ends. */
static void endless_handler_is_stopped_and_destroyed(void **state)
{
	struct fake_compute *bench = *state;

	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, kernel_endless)), VKFD_KIQ_OK);
	start(bench, 1);
	for (u32 i = 0; i < 20; i++) {
		assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
		assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
	}
	assert_int_equal(*data32(bench, FENCE), 0);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(*data32(bench, 0), 0);
}

/* Percent 0 and 100 over and over while waves are in and out of the handler. */
static void preemption_in_a_handler_is_exact(void **state)
{
	struct fake_compute *bench = *state;

	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_count)), VKFD_KIQ_OK);
	for (u32 round = 1; round <= 100; round++) {
		start(bench, round);
		while (*data32(bench, FENCE) != round) {
			assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
			assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
		}
		if (round % 20 == 0) {
			assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
			assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
		}
		assert_int_equal(*data32(bench, 0), round * GROUPS * 128);
		assert_int_equal(*data32(bench, 4), 7 * round * GROUPS * 128);
	}
}

static void handler_belongs_to_a_context(void **state)
{
	struct fake_compute *bench = *state;
	struct vkfd_ih_entry entry;

	assert_int_equal(set_trap(bench, 0, CODE_VA(1)), VKFD_KIQ_BAD_CTX);
	assert_int_equal(set_trap(bench, FAKE_CTX + 1, CODE_VA(1)), VKFD_KIQ_BAD_CTX);
	assert_int_equal(set_trap(bench, VKFD_MAX_CONTEXTS, CODE_VA(1)), VKFD_KIQ_BAD_CTX);
	assert_int_equal(set_trap(bench, FAKE_CTX, CODE(bench, 1, handler_count)), VKFD_KIQ_OK);
	assert_int_equal(set_trap(bench, FAKE_CTX, 0), VKFD_KIQ_OK);
	/* Without one the trap is an error of the queue. */
	start(bench, 1);
	assert_true(fake_ih_next(&bench->drv, &entry, FAKE_TIMEOUT_MS));
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_TRAP);
	assert_int_equal(entry.data[1], 7);
	assert_int_equal(*data32(bench, 4), 0);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(handler_runs_and_the_wave_goes_on),
		CASE(report_of_a_handler_stops_the_queue),
		CASE(exceptions_enter_the_handler),
		CASE(reported_exception_names_the_instruction),
		CASE(exceptions_without_a_way_to_the_handler_stop_the_queue),
		CASE(handler_may_halt_its_wave),
		CASE(endless_handler_is_stopped_and_destroyed),
		CASE(preemption_in_a_handler_is_exact),
		CASE(handler_belongs_to_a_context),
	};

	return cmocka_run_group_tests_name("trap", tests, NULL, NULL);
}
