// SPDX-License-Identifier: MIT
/* Kernels from PM4 queues: launches, order, sharing, preemption, faults, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>
#include "cp/fake_kernels.h"

#define FENCE 0x8000u

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
	*state = fake_compute_start(VKFD_CTX_RETRY, 99);
	return 0;
}

static int teardown(void **state)
{
	fake_compute_stop(*state);
	return 0;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Launches, fences, waits. */
static void run(struct fake_compute *bench, struct fake_compute_queue *queue,
		const struct fake_launch *launch)
{
	static u32 value;

	fake_launch(queue, launch);
	fake_fence(queue, FENCE, ++value);
	fake_cq_submit(queue);
	assert_true(fake_wait32(data32(bench, FENCE), value));
}

static void start(struct fake_compute_queue *queue, const struct fake_launch *launch)
{
	fake_launch(queue, launch);
	fake_cq_submit(queue);
}

static void every_item_of_every_group_runs_once(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_store), DATA(0),
					    .dim = { 100 }, .threads = { 64 });

	run(bench, &bench->queue, &launch);
	for (u32 group = 0; group < 100; group++) {
		for (u32 item = 0; item < 64; item++)
			assert_int_equal(data32(bench, 0)[group * 64 + item], group << 16 | item);
	}
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_DISPATCHES), 1);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_GROUPS), 100);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_WAVES), 100);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_INSTRUCTIONS), 800);
}

static void dimensions_in_threads_leave_a_partial_group(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), DATA(0),
					    .dim = { 70, 3, 5 }, .threads = { 32, 2, 4 }, .initiator = 0x20);

	run(bench, &bench->queue, &launch);
	assert_int_equal(*data32(bench, 0), 70 * 3 * 5);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_GROUPS), 3 * 2 * 2);
}

static void partial_size_of_register_cuts_last_group(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), DATA(0),
					    .dim = { 3 }, .threads = { 64 | 5 << 16 }, .initiator = 2);

	run(bench, &bench->queue, &launch);
	assert_int_equal(*data32(bench, 0), 64 + 64 + 5);
}

static void start_leaves_out_groups_below_it(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_store), DATA(0),
					    .dim = { 5 }, .threads = { 64 }, .start = 3);

	run(bench, &bench->queue, &launch);
	assert_int_equal(data32(bench, 0)[2 * 64 + 1], 0);
	assert_int_equal(data32(bench, 0)[3 * 64 + 1], 3 << 16 | 1);
	assert_int_equal(data32(bench, 0)[4 * 64 + 1], 4 << 16 | 1);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_GROUPS), 2);
	/* FORCE_START_AT_000 */
	launch.initiator = 4;
	run(bench, &bench->queue, &launch);
	assert_int_equal(data32(bench, 0)[2 * 64 + 1], 2 << 16 | 1);
}

static void empty_launches_pass(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), DATA(0),
					    .dim = { 0 }, .threads = { 64 });

	run(bench, &bench->queue, &launch);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_DISPATCHES), 0);
}

static void release_waits_for_all_launches_before_it(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_iterate), DATA(0),
					    .dim = { 7 }, .threads = { 64 });
	struct vkfd_ih_entry entry;

	for (u32 i = 1; i <= 10; i++) {
		/* More than fit at a time. */
		for (u32 n = 0; n < 20; n++)
			fake_launch(&bench->queue, &launch);
		RUN(&bench->queue, RELEASE_MEM, 0x514, 2u << 24 | 1u << 29, ADDR(DATA(FENCE)), i, 0, i);
		assert_true(fake_ih_next(&bench->drv, &entry, FAKE_TIMEOUT_MS));
		assert_int_equal(*data32(bench, FENCE), i);
		assert_int_equal(*data32(bench, 0), i * 20 * 7 * 64 * ITERATIONS);
	}
}

static void partial_flush_waits_for_launches(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_iterate), DATA(0),
					    .dim = { 9 }, .threads = { 64 });

	fake_launch(&bench->queue, &launch);
	RUN(&bench->queue, EVENT_WRITE, 7 | 4 << 8, COPY_DATA, 1 | 5 << 8, ADDR(DATA(0)),
	    ADDR(DATA(4)), WRITE1(DATA(FENCE), 1));
	assert_true(fake_wait32(data32(bench, FENCE), 1));
	assert_int_equal(*data32(bench, 4), 9 * 64 * ITERATIONS);
}

