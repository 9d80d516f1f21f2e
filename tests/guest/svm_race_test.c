// SPDX-License-Identifier: MIT
/*
 * Races of a GPU fault with the CPU side, made certain: the driver's fault
 * points hold a mapping up between two steps (debugfs stall_collect and
 * stall_commit), the CPU does its worst, the mapping goes on. The same for an
 * eviction, between unmapping pages and copying them (stall_copy).
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu.h"
#include "mm.h"
#include "residency.h"
#include "sdma.h"

enum { WRITE = 1, IN_VRAM = 2 };

/* A page of memory, a queue, and the fault point in use. */
struct race {
	struct session s;
	struct sdma q;
	u32 *p;
	const char *point;
	u64 waited;	/* mappings that had been held up before the last one */
	int home, err;	/* of bring_home(): how, and what came of it */
	u32 seen;
};

static void race_start(struct race *r, bool vram)
{
	memset(r, 0, sizeof(*r));
	session_start(&r->s, true);
	sdma_create(&r->q, &r->s, 0);
	/* The queue's own pages are mapped now, or the wrong fault would be held up. */
	sdma_run(&r->q);
	r->p = mm_map_small(HUGE_BYTES);
	memset(r->p, 0x11, HUGE_BYTES);
	if (vram) {
		assert_ok(gpu_prefetch(&r->s, r->p, HUGE_BYTES, true));
		assert_in_vram(r->p, HUGE_BYTES);
		/* Prefetch has mapped it: have the next access fault. */
		assert_ok(svm_set(r->s.kfd, r->p, HUGE_BYTES,
				  { KFD_IOCTL_SVM_ATTR_NO_ACCESS, r->s.gpu[0].gpu_id }));
		assert_ok(svm_set(r->s.kfd, r->p, HUGE_BYTES,
				  { KFD_IOCTL_SVM_ATTR_ACCESS, r->s.gpu[0].gpu_id }));
	} else {
		assert_ok(svm_set(r->s.kfd, r->p, HUGE_BYTES,
				  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0 }));
	}
}

/* The next mapping shall wait at @point, and whoever waits there goes on. */
static void race_arm(struct race *r, const char *point)
{
	r->point = point;
	r->waited = driver_stat(0, point, "waited");
	driver_poke(0, point, "1");
}

static void race_meet(struct race *r)
{
	if (!wait_until(driver_stat(0, r->point, "waited") == r->waited + 1, 3000))
		fail_test("nobody came to %s", r->point);
}

static void race_release(struct race *r)
{
	driver_poke(0, r->point, "0");
}

static void race_end(struct race *r, u32 seq)
{
	assert_true(sdma_wait(&r->q, seq, SDMA_MS));
	sdma_destroy(&r->q);
}

/* Frees the page of @p and has the CPU fill another one with 0x22 there. */
static void replace_page(u32 *p)
{
	u64 before = residency_ram_frame(p);
	char *spare = mm_map_small(64 * PAGE);

	assert_int_equal(madvise(p, PAGE, MADV_DONTNEED), 0);
	/* Takes the freed frame, if there is one. */
	memset(spare, 0x33, 64 * PAGE);
	memset(p, 0x22, PAGE);
	assert_int_not_equal(residency_ram_frame(p), 0);
	assert_int_not_equal(residency_ram_frame(p), before);
}

/* An access of @q to the page, with an own word; @copy: what reads go to. */
static u32 access_page(struct race *r, struct sdma *q, bool write, u32 word, u32 *copy)
{
	if (write)
		sdma_write1(q, r->p + word, 0x44444444 + word);
	else
		sdma_copy(q, copy, r->p, PAGE);
	return sdma_submit(q);
}

/* Has a second queue use the page; returns when it is done or its fault was reported. */
static u32 second_access(struct race *r, struct sdma *q, bool write, u32 *copy)
{
	u64 faults = device_stat(0, VKFD_STAT_FAULTS_RETRY);
	u32 seq = access_page(r, q, write, 6, copy);

	assert_true(wait_until(sdma_done(q, seq) ||
			       device_stat(0, VKFD_STAT_FAULTS_RETRY) > faults, 3000));
	return seq;
}

