// SPDX-License-Identifier: MIT
/* Priorities of compute queues: who goes first, and that nobody stands still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cp/compute_priv.h"
#include "cp/fake_kernels.h"

/* --- the order by itself ----------------------------------------------------- */

#define TURNS 1600u

struct order {
	struct compute compute;
	struct compute_queue queue[4];
	u32 turns[4];
};

static bool is_active(struct compute *compute, struct compute_queue *queue, u64 now)
{
	(void)compute, (void)now;
	return queue->active;
}

/* Queues of these priorities, all of them always runnable; < 0: never. */
static struct order *order_of(const int *priority, u32 n)
{
	static struct order order;

	memset(&order, 0, sizeof(order));
	for (u32 i = 0; i < n; i++) {
		order.queue[i].number = i;
		order.queue[i].active = priority[i] >= 0;
		order.queue[i].priority = (u32)priority[i];
		order.compute.list[i] = &order.queue[i];
	}
	order.compute.nr_queues = n;
	return &order;
}

static void give(struct order *order, u32 turns)
{
	for (u32 i = 0; i < turns; i++) {
		struct compute_queue *queue = cp_turn_pick(&order->compute, &order->compute.wave_turns,
							   0, is_active, 0);

		assert_non_null(queue);
		order->turns[queue->number]++;
	}
}

static void higher_priority_has_all_turns_but_one_in_eight(void **state)
{
	struct order *order = order_of((int[]){ 7, 15, 0 }, 3);

	(void)state;
	give(order, TURNS);
	/* The eighth goes round all three. */
	assert_in_range(order->turns[0], TURNS / 24 - 1, TURNS / 24 + 1);
	assert_in_range(order->turns[2], TURNS / 24 - 1, TURNS / 24 + 1);
	assert_int_equal(order->turns[0] + order->turns[1] + order->turns[2], TURNS);
}

static void one_priority_shares_evenly(void **state)
{
	struct order *order = order_of((int[]){ 7, 7, -1, 7 }, 4);

	(void)state;
	give(order, TURNS);
	for (u32 i = 0; i < 4; i++)
		assert_in_range(order->turns[i], i == 2 ? 0 : TURNS / 3 - 2, i == 2 ? 0 : TURNS / 3 + 2);
}

static void equals_above_a_lower_one_share_evenly(void **state)
{
	struct order *order = order_of((int[]){ 11, 3, 11, 3 }, 4);

	(void)state;
	give(order, TURNS);
	assert_in_range(order->turns[0], order->turns[2] - 1, order->turns[2] + 1);
	assert_in_range(order->turns[1], TURNS / 32 - 1, TURNS / 32 + 1);
	assert_in_range(order->turns[3], TURNS / 32 - 1, TURNS / 32 + 1);
}

static void idle_queue_of_high_priority_costs_nothing(void **state)
{
	struct order *order = order_of((int[]){ -1, 0 }, 2);

	(void)state;
	give(order, TURNS);
	assert_int_equal(order->turns[1], TURNS);
	order->queue[1].active = false;
	assert_null(cp_turn_pick(&order->compute, &order->compute.wave_turns, 0, is_active, 0));
}

/* --- on the device ------------------------------------------------------------- */

#define LOW	0u
#define NORMAL	7u
#define HIGH	11u
#define FENCE(n) (0x8000u + (n) * 4)

static int setup(void **state)
{
	*state = fake_compute_start(0, 0);
	return 0;
}

static int setup_seeded(void **state)
{
	*state = fake_compute_start(0, 99);
	return 0;
}

static int teardown(void **state)
{
	fake_compute_stop(*state);
	return 0;
}

static u32 set_priority(const struct fake_compute_queue *queue, u32 priority)
{
	struct vkfd_kiq_cmd cmd = fake_cq_cmd(queue, VKFD_KIQ_QUEUE_UPDATE);

	cmd.queue.priority = priority;
	return fake_kiq(queue->drv, &cmd);
}

/* Mapped anew, with a priority from the start. */
static void make_queues(struct fake_compute *bench, struct fake_compute_queue *queue,
			const u32 *priority, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		queue[i] = fake_cq(bench, i + 1, VKFD_QUEUE_PM4);
		assert_int_equal(fake_cq_map(&queue[i]), VKFD_KIQ_OK);
		assert_int_equal(set_priority(&queue[i], priority[i]), VKFD_KIQ_OK);
	}
}

/*
 * The queue that goes first takes the other's count before and behind its launch,
 * by packets: so nothing here depends on when this thread runs.
 */
