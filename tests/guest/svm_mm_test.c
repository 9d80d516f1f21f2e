// SPDX-License-Identifier: MIT
/*
 * SVM against the rest of the kernel's mm: fork and copy on write, mremap,
 * munmap and madvise under a running GPU, racing writers, exit, two processes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "area.h"
#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

static int child_sees_old_bytes(struct child *c, void *arg)
{
	struct area *a = arg;

	child_tell(c, 'f');
	child_expect(child_hear(c, 'w'));
	child_expect(pattern_mismatch(a->p, a->bytes, a->seed) == PATTERN_OK);
	return 0;
}

/* The page tables say read-only after fork; a GPU write must break the sharing. */
static void gpu_write_after_fork_is_not_seen_by_the_child(int mode)
{
	struct child c;
	struct area a;

	area_start(&a, mode, HUGE_BYTES, 60);
	child_start(&c, child_sees_old_bytes, &a);
	assert_true(child_hear(&c, 'f'));
	sdma_fill(&a.q, a.p + 3 * PAGE, 0x61616161, 5 * PAGE);
	sdma_run(&a.q);
	child_tell(&c, 'w');
	assert_child_ok(&c);
	pattern_check(a.p, 3 * PAGE, 60);
	bytes_check(a.p + 3 * PAGE, 5 * PAGE, 0x61);
	assert_int_equal(*(u64 *)(a.p + 9 * PAGE), pattern_word(60, 9 * PAGE));
	sdma_destroy(&a.q);
}

/* The same with the GPU's mapping live at the moment of the fork. */
static void gpu_mapping_of_before_fork_is_taken_back(int mode)
{
	struct child c;
	struct area a;

	area_start(&a, mode, HUGE_BYTES, 62);
	/* Rewrites every byte with what is there: a writable mapping in the TLB. */
	sdma_copy(&a.q, a.p, a.p, a.bytes);
	sdma_run(&a.q);
	child_start(&c, child_sees_old_bytes, &a);
	assert_true(child_hear(&c, 'f'));
	sdma_fill(&a.q, a.p, 0, a.bytes);
	sdma_run(&a.q);
	child_tell(&c, 'w');
	assert_child_ok(&c);
	bytes_check(a.p, a.bytes, 0);
	sdma_destroy(&a.q);
}

static int child_writes(struct child *c, void *arg)
{
	struct area *a = arg;

	memset(a->p, 0xcc, a->bytes);
	child_tell(c, 'w');
	child_expect(child_hear(c, 'e'));
	child_expect(a->p[a->bytes - 1] == (char)0xcc);
	return 0;
}

static void child_write_is_not_seen_by_the_gpu(int mode)
{
	struct child c;
	struct area a;
	char *copy;

	area_start(&a, mode, HUGE_BYTES, 63);
	copy = sysmem_alloc(&a.s, a.bytes);
	child_start(&c, child_writes, &a);
	assert_true(child_hear(&c, 'w'));
	sdma_copy(&a.q, copy, a.p, a.bytes);
	sdma_run(&a.q);
	pattern_check(copy, a.bytes, 63);
	pattern_check(a.p, a.bytes, 63);
	child_tell(&c, 'e');
	assert_child_ok(&c);
	sdma_destroy(&a.q);
}

static int child_reads(struct child *c, void *arg)
{
	struct area *a = arg;

	child_expect(pattern_mismatch(a->p, a->bytes, a->seed) == PATTERN_OK);
	return 0;
}

static void many_forks_share_vram_pages(int mode)
{
	struct child c[4];
	struct area a;

	area_start(&a, mode, HUGE_BYTES, 64);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		child_start(&c[i], child_reads, &a);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		assert_child_ok(&c[i]);
	pattern_check(a.p, a.bytes, 64);
	sdma_destroy(&a.q);
}

/* Hole 8: the mm that made the device pages is gone, a child still maps them. */
static int orphan(struct child *c, void *arg)
{
	struct area *a = arg;
	pid_t parent = getppid();

	child_tell(c, 'o');
	/* Reparenting comes after the parent gave up its memory. */
	child_expect(wait_until(getppid() != parent, 20000));
	/* With XNACK off the fork may have made the driver give the sharing up. */
	child_expect(!a->s.xnack || residency_vram(a->p, a->bytes) > 0);
	child_expect(pattern_mismatch(a->p, a->bytes, a->seed) == PATTERN_OK);
	child_expect(!residency_vram(a->p, a->bytes));
	return 0;
}