/*
 * Collected, then replaced: no access may go to the page that was there. The
 * first access stays parked until all is mapped, so a second one looks, while
 * the mapping after the one that must fail is held up in its turn.
 */
static void page_replaced_before_commit_is_not_used(int mode)
{
	bool write = mode & WRITE;
	struct sdma second;
	struct race r;
	u32 *copy, seq, seq2;

	race_start(&r, mode & IN_VRAM);
	sdma_create(&second, &r.s, 0);
	sdma_run(&second);
	copy = sysmem_alloc(&r.s, 2 * PAGE);
	race_arm(&r, "stall_commit");
	seq = access_page(&r, &r.q, write, 5, copy);
	race_meet(&r);
	replace_page(r.p);
	race_arm(&r, "stall_commit");
	race_meet(&r);
	seq2 = second_access(&r, &second, write, copy + PAGE / 4);
	assert_false(sdma_done(&second, seq2));
	race_release(&r);
	assert_true(sdma_wait(&second, seq2, SDMA_MS));
	race_end(&r, seq);
	for (u32 i = 0; i < PAGE / 4; i++)
		assert_int_equal(r.p[i], write && (i == 5 || i == 6) ? 0x44444444 + i : 0x22222222);
	for (u32 i = 0; !write && i < 2 * PAGE / 4; i++)
		assert_int_equal(copy[i], 0x22222222);
	sdma_destroy(&second);
}

/* More often than any number of attempts: legal memory is never refused. */
static void fault_overtaken_again_and_again_is_served(int write)
{
	enum { ROUNDS = 70 };
	struct race r;
	u32 *copy, seq;

	race_start(&r, true);
	copy = sysmem_alloc(&r.s, PAGE);
	if (write)
		sdma_write1(&r.q, r.p, 0x44444444);
	else
		sdma_copy(&r.q, copy, r.p, PAGE);
	race_arm(&r, "stall_commit");
	seq = sdma_submit(&r.q);
	for (int i = 0; i < ROUNDS; i++) {
		race_meet(&r);
		mm_protect(r.p, HUGE_BYTES, PROT_READ);
		mm_protect(r.p, HUGE_BYTES, PROT_READ | PROT_WRITE);
		race_arm(&r, "stall_commit");
	}
	race_meet(&r);
	assert_false(sdma_done(&r.q, seq));
	race_release(&r);
	race_end(&r, seq);
	assert_int_equal(write ? r.p[0] : copy[0], write ? 0x44444444 : 0x11111111);
	assert_int_equal(write ? r.p[1] : copy[PAGE / 4 - 1], 0x11111111);
}

static void *deny_access(void *arg)
{
	struct race *r = arg;

	assert_ok(svm_set(r->s.kfd, r->p, HUGE_BYTES,
			  { KFD_IOCTL_SVM_ATTR_NO_ACCESS, r->s.gpu[0].gpu_id }));
	return NULL;
}

enum { FAR = 3 };

/*
 * Two queues fault in one window, and mapping it serves both. The second one's
 * report still stands in line, behind those of @far, when its access is over
 * and the program, who has seen that, takes the memory away from the GPU.
 */
