// SPDX-License-Identifier: MIT
/*
 * Failures where no task asked: fault service, restore worker, eviction and
 * garbage collection, by the driver's own points (debugfs fail_*). What can be
 * tried again is, and ends well; what cannot is one exception, to the one who
 * made the access. Pages that were to move stay, with their data.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

#define SEED	11
#define MARK	0x44444444u
#define FOREVER	"1000000"

/** struct work - a process with a queue and 2 MiB in RAM */
struct work {
	struct session s;
	struct sdma q;
	char *p;
};

static void work_start(struct work *w, bool xnack)
{
	session_start(&w->s, xnack);
	sdma_create(&w->q, &w->s, 0);
	/* The queue's own pages are mapped now, or their mapping would be failed. */
	sdma_run(&w->q);
	w->p = mm_map_small(HUGE_BYTES);
	pattern_fill(w->p, HUGE_BYTES, SEED);
}

static void work_end(struct work *w)
{
	sdma_destroy(&w->q);
	mm_unmap(w->p, HUGE_BYTES);
	session_stop(&w->s);
}

/* All as the CPU wrote it, but for the word at @marked. */
static void data_check(struct work *w, size_t marked)
{
	u64 word = pattern_word(SEED, marked);

	assert_int_equal(*(u32 *)(w->p + marked), MARK);
	memcpy(w->p + marked, &word, sizeof(word));
	pattern_check(w->p, HUGE_BYTES, SEED);
}

static void gpu_mark(struct work *w, size_t at)
{
	sdma_write1(&w->q, w->p + at, MARK);
	sdma_run(&w->q);
}

/* The point was passed as often as asked for, and is unarmed. */
static void assert_used_up(const char *point)
{
	assert_int_equal(driver_number(0, point), 0);
}

/* A copy that failed is not tried again by the fault: once is all it meets. */
static const struct {
	const char *name, *times;
} fault_points[] = {
	{ "fail_tables", "3" }, { "fail_collect", "3" }, { "fail_populate", "3" }, { "fail_copies", "1" },
};

/* Each of the steps fails some times: the access is served all the same. */
static void fault_is_served_after_failures(int arg)
{
	struct work w;

	work_start(&w, true);
	for (size_t i = 0; i < ARRAY_LEN(fault_points); i++) {
		char *fresh = mm_map_small(HUGE_BYTES), *old = w.p;

		pattern_fill(fresh, HUGE_BYTES, SEED);
		w.p = fresh;
		driver_poke(0, fault_points[i].name, fault_points[i].times);
		gpu_mark(&w, 7 * PAGE);
		assert_used_up(fault_points[i].name);
		data_check(&w, 7 * PAGE);
		w.p = old;
		mm_unmap(fresh, HUGE_BYTES);
	}
	work_end(&w);
}

/* Nothing can be moved: the GPU works in RAM. */
static void fault_that_cannot_move_pages_is_served_in_ram(int arg)
{
	static const char *const points[] = { "fail_populate", "fail_copies" };
	struct work w;

	work_start(&w, true);
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		driver_poke(0, points[i], FOREVER);
		gpu_mark(&w, 7 * PAGE);
		driver_poke(0, points[i], "0");
		assert_in_ram(w.p, HUGE_BYTES);
		data_check(&w, 7 * PAGE);
		mm_protect(w.p, HUGE_BYTES, PROT_READ);
		mm_protect(w.p, HUGE_BYTES, PROT_READ | PROT_WRITE);
	}
	work_end(&w);
}

static int other_process_works(struct child *c, void *arg)
{
	struct session s;
	struct sdma q;
	u32 *p;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	p = mm_map_small(HUGE_BYTES);
	sdma_write1(&q, p, MARK);
	child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
	child_expect(p[0] == MARK);
	return 0;
}

/* Memory for a mapping never comes: one exception, to this process alone. */
static void fault_without_memory_is_one_exception(int arg)
{
	const char *const point = fault_points[arg].name;
	HsaMemoryAccessFault *fault;
	struct child c;
	struct work w;
	HsaEvent *e;

	work_start(&w, true);
	e = memory_event_once(&w.s);
	driver_poke(0, point, FOREVER);
	sdma_write1(&w.q, w.p + 7 * PAGE, MARK);
	sdma_submit(&w.q);
	assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS * harness_slow()));
	driver_poke(0, point, "0");
	fault = &e->EventData.EventData.MemoryAccessFault;
	assert_int_equal(fault->VirtualAddress, (uintptr_t)w.p + 7 * PAGE);
	assert_int_not_equal(hsaKmtWaitOnEvent(e, 100), HSAKMT_STATUS_SUCCESS);
	/* Nothing was written, and the page is not lost to the CPU. */
	pattern_check(w.p, HUGE_BYTES, SEED);
	work_end(&w);
	child_start(&c, other_process_works, NULL);
	assert_child_ok(&c);
}

