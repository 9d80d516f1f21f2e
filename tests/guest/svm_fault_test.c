// SPDX-License-Identifier: MIT
/* GPU faults: served by moving or mapping, or reported as a violation; and CPU faults. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "area.h"
#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"
#include "trace.h"

#define SVM_ATTR(x) KFD_IOCTL_SVM_ATTR_##x

static void gpu_reads_malloced_memory_with_no_call_before(int huge)
{
	const size_t bytes = 3 * HUGE_BYTES;
	struct session s;
	struct sdma q;
	char *p, *copy;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	copy = sysmem_alloc(&s, bytes);
	p = mm_map_kind(bytes, huge);
	pattern_fill(p, bytes, 50);
	sdma_copy(&q, copy, p, bytes);
	sdma_run(&q);
	pattern_check(copy, bytes, 50);
	assert_in_vram(p, bytes);
	pattern_check(p, bytes, 50);
	assert_in_ram(p, bytes);
	sdma_destroy(&q);
}

static void gpu_writes_malloced_memory_with_no_call_before(int huge)
{
	const size_t bytes = 3 * HUGE_BYTES;
	struct session s;
	struct sdma q;
	char *p, *src;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	src = sysmem_alloc(&s, bytes);
	pattern_fill(src, bytes, 51);
	p = mm_map_kind(bytes, huge);
	memset(p, 0xaa, bytes);
	sdma_copy(&q, p, src, bytes);
	sdma_run(&q);
	assert_in_vram(p, bytes);
	pattern_check(p, bytes, 51);
	assert_in_ram(p, bytes);
	sdma_destroy(&q);
}

/* Odd addresses inside a real heap, neighbours included. */
static void gpu_uses_pieces_of_the_heap(int arg)
{
	enum { NR = 200 };
	char *piece[NR];
	size_t len[NR];
	struct session s;
	struct sdma q;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	for (int i = 0; i < NR; i++) {
		len[i] = 1 + harness_random() % 9000;
		piece[i] = malloc(len[i]);
		pattern_fill(piece[i], len[i], (u64)i);
	}
	for (int i = 0; i + 1 < NR; i += 2) {
		size_t bytes = len[i] < len[i + 1] ? len[i] : len[i + 1];

		sdma_copy(&q, piece[i + 1], piece[i], bytes);
		len[i] = bytes;
	}
	sdma_run(&q);
	for (int i = 0; i + 1 < NR; i += 2) {
		pattern_check(piece[i], len[i], (u64)i);
		pattern_check(piece[i + 1], len[i], (u64)i);
		for (size_t at = (len[i] + 7) & ~7ul; at + 8 <= len[i + 1]; at += 8)
			assert_memory_equal(piece[i + 1] + at, &(u64){ pattern_word((u64)i + 1, at) }, 8);
	}
	sdma_destroy(&q);
}

static void gpu_uses_the_stack(int arg)
{
	u64 words[3 * 512];
	struct session s;
	struct sdma q;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	pattern_fill(words, sizeof(words) / 2, 52);
	sdma_copy(&q, (char *)words + sizeof(words) / 2, words, sizeof(words) / 2);
	sdma_run(&q);
	pattern_check((char *)words + sizeof(words) / 2, sizeof(words) / 2, 52);
	sdma_destroy(&q);
}

/* Memory that only the GPU ever touched: zeroes, then what the GPU wrote. */
static void gpu_first_touch_reads_zero(int huge)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	struct sdma q;
	char *p, *copy, *dirt;

	session_start(&s, true);
	dirt = vram_alloc(&s, 16 * MIB);
	memset(dirt, 0xbd, 16 * MIB);
	buffer_free(dirt, 16 * MIB);
	sdma_create(&q, &s, 0);
	copy = sysmem_alloc(&s, bytes);
	memset(copy, 0xff, bytes);
	p = mm_map_kind(bytes, huge);
	sdma_copy(&q, copy, p, bytes);
	sdma_run(&q);
	bytes_check(copy, bytes, 0);
	bytes_check(p, bytes, 0);
	sdma_destroy(&q);
}

static void gpu_first_touch_writes(int huge)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_kind(bytes, huge);
	sdma_fill(&q, p + 100 * PAGE, 0x5c5c5c5c, HUGE_BYTES);
	sdma_run(&q);
	bytes_check(p, 100 * PAGE, 0);
	bytes_check(p + 100 * PAGE, HUGE_BYTES, 0x5c);
	bytes_check(p + 100 * PAGE + HUGE_BYTES, bytes - HUGE_BYTES - 100 * PAGE, 0);
	sdma_destroy(&q);
}

