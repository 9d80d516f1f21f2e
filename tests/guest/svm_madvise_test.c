// SPDX-License-Identifier: MIT
/*
 * Advice about memory that a GPU uses, and what the kernel does with it behind
 * everybody's back: lazy freeing, collapsing, merging, swapping out, and
 * userfaultfd. What a GPU wrote last is what all read, wherever the page went.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "area.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "work.h"

static void advise(void *p, size_t bytes, int advice)
{
	if (madvise(p, bytes, advice))
		fail_test("madvise(%d): %s", advice, strerror(errno));
}

/* Each page is the pattern's or zero, as after MADV_FREE. */
static size_t pages_left(const struct area *a)
{
	size_t left = 0;

	for (size_t at = 0; at < a->bytes; at += PAGE) {
		bool zero = !*(u64 *)(a->p + at);

		left += !zero;
		for (size_t word = at; word < at + PAGE; word += 8)
			assert_true(*(u64 *)(a->p + word) == (zero ? 0 : pattern_word(a->seed, word)));
	}
	return left;
}

/* MADV_FREE leaves device memory alone; what is written afterwards is there to stay. */
static void freed_vram_pages_keep_what_is_written_later(int mode)
{
	struct area a;

	area_start(&a, mode, HUGE_BYTES, 400);
	advise(a.p, a.bytes, MADV_FREE);
	gpu_write(&a, a.p + 7 * PAGE, 9 * PAGE, 0x41);
	bytes_check(a.p + 7 * PAGE, 9 * PAGE, 0x41);
	pattern_fill(a.p, a.bytes, 400);
	assert_int_equal(pages_left(&a), a.bytes / PAGE);
	area_to_vram(&a);
	area_check(&a);
	area_stop(&a);
}

/* Clean pages may go when memory is reclaimed; those that the GPU wrote may not. */
static void gpu_write_after_madv_free_survives_reclaim(int mode)
{
	struct area a;

	area_start_in_ram(&a, mode, HUGE_BYTES, 410);
	area_check(&a);
	advise(a.p, a.bytes, MADV_FREE);
	gpu_write(&a, a.p + 100 * PAGE, 20 * PAGE, 0x42);
	if (!mm_swap_out(a.p, a.bytes))
		skip_test("this kernel has no zram to swap to");
	bytes_check(a.p + 100 * PAGE, 20 * PAGE, 0x42);
	for (size_t at = 0; at < a.bytes; at += PAGE)
		if (at < 100 * PAGE || at >= 120 * PAGE)
			assert_true(!*(u64 *)(a.p + at) || *(u64 *)(a.p + at) == pattern_word(410, at));
	pattern_fill(a.p, a.bytes, 410);
	area_check(&a);
	area_stop(&a);
}

/* Given to MADV_FREE in RAM, written by the GPU in VRAM, back in RAM: it is nobody's to drop. */
static void gpu_write_in_vram_survives_reclaim_of_freed_memory(int mode)
{
	struct area a;

	area_start(&a, mode, HUGE_BYTES, 415);
	assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, false));
	advise(a.p, a.bytes, MADV_FREE);
	assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, true));
	gpu_write(&a, a.p, a.bytes, 0x49);
	/* By the CPU, or by request: two ways home. */
	if (mode & XNACK)
		bytes_check(a.p, a.bytes, 0x49);
	else
		assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, false));
	if (!mm_swap_out(a.p, a.bytes))
		skip_test("this kernel has no zram to swap to");
	bytes_check(a.p, a.bytes, 0x49);
	area_stop(&a);
}

/*
 * Read back from swap the pages are clean, and the swap slots hold their bytes still.
 * What the GPU writes to them is not in the slots.
 */