/* Pages that were to come home stay in VRAM, readable, and come next time. */
static void failed_way_to_ram_leaves_pages_in_vram(int xnack)
{
	static const char *const points[] = { "fail_to_ram", "fail_dma_map", "fail_copies" };
	struct work w;
	u64 word;

	work_start(&w, xnack);
	gpu_access(&w.s, w.p, HUGE_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		assert_ok(gpu_prefetch(&w.s, w.p, HUGE_BYTES, true));
		driver_poke(0, points[i], "1");
		assert_ok(gpu_prefetch(&w.s, w.p, HUGE_BYTES, false));
		assert_used_up(points[i]);
		assert_in_vram(w.p, HUGE_BYTES);
		vram_peek(w.p + 3 * PAGE, &word, sizeof(word));
		assert_int_equal(word, pattern_word(SEED, 3 * PAGE));
		gpu_mark(&w, 7 * PAGE);
		assert_ok(gpu_prefetch(&w.s, w.p, HUGE_BYTES, false));
		assert_in_ram(w.p, HUGE_BYTES);
		data_check(&w, 7 * PAGE);
	}
	work_end(&w);
}

/* Eviction by the helpers, by page number and by the rescue worker fail: the next round works. */
static void failed_eviction_is_tried_again(int xnack)
{
	struct work w;

	work_start(&w, xnack);
	gpu_access(&w.s, w.p, HUGE_BYTES);
	assert_ok(gpu_prefetch(&w.s, w.p, HUGE_BYTES, true));
	gpu_mark(&w, 7 * PAGE);
	assert_in_vram(w.p, HUGE_BYTES);
	driver_poke(0, "fail_copies", "3");
	driver_poke(0, "evict", "1");
	assert_used_up("fail_copies");
	assert_in_ram(w.p, HUGE_BYTES);
	data_check(&w, 7 * PAGE);
	work_end(&w);
}

/* Queues that were stopped because memory went start when it is mapped again, however late. */
static void restore_worker_tries_until_it_can(int arg)
{
	struct work w;

	work_start(&w, false);
	gpu_access(&w.s, w.p, HUGE_BYTES);
	gpu_mark(&w, 7 * PAGE);
	data_check(&w, 7 * PAGE);
	driver_poke(0, "fail_collect", "5");
	assert_int_equal(madvise(w.p, HUGE_BYTES, MADV_DONTNEED), 0);
	pattern_fill(w.p, HUGE_BYTES, SEED);
	gpu_mark(&w, 9 * PAGE);
	assert_used_up("fail_collect");
	data_check(&w, 9 * PAGE);
	work_end(&w);
}

/* The next round of the restore worker shall wait; the one that waits goes on. */
static u64 stall_restore(void)
{
	u64 waited = driver_stat(0, "stall_restore", "waited");

	driver_poke(0, "stall_restore", "1");
	return waited;
}

static void meet_restore(u64 *waited)
{
	assert_true(wait_until(driver_stat(0, "stall_restore", "waited") == *waited + 1, 5000));
}

/* A second area, of other attributes than the first. */
static char *other_area(struct work *w)
{
	char *p = mm_map_small(HUGE_BYTES);

	gpu_access(&w->s, p, HUGE_BYTES);
	assert_ok(svm_set(w->s.kfd, p, HUGE_BYTES, { KFD_IOCTL_SVM_ATTR_GRANULARITY, 4 }));
	pattern_fill(p, HUGE_BYTES, SEED);
	return p;
}

/* The GPU uses an area that was replaced, and that the worker has mapped again. */
static void assert_restored(struct work *w, char *p)
{
	char *first = w->p;

	w->p = p;
	pattern_fill(p, HUGE_BYTES, SEED);
	gpu_mark(w, 7 * PAGE);
	data_check(w, 7 * PAGE);
	w->p = first;
}

/*
 * Memory that can never be mapped is given up in the fourth round. What goes away in
 * that very round is not: its turn comes, before the queues run.
 */