static void fault_is_replayed_exactly_once(int arg)
{
	enum { NR = 256 };
	struct session s;
	struct sdma q;
	u64 *counter;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	counter = mm_map_small(NR * PAGE);
	for (u32 i = 0; i < NR; i++) {
		counter[i * 512] = i;
		sdma_add64(&q, &counter[i * 512], 1000);
	}
	sdma_run(&q);
	for (u32 i = 0; i < NR; i++)
		assert_int_equal(counter[i * 512], i + 1000);
	sdma_destroy(&q);
}

static void trace_follows_the_page(int arg)
{
	const size_t bytes = HUGE_BYTES;
	char by_fault[64], back[64];
	struct session s;
	struct trace t;
	struct sdma q;
	char *p;
	u64 faults;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_huge(bytes);
	memset(p, 1, bytes);
	snprintf(by_fault, sizeof(by_fault), "from=0 to=%u trigger=1", s.gpu[0].gpu_id);
	snprintf(back, sizeof(back), "from=%u to=0 trigger=2", s.gpu[0].gpu_id);
	faults = device_stat(0, VKFD_STAT_FAULTS_RETRY);
	trace_start(&t);
	sdma_fill(&q, p, 2, bytes);
	sdma_run(&q);
	assert_true(trace_count(&t, "vkfd_fault_begin", "", p, bytes) >= 1);
	assert_true(trace_count(&t, "vkfd_migrate_end", by_fault, p, bytes) >= 1);
	assert_true(trace_count(&t, "vkfd_map", "", p, bytes) >= 1);
	assert_true(trace_count(&t, "vkfd_fault_done", "err=0", p, bytes) >= 1);
	assert_int_equal(trace_count(&t, "vkfd_migrate_end", back, p, bytes), 0);
	assert_true(device_stat(0, VKFD_STAT_FAULTS_RETRY) > faults);
	assert_int_equal(*(volatile char *)p, 2);
	assert_true(trace_count(&t, "vkfd_migrate_end", back, p, bytes) >= 1);
	trace_stop(&t);
	sdma_destroy(&q);
}

/* One fault moves a granule, so a run over 8 MiB takes few faults. */
static void faults_move_granules_not_pages(int huge)
{
	const size_t bytes = 4 * HUGE_BYTES;
	struct session s;
	struct trace t;
	struct sdma q;
	size_t faults;
	char *p;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_kind(bytes, huge);
	memset(p, 1, bytes);
	trace_start(&t);
	sdma_fill(&q, p, 2, bytes);
	sdma_run(&q);
	faults = trace_count(&t, "vkfd_fault_begin", "", p, bytes);
	trace_stop(&t);
	assert_in_range(faults, 4, 64);
	assert_in_vram(p, bytes);
	sdma_destroy(&q);
}

static void granularity_decides_what_a_fault_moves(int arg)
{
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	for (u32 g = 0; g <= 9; g += 3) {
		size_t granule = PAGE << g;

		p = mm_map_small(HUGE_BYTES);
		memset(p, 3, HUGE_BYTES);
		assert_ok(svm_set(s.kfd, p, HUGE_BYTES, { SVM_ATTR(GRANULARITY), g }));
		sdma_write1(&q, p + granule * (HUGE_BYTES / granule / 2), 4);
		sdma_run(&q);
		assert_int_equal(residency_vram(p, HUGE_BYTES), granule / PAGE);
		assert_in_vram(p + granule * (HUGE_BYTES / granule / 2), granule);
	}
	sdma_destroy(&q);
}

static void preferred_ram_is_mapped_not_moved(int huge)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_kind(bytes, huge);
	pattern_fill(p, bytes, 53);
	assert_ok(svm_set(s.kfd, p, bytes, { SVM_ATTR(PREFERRED_LOC), 0 }));
	sdma_fill(&q, p + PAGE, 0x66666666, PAGE);
	sdma_run(&q);
	assert_in_ram(p, bytes);
	bytes_check(p + PAGE, PAGE, 0x66);
	pattern_check(p, PAGE, 53);
	assert_in_ram(p, bytes);
	sdma_destroy(&q);
}

static void preferred_gpu_is_moved_by_the_fault(int arg)
{
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_small(HUGE_BYTES);
	memset(p, 1, HUGE_BYTES);
	assert_ok(svm_set(s.kfd, p, HUGE_BYTES, { SVM_ATTR(PREFERRED_LOC), s.gpu[0].gpu_id }));
	sdma_write1(&q, p, 2);
	sdma_run(&q);
	assert_in_vram(p, HUGE_BYTES);
	sdma_destroy(&q);
}