static int parent_that_leaves(struct child *c, void *arg)
{
	struct child grandchild;
	struct area a;

	area_start(&a, *(int *)arg, HUGE_BYTES, 65);
	child_start(&grandchild, orphan, &a);
	return child_hear(&grandchild, 'o') ? 0 : 1;
}

static void parent_exit_leaves_vram_pages_to_the_child(int mode)
{
	struct child c;
	int status = -1;

	/* So that the grandchild becomes ours. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	child_start(&c, parent_that_leaves, &mode);
	assert_child_ok(&c);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_int_equal(status, 0);
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos"), 10000));
}

/* Eviction needs the mm that made the pages; it must not need the process. */
static int orphan_evicted(struct child *c, void *arg)
{
	struct area *a = arg;
	pid_t parent = getppid();

	child_tell(c, 'o');
	child_expect(wait_until(getppid() != parent, 20000));
	/* With XNACK off the fork may have made the driver give the sharing up. */
	child_expect(!a->s.xnack || residency_vram(a->p, a->bytes) > 0);
	driver_poke(0, "evict", "1");
	child_expect(!residency_vram(a->p, a->bytes));
	child_expect(pattern_mismatch(a->p, a->bytes, a->seed) == PATTERN_OK);
	return 0;
}

static int parent_that_leaves_evicted(struct child *c, void *arg)
{
	struct child grandchild;
	struct area a;

	area_start(&a, *(int *)arg, HUGE_BYTES, 77);
	child_start(&grandchild, orphan_evicted, &a);
	return child_hear(&grandchild, 'o') ? 0 : 1;
}

static void eviction_after_parent_exit_works(int mode)
{
	struct child c;
	int status = -1;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	child_start(&c, parent_that_leaves_evicted, &mode);
	assert_child_ok(&c);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_int_equal(status, 0);
}

static void mremap_moves_vram_pages(int mode)
{
	struct area a;
	char *room, *copy;

	area_start(&a, mode, HUGE_BYTES, 66);
	copy = sysmem_alloc(&a.s, a.bytes);
	/* One page off: what was a 2 MiB mapping cannot be one any more. */
	room = (char *)mm_map_small(2 * HUGE_BYTES) + PAGE;
	assert_ptr_equal(mremap(a.p, a.bytes, a.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, room), room);
	gpu_access(&a.s, room, a.bytes);
	sdma_copy(&a.q, copy, room, a.bytes);
	sdma_run(&a.q);
	pattern_check(copy, a.bytes, 66);
	sdma_fill(&a.q, room + PAGE, 0x12121212, PAGE);
	sdma_run(&a.q);
	pattern_check(room, PAGE, 66);
	bytes_check(room + PAGE, PAGE, 0x12);
	sdma_destroy(&a.q);
}

static void mremap_old_address_is_gone_for_the_gpu(int mode)
{
	struct area a;
	HsaEvent *e;
	char *room;

	area_start(&a, mode, HUGE_BYTES, 67);
	e = memory_event(&a.s);
	room = mm_map_kind(a.bytes, mode & HUGE);
	sdma_write1(&a.q, a.p, (u32)pattern_word(67, 0));
	sdma_run(&a.q);
	assert_ptr_equal(mremap(a.p, a.bytes, a.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, room), room);
	sdma_write1(&a.q, a.p + PAGE, 0xbad);
	sdma_submit(&a.q);
	assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS));
	assert_int_equal(e->EventData.EventData.MemoryAccessFault.VirtualAddress, (uintptr_t)(a.p + PAGE));
	pattern_check(room, a.bytes, 67);
	sdma_destroy(&a.q);
}

static void munmap_and_reuse_never_shows_old_bytes(int mode)
{
	struct area a;
	char *copy;

	area_start(&a, mode, HUGE_BYTES, 68);
	copy = sysmem_alloc(&a.s, a.bytes);
	for (u64 i = 0; i < 8; i++) {
		mm_unmap(a.p, a.bytes);
		assert_ptr_equal(mmap(a.p, a.bytes, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), a.p);
		gpu_access(&a.s, a.p, a.bytes);
		if (i % 2)
			pattern_fill(a.p, a.bytes, i);
		sdma_copy(&a.q, copy, a.p, a.bytes);
		sdma_run(&a.q);
		if (i % 2)
			pattern_check(copy, a.bytes, i);
		else
			bytes_check(copy, a.bytes, 0);
		assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, true));
	}
	sdma_destroy(&a.q);
}