static void memory_given_up_takes_nothing_along(int arg)
{
	struct work w;
	u64 waited;
	char *p;

	work_start(&w, false);
	gpu_access(&w.s, w.p, HUGE_BYTES);
	p = other_area(&w);
	waited = stall_restore();
	assert_int_equal(madvise(w.p, HUGE_BYTES, MADV_DONTNEED), 0);
	for (int round = 0; round < 4; round++) {
		meet_restore(&waited);
		driver_poke(0, "fail_page", "1");
		if (round < 3)
			waited = stall_restore();
	}
	assert_int_equal(madvise(p, HUGE_BYTES, MADV_DONTNEED), 0);
	driver_poke(0, "stall_restore", "0");
	assert_restored(&w, p);
	assert_used_up("fail_page");
	mm_unmap(p, HUGE_BYTES);
	work_end(&w);
}

/* As long as some of the memory may be mapped later, nothing is given up. */
static void temporary_failure_beats_final_one(int arg)
{
	struct work w;
	u64 waited;
	char *p;

	work_start(&w, false);
	gpu_access(&w.s, w.p, HUGE_BYTES);
	p = other_area(&w);
	waited = stall_restore();
	assert_int_equal(madvise(w.p, HUGE_BYTES, MADV_DONTNEED), 0);
	meet_restore(&waited);
	assert_int_equal(madvise(p, HUGE_BYTES, MADV_DONTNEED), 0);
	for (int round = 0; round < 6; round++) {
		driver_poke(0, "fail_page", "1");
		driver_poke(0, "fail_collect", round ? "1" : "0");
		waited = stall_restore();
		meet_restore(&waited);
		assert_used_up("fail_page");
		assert_used_up("fail_collect");
	}
	driver_poke(0, "stall_restore", "0");
	assert_restored(&w, w.p);
	assert_restored(&w, p);
	mm_unmap(p, HUGE_BYTES);
	work_end(&w);
}

/*
 * What cannot be forgotten now is forgotten before anybody asks again: the
 * worker fails, the first to ask is told, the second is served.
 */
static void unmapped_memory_is_forgotten_after_failures(int xnack)
{
	struct kfd_ioctl_svm_attribute attr = { .type = KFD_IOCTL_SVM_ATTR_GRANULARITY };
	const size_t bytes = 16 * PAGE;
	struct work w;
	char *again;

	work_start(&w, xnack);
	assert_ok(svm_set(w.s.kfd, w.p, HUGE_BYTES, { KFD_IOCTL_SVM_ATTR_GRANULARITY, 3 }));
	driver_poke(0, "fail_garbage", "2");
	munmap(w.p + bytes, bytes);
	assert_true(wait_until(driver_number(0, "fail_garbage") == 1, 5000));
	again = mmap(w.p + bytes, bytes, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	assert_ptr_equal(again, w.p + bytes);
	assert_errno(kfd_svm(w.s.kfd, KFD_IOCTL_SVM_OP_GET_ATTR, again, bytes, &attr, 1), ENOMEM);
	assert_used_up("fail_garbage");
	assert_int_equal(svm_get(w.s.kfd, again, bytes, KFD_IOCTL_SVM_ATTR_GRANULARITY), 9);
	assert_int_equal(svm_get(w.s.kfd, w.p, bytes, KFD_IOCTL_SVM_ATTR_GRANULARITY), 3);
	work_end(&w);
}

static const struct guest_test tests[] = {
	TEST_ARG("fault_is_served_after_failures_xnack_on", fault_is_served_after_failures, 0),
	TEST_ARG("fault_that_cannot_move_pages_is_served_in_ram_xnack_on",
		 fault_that_cannot_move_pages_is_served_in_ram, 0),
	TEST_ARG("fault_without_memory_for_tables_is_one_exception_xnack_on",
		 fault_without_memory_is_one_exception, 0),
	TEST_ARG("fault_without_memory_for_pages_is_one_exception_xnack_on",
		 fault_without_memory_is_one_exception, 1),
	TEST_XNACK(failed_way_to_ram_leaves_pages_in_vram),
	TEST_XNACK(failed_eviction_is_tried_again),
	TEST_ARG("restore_worker_tries_until_it_can_xnack_off", restore_worker_tries_until_it_can, 0),
	TEST_ARG("memory_given_up_takes_nothing_along_xnack_off", memory_given_up_takes_nothing_along, 0),
	TEST_ARG("temporary_failure_beats_final_one_xnack_off", temporary_failure_beats_final_one, 0),
	TEST_XNACK(unmapped_memory_is_forgotten_after_failures),
};
HARNESS_MAIN(tests)