static void late_report_is_no_violation(int prot)
{
	struct sdma second, other[FAR];
	u32 *far[FAR], seq, seq2, far_seq[FAR];
	HsaEvent *event;
	pthread_t thread;
	struct race r;

	race_start(&r, false);
	event = memory_event(&r.s);
	sdma_create(&second, &r.s, 0);
	sdma_run(&second);
	for (int i = 0; i < FAR; i++) {
		sdma_create(&other[i], &r.s, 0);
		sdma_run(&other[i]);
		far[i] = mm_map_small(HUGE_BYTES);
	}
	race_arm(&r, "stall_collect");
	seq = sdma_report_fault(&r.q, r.p);
	race_meet(&r);
	for (int i = 0; i < FAR; i++)
		far_seq[i] = sdma_report_fault(&other[i], far[i]);
	seq2 = sdma_report_fault(&second, r.p + PAGE / 4);
	/* The rest of the window may take more mappings than one. */
	do {
		race_arm(&r, "stall_collect");
		race_meet(&r);
	} while (!sdma_wait(&second, seq2, 500));
	/* The late report is behind this one; acknowledges of the others may have been sent together. */
	assert_false(sdma_done(&other[FAR - 1], far_seq[FAR - 1]));
	if (prot < 0) {
		/* Waits for the driver's lock, and has it before the last of @far is served. */
		assert_int_equal(pthread_create(&thread, NULL, deny_access, &r), 0);
		race_arm(&r, "stall_collect");
		race_meet(&r);
		race_release(&r);
		pthread_join(thread, NULL);
	} else {
		mm_protect(r.p, HUGE_BYTES, prot);
		race_release(&r);
	}
	for (int i = 0; i < FAR; i++)
		assert_true(sdma_wait(&other[i], far_seq[i], SDMA_MS));
	assert_true(sdma_wait(&r.q, seq, SDMA_MS));
	/* Behind the late report, whatever became of it: */
	sdma_write1(&second, mm_map_small(HUGE_BYTES), 1);
	assert_true(sdma_wait(&second, sdma_submit(&second), SDMA_MS));
	assert_int_equal(hsaKmtWaitOnEvent(event, 50), HSAKMT_STATUS_WAIT_TIMEOUT);
	/* An access from now on is one. */
	sdma_write1(&r.q, r.p + PAGE / 4, 5);
	sdma_submit(&r.q);
	assert_hsa(hsaKmtWaitOnEvent(event, SDMA_MS));
}

static int child_sees_old_word(struct child *c, void *arg)
{
	child_tell(c, 'f');
	child_expect(child_hear(c, 'w'));
	child_expect(*(volatile u32 *)arg == 0x11111111);
	return 0;
}

/* The driver saw that nobody shares the page, and then somebody does. */
static void fork_before_collect_still_breaks_sharing(int arg)
{
	struct child c;
	struct race r;
	u32 seq;

	race_start(&r, true);
	sdma_write1(&r.q, r.p, 0x44444444);
	race_arm(&r, "stall_collect");
	seq = sdma_submit(&r.q);
	race_meet(&r);
	child_start(&c, child_sees_old_word, r.p);
	assert_true(child_hear(&c, 'f'));
	race_release(&r);
	race_end(&r, seq);
	child_tell(&c, 'w');
	assert_child_ok(&c);
	assert_int_equal(r.p[0], 0x44444444);
}

/* XNACK off: memory is lost twice more while the restore worker is busy with the first loss. */
static void queues_stopped_twice_run_again(int arg)
{
	const size_t bytes = 3 * HUGE_BYTES;
	struct race r = { 0 };
	char *p, *copy;
	u32 seq;

	session_start(&r.s, false);
	sdma_create(&r.q, &r.s, 0);
	copy = sysmem_alloc(&r.s, bytes);
	p = mm_map_small(bytes);
	memset(p, 0x11, bytes);
	gpu_access(&r.s, p, bytes);
	race_arm(&r, "stall_commit");
	mm_protect(p, HUGE_BYTES, PROT_READ);
	race_meet(&r);
	/* The upper one first: what is to be restored reaches to its end. */
	mm_protect(p + 2 * HUGE_BYTES, HUGE_BYTES, PROT_READ);
	mm_protect(p + HUGE_BYTES, HUGE_BYTES, PROT_READ);
	race_release(&r);
	sdma_copy(&r.q, copy, p, bytes);
	seq = sdma_submit(&r.q);
	race_end(&r, seq);
	assert_memory_equal(copy, p, bytes);
}

static void *evict_all(void *unused)
{
	(void)unused;
	driver_poke(0, "evict", "1");
	return NULL;
}

enum { BY_DONTNEED, BY_MUNMAP };

/* A thread of its own, since the driver may keep it waiting until the page is moved. */
struct zap {
	void *p;
	int how, err;
	atomic_bool done, held;	/* @held: not before it is false again */
};

static void *zap(void *arg)
{
	struct zap *z = arg;

	while (atomic_load(&z->held))
		sched_yield();
	if (z->how == BY_DONTNEED)
		z->err = madvise(z->p, HUGE_BYTES, MADV_DONTNEED);
	if (z->how == BY_MUNMAP)
		z->err = munmap(z->p, HUGE_BYTES);
	atomic_store(&z->done, true);
	return NULL;
}

#define ZAP_MS	200u	/* far more than it takes where nothing holds it up */