static void madvise_dontneed_gives_zeroes(int mode)
{
	struct area a;
	char *copy;

	area_start(&a, mode, HUGE_BYTES, 69);
	copy = sysmem_alloc(&a.s, a.bytes);
	assert_int_equal(madvise(a.p + 8 * PAGE, 100 * PAGE, MADV_DONTNEED), 0);
	/* Without XNACK the restore worker maps new pages of zeroes, now or in a moment. */
	if (a.s.xnack)
		assert_untouched(a.p + 8 * PAGE, 100 * PAGE);
	else
		assert_int_equal(residency_vram(a.p + 8 * PAGE, 100 * PAGE), 0);
	memset(copy, 1, a.bytes);
	sdma_copy(&a.q, copy, a.p, a.bytes);
	sdma_run(&a.q);
	pattern_check(copy, 8 * PAGE, 69);
	bytes_check(copy + 8 * PAGE, 100 * PAGE, 0);
	bytes_check(a.p + 8 * PAGE, 100 * PAGE, 0);
	assert_int_equal(*(u64 *)(a.p + 200 * PAGE), pattern_word(69, 200 * PAGE));
	sdma_destroy(&a.q);
}

/* A CPU thread adds to one word of each page while the pages go to and fro. */
struct racer {
	char *p;
	size_t bytes;
	atomic_bool stop;
	u64 rounds;
};

static void *racing_writer(void *arg)
{
	struct racer *r = arg;

	while (!atomic_load(&r->stop)) {
		for (size_t at = 0; at < r->bytes; at += PAGE)
			(*(volatile u64 *)(r->p + at))++;
		r->rounds++;
	}
	return NULL;
}

static void racing_cpu_writer_loses_no_update(int mode)
{
	struct racer r = { .bytes = HUGE_BYTES };
	pthread_t thread;
	struct session s;

	session_start(&s, mode & XNACK);
	r.p = mm_map_kind(r.bytes, mode & HUGE);
	memset(r.p, 0, r.bytes);
	gpu_access(&s, r.p, r.bytes);
	assert_int_equal(pthread_create(&thread, NULL, racing_writer, &r), 0);
	for (int i = 0; i < 15; i++)
		assert_ok(gpu_prefetch(&s, r.p, r.bytes, i % 3 != 2));
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_true(r.rounds > 0);
	for (size_t at = 0; at < r.bytes; at += PAGE)
		assert_int_equal(*(u64 *)(r.p + at), r.rounds);
}

/* CPU and GPU add to the same pages, in different words. */
static void racing_cpu_and_gpu_lose_no_update(int mode)
{
	struct racer r = { .bytes = 8 * PAGE };
	pthread_t thread;
	struct session s;
	struct sdma q;
	u64 gpu_rounds = 0;

	session_start(&s, mode & XNACK);
	sdma_create(&q, &s, 0);
	r.p = mm_map_kind(HUGE_BYTES, mode & HUGE);
	memset(r.p, 0, HUGE_BYTES);
	gpu_access(&s, r.p, HUGE_BYTES);
	assert_int_equal(pthread_create(&thread, NULL, racing_writer, &r), 0);
	for (; gpu_rounds < 20; gpu_rounds++) {
		for (size_t at = 0; at < r.bytes; at += PAGE)
			sdma_add64(&q, r.p + at + 64, 1);
		sdma_run(&q);
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	for (size_t at = 0; at < r.bytes; at += PAGE) {
		assert_int_equal(*(u64 *)(r.p + at), r.rounds);
		assert_int_equal(*(u64 *)(r.p + at + 64), gpu_rounds);
	}
	sdma_destroy(&q);
}

/* While the GPU rewrites a 2 MiB page, pieces of it are unmapped. */
static void munmap_head_middle_tail_under_gpu_writes(int huge)
{
	static const size_t cut[][2] = { { 0, 64 }, { 200, 56 }, { 480, 32 } };
	struct area a;

	area_start(&a, XNACK | (huge ? HUGE : 0), HUGE_BYTES, 70);
	for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
		/* Only pages that stay are written: any of them may fault at any time. */
		for (u32 round = 0; round < 10; round++) {
			sdma_fill(&a.q, a.p + 64 * PAGE, round, 136 * PAGE);
			sdma_fill(&a.q, a.p + 256 * PAGE, round, 224 * PAGE);
		}
		sdma_kick(&a.q);
		mm_unmap(a.p + cut[i][0] * PAGE, cut[i][1] * PAGE);
		sdma_run(&a.q);
	}
	for (size_t at = 64 * PAGE; at < 200 * PAGE; at += PAGE)
		assert_int_equal(*(u32 *)(a.p + at), 9);
	for (size_t at = 256 * PAGE; at < 480 * PAGE; at += PAGE)
		assert_int_equal(*(u32 *)(a.p + at), 9);
	sdma_destroy(&a.q);
}

