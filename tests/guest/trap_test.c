// SPDX-License-Identifier: MIT
/*
 * Trap handlers of SET_TRAP_HANDLER without a runtime: entered, left, parked in,
 * evicted and destroyed in.
 */
#include <string.h>
#include <sys/mman.h>

#include "life.h"
#include "mm.h"
#include "pm4.h"
#include "residency.h"
#include "trap_code.h"

#define GROUPS 10u
#define ITEMS 64u

/* A handler: waits for data[0] != 0 counting twice, data[2] |= the difference, goes on. */
static const u32 handler_wait[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e060280,		/* v_mov_b32 v3, 0 */
	0xbeee0080,		/* s_mov_b32 ttmp2, 0 */
	0x68060681,		/* v_add_u32 v3, 1, v3 */
	0x806e816e,		/* s_add_u32 ttmp2, ttmp2, 1 */
	0xc0031bc0, 0x00000000,	/* s_load_dword ttmp3, s[0:1], 0x0 glc */
	0xbf8cc07f,		/* s_waitcnt lgkmcnt(0) */
	0xbf06806f,		/* s_cmp_eq_u32 ttmp3, 0 */
	0xbf85fff9,		/* s_cbranch_scc1 -7 */
	0x7e04026e,		/* v_mov_b32 v2, ttmp2 */
	0x6a040702,		/* v_sub_u32 v2, v2, v3 */
	0xdd248008, 0x00000200,	/* global_atomic_or v0, v2, s[0:1] offset:8 */
	0x806c846c,		/* s_add_u32 ttmp0, ttmp0, 4 */
	0x826d806d,		/* s_addc_u32 ttmp1, ttmp1, 0 */
	0xbe801f6c,		/* s_rfe_b64 ttmp[0:1] */
};

/* data[1] += 1 for each work-item, behind trap 7. */
static const u32 kernel_after[] = {
	0xbf920007,		/* s_trap 7 */
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xdd088004, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] offset:4 */
	0xbf810000,		/* s_endpgm */
};

static void set_handler(struct session *s, const u32 *code, void *buffer)
{
	assert_hsa(hsaKmtSetTrapHandler(s->gpu[0].node, (void *)(uintptr_t)code, PAGE, buffer, PAGE));
}

/*
 * With the process' handler waves pass through it; without, the trap stops the queue.
 * With XNACK on, what the handler writes to is not there yet.
 */
static void traps_enter_the_handler_that_was_set(int xnack)
{
	struct pm4_launch launch = { .groups = GROUPS, .items = ITEMS, .trap = true };
	struct session s;
	volatile u32 *data;
	void *buffer;
	u64 errors;
	struct pm4 q;

	session_start(&s, xnack);
	launch.code = PM4_CODE(&s, kernel_trap7);
	launch.data = data = xnack ? mm_map(PAGE) : pm4_memory(&s, PAGE);
	buffer = pm4_memory(&s, PAGE);
	set_handler(&s, PM4_CODE(&s, handler_count), buffer);
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &launch);
	pm4_run(&q);
	assert_int_equal(data[0], GROUPS * ITEMS);
	assert_int_equal(data[1], 7 * GROUPS * ITEMS);
	assert_int_equal(data[2], (u32)(uintptr_t)buffer);
	set_handler(&s, NULL, NULL);
	errors = device_stat(0, VKFD_STAT_QUEUE_ERRORS);
	pm4_launch(&q, &launch);
	pm4_submit(&q);
	assert_true(wait_until(device_stat(0, VKFD_STAT_QUEUE_ERRORS) > errors, PM4_MS));
	assert_int_equal(data[1], 7 * GROUPS * ITEMS);
	assert_false(pm4_done(&q, 2));
	pm4_destroy(&q);
}