static void access_in_place_stays_in_ram(int arg)
{
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_small(HUGE_BYTES);
	memset(p, 1, HUGE_BYTES);
	assert_ok(svm_set(s.kfd, p, HUGE_BYTES, { SVM_ATTR(ACCESS_IN_PLACE), s.gpu[0].gpu_id }));
	sdma_write1(&q, p, 0x02020202);
	sdma_run(&q);
	assert_in_ram(p, HUGE_BYTES);
	bytes_check(p, 4, 2);
	sdma_destroy(&q);
}

static void many_queues_fault_on_the_same_pages(int huge)
{
	enum { NR = 6 };
	const size_t bytes = 2 * HUGE_BYTES;
	struct sdma q[NR];
	struct session s;
	char *p;
	u64 *sum;

	session_start(&s, true);
	p = mm_map_kind(bytes, huge);
	memset(p, 0, bytes);
	for (int i = 0; i < NR; i++)
		sdma_create(&q[i], &s, 0);
	for (size_t at = 0; at < bytes; at += 16 * PAGE)
		for (int i = 0; i < NR; i++)
			sdma_add64(&q[i], p + at, 1ull << (8 * i));
	for (int i = 0; i < NR; i++)
		sdma_submit(&q[i]);
	for (int i = 0; i < NR; i++)
		assert_true(sdma_wait(&q[i], q[i].seq, SDMA_MS));
	for (size_t at = 0; at < bytes; at += 16 * PAGE) {
		sum = (u64 *)(p + at);
		assert_int_equal(*sum, 0x010101010101);
	}
	for (int i = 0; i < NR; i++)
		sdma_destroy(&q[i]);
}

/*
 * The violations. The event carries the page; the queues of the process on
 * this GPU stop; the process itself lives on.
 */
static void wild_pointer_is_one_memory_exception(int xnack)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p;
	u32 *dst;

	session_start(&s, xnack);
	e = memory_event_once(&s);
	sdma_create(&q, &s, 0);
	dst = sysmem_alloc(&s, PAGE);
	p = mm_map(16 * PAGE);
	mm_unmap(p, 16 * PAGE);
	sdma_copy(&q, dst, p + 5 * PAGE + 16, 64);
	sdma_write1(&q, dst + 100, 1);
	sdma_submit(&q);
	assert_violation(e, p + 5 * PAGE, false);
	assert_false(sdma_done(&q, q.seq));
	assert_int_equal(dst[100], 0);
	/* One report, not a stream of them: the wait has consumed the event. */
	assert_int_equal(hsaKmtWaitOnEvent(e, 100), HSAKMT_STATUS_WAIT_TIMEOUT);
	sdma_destroy(&q);
}

static void null_pointer_write_is_a_memory_exception(int xnack)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;

	session_start(&s, xnack);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	sdma_write1(&q, (void *)0x18, 1);
	sdma_submit(&q);
	assert_violation(e, NULL, false);
	sdma_destroy(&q);
}

static void write_to_read_only_memory_is_a_violation(int xnack)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p, *copy;

	session_start(&s, xnack);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	copy = sysmem_alloc(&s, 4 * PAGE);
	p = mm_map(4 * PAGE);
	pattern_fill(p, 4 * PAGE, 54);
	mm_protect(p, 4 * PAGE, PROT_READ);
	gpu_access(&s, p, 4 * PAGE);
	sdma_copy(&q, copy, p, 4 * PAGE);
	sdma_run(&q);
	pattern_check(copy, 4 * PAGE, 54);
	sdma_write1(&q, p + 2 * PAGE, 1);
	sdma_submit(&q);
	assert_violation(e, p + 2 * PAGE, true);
	pattern_check(p, 4 * PAGE, 54);
	sdma_destroy(&q);
}

/* Mapped writable for the GPU, then taken away. */
static void mprotect_takes_the_gpus_right_to_write(int xnack)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p;

	session_start(&s, xnack);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	p = mm_map(4 * PAGE);
	memset(p, 1, 4 * PAGE);
	gpu_access(&s, p, 4 * PAGE);
	sdma_write1(&q, p, 0x77);
	sdma_run(&q);
	mm_protect(p, 4 * PAGE, PROT_READ);
	sdma_write1(&q, p, 0x88);
	sdma_submit(&q);
	assert_violation(e, p, true);
	assert_int_equal(*(u32 *)p, 0x77);
	sdma_destroy(&q);
}