static void packets_go_on_while_a_launch_runs(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_spin), DATA(0),
					    .dim = { 3 }, .threads = { 64 });

	fake_launch(&bench->queue, &launch);
	RUN(&bench->queue, WRITE1(DATA(8), 1));
	assert_true(fake_wait32(data32(bench, 8), 1));
	/* The same queue satisfies its own kernel. */
	RUN(&bench->queue, WRITE1(DATA(0), 1));
	assert_true(fake_wait32(data32(bench, 4), 3 * 64));
}

static void indirect_dispatch_reads_its_dimensions(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), DATA(0),
					    .dim = { 0 }, .threads = { 64 });

	put(bench, 0x100, (u32[]){ 2, 3, 1 }, 3);
	fake_launch(&bench->queue, &launch);
	fake_cq_emit(&bench->queue, (u32[]){ 0xc0021600, ADDR(DATA(0x100)), 1 }, 4);
	fake_fence(&bench->queue, FENCE, 1);
	fake_cq_submit(&bench->queue);
	assert_true(fake_wait32(data32(bench, FENCE), 1));
	assert_int_equal(*data32(bench, 0), 6 * 64);
}

/* Changed code runs once ACQUIRE_MEM said so. */
static void acquire_mem_forgets_decoded_instructions(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), DATA(0),
					    .dim = { 1 }, .threads = { 1 });
	u32 *two = (u32 *)fake_ram_at(&bench->drv, CODE_RAM(0)) + 1;

	run(bench, &bench->queue, &launch);
	*two = 0x7e020282; /* v_mov_b32 v1, 2 */
	RUN(&bench->queue, ACQUIRE_MEM, 0x28c00000, ~0u, 0xff, 0, 0, 4);
	run(bench, &bench->queue, &launch);
	assert_int_equal(*data32(bench, 0), 3);
}

/* --- many, endless, preempted ---------------------------------------------- */

static void big_grid_is_launched_as_it_runs(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), DATA(0),
					    .dim = { 40000 }, .threads = { 1 });

	run(bench, &bench->queue, &launch);
	assert_int_equal(*data32(bench, 0), 40000);
}

#define OTHERS 30u

/* More endless queues than slots: one that works, SDMA and the KIQ go on. */
static void endless_queues_starve_nobody(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch endless = LAUNCH(CODE(bench, 1, kernel_endless), 0,
					    .dim = { 65536 }, .threads = { 64 });
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_iterate), DATA(0),
					    .dim = { 50 }, .threads = { 64 });
	struct fake_queue sdma = { .drv = &bench->drv, .number = 1, .ctx = FAKE_CTX,
				   .doorbell = 900, .mem = 0x3f0000, .ring_bytes = 4096,
				   .va = FAKE_QUEUE_VA + 0x10000000 };
	struct fake_compute_queue other[OTHERS];

	for (u32 n = 0; n < OTHERS; n++) {
		other[n] = fake_cq(bench, n + 1, VKFD_QUEUE_PM4);
		assert_int_equal(fake_cq_map(&other[n]), VKFD_KIQ_OK);
		start(&other[n], &endless);
	}
	run(bench, &bench->queue, &launch);
	assert_int_equal(*data32(bench, 0), 50 * 64 * ITERATIONS);
	fake_map_ram(&bench->drv, bench->root, sdma.va, sdma.mem, 8192);
	assert_int_equal(fake_queue_map(&sdma, 0), VKFD_KIQ_OK);
	fake_emit(&sdma, (u32[]){ 5, ADDR(DATA(16)), 77 }, 4);
	fake_submit(&sdma);
	assert_true(fake_idle(&sdma));
	assert_int_equal(*data32(bench, 16), 77);
	for (u32 n = 0; n < OTHERS; n++) {
		double before = seconds();

		assert_int_equal(fake_cq_unmap(&other[n]), VKFD_KIQ_OK);
		assert_true(seconds() - before < 1);
	}
}

#define SLEEPERS 20u