static void gpu_write_after_swap_in_survives_the_next_swap_out(int mode)
{
	struct residency r;
	struct area a;

	area_start_in_ram(&a, mode & XNACK, HUGE_BYTES, 417);
	if (!mm_swap_out(a.p, a.bytes))
		skip_test("this kernel has no zram to swap to");
	residency_count(a.p, a.bytes, &r);
	if (!r.swap)
		skip_test("the kernel did not swap the pages out");
	/* Reads only. */
	pattern_check(a.p, a.bytes, 417);
	gpu_write(&a, a.p + 8 * PAGE, 300 * PAGE, 0x4a);
	mm_swap_out(a.p, a.bytes);
	bytes_check(a.p + 8 * PAGE, 300 * PAGE, 0x4a);
	pattern_check(a.p, 8 * PAGE, 417);
	area_stop(&a);
}

/* Small pages in VRAM, some of them in RAM: they may become one huge page of RAM, or stay. */
static void collapse_of_vram_pages_keeps_data(int mode)
{
	struct area a;

	area_start(&a, mode & XNACK, 2 * HUGE_BYTES, 420);
	advise(a.p, a.bytes, MADV_HUGEPAGE);
	if (madvise(a.p, a.bytes, MADV_COLLAPSE) && errno != EINVAL && errno != EAGAIN && errno != EBUSY)
		fail_test("MADV_COLLAPSE: %s", strerror(errno));
	area_check(&a);
	area_to_vram(&a);
	/* One page at home makes the rest worth a look. */
	assert_ok(gpu_prefetch(&a.s, a.p + 17 * PAGE, 400 * PAGE, false));
	if (madvise(a.p, a.bytes, MADV_COLLAPSE) && errno != EINVAL && errno != EAGAIN && errno != EBUSY)
		fail_test("MADV_COLLAPSE: %s", strerror(errno));
	area_check(&a);
	area_to_vram(&a);
	area_check(&a);
	area_stop(&a);
}

/* Pages in RAM that the GPU has mapped are replaced by one huge page. */
static void collapse_under_a_live_mapping_keeps_data(int mode)
{
	struct area a;

	area_start_in_ram(&a, mode & XNACK, 2 * HUGE_BYTES, 430);
	area_check(&a);
	advise(a.p, a.bytes, MADV_HUGEPAGE);
	advise(a.p, a.bytes, MADV_COLLAPSE);
	gpu_write(&a, a.p + 3 * PAGE, 600 * PAGE, 0x43);
	bytes_check(a.p + 3 * PAGE, 600 * PAGE, 0x43);
	pattern_check(a.p, 3 * PAGE, 430);
	pattern_fill(a.p, a.bytes, 430);
	area_check(&a);
	area_stop(&a);
}

static u64 ksm_read(const char *name)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip_test("this kernel merges no pages (no %s)", path);
	if (read(fd, text, sizeof(text) - 1) <= 0)
		fail_test("%s: %s", path, strerror(errno));
	close(fd);
	return strtoull(text, NULL, 0);
}

static void ksm_write(const char *name, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail_test("%s: %s", path, strerror(errno));
	close(fd);
}

static void ksm_stop(void)
{
	ksm_write("run", "2");
	ksm_write("run", "0");
}

/* Lets the kernel look for equal pages until it merged @pages, or three times. */
static void ksm_scan(size_t pages)
{
	u64 scans = ksm_read("full_scans");

	ksm_write("sleep_millisecs", "1");
	ksm_write("pages_to_scan", "4000");
	ksm_write("run", "1");
	atexit(ksm_stop);
	if (pages && !wait_until(ksm_read("pages_sharing") >= pages, 20000))
		fail_test("%llu pages merged, %zu are equal", (unsigned long long)ksm_read("pages_sharing"),
			  pages);
	if (!wait_until(ksm_read("full_scans") >= scans + 3, 20000))
		fail_test("the kernel did not scan for equal pages");
}

/* Two pieces of equal bytes become one; each side's write is its own. */
/*
 * Without XNACK each merge stops the queues, and what they need is mapped again at once,
 * for writing, which tells the pages apart: ksmd would not be done for a long time.
 */
static void ksm_merge(int mode, size_t pages)
{
	if (!(mode & XNACK))
		driver_poke(0, "stall_restore", "1000");
	ksm_scan(pages);
	if (!(mode & XNACK))
		driver_poke(0, "stall_restore", "0");
}