/*
 * Memory that is on its way out of VRAM goes away: 7.3.4, asked to drop a 2 MiB
 * page that is being migrated, drops it twice, and it lets munmap() free the
 * anon_vma that the migration needs at its end. What follows depends on luck, a
 * hang of whoever uses the LRU lists next, a bad page, or KASAN's report; the test
 * fails by the kernel's complaint or by its time.
 */
static void memory_goes_while_it_is_evicted(int how)
{
	enum { ROUNDS = 4 };
	pthread_t thread, zapper;
	struct race r = {};

	session_start(&r.s, true);
	for (int i = 0; i < ROUNDS; i++) {
		r.p = mm_map_huge(HUGE_BYTES);
		memset(r.p, 0x11, HUGE_BYTES);
		assert_ok(gpu_prefetch(&r.s, r.p, HUGE_BYTES, true));
		assert_in_vram(r.p, HUGE_BYTES);
		race_arm(&r, "stall_copy");
		assert_int_equal(pthread_create(&thread, NULL, evict_all, NULL), 0);
		race_meet(&r);
		struct zap z = { .p = r.p, .how = how };

		assert_int_equal(pthread_create(&zapper, NULL, zap, &z), 0);
		wait_until(atomic_load(&z.done), ZAP_MS);
		race_release(&r);
		pthread_join(thread, NULL);
		pthread_join(zapper, NULL);
		assert_int_equal(z.err, 0);
		for (u32 k = 0; how == BY_DONTNEED && k < HUGE_BYTES / 4; k++)
			assert_int_equal(r.p[k], 0);
		if (how != BY_MUNMAP)
			mm_unmap(r.p, HUGE_BYTES);
	}
}

static int child_holds_memory(struct child *c, void *unused)
{
	(void)unused;
	child_tell(c, 'f');
	child_expect(child_hear(c, 'w'));
	return 0;
}

enum { BY_GPU_WRITE, BY_PREFETCH, BY_CPU };

/* Something that brings the page of the parent to RAM; the fault point holds it up. */
static void *bring_home(void *arg)
{
	struct race *r = arg;

	if (r->home == BY_PREFETCH)
		r->err = gpu_prefetch(&r->s, r->p, HUGE_BYTES, false);
	else
		r->seen = *(volatile u32 *)(r->p + HUGE_BYTES / 8);
	return NULL;
}

/*
 * As above, but it is a forked child that drops the page, by its exit, while its
 * parent's GPU or CPU has it moved. The bytes of the parent must be left alone.
 */
static void child_exits_while_shared_page_moves(int home)
{
	enum { ROUNDS = 4 };
	pthread_t thread;
	struct child c;
	struct race r;
	u32 seq = 0;

	race_start(&r, true);
	r.home = home;
	for (int i = 0; i < ROUNDS; i++) {
		r.p = mm_map_huge(HUGE_BYTES);
		memset(r.p, 0x11, HUGE_BYTES);
		assert_ok(gpu_prefetch(&r.s, r.p, HUGE_BYTES, true));
		assert_in_vram(r.p, HUGE_BYTES);
		child_start(&c, child_holds_memory, NULL);
		assert_true(child_hear(&c, 'f'));
		race_arm(&r, "stall_copy");
		if (home == BY_GPU_WRITE) {
			sdma_write1(&r.q, r.p, 0x44444444);
			seq = sdma_submit(&r.q);
		} else {
			assert_int_equal(pthread_create(&thread, NULL, bring_home, &r), 0);
		}
		race_meet(&r);
		child_tell(&c, 'w');
		assert_child_ok(&c);
		race_release(&r);
		if (home == BY_GPU_WRITE)
			assert_true(sdma_wait(&r.q, seq, SDMA_MS));
		else
			pthread_join(thread, NULL);
		assert_int_equal(r.err, 0);
		assert_int_equal(r.seen, home == BY_CPU ? 0x11111111 : 0);
		assert_int_equal(r.p[0], home == BY_GPU_WRITE ? 0x44444444 : 0x11111111);
		for (u32 k = 1; k < HUGE_BYTES / 4; k++)
			assert_int_equal(r.p[k], 0x11111111);
		mm_unmap(r.p, HUGE_BYTES);
	}
	sdma_destroy(&r.q);
}