/* Nothing but sleepers: hardly an instruction is done. Doorbells and the flag are seen at once. */
static void sleeping_waves_leave_the_threads_idle(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch doze = LAUNCH(CODE(bench, 1, kernel_doze), DATA(0x100),
					 .dim = { SLEEPERS }, .threads = { 64 });
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), DATA(0),
					   .dim = { 50 }, .threads = { 64 });
	struct fake_compute_queue other = fake_cq(bench, 1, VKFD_QUEUE_PM4);
	u64 before, after;

	assert_int_equal(fake_cq_map(&other), VKFD_KIQ_OK);
	*data32(bench, 0x100) = *data32(bench, 0x104) = 0;
	start(&other, &doze);
	fake_sleep_us(30000);
	before = fake_stat(&bench->drv, VKFD_STAT_INSTRUCTIONS);
	fake_sleep_us(100000);
	after = fake_stat(&bench->drv, VKFD_STAT_INSTRUCTIONS);
	assert_true(after > before);
	/* Six instructions a group each POLL_MAX_NS are 24000; busy threads do millions. */
	assert_true(after - before < 100000);
	run(bench, &bench->queue, &launch);
	assert_int_equal(*data32(bench, 0), 50 * 64);
	*data32(bench, 0x100) = 1;
	assert_true(fake_wait32(data32(bench, 0x104), SLEEPERS * 64));
	assert_int_equal(fake_cq_unmap(&other), VKFD_KIQ_OK);
}

static void unmap_of_stuck_waves_returns(void **state)
{
	static const u32 *const code[] = { kernel_endless, kernel_stuck, kernel_spin, kernel_count,
					   kernel_doze };
	static const size_t bytes[] = { sizeof(kernel_endless), sizeof(kernel_stuck),
					sizeof(kernel_spin), sizeof(kernel_count), sizeof(kernel_doze) };
	struct fake_compute *bench = *state;

	for (u32 round = 0; round < 40; round++) {
		u32 kind = round % COUNT(code);
		/* The one that counts faults. */
		struct fake_launch launch = LAUNCH(fake_code(bench, kind, code[kind], bytes[kind]), kind == 3 ? FAKE_HOLE_VA : DATA(0x100),
					    .dim = { 500 }, .threads = { 256 });
		double before;

		start(&bench->queue, &launch);
		fake_sleep_us(round * 500);
		before = seconds();
		assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
		assert_true(seconds() - before < 1);
		assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
	}
}

#define CYCLES 1000u

/* A register that counts, preempted at any instruction: it never misses one. */
static void suspend_and_resume_of_waves_stay_exact(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_iterate), DATA(0),
					    .dim = { 300 }, .threads = { 192 });
	u32 cycles = 0, launches = 0;

	while (cycles < CYCLES) {
		launches++;
		fake_launch(&bench->queue, &launch);
		fake_fence(&bench->queue, FENCE, launches);
		fake_cq_submit(&bench->queue);
		while (*data32(bench, FENCE) != launches && cycles < CYCLES) {
			assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
			assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
			cycles++;
		}
		for (u32 i = 0; i < 20 && *data32(bench, FENCE) != launches; i++)
			fake_wait32(data32(bench, FENCE), launches);
		assert_int_equal(*data32(bench, FENCE), launches);
		assert_int_equal(*data32(bench, 0), launches * 300 * 192 * ITERATIONS);
	}
}

static void suspended_waves_do_nothing(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_spin), DATA(0),
					    .dim = { 4 }, .threads = { 64 });

	start(&bench->queue, &launch);
	fake_sleep_us(5000);
	assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
	*data32(bench, 0) = 1;
	fake_sleep_us(20000);
	assert_int_equal(*data32(bench, 4), 0);
	assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
	assert_true(fake_wait32(data32(bench, 4), 4 * 64));
}