static void merged_pages_are_told_apart_by_gpu_writes(int mode)
{
	const size_t bytes = 64 * PAGE;
	struct area a;

	ksm_read("run");
	area_start_in_ram(&a, mode & XNACK, HUGE_BYTES, 440);
	area_check(&a);
	memcpy(a.p + bytes, a.p, bytes);
	advise(a.p, 2 * bytes, MADV_MERGEABLE);
	ksm_merge(mode, bytes / PAGE);
	gpu_write(&a, a.p, bytes / 2, 0x44);
	bytes_check(a.p, bytes / 2, 0x44);
	pattern_check(a.p + bytes, bytes, 440);
	gpu_write(&a, a.p + bytes + bytes / 2, bytes / 2, 0x45);
	bytes_check(a.p + bytes + bytes / 2, bytes / 2, 0x45);
	for (size_t at = bytes / 2; at < bytes; at += 8)
		assert_true(*(u64 *)(a.p + at) == pattern_word(440, at));
	area_stop(&a);
}

/*
 * A merged page must not go to VRAM: the kernel compares and maps it for others. So
 * memory that may be merged stays in RAM, and the GPU works there.
 */
static void mergeable_memory_stays_in_ram(int mode)
{
	const size_t bytes = 64 * PAGE;
	struct area a;

	ksm_read("run");
	area_start_in_ram(&a, mode & XNACK, HUGE_BYTES, 450);
	memcpy(a.p + bytes, a.p, bytes);
	advise(a.p, 2 * bytes, MADV_MERGEABLE);
	ksm_merge(mode, bytes / PAGE);
	assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, true));
	assert_in_ram(a.p, 2 * bytes);
	assert_in_vram(a.p + 2 * bytes, a.bytes - 2 * bytes);
	gpu_write(&a, a.p + 5 * PAGE, 5 * PAGE, 0x46);
	pattern_check(a.p + bytes, bytes, 450);
	bytes_check(a.p + 5 * PAGE, 5 * PAGE, 0x46);
	pattern_check(a.p, 5 * PAGE, 450);
	area_stop(&a);
}

/* Whoever looks for equal pages leaves VRAM alone. */
static void vram_pages_are_not_merged(int mode)
{
	const size_t bytes = 64 * PAGE;
	struct area a;

	ksm_read("run");
	area_start(&a, mode & XNACK, HUGE_BYTES, 460);
	memcpy(a.p + bytes, a.p, bytes);
	area_to_vram(&a);
	advise(a.p, 2 * bytes, MADV_MERGEABLE);
	ksm_scan(0);
	assert_in_vram(a.p, a.bytes);
	gpu_write(&a, a.p, bytes, 0x47);
	pattern_check(a.p + bytes, bytes, 460);
	bytes_check(a.p, bytes, 0x47);
	area_stop(&a);
}

/* The kernel takes pages to swap as fast as it can while the GPU needs them. */
static void swapping_out_does_not_stop_the_gpu(int mode)
{
	struct area a;

	area_start_in_ram(&a, mode, HUGE_BYTES, 470);
	if (!mm_swap_out(a.p, a.bytes))
		skip_test("this kernel has no zram to swap to");
	/* Swapping 2 MiB out and in takes the debug kernel seconds. */
	for (unsigned int i = 0; i < (harness_slow() > 1 ? 2 : 10); i++) {
		u32 seq;

		for (size_t at = 0; at < a.bytes; at += a.bytes / 8)
			sdma_copy(&a.q, a.p + at, a.p + at, a.bytes / 8);
		seq = sdma_submit(&a.q);
		for (unsigned int k = 0; k < 10 && !sdma_done(&a.q, seq); k++)
			mm_swap_out(a.p, a.bytes);
		if (!sdma_wait(&a.q, seq, SDMA_MS))
			fail_test("round %u of copies did not end", i);
	}
	area_check(&a);
	area_to_vram(&a);
	area_check(&a);
	area_stop(&a);
}