static void waves_of_higher_priority_go_first(void **state)
{
	struct fake_compute *bench = *state;
	const u32 per_group = 64 * ITERATIONS, groups = 400;
	struct fake_launch low = LAUNCH(CODE(bench, 0, kernel_iterate), DATA(0),
					.dim = { 65536 }, .threads = { 64 });
	struct fake_launch high = LAUNCH(CODE_VA(0), DATA(0x100),
					 .dim = { groups }, .threads = { 64 });
	struct fake_compute_queue queue[2];
	u32 meanwhile;

	make_queues(bench, queue, (u32[]){ LOW, HIGH }, 2);
	fake_launch(&queue[0], &low);
	fake_cq_submit(&queue[0]);
	fake_cq_emit(&queue[1], (u32[]){ COPY_DATA, 1 | 5 << 8, ADDR(DATA(0)), ADDR(DATA(0x200)) }, 6);
	fake_launch(&queue[1], &high);
	RUN(&queue[1], EVENT_WRITE, 7 | 4 << 8, COPY_DATA, 1 | 5 << 8, ADDR(DATA(0)),
	    ADDR(DATA(0x204)), WRITE1(DATA(FENCE(1)), 1));
	assert_true(fake_wait32(data32(bench, FENCE(1)), 1));
	assert_int_equal(*data32(bench, 0x100), groups * per_group);
	meanwhile = (*data32(bench, 0x204) - *data32(bench, 0x200)) / per_group;
	assert_in_range(meanwhile, 1, groups / 2);
	assert_int_equal(fake_cq_unmap(&queue[0]), VKFD_KIQ_OK);
}

static void endless_waves_of_high_priority_starve_nobody(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_compute_queue queue[4];
	struct fake_launch endless = LAUNCH(CODE(bench, 1, kernel_endless), 0,
					    .dim = { 65536 }, .threads = { 64 });

	make_queues(bench, queue, (u32[]){ 15, HIGH, NORMAL, LOW }, 4);
	fake_launch(&queue[0], &endless);
	fake_cq_submit(&queue[0]);
	for (u32 i = 1; i < 4; i++) {
		struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_iterate), DATA(i * 0x100),
						    .dim = { 20 }, .threads = { 64 });

		fake_launch(&queue[i], &launch);
		fake_fence(&queue[i], FENCE(i), 1);
		fake_cq_submit(&queue[i]);
	}
	for (u32 i = 1; i < 4; i++) {
		assert_true(fake_wait32(data32(bench, FENCE(i)), 1));
		assert_int_equal(*data32(bench, i * 0x100), 20 * 64 * ITERATIONS);
	}
	assert_int_equal(fake_cq_unmap(&queue[0]), VKFD_KIQ_OK);
}

#define CHAIN_AT 0x10000u

/* Packets without end: adds 1 to DATA(@word), then the same buffer again. */
static void start_endless_packets(struct fake_compute *bench, struct fake_compute_queue *queue,
				  u32 n, u32 word)
{
	u32 at = CHAIN_AT + n * 0x1000;
	u32 dw[] = { ATOMIC_MEM, 15, ADDR(DATA(word)), 1, 0, 0, 0, 0,
		     IB, ADDR(DATA(at)), 13 | 1u << 20 };

	assert_int_equal(COUNT(dw), 13);
	put(bench, at, dw, COUNT(dw));
	RUN(queue, IB, ADDR(DATA(at)), 13);
}

/* What both chains add while the first adds @amount. */
static void watch(struct fake_compute *bench, u32 amount, u32 *added)
{
	u32 begin[2] = { *data32(bench, 0), *data32(bench, 4) };

	while (*data32(bench, 0) - begin[0] < amount)
		fake_sleep_us(200);
	for (u32 i = 0; i < 2; i++)
		added[i] = *data32(bench, i * 4) - begin[i];
}

static void packets_follow_the_priority_and_its_changes(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_compute_queue queue[2];
	u32 added[2];

	make_queues(bench, queue, (u32[]){ HIGH, LOW }, 2);
	for (u32 i = 0; i < 2; i++)
		start_endless_packets(bench, &queue[i], i, i * 4);
	watch(bench, 1, added);
	watch(bench, 200000, added);
	assert_in_range(added[1], 1, added[0] / 3);
	assert_int_equal(set_priority(&queue[0], LOW), VKFD_KIQ_OK);
	assert_int_equal(set_priority(&queue[1], HIGH), VKFD_KIQ_OK);
	watch(bench, 50000, added);
	assert_in_range(added[0], 1, added[1] / 3);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(fake_cq_unmap(&queue[i]), VKFD_KIQ_OK);
}

static void priority_above_15_is_refused(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_compute_queue queue = fake_cq(bench, 1, VKFD_QUEUE_PM4);
	struct vkfd_kiq_cmd map = fake_cq_cmd(&queue, VKFD_KIQ_QUEUE_MAP);

	map.queue.priority = 16;
	assert_int_equal(fake_kiq(&bench->drv, &map), VKFD_KIQ_BAD_RANGE);
	map.queue.priority = 15;
	assert_int_equal(fake_kiq(&bench->drv, &map), VKFD_KIQ_OK);
	assert_int_equal(set_priority(&queue, 16), VKFD_KIQ_BAD_RANGE);
	assert_int_equal(set_priority(&queue, 0), VKFD_KIQ_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SEEDED(name) cmocka_unit_test_setup_teardown(name, setup_seeded, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(higher_priority_has_all_turns_but_one_in_eight),
		cmocka_unit_test(one_priority_shares_evenly),
		cmocka_unit_test(equals_above_a_lower_one_share_evenly),
		cmocka_unit_test(idle_queue_of_high_priority_costs_nothing),
		CASE(waves_of_higher_priority_go_first),
		CASE(endless_waves_of_high_priority_starve_nobody),
		CASE(packets_follow_the_priority_and_its_changes),
		SEEDED(packets_follow_the_priority_and_its_changes),
		CASE(priority_above_15_is_refused),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
