// SPDX-License-Identifier: MIT
/* PM4 queues: pointers, faults, suspension, many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cp/fake_pm4.h"

static struct fake_compute *bench_of(void **state)
{
	return *state;
}

static int setup(void **state)
{
	*state = fake_compute_start(0, 0);
	return 0;
}

static int setup_retry(void **state)
{
	*state = fake_compute_start(VKFD_CTX_RETRY, 0);
	return 0;
}

static int setup_seeded(void **state)
{
	*state = fake_compute_start(VKFD_CTX_RETRY, 4711);
	return 0;
}

static int teardown(void **state)
{
	fake_compute_stop(*state);
	return 0;
}

/* The queue stopped with @error, told once. */
static void expect_error(struct fake_compute *bench, u32 error, u32 header)
{
	struct vkfd_ih_entry entry;

	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_CP);
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_BAD_OPCODE);
	assert_int_equal(VKFD_IH_PASID(entry.pasid), FAKE_PASID);
	assert_int_equal(entry.data[0], 0 | VKFD_EC_PACKET_UNSUPPORTED << 10);
	assert_int_equal(entry.data[1], header);
	assert_int_equal(entry.data[2], bench->queue.number);
	assert_int_equal(entry.data[3], error);
	assert_false(fake_ih_next(&bench->drv, &entry, 5));
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_QUEUE_ERRORS), 1);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
}

/* --- pointers -------------------------------------------------------------- */

static void rptr_wraps_with_ring_wptr_does_not(void **state)
{
	struct fake_compute *bench = bench_of(state);
	const u32 dwords = bench->queue.ring_bytes / 4;

	for (u32 i = 1; i < dwords; i++)
		fake_cq_emit(&bench->queue, (u32[]){ NOP1 }, 1);
	fake_cq_submit(&bench->queue);
	assert_true(fake_cq_idle(&bench->queue));
	assert_int_equal(fake_cq_rptr(&bench->queue), dwords - 1);
	RUN(&bench->queue, NOP1);
	assert_true(fake_cq_idle(&bench->queue));
	assert_int_equal(fake_cq_rptr(&bench->queue), 0);
	assert_int_equal(bench->queue.wptr, dwords);
	for (u32 i = 1; i <= 5 * dwords / 7; i++) {
		/* 5 + 2 dwords: packets straddle the end. */
		RUN(&bench->queue, WRITE1(DATA(0), i), NOP1, NOP1);
		if (i % 50)
			continue;
		assert_true(fake_cq_idle(&bench->queue));
		assert_int_equal(*data32(bench, 0), i);
	}
	assert_true(fake_cq_idle(&bench->queue));
	assert_true(bench->queue.wptr > 5 * dwords);
}

static void two_doorbells_before_processing_lose_nothing(void **state)
{
	struct fake_compute *bench = bench_of(state);

	assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
	RUN(&bench->queue, WRITE1(DATA(0), 1));
	RUN(&bench->queue, WRITE1(DATA(4), 2));
	assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
	assert_true(fake_wait32(data32(bench, 4), 2));
	assert_int_equal(*data32(bench, 0), 1);
}

static void incomplete_packet_waits_for_its_rest(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, WRITE_DATA(1), TO_MEMORY);
	fake_sleep_us(5000);
	RUN(&bench->queue, ADDR(DATA(0)), 1);
	assert_true(fake_wait32(data32(bench, 0), 1));
}

static void wptr_beyond_ring_stops_queue(void **state)
{
	struct fake_compute *bench = bench_of(state);

	bench->queue.wptr = bench->queue.ring_bytes / 4 + 1;
	fake_cq_submit(&bench->queue);
	expect_error(bench, VKFD_QERR_POINTER, 0);
	bench->queue.wptr = ~0ULL / 4 + 2;
	fake_cq_submit(&bench->queue);
	fake_sleep_us(5000);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_QUEUE_ERRORS), 2);
}

