// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: copy self-test
 *
 * Reading debugfs vkfd/<gpu_id>/selftest runs patterns RAM -> VRAM -> RAM with
 * pages that are scattered on one side or on both, a VRAM to VRAM copy and a
 * fill, checks every byte, and reports the speed beside a memcpy of the same
 * pages in the same run. Uses the scratch space behind the GART table, so that
 * it works without the memory layer and beside running processes.
 *
 * Locks: one mutex around the whole test, because the scratch space is one.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "core/device.h"
#include "core/regio.h"
#include "engine/eng_gart.h"
#include "engine/eng_sdma.h"
#include "engine/eng_selftest.h"

#define TEST_PAGES	2048u	/* 8 MiB, several times the scratch space */
/* prime to both page counts, far from a multiple of either: visits them in a scattered order */
#define TEST_STRIDE	613u

struct selftest {
	struct vkfd_device *dev;
	struct seq_file *m;
	u64 scratch;		/* byte offset in VRAM */
	unsigned int slots;	/* pages of scratch space */
	struct page **pages;
	dma_addr_t *bus;
	struct vkfd_copy_run *runs;
	unsigned int failures;
};

static DEFINE_MUTEX(selftest_lock);

static u64 pattern(unsigned int page, unsigned int word, u64 seed)
{
	return (seed + page) * 0x9e3779b97f4a7c15ULL + word * 0xff51afd7ed558ccdULL;
}

static void pages_fill(struct selftest *test, unsigned int pages, u64 seed)
{
	unsigned int i, word;

	for (i = 0; i < pages; i++) {
		u64 *data = page_address(test->pages[i]);

		for (word = 0; word < PAGE_SIZE / 8; word++)
			data[word] = pattern(i, word, seed);
	}
}

static unsigned int pages_check(struct selftest *test, unsigned int pages, u64 seed)
{
	unsigned int i, word, bad = 0;

	for (i = 0; i < pages; i++) {
		u64 *data = page_address(test->pages[i]);

		for (word = 0; word < PAGE_SIZE / 8; word++)
			bad += data[word] != pattern(i, word, seed);
	}
	return bad;
}

/* Page i of RAM <-> slot i * stride of the scratch space. */
static void set_runs(struct selftest *test, unsigned int pages, unsigned int stride)
{
	u64 hive = VKFD_HIVE_ADDR(test->dev->hw.node, test->scratch);
	unsigned int i;

	for (i = 0; i < pages; i++)
		test->runs[i] = (struct vkfd_copy_run){
			.hive = hive + (u64)(i * stride % test->slots) * PAGE_SIZE,
			.bus = test->bus[i],
			.pages = 1,
		};
}

static int copy(struct selftest *test, enum vkfd_copy_dir dir, unsigned int pages)
{
	struct vkfd_device *dev = test->dev;

	return vkfd_sdma_wait(dev, vkfd_sdma_copy_pages(dev, dir, test->runs, pages));
}

static void report(struct selftest *test, const char *what, int err, unsigned int bad)
{
	test->failures += err || bad;
	seq_printf(test->m, "%s %s", err || bad ? "FAILED" : "ok", what);
	if (err || bad)
		seq_printf(test->m, ": error %d, %u wrong words", err, bad);
	seq_putc(test->m, '\n');
}

static void test_round_trip(struct selftest *test, const char *what, unsigned int stride)
{
	unsigned int pages = test->slots;
	unsigned int bad = 0;
	int err;

	pages_fill(test, pages, stride);
	set_runs(test, pages, stride);
	err = copy(test, VKFD_COPY_TO_VRAM, pages);
	if (!err) {
		pages_fill(test, pages, ~0ULL);
		err = copy(test, VKFD_COPY_TO_RAM, pages);
	}
	if (!err)
		bad = pages_check(test, pages, stride);
	report(test, what, err, bad);
}

/* Words of [offset, offset + bytes) of the scratch space that differ from @value. */
static unsigned int vram_count_other(struct selftest *test, u64 offset, u64 bytes, u32 value)
{
	unsigned int bad = 0;
	u64 i;

	for (i = 0; i < bytes; i += 4)
		bad += ioread32(test->dev->vram + test->scratch + offset + i) != value;
	return bad;
}