static void *map_and_unmap(void *arg)
{
	struct racer *r = arg;

	/* Same notifier window as the memory the GPU works on. */
	while (!atomic_load(&r->stop)) {
		char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(p, 1, 4 * PAGE);
		munmap(p, 4 * PAGE);
		r->rounds++;
	}
	return NULL;
}

static void notifier_storm_does_not_stop_progress(int mode)
{
	struct racer r = { 0 };
	pthread_t thread;
	struct area a;

	area_start(&a, mode, 2 * HUGE_BYTES, 71);
	assert_int_equal(pthread_create(&thread, NULL, map_and_unmap, &r), 0);
	for (u32 i = 0; i < 10; i++) {
		assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, i % 2));
		sdma_fill(&a.q, a.p, i, a.bytes);
		sdma_run(&a.q);
		assert_int_equal(*(u32 *)(a.p + PAGE), i);
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_true(r.rounds > 0);
	sdma_destroy(&a.q);
}

static void *protect_and_unprotect(void *arg)
{
	struct racer *r = arg;

	while (!atomic_load(&r->stop)) {
		mprotect(r->p, r->bytes, PROT_READ);
		mprotect(r->p, r->bytes, PROT_READ | PROT_WRITE);
		r->rounds++;
	}
	return NULL;
}