/* struct monitor - a thread that answers a userfaultfd */
struct monitor {
	int fd;
	char *p;		/* what is watched */
	const char *bytes;	/* what a missing page shall hold */
	size_t length;
	_Atomic unsigned int asked;
	bool intact;		/* each protected page held the old bytes when it was asked for */
	pthread_t thread;
};

static void monitor_watch(struct monitor *m, void *p, size_t bytes, u64 mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .range = { (uintptr_t)p, bytes }, .mode = mode };

	m->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (m->fd < 0 && errno == ENOSYS)
		skip_test("this kernel has no userfaultfd");
	if (m->fd < 0 || ioctl(m->fd, UFFDIO_API, &api) || ioctl(m->fd, UFFDIO_REGISTER, &reg))
		fail_test("userfaultfd: %s", strerror(errno));
	m->p = p;
	m->length = bytes;
	m->intact = true;
}

static void *monitor_answer(void *arg)
{
	struct monitor *m = arg;
	struct uffd_msg msg;

	while (read(m->fd, &msg, sizeof(msg)) == sizeof(msg) && msg.event == UFFD_EVENT_PAGEFAULT) {
		u64 page = msg.arg.pagefault.address & ~(PAGE - 1);
		size_t at = page - (uintptr_t)m->p;
		struct uffdio_copy copy = { .dst = page, .src = (uintptr_t)m->bytes + at, .len = PAGE };
		struct uffdio_writeprotect all = { .range = { (uintptr_t)m->p, m->length } };

		atomic_fetch_add(&m->asked, 1);
		if (!(msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)) {
			ioctl(m->fd, UFFDIO_COPY, &copy);
			continue;
		}
		m->intact = m->intact && !memcmp(m->p + at, m->bytes + at, PAGE);
		ioctl(m->fd, UFFDIO_WRITEPROTECT, &all);
	}
	return NULL;
}

static void monitor_start(struct monitor *m)
{
	assert_int_equal(pthread_create(&m->thread, NULL, monitor_answer, m), 0);
}

static void monitor_stop(struct monitor *m)
{
	pthread_cancel(m->thread);
	pthread_join(m->thread, NULL);
	close(m->fd);
}

/*
 * A page that is not there is asked of the user, by a GPU's fault as by the
 * CPU's. Memory under a userfaultfd stays in RAM: nobody could tell of a move.
 */
static void missing_page_is_asked_of_the_user(int mode)
{
	const size_t bytes = 64 * PAGE;
	struct monitor m = { .fd = -1 };
	struct area a;
	char *p;

	area_start_in_ram(&a, mode & XNACK, HUGE_BYTES, 480);
	p = mm_map_small(HUGE_BYTES);
	m.bytes = a.p;
	monitor_watch(&m, p, bytes, UFFDIO_REGISTER_MODE_MISSING);
	monitor_start(&m);
	gpu_access(&a.s, p, bytes);
	gpu_write(&a, p, PAGE, 0x48);
	sdma_copy(&a.q, a.p + HUGE_BYTES / 2, p, bytes);
	sdma_run(&a.q);
	assert_int_equal(atomic_load(&m.asked), bytes / PAGE);
	bytes_check(a.p + HUGE_BYTES / 2, PAGE, 0x48);
	assert_int_equal(memcmp(a.p + HUGE_BYTES / 2 + PAGE, a.p + PAGE, bytes - PAGE), 0);
	assert_ok(gpu_prefetch(&a.s, p, bytes, true));
	assert_in_ram(p, bytes);
	monitor_stop(&m);
	area_stop(&a);
}

static int waits_for_nobody(struct child *c, void *arg)
{
	int xnack = *(int *)arg;
	struct monitor m;
	struct session s;
	struct sdma q;
	char *p = mm_map_small(HUGE_BYTES);

	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	monitor_watch(&m, p, HUGE_BYTES, UFFDIO_REGISTER_MODE_MISSING);
	sdma_write1(&q, p, 1);
	sdma_submit(&q);
	/* The question is there: the fault waits. */
	child_expect(wait_until(poll(&(struct pollfd){ .fd = m.fd, .events = POLLIN }, 1, 0) == 1, SDMA_MS));
	child_tell(c, 'w');
	pause();
	return 0;
}