/* A queue all of whose waves are in the handler and stay there. */
static volatile u32 *park(struct pm4 *q, struct session *s)
{
	u64 before = device_stat(0, VKFD_STAT_INSTRUCTIONS);
	volatile u32 *data = pm4_memory(s, PAGE);

	set_handler(s, PM4_CODE(s, handler_wait), NULL);
	pm4_create(q, s, 0);
	pm4_launch(q, &(struct pm4_launch){ .code = PM4_CODE(s, kernel_after), .data = data,
					    .groups = GROUPS, .items = ITEMS, .trap = true });
	pm4_submit(q);
	assert_true(wait_until(device_stat(0, VKFD_STAT_INSTRUCTIONS) > before + 100000, PM4_MS));
	return data;
}

/*
 * XNACK off: pages of registered memory are taken away, so all queues stop, with the
 * waves and their handler's registers, and go on.
 */
static void waves_in_the_handler_are_evicted_and_restored(int arg)
{
	char *mem = mm_map(HUGE_BYTES);
	volatile u32 *data;
	struct session s;
	struct pm4 q;

	session_start(&s, false);
	memset(mem, 1, HUGE_BYTES);
	gpu_access(&s, mem, HUGE_BYTES);
	data = park(&q, &s);
	for (int i = 0; i < 20; i++) {
		u64 before = device_stat(0, VKFD_STAT_INSTRUCTIONS);

		assert_ok(madvise(mem + (size_t)i * PAGE, PAGE, MADV_DONTNEED));
		if (!wait_until(device_stat(0, VKFD_STAT_INSTRUCTIONS) > before + 100000, PM4_MS))
			fail_test("the waves did not go on after stop %d", i);
	}
	pm4_update(&q, 0, HSA_QUEUE_PRIORITY_NORMAL);
	pm4_update(&q, 100, HSA_QUEUE_PRIORITY_NORMAL);
	assert_false(pm4_done(&q, 1));
	data[0] = 1;
	pm4_wait(&q, 1);
	assert_int_equal(data[1], GROUPS * ITEMS);
	assert_int_equal(data[2], 0);
	pm4_destroy(&q);
	mm_unmap(mem, HUGE_BYTES);
}

/* The next process of this GPU and the next queue of this process find nothing of it. */
static void queue_with_waves_in_the_handler_is_destroyed(int xnack)
{
	volatile u32 *data;
	struct session s;
	struct pm4 q;

	session_start(&s, xnack);
	for (int i = 0; i < 10; i++) {
		data = park(&q, &s);
		pm4_destroy(&q);
		assert_int_equal(data[1], 0);
	}
	set_handler(&s, PM4_CODE(&s, handler_count), NULL);
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_trap7), .data = data,
					     .groups = GROUPS, .items = ITEMS, .trap = true });
	pm4_run(&q);
	assert_int_equal(data[0], GROUPS * ITEMS);
	pm4_destroy(&q);
}

/* A reset ends the waves that are in it; new ones of the process enter it. */
static void handler_outlives_a_reset(int xnack)
{
	struct pm4_launch launch = { .groups = GROUPS, .items = ITEMS, .trap = true };
	struct pm4 parked, q;
	volatile u32 *data;
	struct session s;

	session_start(&s, xnack);
	park(&parked, &s);
	launch.code = PM4_CODE(&s, kernel_trap7);
	launch.data = data = xnack ? mm_map(PAGE) : pm4_memory(&s, PAGE);
	set_handler(&s, PM4_CODE(&s, handler_count), NULL);
	assert_ok(gpu_reset("kept"));
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &launch);
	pm4_run(&q);
	assert_int_equal(data[0], GROUPS * ITEMS);
	assert_int_equal(data[1], 7 * GROUPS * ITEMS);
	assert_false(pm4_done(&parked, 1));
	pm4_destroy(&parked);
	pm4_destroy(&q);
}

static const struct guest_test tests[] = {
	TEST_XNACK(traps_enter_the_handler_that_was_set),
	TEST(waves_in_the_handler_are_evicted_and_restored),
	TEST_XNACK(queue_with_waves_in_the_handler_is_destroyed),
	TEST_XNACK(handler_outlives_a_reset),
};
HARNESS_MAIN(tests)
