// SPDX-License-Identifier: MIT
/*
 * A GPU that maps only a part of a 2 MiB page in VRAM: the right part. Also:
 * memory that comes back after it could not be read, without XNACK.
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

static const struct guest_test tests[] = {
	TEST_XNACK(gpu_reads_each_part_of_a_huge_page),
	TEST_XNACK(gpu_writes_only_its_part_of_a_huge_page),
	TEST_XNACK(memory_made_readable_again_is_mapped),
};
HARNESS_MAIN(tests)