/* Nobody answers: the fault waits, but a kill is not kept waiting. */
static void unanswered_fault_does_not_outlive_a_kill(int xnack)
{
	struct child c;

	child_start(&c, waits_for_nobody, &xnack);
	assert_true(child_hear(&c, 'w'));
	kill(c.pid, SIGKILL);
	assert_int_equal(child_join(&c), SIGKILL);
	assert_newcomer_works();
	assert_vram_is_free();
}

/* Write-protected by the user: it is asked before a GPU writes, though it had the right. */
static void protect_and_write(int mode, bool in_vram)
{
	struct uffdio_writeprotect wp = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	struct monitor m = { .fd = -1 };
	struct area a;
	char *old;

	area_start(&a, mode, HUGE_BYTES, 490);
	old = mm_map_small(a.bytes);
	pattern_fill(old, a.bytes, 490);
	m.bytes = old;
	if (!in_vram)
		assert_ok(gpu_prefetch(&a.s, a.p, a.bytes, false));
	/* Writes what is there: the GPU has writable entries, and they are in its TLB. */
	sdma_copy(&a.q, a.p, a.p, a.bytes);
	sdma_run(&a.q);
	if (in_vram)
		assert_in_vram(a.p, a.bytes);
	monitor_watch(&m, a.p, a.bytes, UFFDIO_REGISTER_MODE_WP);
	wp.range.start = (uintptr_t)a.p;
	wp.range.len = a.bytes;
	assert_int_equal(ioctl(m.fd, UFFDIO_WRITEPROTECT, &wp), 0);
	monitor_start(&m);
	gpu_write(&a, a.p + 9 * PAGE, PAGE, 0x48);
	assert_true(atomic_load(&m.asked) > 0);
	assert_true(m.intact);
	bytes_check(a.p + 9 * PAGE, PAGE, 0x48);
	pattern_check(a.p, 9 * PAGE, 490);
	monitor_stop(&m);
	area_stop(&a);
}

static void write_protection_by_the_user_holds_in_vram(int mode)
{
	protect_and_write(mode, true);
}

static void write_protection_by_the_user_holds_in_ram(int mode)
{
	protect_and_write(mode, false);
}

#define TEST_SMALL(fn)	{ #fn "_4k_xnack_on", fn, XNACK, NULL }, { #fn "_4k_xnack_off", fn, 0, NULL }

static const struct guest_test tests[] = {
	TEST_MODES(freed_vram_pages_keep_what_is_written_later),
	TEST_MODES(gpu_write_after_madv_free_survives_reclaim),
	TEST_MODES(gpu_write_in_vram_survives_reclaim_of_freed_memory),
	/* Without XNACK the pages are brought back at once. */
	TEST_ARG("gpu_write_after_swap_in_survives_the_next_swap_out_4k_xnack_on",
		 gpu_write_after_swap_in_survives_the_next_swap_out, XNACK),
	TEST_SMALL(collapse_of_vram_pages_keeps_data),
	TEST_SMALL(collapse_under_a_live_mapping_keeps_data),
	TEST_SMALL(merged_pages_are_told_apart_by_gpu_writes),
	TEST_SMALL(mergeable_memory_stays_in_ram),
	TEST_SMALL(vram_pages_are_not_merged),
	TEST_MODES(swapping_out_does_not_stop_the_gpu),
	TEST_SMALL(missing_page_is_asked_of_the_user),
	TEST_ARG("unanswered_fault_does_not_outlive_a_kill_xnack_on", unanswered_fault_does_not_outlive_a_kill, 1),
	TEST_MODES(write_protection_by_the_user_holds_in_vram),
	TEST_SMALL(write_protection_by_the_user_holds_in_ram),
};
HARNESS_MAIN(tests)
