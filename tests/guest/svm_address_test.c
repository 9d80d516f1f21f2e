// SPDX-License-Identifier: MIT
/*
 * Where in the address space memory lies: below and above 4 GiB, at the end of
 * what a process has, in the program itself; and what no GPU may have, guard
 * pages and the kernel's own pages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "area.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

#define GIB	(1024 * MIB)
/* The end of user addresses with four levels of page tables: 128 TiB, but for a page. */
#define LAST_PAGE	((1ul << 47) - 2 * PAGE)

static char *map_at(u64 address, size_t bytes, bool huge)
{
	char *p = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (char *)address)
		fail_test("mmap at %#llx: %s", (unsigned long long)address, strerror(errno));
	if (madvise(p, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		fail_test("madvise: %s", strerror(errno));
	return p;
}

/* To VRAM and back, and copied by the GPU in both places. */
static void works_at(u64 address, size_t bytes, int mode, u64 seed)
{
	struct area a = { .p = map_at(address, bytes, mode & HUGE), .bytes = bytes, .seed = seed };

	session_start(&a.s, mode & XNACK);
	sdma_create(&a.q, &a.s, 0);
	pattern_fill(a.p, bytes, seed);
	gpu_access(&a.s, a.p, bytes);
	area_check(&a);
	area_to_vram(&a);
	area_check(&a);
	area_to_vram(&a);
	gpu_write(&a, a.p, bytes, 0x51);
	bytes_check(a.p, bytes, 0x51);
	area_stop(&a);
}

static void memory_below_4_gib_works(int mode)
{
	works_at(GIB, 2 * HUGE_BYTES, mode, 500);
}

static void memory_across_4_gib_works(int mode)
{
	works_at(4 * GIB - HUGE_BYTES, 2 * HUGE_BYTES, mode, 501);
}

/* A range cannot reach over the end: its granule is cut. */
static void last_page_of_the_address_space_works(int xnack)
{
	works_at(LAST_PAGE - 7 * PAGE, 8 * PAGE, xnack, 502);
}

static char globals[4 * PAGE] __attribute__((aligned(4096))) = { 1 };
static char zeroes[64 * PAGE] __attribute__((aligned(4096)));

/* .data is a private file mapping, .bss is anonymous. */
static void globals_are_read_and_written(int xnack)
{
	struct session s;
	struct sdma q;

	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	pattern_fill(globals, sizeof(globals), 503);
	gpu_access(&s, globals, sizeof(globals));
	gpu_access(&s, zeroes, sizeof(zeroes));
	sdma_copy(&q, zeroes + PAGE, globals, sizeof(globals));
	sdma_fill(&q, globals, 0x52525252, PAGE);
	sdma_run(&q);
	pattern_check(zeroes + PAGE, sizeof(globals), 503);
	bytes_check(globals, PAGE, 0x52);
	bytes_check(zeroes, PAGE, 0);
	bytes_check(zeroes + PAGE + sizeof(globals), PAGE, 0);
	sdma_destroy(&q);
}

/* The kernel's own pages in the process are no shared memory. */
static void vdso_is_refused(int xnack)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);
	struct session s;
	struct sdma q;
	HsaEvent *e;

	assert_non_null(vdso);
	session_start(&s, xnack);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	/* The page before holds the clock's data: the kernel's, mapped by number. */
	assert_errno(svm_set(s.kfd, vdso - PAGE, PAGE, { KFD_IOCTL_SVM_ATTR_ACCESS, s.gpu[0].gpu_id }), EFAULT);
	sdma_write1(&q, vdso - PAGE, 1);
	sdma_submit(&q);
	assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS));
	assert_int_equal(e->EventData.EventData.MemoryAccessFault.VirtualAddress, (uintptr_t)vdso - PAGE);
	assert_false(sdma_done(&q, q.seq));
	sdma_destroy(&q);
}

/* Guard pages inside memory: neighbours work and move, the guard is a violation. */
static void guard_pages_stop_the_gpu(int mode)
{
	struct area a;
	HsaEvent *e;

	session_start(&a.s, mode & XNACK);
	sdma_create(&a.q, &a.s, 0);
	a.bytes = HUGE_BYTES;
	a.p = mm_map_small(a.bytes);
	pattern_fill(a.p, a.bytes, 505);
	gpu_access(&a.s, a.p, a.bytes);
	sdma_copy(&a.q, a.p, a.p, a.bytes);
	sdma_run(&a.q);
	if (madvise(a.p + 40 * PAGE, 2 * PAGE, MADV_GUARD_INSTALL))
		skip_test("this kernel has no MADV_GUARD_INSTALL");
	gpu_prefetch(&a.s, a.p, a.bytes, true);
	if (mode & XNACK) {
		gpu_write(&a, a.p + 39 * PAGE, PAGE, 0x53);
		gpu_write(&a, a.p + 42 * PAGE, PAGE, 0x53);
		bytes_check(a.p + 39 * PAGE, PAGE, 0x53);
		bytes_check(a.p + 42 * PAGE, PAGE, 0x53);
	}
	e = memory_event(&a.s);
	sdma_write1(&a.q, a.p + 41 * PAGE, 0x54);
	sdma_submit(&a.q);
	assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS));
	assert_int_equal(e->EventData.EventData.MemoryAccessFault.VirtualAddress, (uintptr_t)a.p + 41 * PAGE);
	assert_false(sdma_done(&a.q, a.q.seq));
	sdma_destroy(&a.q);
	assert_int_equal(madvise(a.p + 40 * PAGE, 2 * PAGE, MADV_GUARD_REMOVE), 0);
	bytes_check(a.p + 40 * PAGE, 2 * PAGE, 0);
	pattern_check(a.p, 39 * PAGE, 505);
}

/* A mapping is longer than its file: what the file has can be used. */
static void file_shorter_than_its_mapping_is_used_to_its_end(int arg)
{
	char path[] = "/tmp/vkfd-short.XXXXXX";
	int fd = mkstemp(path);
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p;

	assert_true(fd >= 0 && !unlink(path) && !ftruncate(fd, 3 * PAGE));
	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	pattern_fill(p, 3 * PAGE, 506);
	sdma_copy(&q, p + PAGE, p, PAGE);
	sdma_run(&q);
	pattern_check(p, PAGE, 506);
	assert_int_equal(memcmp(p, p + PAGE, PAGE), 0);
	e = memory_event(&s);
	sdma_write1(&q, p + 3 * PAGE, 1);
	sdma_submit(&q);
	assert_violation(e, p + 3 * PAGE, false);
	sdma_destroy(&q);
	close(fd);
}

static const struct guest_test tests[] = {
	TEST_MODES(memory_below_4_gib_works),
	TEST_MODES(memory_across_4_gib_works),
	TEST_XNACK(last_page_of_the_address_space_works),
	TEST_XNACK(globals_are_read_and_written),
	TEST_XNACK(vdso_is_refused),
	TEST_XNACK(guard_pages_stop_the_gpu),
	TEST_ARG("file_shorter_than_its_mapping_is_used_to_its_end_xnack_on",
		 file_shorter_than_its_mapping_is_used_to_its_end, 0),
};
HARNESS_MAIN(tests)