static void mapping_with_resume_goes_on_where_memory_says(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct fake_compute_queue *queue = &bench->queue;
	struct vkfd_kiq_cmd cmd = fake_cq_cmd(queue, VKFD_KIQ_QUEUE_MAP);
	const u32 dwords = queue->ring_bytes / 4;

	for (u32 i = 0; i < dwords - 2; i++)
		fake_cq_emit(queue, (u32[]){ NOP1 }, 1);
	fake_cq_submit(queue);
	assert_true(fake_cq_idle(queue));
	assert_int_equal(fake_cq_unmap(queue), VKFD_KIQ_OK);
	/* Across the end of the ring, rung while it was away. */
	RUN(queue, WRITE1(DATA(0), 1));
	cmd.queue.flags = VKFD_QUEUE_RESUME;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	assert_true(fake_wait32(data32(bench, 0), 1));
	assert_true(fake_cq_idle(queue));
	assert_int_equal(fake_cq_rptr(queue), 3);
}

static void gpu_store_rings_compute_doorbell(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct fake_compute_queue other = fake_cq(bench, 3, VKFD_QUEUE_PM4);
	u64 bar = 0xf000000000ULL, bell = FAKE_HOLE_VA, wptr = other.va + other.ring_bytes + 0x38;
	u32 packet[] = { WRITE1(DATA(0), 1) };

	gpu_set_bar(bench->drv.gpu, VKFD_BAR_DOORBELL, bar, VKFD_DOORBELL_BAR_BYTES);
	fake_pte(&bench->drv, bench->root, bell, 0,
		 (bar + FAKE_CTX * VKFD_DOORBELL_FRAME_BYTES) | VKFD_PTE_SYSTEM | FAKE_RW);
	assert_int_equal(fake_cq_map(&other), VKFD_KIQ_OK);
	fake_cq_emit(&other, packet, COUNT(packet));
	RUN(&bench->queue, WRITE_DATA(2), TO_MEMORY, ADDR(wptr), COUNT(packet), 0, WRITE_DATA(2),
	    TO_MEMORY, ADDR(bell + 24), COUNT(packet), 0);
	assert_true(fake_wait32(data32(bench, 0), 1));
}

/* --- faults ---------------------------------------------------------------- */

static void missing_page_parks_until_acknowledged(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct vkfd_ih_entry entry;

	RUN(&bench->queue, WRITE1(FAKE_HOLE_VA + 8, 1), WRITE1(DATA(0), 1));
	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_UTCL2);
	assert_true(fault_va(&entry) == FAKE_HOLE_VA);
	assert_int_equal(entry.data[1] & ~0xfu, VKFD_FAULT_RETRY | VKFD_FAULT_WRITE);
	assert_int_equal(entry.data[3], bench->queue.number);
	/* A flush replays; the open report is not repeated. */
	assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, FAKE_CTX, 0, ~0xfffULL), 0);
	assert_false(fake_ih_next(&bench->drv, &entry, 20));
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_FAULTS_MERGED), 1);
	/* Acknowledged in vain: a new report. */
	assert_int_equal(ack_page(bench, FAKE_HOLE_VA), VKFD_KIQ_OK);
	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	fake_map_ram(&bench->drv, bench->root, FAKE_HOLE_VA, FAKE_DATA + 0x1000, 4096);
	assert_int_equal(ack_page(bench, FAKE_HOLE_VA), VKFD_KIQ_OK);
	assert_true(fake_wait32(data32(bench, 0), 1));
	assert_int_equal(*data32(bench, 0x1008), 1);
}

