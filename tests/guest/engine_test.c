// SPDX-License-Identifier: MIT
/*
 * The driver's own engine and its life: copies through the GART windows, the
 * device's counters, and a GPU that is taken away from processes that use it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

/* Reads debugfs @file of the first GPU into @text. */
static void driver_read(const char *file, char *text, size_t bytes)
{
	struct kfd_node nodes[MAX_GPUS];
	char path[160];
	ssize_t got, len = 0;
	int fd;

	assert_true(kfd_nodes(nodes) > 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/%s", nodes[0].gpu_id, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_test("%s: %s", path, strerror(errno));
	while ((got = read(fd, text + len, bytes - 1 - (size_t)len)) > 0)
		len += got;
	close(fd);
	text[len] = 0;
}

/* "bind" or "unbind" for the driver of the GPU at PCI address @pci. */
static void driver_bind(const char *what, const char *pci)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vkfd/%s", what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail_test("%s: %s", path, strerror(errno));
	if (write(fd, pci, strlen(pci)) < 0)
		fail_test("%s %s: %s", what, pci, strerror(errno));
	close(fd);
}

static void selftest_expect_all_ok(void)
{
	char text[4096];

	driver_read("selftest", text, sizeof(text));
	print_message("%s", text);
	assert_null(strstr(text, "FAILED"));
	assert_non_null(strstr(text, "ok scattered_to_contiguous"));
	assert_non_null(strstr(text, "ok scattered_to_scattered"));
	assert_non_null(strstr(text, "ok vram_to_vram"));
	assert_non_null(strstr(text, "\n0 failed"));
}

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
		driver_bind("unbind", nodes[0].pci);
		driver_bind("bind", nodes[0].pci);
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
	driver_bind("unbind", nodes[0].pci);
	pattern_check(p, HUGE_BYTES, 17);
	assert_true(gpu_prefetch(&s, p, HUGE_BYTES, true) < 0);
	memset(p, 18, HUGE_BYTES);
	assert_in_ram(p, HUGE_BYTES);
	driver_bind("bind", nodes[0].pci);
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
	driver_bind("unbind", nodes[0].pci);
	pattern_check(p, HUGE_BYTES, 19);
	driver_bind("bind", nodes[0].pci);
	selftest_expect_all_ok();
}

static const struct guest_test tests[] = {
	TEST(selftest_copies_scattered_pages_without_a_wrong_byte),
	TEST(completion_interrupts_are_neither_lost_nor_forged),
	TEST_TAGS(gpu_comes_back_after_unbind_and_bind, "fresh"),
	TEST_TAGS(unbind_under_a_live_queue_gives_pages_back, "fresh"),
	TEST_TAGS(unbind_while_a_fault_is_served_ends_cleanly, "fresh kernel=debug"),
};
HARNESS_MAIN(tests)
