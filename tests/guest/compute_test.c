// SPDX-License-Identifier: MIT
/*
 * PM4 queues that run kernels: priorities, preemption, ends with waves in flight,
 * several GPUs. No runtime in between: packets, code and waits are the test's own.
 */
#include <string.h>

#include "pm4.h"
#include "residency.h"

#define ITERATIONS 2000u
#define ATOMIC_ADD 15u

/* Assembled by llvm-mc for gfx90a; see struct pm4_launch for what a kernel finds. */

/* data[0] += ITERATIONS for each work-item, counted one by one in a register */
static const u32 kernel_iterate[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020280,		/* v_mov_b32 v1, 0 */
	0xb00407d0,		/* s_movk_i32 s4, 0x7d0 */
	0x68020281,		/* v_add_u32 v1, 1, v1 */
	0x80848104,		/* s_sub_u32 s4, s4, 1 */
	0xbf078004,		/* s_cmp_lg_u32 s4, 0 */
	0xbf85fffc,		/* s_cbranch_scc1 -4 */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

static const u32 kernel_endless[] = {
	0xbf82ffff,		/* s_branch . */
};

/* --- priorities ---------------------------------------------------------------- */

/*
 * The queue that goes first takes the other's count before and behind its launch,
 * by packets: so nothing here depends on when this thread runs.
 */
static void waves_of_higher_priority_go_first(int arg)
{
	const u32 per_group = 64 * ITERATIONS, groups = 400;
	struct pm4 low, high;
	struct session s;
	const u32 *code;
	volatile u32 *data;

	session_start(&s, false);
	pm4_create(&low, &s, 0);
	pm4_create(&high, &s, 0);
	pm4_update(&low, 100, HSA_QUEUE_PRIORITY_LOW);
	pm4_update(&high, 100, HSA_QUEUE_PRIORITY_HIGH);
	code = PM4_CODE(&s, kernel_iterate);
	data = pm4_memory(&s, PAGE);
	pm4_launch(&low, &(struct pm4_launch){ .code = code, .data = data, .groups = 1 << 20, .items = 64 });
	pm4_kick(&low);
	pm4_copy1(&high, data + 2, data);
	pm4_launch(&high, &(struct pm4_launch){ .code = code, .data = data + 1, .groups = groups, .items = 64 });
	pm4_flush(&high);
	pm4_copy1(&high, data + 3, data);
	pm4_run(&high);
	assert_int_equal(data[1], groups * per_group);
	assert_in_range((data[3] - data[2]) / per_group, 1, groups / 2);
	pm4_destroy(&low);
	pm4_destroy(&high);
}

static void endless_waves_of_high_priority_starve_nobody(int arg)
{
	static const HSA_QUEUE_PRIORITY priority[] = {
		HSA_QUEUE_PRIORITY_HIGH, HSA_QUEUE_PRIORITY_NORMAL, HSA_QUEUE_PRIORITY_MINIMUM,
	};
	struct pm4 endless, q[ARRAY_LEN(priority)];
	struct session s;
	volatile u32 *data;
	const u32 *code;

	session_start(&s, false);
	code = PM4_CODE(&s, kernel_iterate);
	data = pm4_memory(&s, PAGE);
	pm4_create(&endless, &s, 0);
	pm4_update(&endless, 100, HSA_QUEUE_PRIORITY_MAXIMUM);
	pm4_launch(&endless, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_endless), .data = data,
						   .groups = 65536, .items = 64 });
	pm4_kick(&endless);
	for (size_t i = 0; i < ARRAY_LEN(q); i++) {
		pm4_create(&q[i], &s, 0);
		pm4_update(&q[i], 100, priority[i]);
		pm4_launch(&q[i], &(struct pm4_launch){ .code = code, .data = data + i, .groups = 20, .items = 64 });
		pm4_submit(&q[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(q); i++) {
		pm4_wait(&q[i], 1);
		assert_int_equal(data[i], 20 * 64 * ITERATIONS);
		pm4_destroy(&q[i]);
	}
	pm4_destroy(&endless);
}

/* Packets without end: adds 1 to *@word, then the same buffer again. */
static void start_endless_packets(struct pm4 *q, volatile u32 *word)
{
	u32 *buffer = pm4_memory(q->session, PAGE);
	const u32 dwords[] = {
		VKFD_PM4_HEADER(VKFD_PM4_ATOMIC_MEM, 9), ATOMIC_ADD, PM4_ADDR(word), 1, 0, 0, 0, 0,
		VKFD_PM4_HEADER(VKFD_PM4_INDIRECT_BUFFER, 4), PM4_ADDR(buffer),
		13 | (u32)VKFD_PM4_IB_CHAIN,
	};

	assert_int_equal(ARRAY_LEN(dwords), 13);
	memcpy(buffer, dwords, sizeof(dwords));
	pm4_run_buffer(q, buffer, ARRAY_LEN(dwords));
	pm4_kick(q);
}

/* What both chains add while the first adds @amount. */
static void watch_words(volatile u32 *word, u32 amount, u32 *added)
{
	const u32 begin[] = { word[0], word[1] };

	if (!wait_until(word[0] - begin[0] >= amount, PM4_MS))
		fail_test("%u packets instead of %u", word[0] - begin[0], amount);
	for (int i = 0; i < 2; i++)
		added[i] = word[i] - begin[i];
}

static void packets_follow_the_priority_and_its_changes(int arg)
{
	struct session s;
	struct pm4 q[2];
	volatile u32 *data;
	u32 added[2];

	session_start(&s, false);
	data = pm4_memory(&s, PAGE);
	for (int i = 0; i < 2; i++) {
		pm4_create(&q[i], &s, 0);
		pm4_update(&q[i], 100, i ? HSA_QUEUE_PRIORITY_LOW : HSA_QUEUE_PRIORITY_HIGH);
	}
	for (int i = 0; i < 2; i++)
		start_endless_packets(&q[i], &data[i]);
	watch_words(data, 1, added);
	watch_words(data, 200000, added);
	assert_in_range(added[1], 1, added[0] / 3);
	pm4_update(&q[0], 100, HSA_QUEUE_PRIORITY_LOW);
	pm4_update(&q[1], 100, HSA_QUEUE_PRIORITY_HIGH);
	watch_words(data, 50000, added);
	assert_in_range(added[0], 1, added[1] / 3);
	for (int i = 0; i < 2; i++)
		pm4_destroy(&q[i]);
}

static const struct guest_test tests[] = {
	TEST(waves_of_higher_priority_go_first),
	TEST(endless_waves_of_high_priority_starve_nobody),
	TEST(packets_follow_the_priority_and_its_changes),
};
HARNESS_MAIN(tests)