/* Ring, pointers, IB and data come page by page; the atomic happens once. */
static void every_page_of_a_queue_may_be_missing(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct fake_compute_queue queue = fake_cq(bench, 2, VKFD_QUEUE_PM4);
	u64 ib_va = FAKE_HOLE_VA, counter = FAKE_HOLE_VA + 0x10000;
	u32 ib[] = { ATOMIC_MEM, 47, ADDR(counter), 1, 0, 0, 0, 0 };
	u64 holes[][2] = { { queue.va, queue.mem }, { queue.va + 4096, queue.mem + 4096 },
			   { ib_va, FAKE_DATA + 0x1000 }, { counter, FAKE_DATA + 0x2000 } };
	struct vkfd_ih_entry entry;
	u32 served = 0;

	put(bench, 0x1000, ib, COUNT(ib));
	fake_pte(&bench->drv, bench->root, queue.va, 0, 0);
	fake_pte(&bench->drv, bench->root, queue.va + 4096, 0, 0);
	fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, FAKE_CTX, 0, ~0xfffULL);
	assert_int_equal(fake_cq_map(&queue), VKFD_KIQ_OK);
	RUN(&queue, IB, ADDR(ib_va), COUNT(ib) | 1 << 23, WRITE1(DATA(0), 1));
	while (fake_ih_next(&bench->drv, &entry, served < 4 ? 2000 : 50)) {
		for (u32 i = 0; i < COUNT(holes); i++) {
			if (fault_va(&entry) != holes[i][0])
				continue;
			fake_map_ram(&bench->drv, bench->root, holes[i][0], holes[i][1], 4096);
			served++;
		}
		assert_int_equal(ack_page(bench, fault_va(&entry)), VKFD_KIQ_OK);
	}
	assert_int_equal(served, 4);
	assert_true(fake_wait32(data32(bench, 0), 1));
	assert_true(*data64(bench, 0x2000) == 1);
	assert_true(fake_cq_idle(&queue));
}

static void missing_page_without_retry_halts_queue(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct vkfd_ih_entry entry;

	RUN(&bench->queue, WRITE1(FAKE_HOLE_VA, 1), WRITE1(DATA(0), 1));
	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_VM_FAULT);
	assert_true(fault_va(&entry) == FAKE_HOLE_VA);
	assert_int_equal(entry.data[1] & ~0xfu, VKFD_FAULT_WRITE);
	assert_true(VKFD_IH_RING_ID(entry.header) & VKFD_FAULT_RING_NOT_PRESENT);
	fake_map_ram(&bench->drv, bench->root, FAKE_HOLE_VA, FAKE_DATA + 0x1000, 4096);
	assert_int_equal(ack_page(bench, FAKE_HOLE_VA), VKFD_KIQ_OK);
	fake_sleep_us(10000);
	assert_int_equal(*data32(bench, 0), 0);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_FAULTS_NORETRY), 1);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
}

static void unmap_of_parked_and_polling_queues_returns(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct fake_compute_queue other = fake_cq(bench, 1, VKFD_QUEUE_PM4);
	struct vkfd_ih_entry entry;

	for (u32 i = 0; i < 20; i++) {
		if (i)
			assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
		assert_int_equal(fake_cq_map(&other), VKFD_KIQ_OK);
		RUN(&bench->queue, WRITE1(FAKE_HOLE_VA, 1));
		RUN(&other, WAIT_MEM, WAIT_EQUAL, ADDR(DATA(0)), 1, ~0u, 4);
		assert_true(fake_ih_next(&bench->drv, &entry, 2000));
		assert_int_equal(fake_cq_unmap(&other), VKFD_KIQ_OK);
		assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	}
}

/* --- scheduling ------------------------------------------------------------ */

static void suspended_queue_keeps_state_and_doorbell(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct vkfd_kiq_cmd null_ring = fake_cq_cmd(&bench->queue, VKFD_KIQ_QUEUE_UPDATE);

	/* In the middle of an IB and of a poll. */
	put(bench, 0x1000, (u32[]){ WAIT_MEM, WAIT_EQUAL, ADDR(DATA(0)), 1, ~0u, 4,
				    WRITE1(DATA(4), 1) }, 12);
	RUN(&bench->queue, IB, ADDR(DATA(0x1000)), 12 | 1 << 23);
	fake_sleep_us(2000);
	null_ring.queue.percent = 0;
	null_ring.queue.ring = null_ring.queue.ring_bytes = 0;
	assert_int_equal(fake_kiq(&bench->drv, &null_ring), VKFD_KIQ_OK);
	*data32(bench, 0) = 1;
	RUN(&bench->queue, WRITE1(DATA(8), 1));
	fake_sleep_us(10000);
	assert_int_equal(*data32(bench, 4), 0);
	assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
	assert_true(fake_wait32(data32(bench, 8), 1));
	assert_int_equal(*data32(bench, 4), 1);
}