static void mprotect_gives_the_right_back(int xnack)
{
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	p = mm_map(4 * PAGE);
	memset(p, 1, 4 * PAGE);
	gpu_access(&s, p, 4 * PAGE);
	for (u32 i = 0; i < 20; i++) {
		sdma_write1(&q, p + PAGE, i);
		sdma_run(&q);
		mm_protect(p, 4 * PAGE, PROT_READ);
		assert_int_equal(*(u32 *)(p + PAGE), i);
		sdma_copy(&q, (void *)(uintptr_t)(q.fence + 16), p + PAGE, 4);
		sdma_run(&q);
		assert_int_equal(q.fence[16], i);
		mm_protect(p, 4 * PAGE, PROT_READ | PROT_WRITE);
	}
	sdma_destroy(&q);
}

static void no_access_is_a_violation_even_with_xnack(int xnack)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p;

	session_start(&s, xnack);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	p = mm_map(4 * PAGE);
	memset(p, 1, 4 * PAGE);
	assert_ok(svm_set(s.kfd, p, 4 * PAGE, { SVM_ATTR(NO_ACCESS), s.gpu[0].gpu_id }));
	sdma_write1(&q, p + PAGE, 5);
	sdma_submit(&q);
	assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS));
	assert_int_equal(e->EventData.EventData.MemoryAccessFault.VirtualAddress, (uintptr_t)(p + PAGE));
	bytes_check(p, 4 * PAGE, 1);
	sdma_destroy(&q);
}

/* The GPU has just written, its TLB knows the page; @attr must end that before set returns. */
static void attribute_ends_gpu_writes(bool xnack, u32 type, bool read_only)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;
	u32 *p;

	session_start(&s, xnack);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	p = mm_map(4 * PAGE);
	memset(p, 1, 4 * PAGE);
	gpu_access(&s, p, 4 * PAGE);
	sdma_write1(&q, p + PAGE / 4, 5);
	sdma_run(&q);
	assert_ok(svm_set(s.kfd, p, 4 * PAGE, { type, read_only ? KFD_IOCTL_SVM_FLAG_GPU_RO : s.gpu[0].gpu_id }));
	sdma_write1(&q, p + PAGE / 4, 6);
	sdma_submit(&q);
	assert_violation(e, p + PAGE / 4, read_only);
	assert_int_equal(p[PAGE / 4], 5);
	sdma_destroy(&q);
}

static void gpu_ro_flag_takes_the_right_to_write(int xnack)
{
	attribute_ends_gpu_writes(xnack, SVM_ATTR(SET_FLAGS), true);
}

static void no_access_takes_the_mapping_away(int xnack)
{
	attribute_ends_gpu_writes(xnack, SVM_ATTR(NO_ACCESS), false);
}

static void unregistered_memory_without_xnack_is_a_violation(int arg)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p;

	session_start(&s, false);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	p = mm_map(4 * PAGE);
	memset(p, 1, 4 * PAGE);
	sdma_write1(&q, p + PAGE, 5);
	sdma_submit(&q);
	assert_violation(e, p + PAGE, false);
	bytes_check(p, 4 * PAGE, 1);
	sdma_destroy(&q);
}

/* XNACK off: accessible memory works, wherever it is, and after it moved. */
static void registered_memory_without_xnack_works_everywhere(int huge)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	struct sdma q;
	u64 faults;
	char *p;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	p = mm_map_kind(bytes, huge);
	memset(p, 1, bytes);
	gpu_access(&s, p, bytes);
	faults = device_stat(0, VKFD_STAT_FAULTS_NORETRY);
	for (u32 i = 2; i < 8; i++) {
		sdma_fill(&q, p, i * 0x01010101, bytes);
		sdma_run(&q);
		if (i % 2)
			assert_ok(gpu_prefetch(&s, p, bytes, i % 4 == 1));
		bytes_check(p + bytes / 2, PAGE, (unsigned char)i);
	}
	bytes_check(p, bytes, 7);
	assert_int_equal(device_stat(0, VKFD_STAT_FAULTS_NORETRY), faults);
	sdma_destroy(&q);
}

static int innocent(struct child *c, void *arg)
{
	char *p = mm_map(HUGE_BYTES);
	struct session s;
	struct sdma q;

	child_expect(session_try_start(&s, *(int *)arg));
	sdma_create(&q, &s, 0);
	gpu_access(&s, p, HUGE_BYTES);
	child_tell(c, 'r');
	for (u32 i = 0; i < 200; i++) {
		sdma_fill(&q, p, i, HUGE_BYTES);
		child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
		child_expect(*(u32 *)(p + PAGE) == i);
	}
	return 0;
}

