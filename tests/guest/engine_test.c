// SPDX-License-Identifier: MIT
/*
 * The driver's own engine and its life: copies through the GART windows, the
 * device's counters, and a GPU that is taken away from processes that use it.
 */
#include <errno.h>
#include <string.h>

#include "gpu.h"
#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

static void selftest_copies_scattered_pages_without_a_wrong_byte(int arg)
{
	u64 read_before = device_stat(0, VKFD_STAT_SYSTEM_READ_BYTES);

	selftest_expect_all_ok();
	/* The device itself saw the pages go by. */
	assert_true(device_stat(0, VKFD_STAT_SYSTEM_READ_BYTES) - read_before >= 8 * MIB);
}

static void completion_interrupts_are_neither_lost_nor_forged(int arg)
{
	u64 entries = driver_stat(0, "errors", "ih_entries");

	selftest_expect_all_ok();
	assert_int_equal(driver_stat(0, "errors", "ih_forged"), 0);
	assert_true(wait_until(driver_stat(0, "errors", "ih_entries") > entries, 5000));
}

static void gpu_comes_back_after_unbind_and_bind(int arg)
{
	struct kfd_node nodes[MAX_GPUS];

	assert_true(kfd_nodes(nodes) > 0);
	for (int i = 0; i < 5; i++) {
		driver_unbind(nodes[0].pci);
		driver_bind(nodes[0].pci);
	}
	selftest_expect_all_ok();
}

/* Queue, SVM pages in VRAM and a buffer are live when the GPU goes. */
static void unbind_under_a_live_queue_gives_pages_back(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	struct session s;
	struct sdma q;
	char *p;

	assert_true(kfd_nodes(nodes) > 0);
	session_start(&s, true);
	sdma_create(&q, &s, 0);
	vram_alloc(&s, HUGE_BYTES);
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 17);
	assert_ok(gpu_prefetch(&s, p, HUGE_BYTES, true));
	assert_in_vram(p, HUGE_BYTES);
	driver_unbind(nodes[0].pci);
	pattern_check(p, HUGE_BYTES, 17);
	assert_true(gpu_prefetch(&s, p, HUGE_BYTES, true) < 0);
	memset(p, 18, HUGE_BYTES);
	assert_in_ram(p, HUGE_BYTES);
	driver_bind(nodes[0].pci);
	selftest_expect_all_ok();
}

/*
 * The worker of a fault is held up in the middle (stall_collect) when its
 * process loses the GPU: teardown must wait for it. What it would touch
 * otherwise is freed memory, which only the debug kernel sees.
 */
static void unbind_while_a_fault_is_served_ends_cleanly(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	struct session s;
	struct sdma q;
	u64 waited;
	char *p;

	assert_true(kfd_nodes(nodes) > 0);
	session_start(&s, true);
	sdma_create(&q, &s, 0);
	sdma_run(&q);
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 19);
	waited = driver_stat(0, "stall_collect", "waited");
	driver_poke(0, "stall_collect", "1");
	sdma_write1(&q, p, 1);
	sdma_submit(&q);
	assert_true(wait_until(driver_stat(0, "stall_collect", "waited") == waited + 1, 3000));
	driver_unbind(nodes[0].pci);
	pattern_check(p, HUGE_BYTES, 19);
	driver_bind(nodes[0].pci);
	selftest_expect_all_ok();
}

static const struct guest_test tests[] = {
	TEST(selftest_copies_scattered_pages_without_a_wrong_byte),
	TEST(completion_interrupts_are_neither_lost_nor_forged),
	TEST(gpu_comes_back_after_unbind_and_bind),
	TEST(unbind_under_a_live_queue_gives_pages_back),
	TEST_TAGS(unbind_while_a_fault_is_served_ends_cleanly, "kernel=debug"),
};
HARNESS_MAIN(tests)
