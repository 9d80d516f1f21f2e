// SPDX-License-Identifier: MIT
/* Queues that are written to VRAM and taken back, with a reset between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cp/fake_kernels.h"

#define FENCE	0x8000u
#define AREA	(8u << 20)
#define ROOM	(16u << 20)
#define CYCLES	60u

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

static int teardown(void **state)
{
	fake_compute_stop(*state);
	return 0;
}

static u32 area_command(struct fake_compute *bench, enum vkfd_kiq_op op, u64 at, u64 bytes)
{
	struct vkfd_kiq_cmd cmd = { .op = op, .area = { .vram = at, .bytes = bytes } };

	return fake_kiq(&bench->drv, &cmd);
}

static u64 *area(struct fake_compute *bench)
{
	return (u64 *)(void *)(bench->drv.bar0 + AREA);
}

/* As a machine that sleeps: tables and the area survive, for the driver brought them back. */
static void power_cycle(struct fake_compute *bench, u32 flags)
{
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, ROOM), VKFD_KIQ_OK);
	gpu_reset(bench->drv.gpu);
	fake_driver_start(&bench->drv);
	assert_int_equal(fake_ctx_set(&bench->drv, FAKE_CTX, FAKE_PASID, flags, bench->root),
			 VKFD_KIQ_OK);
	assert_int_equal(area_command(bench, VKFD_KIQ_LOAD, AREA, ROOM), VKFD_KIQ_OK);
}

static void cycle(struct fake_compute *bench, u32 flags)
{
	assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
	power_cycle(bench, flags);
	assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
}

/* Waves, groups that wait for room, launches behind them: nothing is lost, nothing twice. */
static void saved_waves_stay_exact(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_iterate), DATA(0),
					   .dim = { 300 }, .threads = { 192 });
	u32 cycles = 0, launches = 0;

	while (cycles < CYCLES) {
		fake_launch(&bench->queue, &launch);
		fake_launch(&bench->queue, &launch);
		launches += 2;
		fake_fence(&bench->queue, FENCE, launches);
		fake_cq_submit(&bench->queue);
		for (; *data32(bench, FENCE) != launches && cycles < CYCLES; cycles++)
			cycle(bench, 0);
		for (u32 i = 0; i < 20 && *data32(bench, FENCE) != launches; i++)
			fake_wait32(data32(bench, FENCE), launches);
		assert_int_equal(*data32(bench, FENCE), launches);
		assert_int_equal(*data32(bench, 0), launches * 300 * 192 * ITERATIONS);
	}
}

/* What waited for a page is told anew, and one answer is enough. */
static void saved_faults_are_reported_again(void **state)
{
	struct fake_compute *bench = *state;
	struct fake_launch launch = LAUNCH(CODE(bench, 0, kernel_count), FAKE_HOLE_VA,
					   .dim = { 4 }, .threads = { 64 });
	struct vkfd_ih_entry entry;

	fake_launch(&bench->queue, &launch);
	fake_fence(&bench->queue, FENCE, 1);
	fake_cq_submit(&bench->queue);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(fault_va(&entry), FAKE_HOLE_VA);
	cycle(bench, VKFD_CTX_RETRY);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(fault_va(&entry), FAKE_HOLE_VA);
	fake_map_ram(&bench->drv, bench->root, FAKE_HOLE_VA, FAKE_DATA + 0x10000, 4096);
	assert_int_equal(ack_page(bench, FAKE_HOLE_VA), VKFD_KIQ_OK);
	assert_true(fake_wait32(data32(bench, FENCE), 1));
	assert_int_equal(*data32(bench, 0x10000), 4 * 64);
}

static void running_queues_are_not_saved(void **state)
{
	struct fake_compute *bench = *state;

	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, ROOM), VKFD_KIQ_BUSY);
}

static void small_area_says_what_is_needed(void **state)
{
	struct fake_compute *bench = *state;
	u64 needed;

	assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
	area(bench)[1] = 0x5555;
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, 8), VKFD_KIQ_NO_ROOM);
	needed = area(bench)[0];
	assert_int_equal(area(bench)[1], 0x5555);
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, needed - 1), VKFD_KIQ_NO_ROOM);
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, needed), VKFD_KIQ_OK);
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, 7), VKFD_KIQ_BAD_RANGE);
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA + 4, ROOM), VKFD_KIQ_BAD_RANGE);
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, FAKE_VRAM_BYTES), VKFD_KIQ_BAD_RANGE);
	assert_int_equal(area_command(bench, VKFD_KIQ_LOAD, ~7ULL, 64), VKFD_KIQ_BAD_RANGE);
}

/* Whoever has the bytes in hand cannot make others of them. */
static void only_what_was_saved_is_loaded(void **state)
{
	struct fake_compute *bench = *state;
	u64 needed;

	assert_int_equal(area_command(bench, VKFD_KIQ_LOAD, AREA, ROOM), VKFD_KIQ_BAD_SAVE);
	assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
	assert_int_equal(area_command(bench, VKFD_KIQ_SAVE, AREA, ROOM), VKFD_KIQ_OK);
	/* The queue is there. */
	assert_int_equal(area_command(bench, VKFD_KIQ_LOAD, AREA, ROOM), VKFD_KIQ_BAD_QUEUE);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	needed = area(bench)[0];
	for (u64 at = 0; at < needed; at += at < 64 ? 1 : needed / 50) {
		bench->drv.bar0[AREA + at] ^= 0x10;
		assert_int_equal(area_command(bench, VKFD_KIQ_LOAD, AREA, ROOM), VKFD_KIQ_BAD_SAVE);
		bench->drv.bar0[AREA + at] ^= 0x10;
	}
	assert_int_equal(area_command(bench, VKFD_KIQ_LOAD, AREA, needed - 8), VKFD_KIQ_BAD_SAVE);
	assert_int_equal(area_command(bench, VKFD_KIQ_LOAD, AREA, ROOM), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
	RUN(&bench->queue, WRITE1(DATA(0), 7));
	assert_true(fake_wait32(data32(bench, 0), 7));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define RETRY(test) cmocka_unit_test_setup_teardown(test, setup_retry, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(saved_waves_stay_exact),
		RETRY(saved_faults_are_reported_again),
		CASE(running_queues_are_not_saved),
		CASE(small_area_says_what_is_needed),
		CASE(only_what_was_saved_is_loaded),
	};

	return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