/*
 * As above, for a 2 MiB page that moves as one, because a thread of the same process
 * has it moved: who drops it waits until it has arrived.
 */
static void memory_dropped_while_it_moves_is_gone_after(int home)
{
	enum { ROUNDS = 4 };
	pthread_t thread, zapper;
	struct race r;

	race_start(&r, true);
	r.home = home;
	for (int i = 0; i < ROUNDS; i++) {
		r.p = mm_map_huge(HUGE_BYTES);
		memset(r.p, 0x11, HUGE_BYTES);
		assert_ok(gpu_prefetch(&r.s, r.p, HUGE_BYTES, true));
		assert_in_vram(r.p, HUGE_BYTES);
		/* Its stack needs the mmap_lock, which the move will have. */
		struct zap z = { .p = r.p, .how = BY_DONTNEED, .held = true };

		assert_int_equal(pthread_create(&zapper, NULL, zap, &z), 0);
		race_arm(&r, "stall_copy");
		assert_int_equal(pthread_create(&thread, NULL, bring_home, &r), 0);
		race_meet(&r);
		atomic_store(&z.held, false);
		assert_false(wait_until(atomic_load(&z.done), ZAP_MS));
		race_release(&r);
		pthread_join(thread, NULL);
		pthread_join(zapper, NULL);
		assert_int_equal(z.err, 0);
		assert_int_equal(r.err, 0);
		assert_true(!r.seen || r.seen == 0x11111111);
		for (u32 k = 0; k < HUGE_BYTES / 4; k++)
			assert_int_equal(r.p[k], 0);
		mm_unmap(r.p, HUGE_BYTES);
	}
	sdma_destroy(&r.q);
}

/* A thread that reads once @held is false. */
struct look {
	u32 *p, seen;
	atomic_bool held;
};

static void *look(void *arg)
{
	struct look *l = arg;

	while (atomic_load(&l->held))
		sched_yield();
	l->seen = *(volatile u32 *)l->p;
	return NULL;
}

/* Does not use the GPU, so nobody hears what it drops. */
static int heir_reads_and_drops(struct child *c, void *arg)
{
	u32 *p = arg;
	struct look l = { .p = p + HUGE_BYTES / 8, .held = true };
	struct zap z = { .p = p, .how = BY_DONTNEED, .held = true };
	pthread_t reader, zapper;

	child_expect(!pthread_create(&zapper, NULL, zap, &z));
	child_expect(!pthread_create(&reader, NULL, look, &l));
	child_expect(child_hear(c, 'r'));
	atomic_store(&l.held, false);
	child_expect(child_hear(c, 'd'));
	atomic_store(&z.held, false);
	wait_until(atomic_load(&z.done), ZAP_MS);
	child_tell(c, 'd');
	pthread_join(reader, NULL);
	pthread_join(zapper, NULL);
	child_expect(!z.err);
	child_expect(!l.seen || l.seen == 0x11111111);
	for (u32 k = 0; k < HUGE_BYTES / 4; k++)
		child_expect(!p[k]);
	return 0;
}

/* A page that only a forked child has left, which reads it in one thread and drops it in another. */
static void heir_drops_memory_while_cpu_fetches_it(int arg)
{
	enum { ROUNDS = 4 };
	struct child c;
	struct race r;

	race_start(&r, true);
	for (int i = 0; i < ROUNDS; i++) {
		r.p = mm_map_huge(HUGE_BYTES);
		memset(r.p, 0x11, HUGE_BYTES);
		assert_ok(gpu_prefetch(&r.s, r.p, HUGE_BYTES, true));
		assert_in_vram(r.p, HUGE_BYTES);
		child_start(&c, heir_reads_and_drops, r.p);
		mm_unmap(r.p, HUGE_BYTES);
		race_arm(&r, "stall_copy");
		child_tell(&c, 'r');
		race_meet(&r);
		child_tell(&c, 'd');
		assert_true(child_hear(&c, 'd'));
		race_release(&r);
		assert_child_ok(&c);
	}
	sdma_destroy(&r.q);
}

