// SPDX-License-Identifier: MIT
/* Eviction of everything (debugfs evict) is bounded: by what there is when it begins, and by a kill. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"

#define REFILLERS	3
#define PAGES		64
#define ROUNDS		2
#define SEED		5

static u64 vram_stat(const char *name)
{
	return driver_stat(0, "vram", name);
}

/* Each page as a buffer of its own. */
static void prefetch_pages(struct session *s, char *p)
{
	for (size_t i = 0; i < PAGES; i++)
		assert_ok(gpu_prefetch(s, p + i * PAGE, PAGE, true));
}

/* Has its pages in VRAM, and brings them back there, for 20 s at most. */
static int refiller(struct child *c, void *arg)
{
	struct deadline end = deadline_in(20000);
	struct session s;
	char *p;

	child_expect(session_try_start(&s, *(int *)arg));
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, PAGES * PAGE, SEED);
	gpu_access(&s, p, PAGES * PAGE);
	for (size_t i = 0; now_ns() < end.end_ns; i++) {
		child_expect(!gpu_prefetch(&s, p + i % PAGES * PAGE, PAGE, true));
		if (i == PAGES)
			child_tell(c, 'x');
		if (i % PAGES == 0 && child_heard(c))
			break;
	}
	pattern_check(p, PAGES * PAGE, SEED);
	return 0;
}

/* Never more than there can be at one moment; the others' pages come back all the time. */
static void eviction_ends_while_others_refill(int xnack)
{
	struct child c[REFILLERS];
	u64 before, evicted;

	for (int i = 0; i < REFILLERS; i++)
		child_start(&c[i], refiller, &xnack);
	for (int i = 0; i < REFILLERS; i++)
		assert_true(child_hear(&c[i], 'x'));
	for (int i = 0; i < ROUNDS; i++) {
		before = vram_stat("evictions");
		driver_poke(0, "evict", "1");
		evicted = vram_stat("evictions") - before;
		if (evicted > REFILLERS * PAGES)
			fail_test("%llu buffers evicted of %d", (unsigned long long)evicted, REFILLERS * PAGES);
	}
	for (int i = 0; i < REFILLERS; i++)
		child_tell(&c[i], 'e');
	for (int i = 0; i < REFILLERS; i++)
		assert_child_ok(&c[i]);
}

static int evicter(struct child *c, void *arg)
{
	child_expect(child_hear(c, 'g'));
	driver_poke(0, "evict", "1");
	return 0;
}

/* Killed in its first copy, it does not do the others. */
static void killed_eviction_ends(int xnack)
{
	u64 waited = driver_stat(0, "stall_copy", "waited");
	struct session s;
	struct child c;
	char *p;

	/* First, or it would share the pages. */
	child_start(&c, evicter, NULL);
	session_start(&s, xnack);
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, PAGES * PAGE, SEED);
	gpu_access(&s, p, PAGES * PAGE);
	prefetch_pages(&s, p);
	assert_int_equal(vram_stat("svm_bos"), PAGES);
	driver_poke(0, "stall_copy", "1");
	child_tell(&c, 'g');
	assert_true(wait_until(driver_stat(0, "stall_copy", "waited") == waited + 1, 3000));
	assert_int_equal(kill(c.pid, SIGKILL), 0);
	driver_poke(0, "stall_copy", "0");
	assert_int_equal(WTERMSIG(child_join(&c)), SIGKILL);
	assert_true(vram_stat("svm_bos") >= PAGES - 1);
	pattern_check(p, PAGES * PAGE, SEED);
	mm_unmap(p, HUGE_BYTES);
	session_stop(&s);
}

static const struct guest_test tests[] = {
	TEST_ARG("eviction_ends_while_others_refill_xnack_on", eviction_ends_while_others_refill, 1),
	TEST_ARG("killed_eviction_ends_xnack_on", killed_eviction_ends, 1),
};
HARNESS_MAIN(tests)