static void mprotect_storm_under_gpu_reads_keeps_data(int mode)
{
	struct racer r = { 0 };
	pthread_t thread;
	struct area a;
	char *copy;

	area_start(&a, mode, HUGE_BYTES, 72);
	copy = sysmem_alloc(&a.s, a.bytes);
	r.p = a.p;
	r.bytes = a.bytes;
	assert_int_equal(pthread_create(&thread, NULL, protect_and_unprotect, &r), 0);
	for (int i = 0; i < (harness_slow() > 1 ? 3 : 10); i++) {
		sdma_copy(&a.q, copy, a.p, a.bytes);
		sdma_run(&a.q);
		pattern_check(copy, a.bytes, 72);
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	sdma_destroy(&a.q);
}

static void *set_attributes(void *arg)
{
	struct area *a = arg;

	for (u32 i = 0; i < 200; i++) {
		char *p = a->p + (i % 32) * 16 * PAGE;

		svm_set(a->s.kfd, p, 16 * PAGE, { KFD_IOCTL_SVM_ATTR_GRANULARITY, i % 10 },
			{ KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, i % 2 ? a->s.gpu[0].gpu_id : 0 });
	}
	return NULL;
}

static void attribute_changes_under_gpu_access_keep_data(int mode)
{
	pthread_t thread;
	struct area a;
	char *copy;

	area_start(&a, mode, HUGE_BYTES, 73);
	copy = sysmem_alloc(&a.s, a.bytes);
	assert_int_equal(pthread_create(&thread, NULL, set_attributes, &a), 0);
	for (int i = 0; i < 10; i++) {
		sdma_copy(&a.q, copy, a.p, a.bytes);
		sdma_run(&a.q);
		pattern_check(copy, a.bytes, 73);
	}
	pthread_join(thread, NULL);
	pattern_check(a.p, a.bytes, 73);
	sdma_destroy(&a.q);
}

static void *set_attributes_of_vanishing_memory(void *arg)
{
	struct racer *r = arg;
	int kfd = (int)r->bytes;

	while (!atomic_load(&r->stop)) {
		svm_set(kfd, r->p, HUGE_BYTES, { KFD_IOCTL_SVM_ATTR_GRANULARITY, 4 });
		r->rounds++;
	}
	return NULL;
}

static void set_attributes_races_munmap(int xnack)
{
	struct session s;
	struct racer r = { 0 };
	pthread_t thread;

	session_start(&s, xnack);
	r.p = mm_map_small(HUGE_BYTES);
	r.bytes = (size_t)s.kfd;
	assert_int_equal(pthread_create(&thread, NULL, set_attributes_of_vanishing_memory, &r), 0);
	for (int i = 0; i < 200; i++) {
		munmap(r.p, HUGE_BYTES);
		assert_ptr_equal(mmap(r.p, HUGE_BYTES, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), r.p);
		r.p[0] = 1;
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_true(r.rounds > 0);
	mm_unmap(r.p, HUGE_BYTES);
	assert_ptr_equal(mmap(r.p, HUGE_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), r.p);
	assert_int_equal(svm_get(s.kfd, r.p, HUGE_BYTES, KFD_IOCTL_SVM_ATTR_GRANULARITY), 9);
}

/* Works until it is killed. */
static int busy_process(struct child *c, void *arg)
{
	int mode = *(int *)arg;
	struct session s;
	struct sdma q;
	char *p;

	child_expect(session_try_start(&s, mode & XNACK));
	sdma_create(&q, &s, 0);
	p = mm_map_kind(4 * HUGE_BYTES, mode & HUGE);
	gpu_access(&s, p, 4 * HUGE_BYTES);
	child_tell(c, 'b');
	for (u32 i = 0;; i++) {
		sdma_fill(&q, p, i, 4 * HUGE_BYTES);
		sdma_submit(&q);
		gpu_prefetch(&s, p + (i % 4) * HUGE_BYTES, HUGE_BYTES, i & 4);
		p[i % 4 * HUGE_BYTES] = 1;
	}
}

static void kill_in_the_middle_leaves_nothing(int mode)
{
	struct child c;

	for (int i = 0; i < 5; i++) {
		const struct timespec later = { .tv_nsec = (long)(harness_random() % 80000000) };

		child_start(&c, busy_process, &mode);
		assert_true(child_hear(&c, 'b'));
		/* Not synchronisation: the point is an arbitrary moment. */
		nanosleep(&later, NULL);
		kill(c.pid, SIGKILL);
		child_join(&c);
	}
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos"), 10000));
}

static int own_pattern(struct child *c, void *arg)
{
	char *p = arg;
	u64 seed = (u64)getpid();
	struct session s;
	struct sdma q;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	for (u64 i = 0; i < 10; i++) {
		pattern_fill(p, HUGE_BYTES, seed + i);
		sdma_copy(&q, p + HUGE_BYTES, p, HUGE_BYTES);
		child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
		child_expect(pattern_mismatch(p + HUGE_BYTES, HUGE_BYTES, seed + i) == PATTERN_OK);
		child_expect(!gpu_prefetch(&s, p, HUGE_BYTES, true));
		child_expect(pattern_mismatch(p, HUGE_BYTES, seed + i) == PATTERN_OK);
	}
	return 0;
}

/* Same addresses, different bytes. */
static void two_processes_do_not_mix(int huge)
{
	char *p = mm_map_kind(2 * HUGE_BYTES, huge);
	struct child c[3];

	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		child_start(&c[i], own_pattern, p);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		assert_child_ok(&c[i]);
}

static int use_gpu_again(struct child *c, void *arg)
{
	return own_pattern(c, mm_map_huge(2 * HUGE_BYTES));
}

static void forked_child_opens_its_own_gpu(int arg)
{
	struct child c;
	struct area a;

	area_start(&a, XNACK, HUGE_BYTES, 74);
	child_start(&c, use_gpu_again, NULL);
	assert_child_ok(&c);
	pattern_check(a.p, a.bytes, 74);
	sdma_destroy(&a.q);
}

/* ptrace-like access from the kernel: write(2) from and read(2) to VRAM pages. */
static void system_calls_reach_vram_pages(int mode)
{
	char path[] = "/tmp/vkfd-io.XXXXXX";
	int fd = mkstemp(path);
	struct area a;

	unlink(path);
	area_start(&a, mode, HUGE_BYTES, 75);
	assert_int_equal(write(fd, a.p, a.bytes), a.bytes);
	assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, true));
	memset(a.p, 0, PAGE);
	assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, true));
	assert_int_equal(pread(fd, a.p, a.bytes, 0), a.bytes);
	pattern_check(a.p, a.bytes, 75);
	sdma_destroy(&a.q);
}

static void pinning_vram_pages_brings_them_to_ram(int mode)
{
	struct area a;
	int pin;

	area_start(&a, mode, HUGE_BYTES, 76);
	pin = mm_pin(a.p + 10 * PAGE, 4 * PAGE);
	assert_in_ram(a.p + 10 * PAGE, 4 * PAGE);
	sdma_fill(&a.q, a.p + 10 * PAGE, 0x10101010, PAGE);
	sdma_run(&a.q);
	assert_in_ram(a.p + 10 * PAGE, 4 * PAGE);
	bytes_check(a.p + 10 * PAGE, PAGE, 0x10);
	mm_unpin(pin);
	pattern_check(a.p, 10 * PAGE, 76);
	sdma_destroy(&a.q);
}

