// SPDX-License-Identifier: MIT
/* After everything: VRAM, device pages, buffers and page tables are back at zero. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

static u64 vram_stat(const char *name)
{
	return driver_stat(0, "vram", name);
}

/* What a device that nobody uses must show. */
static void assert_all_given_back(u64 used_before)
{
	if (!wait_until(!vram_stat("svm_bos") && !vram_stat("bos") && vram_stat("used") <= used_before, 10000))
		fail_test("left behind: svm_bos %llu, svm bytes %llu, bos %llu, used %llu (before %llu), tables %llu",
			  (unsigned long long)vram_stat("svm_bos"), (unsigned long long)vram_stat("svm"),
			  (unsigned long long)vram_stat("bos"), (unsigned long long)vram_stat("used"),
			  (unsigned long long)used_before, (unsigned long long)vram_stat("tables"));
}

static void munmap_gives_svm_vram_back_at_once(int xnack)
{
	const size_t bytes = 8 * HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = mm_map_huge(bytes);
	memset(p, 1, bytes);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_range(vram_stat("svm"), bytes, bytes + 16 * MIB);
	mm_unmap(p, bytes);
	assert_true(wait_until(!vram_stat("svm") && !vram_stat("svm_bos"), 5000));
}

/* Bytes of VRAM that sysfs says this process has. */
static u64 own_vram(struct session *s)
{
	unsigned long long bytes;
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/kfd/kfd/proc/%d/vram_%u", getpid(), s->gpu[0].gpu_id);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &bytes) != 1)
		fail_test("%s cannot be read", path);
	fclose(f);
	return bytes;
}

static void sysfs_counts_buffers_and_svm_memory(int xnack)
{
	struct session s;
	void *buffer;
	char *p;
	u64 none;

	session_start(&s, xnack);
	none = own_vram(&s);
	p = mm_map_huge(2 * HUGE_BYTES);
	memset(p, 1, 2 * HUGE_BYTES);
	gpu_access(&s, p, 2 * HUGE_BYTES);
	assert_ok(gpu_prefetch(&s, p, 2 * HUGE_BYTES, true));
	assert_int_equal(own_vram(&s), none + 2 * HUGE_BYTES);
	buffer = vram_alloc(&s, HUGE_BYTES);
	assert_int_equal(own_vram(&s), none + 3 * HUGE_BYTES);
	assert_ok(gpu_prefetch(&s, p, HUGE_BYTES, false));
	assert_true(wait_until(own_vram(&s) == none + 2 * HUGE_BYTES, 5000));
	buffer_free(buffer, HUGE_BYTES);
	assert_int_equal(own_vram(&s), none + HUGE_BYTES);
	mm_unmap(p, 2 * HUGE_BYTES);
	assert_true(wait_until(own_vram(&s) == none, 5000));
}

static void last_page_back_in_ram_gives_svm_vram_back(int xnack)
{
	const size_t bytes = 4 * HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = mm_map_small(bytes);
	memset(p, 1, bytes);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	for (size_t at = 0; at < bytes; at += PAGE)
		assert_int_equal(*(volatile char *)(p + at), 1);
	assert_in_ram(p, bytes);
	assert_true(wait_until(!vram_stat("svm") && !vram_stat("svm_bos"), 5000));
}

static void prefetch_back_gives_svm_vram_back(int xnack)
{
	const size_t bytes = 4 * HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = mm_map_huge(bytes);
	memset(p, 1, bytes);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_ok(gpu_prefetch(&s, p, bytes, false));
	assert_true(wait_until(!vram_stat("svm") && !vram_stat("svm_bos"), 5000));
}

static void evict_file_sends_everything_to_ram(int xnack)
{
	const size_t bytes = 4 * HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = mm_map_huge(bytes);
	pattern_fill(p, bytes, 80);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	driver_poke(0, "evict", "1");
	assert_in_ram(p, bytes);
	pattern_check(p, bytes, 80);
	assert_true(wait_until(!vram_stat("svm_bos"), 5000));
}

/* A bit of everything a process can own. */
static int user_of_everything(struct child *c, void *arg)
{
	int xnack = *(int *)arg;
	struct session s;
	struct sdma q[3];
	char *p, *vram;

	child_expect(session_try_start(&s, xnack & 1));
	for (int i = 0; i < 3; i++)
		sdma_create(&q[i], &s, 0);
	vram = vram_alloc(&s, 3 * MIB);
	signal_event(&s);
	memory_event(&s);
	p = mm_map_small(4 * HUGE_BYTES);
	memset(p, 1, HUGE_BYTES);
	gpu_access(&s, p, 4 * HUGE_BYTES);
	child_expect(!gpu_prefetch(&s, p + PAGE, 2 * HUGE_BYTES, true));
	munmap(p + 10 * PAGE, 3 * PAGE);
	sdma_copy(&q[0], vram, p, 5 * PAGE);
	child_expect(sdma_wait(&q[0], sdma_submit(&q[0]), SDMA_MS));
	sdma_fill(&q[1], p + HUGE_BYTES, 5, HUGE_BYTES);
	sdma_submit(&q[1]);
	child_tell(c, 'x');
	/* The queue may still run; nothing is freed, destroyed or unmapped. */
	if (xnack & 2)
		child_hear(c, 'n');
	return 0;
}

