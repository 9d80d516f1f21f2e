// SPDX-License-Identifier: MIT
/*
 * A GPU that maps only a part of a 2 MiB page in VRAM: the right part. Also:
 * memory that comes back after it could not be read, without XNACK, and memory
 * whose rights change before anybody touched it.
 */
#include <string.h>
#include <sys/mman.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

static char *one_huge_page(struct session *s, struct sdma *q, bool xnack, u64 seed)
{
	char *p = mm_map_huge(HUGE_BYTES);

	session_start(s, xnack);
	sdma_create(q, s, 0);
	pattern_fill(p, HUGE_BYTES, seed);
	gpu_access(s, p, HUGE_BYTES);
	assert_ok(gpu_prefetch(s, p, HUGE_BYTES, true));
	assert_in_vram(p, HUGE_BYTES);
	return p;
}

/* A piece of other attributes cuts the 2 MiB into ranges that begin inside the page. */
static void gpu_reads_each_part_of_a_huge_page(int xnack)
{
	struct session s;
	struct sdma q;
	char *p = one_huge_page(&s, &q, xnack, 100), *copy = sysmem_alloc(&s, HUGE_BYTES);

	assert_ok(svm_set(s.kfd, p + 90 * PAGE, 5 * PAGE, { KFD_IOCTL_SVM_ATTR_GRANULARITY, 3 }));
	sdma_copy(&q, copy, p, HUGE_BYTES);
	sdma_run(&q);
	pattern_check(copy, HUGE_BYTES, 100);
	assert_in_vram(p, HUGE_BYTES);
	pattern_check(p, HUGE_BYTES, 100);
	sdma_destroy(&q);
}

static void gpu_writes_only_its_part_of_a_huge_page(int xnack)
{
	struct session s;
	struct sdma q;
	char *p = one_huge_page(&s, &q, xnack, 101);

	assert_ok(svm_set(s.kfd, p + 256 * PAGE, 16 * PAGE, { KFD_IOCTL_SVM_ATTR_GRANULARITY, 2 }));
	sdma_fill(&q, p + 300 * PAGE, 0x33333333, 7 * PAGE);
	sdma_run(&q);
	pattern_check(p, 300 * PAGE, 101);
	bytes_check(p + 300 * PAGE, 7 * PAGE, 0x33);
	for (size_t at = 307 * PAGE; at < HUGE_BYTES; at += 8)
		assert_int_equal(*(u64 *)(p + at), pattern_word(101, at));
	sdma_destroy(&q);
}

/* The restore worker leaves out what cannot be read; later it must be mapped again. */
static void memory_made_readable_again_is_mapped(int xnack)
{
	struct session s;
	struct sdma q;
	char *p = one_huge_page(&s, &q, xnack, 102), *copy = sysmem_alloc(&s, HUGE_BYTES);

	mm_protect(p + 8 * PAGE, 16 * PAGE, PROT_NONE);
	/* The queues run again: the worker is done with it. */
	sdma_copy(&q, copy, p, 8 * PAGE);
	sdma_run(&q);
	mm_protect(p + 8 * PAGE, 16 * PAGE, PROT_READ | PROT_WRITE);
	sdma_copy(&q, copy, p, HUGE_BYTES);
	sdma_run(&q);
	pattern_check(copy, HUGE_BYTES, 102);
	sdma_fill(&q, p + 8 * PAGE, 0x44444444, 16 * PAGE);
	sdma_run(&q);
	bytes_check(p + 8 * PAGE, 16 * PAGE, 0x44);
	sdma_destroy(&q);
}

/*
 * The middle of a gigabyte in which nothing was ever touched: the CPU has no
 * page tables for it, and mprotect() tells no notifier.
 */
static char *silent_memory(size_t bytes)
{
	const size_t gib = 1024 * MIB;
	char *area = mmap(NULL, 3 * gib, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(area, MAP_FAILED);
	area = (char *)(((uintptr_t)area + gib - 1) & ~(gib - 1)) + gib / 2;
	assert_untouched(area, bytes);
	return area;
}

static void untouched_memory_made_readable_is_mapped(int xnack)
{
	struct session s;
	struct sdma q;
	char *p = silent_memory(HUGE_BYTES), *copy;

	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	copy = sysmem_alloc(&s, HUGE_BYTES);
	memset(copy, 1, HUGE_BYTES);
	gpu_access(&s, p, HUGE_BYTES);
	mm_protect(p, HUGE_BYTES, PROT_READ);
	sdma_copy(&q, copy, p, HUGE_BYTES);
	sdma_run(&q);
	bytes_check(copy, HUGE_BYTES, 0);
	mm_protect(p, HUGE_BYTES, PROT_READ | PROT_WRITE);
	sdma_fill(&q, p, 0x55555555, HUGE_BYTES);
	sdma_run(&q);
	bytes_check(p, HUGE_BYTES, 0x55);
	sdma_destroy(&q);
}

/* Only the GPU ever wrote there: its right to write goes all the same. */
static void untouched_memory_made_read_only_is_not_written(int xnack)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p = silent_memory(HUGE_BYTES);

	session_start(&s, xnack);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	mm_protect(p, HUGE_BYTES, PROT_READ | PROT_WRITE);
	gpu_access(&s, p, HUGE_BYTES);
	sdma_fill(&q, p, 0x66666666, HUGE_BYTES);
	sdma_run(&q);
	mm_protect(p, HUGE_BYTES, PROT_READ);
	sdma_write1(&q, p + 9 * PAGE, 7);
	sdma_submit(&q);
	assert_hsa(hsaKmtWaitOnEvent(e, 20000 * harness_slow()));
	assert_int_equal(e->EventData.EventData.MemoryAccessFault.VirtualAddress & ~(PAGE - 1),
			 (uintptr_t)p + 9 * PAGE);
	bytes_check(p, HUGE_BYTES, 0x66);
	sdma_destroy(&q);
}

static const struct guest_test tests[] = {
	TEST_XNACK(gpu_reads_each_part_of_a_huge_page),
	TEST_XNACK(gpu_writes_only_its_part_of_a_huge_page),
	TEST_XNACK(memory_made_readable_again_is_mapped),
	TEST_XNACK(untouched_memory_made_readable_is_mapped),
	TEST_XNACK(untouched_memory_made_read_only_is_not_written),
};
HARNESS_MAIN(tests)