static void *drop_pages(void *arg)
{
	struct racer *r = arg;

	while (!atomic_load(&r->stop)) {
		/* The CPU fills a page and drops it: the frame goes to somebody else. */
		for (size_t at = 0; at < r->bytes; at += PAGE)
			madvise(r->p + at, PAGE, MADV_DONTNEED);
		r->rounds++;
	}
	return NULL;
}

/*
 * Faults on memory whose pages are thrown away at the same time. A mapping
 * that is written although its page has gone hits a frame of somebody else.
 */
static void faults_race_dontneed(int mode)
{
	const size_t bytes = 64 * PAGE;
	struct racer r = { .bytes = bytes };
	char *canary = mm_map_small(HUGE_BYTES);
	pthread_t thread;
	struct session s;
	struct sdma q;

	session_start(&s, mode & XNACK);
	sdma_create(&q, &s, 0);
	r.p = mm_map_small(bytes);
	/* Stays in RAM, so that every fault maps a frame that can vanish. */
	assert_ok(svm_set(s.kfd, r.p, bytes, { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, s.gpu[0].gpu_id },
			  { KFD_IOCTL_SVM_ATTR_GRANULARITY, 0 }));
	assert_int_equal(pthread_create(&thread, NULL, drop_pages, &r), 0);
	for (u64 i = 0; i < (harness_slow() > 1 ? 5 : 20); i++) {
		for (size_t at = 0; at < bytes; at += PAGE)
			sdma_fill(&q, r.p + at, 0xdeadbeef, PAGE);
		sdma_submit(&q);
		/* Takes the frames that were just freed. */
		pattern_fill(canary, HUGE_BYTES, i);
		assert_true(sdma_wait(&q, q.seq, SDMA_MS));
		pattern_check(canary, HUGE_BYTES, i);
		assert_int_equal(madvise(canary, HUGE_BYTES, MADV_DONTNEED), 0);
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	/* Once nobody drops pages any more, what the GPU writes is there. */
	sdma_fill(&q, r.p, 0x5a5a5a5a, bytes);
	sdma_run(&q);
	bytes_check(r.p, bytes, 0x5a);
	sdma_destroy(&q);
}

static const struct guest_test tests[] = {
	TEST_XNACK(faults_race_dontneed),
	TEST_MODES(gpu_write_after_fork_is_not_seen_by_the_child),
	TEST_MODES(gpu_mapping_of_before_fork_is_taken_back),
	TEST_MODES(child_write_is_not_seen_by_the_gpu),
	TEST_XNACK(many_forks_share_vram_pages),
	TEST_MODES(parent_exit_leaves_vram_pages_to_the_child),
	TEST_MODES(eviction_after_parent_exit_works),
	TEST_MODES(mremap_moves_vram_pages),
	TEST_XNACK(mremap_old_address_is_gone_for_the_gpu),
	TEST_MODES(munmap_and_reuse_never_shows_old_bytes),
	TEST_MODES(madvise_dontneed_gives_zeroes),
	TEST_MODES(racing_cpu_writer_loses_no_update),
	TEST_MODES(racing_cpu_and_gpu_lose_no_update),
	TEST_ARG("munmap_head_middle_tail_under_gpu_writes_4k_xnack_on", munmap_head_middle_tail_under_gpu_writes, 0),
	TEST_ARG("munmap_head_middle_tail_under_gpu_writes_2m_xnack_on", munmap_head_middle_tail_under_gpu_writes, 1),
	TEST_XNACK(notifier_storm_does_not_stop_progress),
	TEST_MODES(mprotect_storm_under_gpu_reads_keeps_data),
	TEST_XNACK(attribute_changes_under_gpu_access_keep_data),
	TEST_XNACK(set_attributes_races_munmap),
	TEST_MODES(kill_in_the_middle_leaves_nothing),
	TEST_ARG("two_processes_do_not_mix_4k_xnack_on", two_processes_do_not_mix, 0),
	TEST_ARG("two_processes_do_not_mix_2m_xnack_on", two_processes_do_not_mix, 1),
	TEST_ARG("forked_child_opens_its_own_gpu_xnack_on", forked_child_opens_its_own_gpu, 0),
	TEST_XNACK(system_calls_reach_vram_pages),
	TEST_XNACK(pinning_vram_pages_brings_them_to_ram),
};
HARNESS_MAIN(tests)