static void test_fill_and_move(struct selftest *test)
{
	struct vkfd_device *dev = test->dev;
	u64 hive = VKFD_HIVE_ADDR(dev->hw.node, test->scratch);
	u64 half = (u64)test->slots * PAGE_SIZE / 2;
	int err;

	err = vkfd_sdma_wait(dev, vkfd_sdma_fill(dev, hive, half, 0x5eedf111));
	report(test, "fill", err, err ? 0 : vram_count_other(test, 0, half, 0x5eedf111));
	err = vkfd_sdma_wait(dev, vkfd_sdma_copy_vram(dev, hive + half, hive, half));
	report(test, "vram_to_vram", err, err ? 0 : vram_count_other(test, half, half, 0x5eedf111));
}

static void report_speed(struct selftest *test, const char *what, ktime_t start)
{
	u64 ns = max_t(u64, ktime_to_ns(ktime_sub(ktime_get(), start)), 1);

	seq_printf(test->m, "speed %s %llu MB/s\n", what,
		   div64_u64((u64)TEST_PAGES * PAGE_SIZE * 1000, ns));
}

static void measure(struct selftest *test)
{
	unsigned int i, half = TEST_PAGES / 2;
	ktime_t start;

	set_runs(test, TEST_PAGES, 1);
	start = ktime_get();
	if (!copy(test, VKFD_COPY_TO_VRAM, TEST_PAGES))
		report_speed(test, "to_vram", start);
	start = ktime_get();
	if (!copy(test, VKFD_COPY_TO_RAM, TEST_PAGES))
		report_speed(test, "to_ram", start);
	start = ktime_get();
	for (i = 0; i < TEST_PAGES; i++)
		memcpy(page_address(test->pages[(i + half) % TEST_PAGES]),
		       page_address(test->pages[i]), PAGE_SIZE);
	report_speed(test, "memcpy", start);
}

static void free_pages_of(struct selftest *test)
{
	struct device *parent = &test->dev->pdev->dev;
	unsigned int i;

	for (i = 0; i < TEST_PAGES; i++) {
		if (!test->pages[i])
			continue;
		if (test->bus[i] != DMA_MAPPING_ERROR)
			dma_unmap_page(parent, test->bus[i], PAGE_SIZE, DMA_BIDIRECTIONAL);
		__free_page(test->pages[i]);
	}
}

static int alloc_pages_of(struct selftest *test)
{
	struct device *parent = &test->dev->pdev->dev;
	unsigned int i;

	for (i = 0; i < TEST_PAGES; i++) {
		/* consecutive allocations are often neighbours: place them apart */
		unsigned int place = i * TEST_STRIDE % TEST_PAGES;

		test->pages[place] = alloc_page(GFP_KERNEL);
		if (!test->pages[place])
			return -ENOMEM;
		test->bus[place] = dma_map_page(parent, test->pages[place], 0, PAGE_SIZE,
						DMA_BIDIRECTIONAL);
		if (dma_mapping_error(parent, test->bus[place]))
			return -EIO;
	}
	return 0;
}

static int selftest_run(struct selftest *test)
{
	int err = alloc_pages_of(test);

	if (!err) {
		test_round_trip(test, "scattered_to_contiguous", 1);
		test_round_trip(test, "scattered_to_scattered", TEST_STRIDE);
		test_fill_and_move(test);
		measure(test);
		seq_printf(test->m, "%u failed\n", test->failures);
	}
	free_pages_of(test);
	return err;
}

static int selftest_show(struct seq_file *m, void *unused)
{
	struct selftest test = { .dev = m->private, .m = m };
	u64 bytes;
	int idx, err = -ENOMEM;

	if (!vkfd_io_enter(test.dev, &idx))
		return -ENODEV;
	test.scratch = vkfd_gart_scratch(test.dev, &bytes);
	test.slots = bytes / PAGE_SIZE;
	test.pages = kvzalloc_objs(*test.pages, TEST_PAGES);
	test.bus = kvzalloc_objs(*test.bus, TEST_PAGES);
	test.runs = kvzalloc_objs(*test.runs, TEST_PAGES);
	if (test.pages && test.bus && test.runs) {
		mutex_lock(&selftest_lock);
		err = selftest_run(&test);
		mutex_unlock(&selftest_lock);
	}
	kvfree(test.runs);
	kvfree(test.bus);
	kvfree(test.pages);
	vkfd_io_exit(idx);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(selftest);

/**
 * vkfd_selftest_debugfs() - File of this test
 * @dev: GPU that was added.
 *
 * Context: Probe.
 */
void vkfd_selftest_debugfs(struct vkfd_device *dev)
{
	debugfs_create_file("selftest", 0400, dev->debugfs, dev, &selftest_fops);
}