static void exit_gives_everything_back(int xnack)
{
	u64 used = vram_stat("used");
	struct child c;

	for (int i = 0; i < 3; i++) {
		child_start(&c, user_of_everything, &xnack);
		assert_true(child_hear(&c, 'x'));
		assert_child_ok(&c);
	}
	assert_all_given_back(used);
}

static void kill_gives_everything_back(int xnack)
{
	int mode = xnack | 2;
	u64 used = vram_stat("used");
	struct child c;

	for (int i = 0; i < 3; i++) {
		child_start(&c, user_of_everything, &mode);
		assert_true(child_hear(&c, 'x'));
		kill(c.pid, SIGKILL);
		child_join(&c);
	}
	assert_all_given_back(used);
}

static int polite_user(struct child *c, void *arg)
{
	struct session s;
	struct sdma q;
	char *p, *vram;

	child_expect(session_try_start(&s, *(int *)arg));
	sdma_create(&q, &s, 0);
	vram = vram_alloc(&s, 3 * MIB);
	p = mm_map_huge(HUGE_BYTES);
	memset(p, 1, HUGE_BYTES);
	gpu_access(&s, p, HUGE_BYTES);
	sdma_copy(&q, vram, p, HUGE_BYTES);
	child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
	sdma_destroy(&q);
	buffer_free(vram, 3 * MIB);
	munmap(p, HUGE_BYTES);
	session_stop(&s);
	return 0;
}

static void polite_use_gives_everything_back(int xnack)
{
	u64 used = vram_stat("used");
	struct child c;

	for (int i = 0; i < 3; i++) {
		child_start(&c, polite_user, &xnack);
		assert_child_ok(&c);
	}
	assert_all_given_back(used);
}

static void system_memory_account_returns_to_zero(int xnack)
{
	u64 before = vram_stat("sysmem_used");
	struct child c;

	child_start(&c, user_of_everything, &xnack);
	assert_true(child_hear(&c, 'x'));
	assert_child_ok(&c);
	assert_true(wait_until(vram_stat("sysmem_used") == before, 10000));
}

/* D11: what eviction must never do is counted. */
static void eviction_allocates_no_system_memory(int xnack)
{
	u64 evictions = vram_stat("evictions");
	u64 failures = vram_stat("eviction_failures");

	evict_file_sends_everything_to_ram(xnack);
	assert_true(vram_stat("evictions") > evictions);
	/* Earlier tests of this guest may have failed some on purpose; this one has no reason to. */
	assert_int_equal(vram_stat("eviction_failures"), failures);
	assert_int_equal(vram_stat("eviction_system_allocs"), 0);
}

/* Mappings the device still has, from the DMA API's own account. */
static unsigned int dma_mappings(void)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = 0;
	char line[512];
	FILE *f = fopen("/sys/kernel/debug/dma-api/dump", "re");

	if (!f)
		skip_test("this kernel has no DMA_API_DEBUG");
	kfd_nodes(nodes);
	while (fgets(line, sizeof(line), f))
		nr += strstr(line, nodes[0].pci) != NULL;
	fclose(f);
	return nr;
}

static void dma_mappings_return_to_before(int xnack)
{
	unsigned int before = dma_mappings();
	struct child c;

	for (int i = 0; i < 2; i++) {
		child_start(&c, user_of_everything, &xnack);
		assert_true(child_hear(&c, 'x'));
		assert_child_ok(&c);
	}
	if (!wait_until(dma_mappings() <= before, 10000))
		fail_test("%u DMA mappings, %u before", dma_mappings(), before);
}

static const struct guest_test tests[] = {
	{ "dma_mappings_return_to_before_xnack_on", dma_mappings_return_to_before, 1, "kernel=debug" },
	{ "dma_mappings_return_to_before_xnack_off", dma_mappings_return_to_before, 0, "kernel=debug" },
	TEST_XNACK(munmap_gives_svm_vram_back_at_once),
	TEST_XNACK(sysfs_counts_buffers_and_svm_memory),
	TEST_XNACK(last_page_back_in_ram_gives_svm_vram_back),
	TEST_XNACK(prefetch_back_gives_svm_vram_back),
	TEST_XNACK(evict_file_sends_everything_to_ram),
	TEST_XNACK(exit_gives_everything_back),
	TEST_XNACK(kill_gives_everything_back),
	TEST_XNACK(polite_use_gives_everything_back),
	TEST_XNACK(system_memory_account_returns_to_zero),
	TEST_XNACK(eviction_allocates_no_system_memory),
};
HARNESS_MAIN(tests)