static void context_is_busy_while_waves_run(void **state)
{
	struct vkfd_kiq_cmd busy = { .op = VKFD_KIQ_CTX_BUSY, .ctx.ctx = FAKE_CTX };
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_endless), 0,
					    .dim = { 1 }, .threads = { 64 });

	start(&bench->queue, &launch);
	fake_sleep_us(3000);
	assert_int_equal(fake_kiq(&bench->drv, &busy), VKFD_KIQ_HAS_WORK);
	assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
	assert_int_equal(fake_kiq(&bench->drv, &busy), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
	assert_int_equal(fake_kiq(&bench->drv, &busy), VKFD_KIQ_HAS_WORK);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(fake_kiq(&bench->drv, &busy), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
}

static void reset_with_waves_in_flight(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_endless), 0,
					    .dim = { 1000 }, .threads = { 64 });

	start(&bench->queue, &launch);
	fake_sleep_us(3000);
	gpu_reset(bench->drv.gpu);
}

/* --- faults ------------------------------------------------------------------ */

static void faulting_waves_report_a_page_once_and_replay(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), FAKE_HOLE_VA,
					    .dim = { 40 }, .threads = { 64 });
	struct vkfd_ih_entry entry;

	fake_launch(&bench->queue, &launch);
	fake_fence(&bench->queue, FENCE, 1);
	fake_cq_submit(&bench->queue);
	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	assert_true(fault_va(&entry) == FAKE_HOLE_VA);
	assert_int_equal(entry.data[1] & ~0xfu,
			 VKFD_FAULT_RETRY | VKFD_FAULT_WRITE | VKFD_FAULT_READ);
	assert_int_equal(entry.data[3], bench->queue.number);
	assert_false(fake_ih_next(&bench->drv, &entry, 50));
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_WAVE_FAULTS), 40);
	/* In vain, then for good. */
	assert_int_equal(ack_page(bench, FAKE_HOLE_VA), VKFD_KIQ_OK);
	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	fake_map_ram(&bench->drv, bench->root, FAKE_HOLE_VA, FAKE_DATA + 0x1000, 4096);
	assert_int_equal(ack_page(bench, FAKE_HOLE_VA), VKFD_KIQ_OK);
	assert_true(fake_wait32(data32(bench, FENCE), 1));
	assert_int_equal(*data32(bench, 0x1000), 40 * 64);
}

/*
 * Each lane of 12 waves misses a page: four waves fill the slots for reports, the others
 * get them as they come free. Each page is reported once.
 */
static void more_missing_pages_than_report_slots(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_touch_lanes), FAKE_HOLE_VA,
					    .dim = { 12 }, .threads = { 64 });
	const u32 pages = 12 * 64;
	struct vkfd_ih_entry entry;
	u32 served = 0;

	fake_launch(&bench->queue, &launch);
	fake_fence(&bench->queue, FENCE, 1);
	fake_cq_submit(&bench->queue);
	while (*data32(bench, FENCE) != 1) {
		u64 va;

		if (!fake_ih_next(&bench->drv, &entry, 20))
			continue;
		va = fault_va(&entry);
		served++;
		fake_map_ram(&bench->drv, bench->root, va,
			     FAKE_DATA + 0x400000 + (va - FAKE_HOLE_VA), 4096);
		assert_int_equal(ack_page(bench, va), VKFD_KIQ_OK);
	}
	assert_int_equal(served, pages);
	for (u32 i = 0; i < pages; i++)
		assert_int_equal(data32(bench, 0x400000)[i * 1024], i + 1);
}

/* Code and data come page by page, in any order, flushes between. */
static void fault_storm_over_many_pages_is_exact(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE_VA(20), FAKE_HOLE_VA,
					    .dim = { 2048 }, .threads = { 64 });
	const u32 pages = 2048 * 256 / 4096;
	struct vkfd_ih_entry entry;
	u32 served = 0;

	memcpy(fake_ram_at(&bench->drv, CODE_RAM(20)), kernel_store, sizeof(kernel_store));
	fake_launch(&bench->queue, &launch);
	fake_fence(&bench->queue, FENCE, 1);
	fake_cq_submit(&bench->queue);
	while (*data32(bench, FENCE) != 1) {
		u64 va;

		if (!fake_ih_next(&bench->drv, &entry, 20))
			continue;
		va = fault_va(&entry);
		served++;
		if (va == CODE_VA(20)) {
			assert_true(entry.data[1] & VKFD_FAULT_EXECUTE);
			CODE(bench, 20, kernel_store);
		} else {
			fake_map_ram(&bench->drv, bench->root, va,
				     FAKE_DATA + 0x400000 + (va - FAKE_HOLE_VA), 4096);
		}
		if (served % 3 == 0)
			fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, FAKE_CTX, 0, ~0xfffULL);
		assert_int_equal(ack_page(bench, va), VKFD_KIQ_OK);
	}
	assert_int_equal(served, pages + 1);
	for (u32 i = 0; i < 2048 * 64; i++)
		assert_int_equal(data32(bench, 0x400000)[i], (i / 64) << 16 | i % 64);
}