static void violation_stops_only_its_own_process(int xnack)
{
	struct session s;
	struct child c;
	struct sdma q;
	HsaEvent *e;

	child_start(&c, innocent, &xnack);
	session_start(&s, xnack);
	e = memory_event(&s);
	assert_true(child_hear(&c, 'r'));
	sdma_create(&q, &s, 0);
	sdma_write1(&q, (void *)0x1000, 1);
	sdma_submit(&q);
	assert_violation(e, (void *)0x1000, false);
	assert_child_ok(&c);
	sdma_destroy(&q);
}

static const struct guest_test tests[] = {
	TEST_ARG("gpu_reads_malloced_memory_with_no_call_before_4k_xnack_on", gpu_reads_malloced_memory_with_no_call_before, 0),
	TEST_ARG("gpu_reads_malloced_memory_with_no_call_before_2m_xnack_on", gpu_reads_malloced_memory_with_no_call_before, 1),
	TEST_ARG("gpu_writes_malloced_memory_with_no_call_before_4k_xnack_on", gpu_writes_malloced_memory_with_no_call_before, 0),
	TEST_ARG("gpu_writes_malloced_memory_with_no_call_before_2m_xnack_on", gpu_writes_malloced_memory_with_no_call_before, 1),
	TEST_ARG("gpu_uses_pieces_of_the_heap_xnack_on", gpu_uses_pieces_of_the_heap, 0),
	TEST_ARG("gpu_uses_the_stack_xnack_on", gpu_uses_the_stack, 0),
	TEST_ARG("gpu_first_touch_reads_zero_4k_xnack_on", gpu_first_touch_reads_zero, 0),
	TEST_ARG("gpu_first_touch_reads_zero_2m_xnack_on", gpu_first_touch_reads_zero, 1),
	TEST_ARG("gpu_first_touch_writes_4k_xnack_on", gpu_first_touch_writes, 0),
	TEST_ARG("gpu_first_touch_writes_2m_xnack_on", gpu_first_touch_writes, 1),
	TEST_ARG("fault_is_replayed_exactly_once_xnack_on", fault_is_replayed_exactly_once, 0),
	TEST_ARG("trace_follows_the_page_xnack_on", trace_follows_the_page, 0),
	TEST_ARG("faults_move_granules_not_pages_4k_xnack_on", faults_move_granules_not_pages, 0),
	TEST_ARG("faults_move_granules_not_pages_2m_xnack_on", faults_move_granules_not_pages, 1),
	TEST_ARG("granularity_decides_what_a_fault_moves_xnack_on", granularity_decides_what_a_fault_moves, 0),
	TEST_ARG("preferred_ram_is_mapped_not_moved_4k_xnack_on", preferred_ram_is_mapped_not_moved, 0),
	TEST_ARG("preferred_ram_is_mapped_not_moved_2m_xnack_on", preferred_ram_is_mapped_not_moved, 1),
	TEST_ARG("preferred_gpu_is_moved_by_the_fault_xnack_on", preferred_gpu_is_moved_by_the_fault, 0),
	TEST_ARG("access_in_place_stays_in_ram_xnack_on", access_in_place_stays_in_ram, 0),
	TEST_ARG("many_queues_fault_on_the_same_pages_4k_xnack_on", many_queues_fault_on_the_same_pages, 0),
	TEST_ARG("many_queues_fault_on_the_same_pages_2m_xnack_on", many_queues_fault_on_the_same_pages, 1),
	TEST_XNACK(wild_pointer_is_one_memory_exception),
	TEST_XNACK(null_pointer_write_is_a_memory_exception),
	TEST_XNACK(write_to_read_only_memory_is_a_violation),
	TEST_XNACK(mprotect_takes_the_gpus_right_to_write),
	TEST_XNACK(mprotect_gives_the_right_back),
	TEST_XNACK(no_access_is_a_violation_even_with_xnack),
	TEST_XNACK(gpu_ro_flag_takes_the_right_to_write),
	TEST_XNACK(no_access_takes_the_mapping_away),
	TEST_ARG("unregistered_memory_is_a_violation_xnack_off", unregistered_memory_without_xnack_is_a_violation, 0),
	TEST_ARG("registered_memory_works_everywhere_4k_xnack_off", registered_memory_without_xnack_works_everywhere, 0),
	TEST_ARG("registered_memory_works_everywhere_2m_xnack_off", registered_memory_without_xnack_works_everywhere, 1),
	TEST_XNACK(violation_stops_only_its_own_process),
};
HARNESS_MAIN(tests)