static void suspend_and_resume_under_load_stay_exact(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u32 add[] = { ATOMIC_MEM, 15, ADDR(DATA(0)), 1, 0, 0, 0, 0 };
	u32 sent = 0;

	for (u32 round = 0; round < 300; round++) {
		for (u32 i = 0; i < 8; i++, sent++)
			fake_cq_emit(&bench->queue, add, COUNT(add));
		fake_cq_submit(&bench->queue);
		assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
		assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
		assert_true(fake_cq_idle(&bench->queue));
	}
	assert_int_equal(*data32(bench, 0), sent);
}

#define MANY 65u

/* More queues than hardware slots; half of them poll for ever. */
static void many_queues_all_progress(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct fake_compute_queue queue[MANY];

	for (u32 n = 0; n < MANY; n++) {
		queue[n] = fake_cq(bench, n + 1, VKFD_QUEUE_PM4);
		assert_int_equal(fake_cq_map(&queue[n]), VKFD_KIQ_OK);
		if (n & 1)
			RUN(&queue[n], WAIT_MEM, WAIT_EQUAL, ADDR(DATA(0)), 1, ~0u, 4);
	}
	for (u32 i = 1; i <= 10; i++) {
		for (u32 n = 0; n < MANY; n += 2)
			RUN(&queue[n], WRITE1(DATA(0x100 + n * 4), i));
		for (u32 n = 0; n < MANY; n += 2)
			assert_true(fake_wait32(data32(bench, 0x100 + n * 4), i));
	}
	for (u32 n = 0; n < MANY; n++)
		assert_int_equal(fake_cq_unmap(&queue[n]), VKFD_KIQ_OK);
}

static void reset_drops_queues(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, WAIT_MEM, WAIT_EQUAL, ADDR(DATA(0)), 1, ~0u, 4);
	gpu_reset(bench->drv.gpu);
	fake_driver_start(&bench->drv);
	assert_int_equal(fake_ctx_set(&bench->drv, FAKE_CTX, FAKE_PASID, 0, bench->root), 0);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_BAD_QUEUE);
	assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
	RUN(&bench->queue, WRITE1(DATA(4), 1));
	assert_true(fake_wait32(data32(bench, 4), 1));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define RETRY(name) cmocka_unit_test_setup_teardown(name, setup_retry, teardown)
#define SEEDED(name) cmocka_unit_test_setup_teardown(name, setup_seeded, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rptr_wraps_with_ring_wptr_does_not),
		CASE(two_doorbells_before_processing_lose_nothing),
		CASE(incomplete_packet_waits_for_its_rest),
		CASE(wptr_beyond_ring_stops_queue),
		CASE(mapping_with_resume_goes_on_where_memory_says),
		CASE(gpu_store_rings_compute_doorbell),
		RETRY(missing_page_parks_until_acknowledged),
		RETRY(every_page_of_a_queue_may_be_missing),
		SEEDED(every_page_of_a_queue_may_be_missing),
		CASE(missing_page_without_retry_halts_queue),
		RETRY(unmap_of_parked_and_polling_queues_returns),
		CASE(suspended_queue_keeps_state_and_doorbell),
		CASE(suspend_and_resume_under_load_stay_exact),
		SEEDED(suspend_and_resume_under_load_stay_exact),
		CASE(many_queues_all_progress),
		SEEDED(many_queues_all_progress),
		CASE(reset_drops_queues),
	};

	return cmocka_run_group_tests_name("pm4_queue", tests, NULL, NULL);
}