/* While one fault is in service, another one's page is in the list of those that wait. */
static void fault_that_waits_is_listed(int write)
{
	char *other = mm_map_small(HUGE_BYTES), *copy, line[64];
	struct sdma second;
	struct race r;
	u32 seq, seq2;

	race_start(&r, false);
	copy = sysmem_alloc(&r.s, PAGE);
	memset(other, 0x55, HUGE_BYTES);
	sdma_create(&second, &r.s, 0);
	sdma_run(&second);
	assert_int_equal(process_lines("faults", "waits"), 0);
	race_arm(&r, "stall_collect");
	seq = access_page(&r, &r.q, true, 5, NULL);
	race_meet(&r);
	if (write)
		sdma_write1(&second, other + 3 * PAGE, 7);
	else
		sdma_copy(&second, copy, other + 3 * PAGE, 4);
	seq2 = sdma_submit(&second);
	snprintf(line, sizeof(line), "waits 0x%lx gpu %u %s", (unsigned long)other + 3 * PAGE,
		 r.s.gpu[0].gpu_id, write ? "write" : "read");
	assert_true(wait_until(process_lines("faults", line), 5000));
	race_release(&r);
	assert_true(sdma_wait(&second, seq2, SDMA_MS));
	assert_int_equal(process_lines("faults", "waits"), 0);
	sdma_destroy(&second);
	race_end(&r, seq);
}

static const struct guest_test tests[] = {
	TEST_ARG("page_replaced_before_commit_is_not_used_ram_read_xnack_on",
		 page_replaced_before_commit_is_not_used, 0),
	TEST_ARG("page_replaced_before_commit_is_not_used_ram_write_xnack_on",
		 page_replaced_before_commit_is_not_used, WRITE),
	TEST_ARG("page_replaced_before_commit_is_not_used_vram_read_xnack_on",
		 page_replaced_before_commit_is_not_used, IN_VRAM),
	TEST_ARG("page_replaced_before_commit_is_not_used_vram_write_xnack_on",
		 page_replaced_before_commit_is_not_used, IN_VRAM | WRITE),
	TEST_ARG("fault_overtaken_again_and_again_is_served_read_xnack_on",
		 fault_overtaken_again_and_again_is_served, 0),
	TEST_ARG("fault_overtaken_again_and_again_is_served_write_xnack_on",
		 fault_overtaken_again_and_again_is_served, 1),
	TEST_ARG("late_report_is_no_violation_after_mprotect_none_xnack_on", late_report_is_no_violation, PROT_NONE),
	TEST_ARG("late_report_is_no_violation_after_mprotect_read_xnack_on", late_report_is_no_violation, PROT_READ),
	TEST_ARG("late_report_is_no_violation_after_no_access_xnack_on", late_report_is_no_violation, -1),
	TEST_ARG("fork_before_collect_still_breaks_sharing_xnack_on",
		 fork_before_collect_still_breaks_sharing, 0),
	TEST_ARG("fault_that_waits_is_listed_read_xnack_on", fault_that_waits_is_listed, 0),
	TEST_ARG("fault_that_waits_is_listed_write_xnack_on", fault_that_waits_is_listed, 1),
	TEST_ARG("queues_stopped_twice_run_again_xnack_off", queues_stopped_twice_run_again, 0),
	TEST_ARG("memory_dropped_while_it_is_evicted", memory_goes_while_it_is_evicted, BY_DONTNEED),
	TEST_ARG("memory_unmapped_while_it_is_evicted", memory_goes_while_it_is_evicted, BY_MUNMAP),
	TEST_ARG("memory_dropped_while_it_is_prefetched_to_ram_is_gone_after",
		 memory_dropped_while_it_moves_is_gone_after, BY_PREFETCH),
	TEST_ARG("memory_dropped_while_cpu_fetches_it_is_gone_after",
		 memory_dropped_while_it_moves_is_gone_after, BY_CPU),
	TEST(heir_drops_memory_while_cpu_fetches_it),
	TEST_ARG("child_exits_while_gpu_unshares_its_page_xnack_on", child_exits_while_shared_page_moves,
		 BY_GPU_WRITE),
	TEST_ARG("child_exits_while_its_page_is_prefetched_xnack_on", child_exits_while_shared_page_moves,
		 BY_PREFETCH),
	TEST_ARG("child_exits_while_cpu_fetches_its_page_xnack_on", child_exits_while_shared_page_moves, BY_CPU),
};
HARNESS_MAIN(tests)