static void fault_without_retry_halts_queue(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), FAKE_HOLE_VA,
					    .dim = { 100 }, .threads = { 64 });
	struct fake_compute_queue other = fake_cq(bench, 1, VKFD_QUEUE_PM4);
	struct vkfd_ih_entry entry;

	start(&bench->queue, &launch);
	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_VM_FAULT);
	assert_true(fault_va(&entry) == FAKE_HOLE_VA);
	assert_int_equal(entry.data[1] & ~0xfu, VKFD_FAULT_WRITE | VKFD_FAULT_READ);
	assert_false(fake_ih_next(&bench->drv, &entry, 30));
	launch.data = DATA(0);
	assert_int_equal(fake_cq_map(&other), VKFD_KIQ_OK);
	run(bench, &other, &launch);
	assert_int_equal(*data32(bench, 0), 6400);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
}

/* --- errors -------------------------------------------------------------------- */

/* The launch stops its queue with one interrupt; the next queue life works. */
static void expect_stop(struct fake_compute *bench, const struct fake_launch *launch,
			struct vkfd_ih_entry *entry)
{
	struct fake_launch good = LAUNCH(CODE(bench, 9, kernel_count), DATA(0x20),
					    .dim = { 1 }, .threads = { 1 });
	struct vkfd_ih_entry more;

	start(&bench->queue, launch);
	assert_true(fake_ih_next(&bench->drv, entry, 2000));
	assert_int_equal(VKFD_IH_CLIENT(entry->header), VKFD_IH_CLIENT_CP);
	assert_int_equal(VKFD_IH_SOURCE(entry->header), VKFD_IH_SRC_BAD_OPCODE);
	assert_int_equal(entry->data[0] & 0x3ff, bench->queue.doorbell);
	assert_int_equal(entry->data[2], bench->queue.number);
	assert_false(fake_ih_next(&bench->drv, &more, 20));
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
	run(bench, &bench->queue, &good);
}

static void illegal_instruction_is_named(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_illegal), 0,
					    .dim = { 100 }, .threads = { 64 });
	struct vkfd_ih_entry entry;
	u32 lines = bench->drv.log_lines;

	expect_stop(bench, &launch, &entry);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_ILLEGAL);
	assert_int_equal(entry.data[1], 0xc4000000);
	assert_int_equal(entry.data[3], VKFD_QERR_ILLEGAL);
	assert_int_equal(bench->drv.log_lines - lines, 2);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_WAVE_ERRORS), 1);
}

static void aperture_violation_stops_queue(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_aperture), 0,
					    .dim = { 10 }, .threads = { 64 });
	struct vkfd_ih_entry entry;

	expect_stop(bench, &launch, &entry);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_APERTURE);
	assert_int_equal(entry.data[1], 0x800000);
	assert_int_equal(entry.data[3], VKFD_QERR_APERTURE);
}

static void trap_stops_queue_debug_trap_does_not(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_trap), 0,
					    .dim = { 10 }, .threads = { 64 }, .rsrc2 = 1 << 6);
	struct fake_launch debug = LAUNCH(CODE(bench, 1, kernel_debug_trap), DATA(0),
					    .dim = { 10 }, .threads = { 64 }, .rsrc2 = 1 << 6);
	struct vkfd_ih_entry entry;

	expect_stop(bench, &launch, &entry);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_WAVE_ABORT);
	assert_int_equal(entry.data[1], 2);
	assert_int_equal(entry.data[3], VKFD_QERR_TRAP);
	run(bench, &bench->queue, &debug);
	assert_int_equal(*data32(bench, 0), 640);
	/* Without a handler a trap is nothing. */
	launch.rsrc2 = 0;
	run(bench, &bench->queue, &launch);
}

static void message_raises_interrupt_with_payload(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_message), 0,
					    .dim = { 300 }, .threads = { 1 });
	struct vkfd_ih_entry entry;

	start(&bench->queue, &launch);
	/* More than the ring holds: waves wait for room. */
	for (u32 i = 0; i < 300; i++) {
		assert_true(fake_ih_next(&bench->drv, &entry, 2000));
		assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_CP);
		assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_SQ_MESSAGE);
		assert_int_equal(entry.data[0], 0x123456);
	}
	assert_false(fake_ih_next(&bench->drv, &entry, 20));
}

static void impossible_launches_stop_queue(void **state)
{
	static const struct {
		struct fake_launch launch;
		u32 code;
	} bad[] = {
		{ { .dim = { 1 }, .threads = { 1025 } }, VKFD_EC_DISPATCH_GROUP_SIZE },
		{ { .dim = { 1 }, .threads = { 1024, 2 } }, VKFD_EC_DISPATCH_GROUP_SIZE },
		{ { .dim = { 1 }, .threads = { 5 << 16 } }, VKFD_EC_DISPATCH_GROUP_SIZE },
		{ { .dim = { 1 }, .threads = { 64 }, .rsrc2 = 129u << 15 }, VKFD_EC_DISPATCH_LDS },
		{ { .dim = { 1 }, .threads = { 1024 }, .rsrc1 = 16 }, VKFD_EC_DISPATCH_REGISTERS },
		{ { .dim = { 1 }, .threads = { 128 }, .rsrc2 = 1, .tmpring = 1 },
		  VKFD_EC_DISPATCH_REGISTERS },
		{ { .dim = { ~0u, ~0u, ~0u }, .threads = { 1 } }, VKFD_EC_DISPATCH_DIM },
	};
	struct fake_compute *bench = *state;
	struct vkfd_ih_entry entry;

	for (u32 i = 0; i < COUNT(bad); i++) {
		expect_stop(bench, &bad[i].launch, &entry);
		assert_int_equal(entry.data[0] >> 10, bad[i].code);
		assert_int_equal(entry.data[3], VKFD_QERR_DISPATCH);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define RETRY(name) cmocka_unit_test_setup_teardown(name, setup_retry, teardown)
#define SEEDED(name) cmocka_unit_test_setup_teardown(name, setup_seeded, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_item_of_every_group_runs_once),
		SEEDED(every_item_of_every_group_runs_once),
		CASE(dimensions_in_threads_leave_a_partial_group),
		CASE(partial_size_of_register_cuts_last_group),
		CASE(start_leaves_out_groups_below_it),
		CASE(empty_launches_pass),
		CASE(release_waits_for_all_launches_before_it),
		SEEDED(release_waits_for_all_launches_before_it),
		CASE(partial_flush_waits_for_launches),
		CASE(packets_go_on_while_a_launch_runs),
		CASE(indirect_dispatch_reads_its_dimensions),
		CASE(acquire_mem_forgets_decoded_instructions),
		CASE(big_grid_is_launched_as_it_runs),
		CASE(endless_queues_starve_nobody),
		CASE(sleeping_waves_leave_the_threads_idle),
		RETRY(unmap_of_stuck_waves_returns),
		CASE(suspend_and_resume_of_waves_stay_exact),
		CASE(suspended_waves_do_nothing),
		CASE(context_is_busy_while_waves_run),
		CASE(reset_with_waves_in_flight),
		RETRY(faulting_waves_report_a_page_once_and_replay),
		RETRY(more_missing_pages_than_report_slots),
		RETRY(fault_storm_over_many_pages_is_exact),
		SEEDED(fault_storm_over_many_pages_is_exact),
		CASE(fault_without_retry_halts_queue),
		CASE(illegal_instruction_is_named),
		CASE(aperture_violation_stops_queue),
		CASE(trap_stops_queue_debug_trap_does_not),
		CASE(message_raises_interrupt_with_payload),
		CASE(impossible_launches_stop_queue),
	};

	return cmocka_run_group_tests_name("shader", tests, NULL, NULL);
}
