// SPDX-License-Identifier: MIT
/*
 * Who has to leave when VRAM is full: first what no queue works on, then what was
 * mapped longest ago. debugfs `lru` shows the order. Each piece is 2 MiB, so that
 * eviction takes whole pieces.
 */
#include <errno.h>
#include <string.h>

#include "area.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"

/* Two fit into the guest's 64 MiB, three do not. */
#define BYTES	(24 * MIB)
#define PAGES	(BYTES / PAGE)
#define SEED	50
#define GUEST	"vram=64M"

/* The queue of @a has work until *gate is 1. */
static void begin_work(struct area *a, volatile u32 *gate)
{
	*gate = 0;
	sdma_poll(&a->q, gate, SDMA_EQ, 1);
	sdma_submit(&a->q);
}

struct worker {
	int mode;
	bool works;	/* until it is told to end */
};

/* Its memory is the oldest in VRAM. Says 'v' if all of it is still there, or 'l'. */
static int worker(struct child *c, void *arg)
{
	const struct worker *w = arg;
	volatile u32 *gate;
	struct area a;

	area_start(&a, w->mode, BYTES, SEED);
	gate = sysmem_alloc(&a.s, PAGE);
	begin_work(&a, gate);
	if (!w->works) {
		*gate = 1;
		child_expect(sdma_wait(&a.q, a.q.seq, SDMA_MS));
	}
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	child_tell(c, residency_vram(a.p, BYTES) == PAGES ? 'v' : 'l');
	*gate = 1;
	child_expect(sdma_wait(&a.q, a.q.seq, SDMA_MS));
	area_check(&a);
	sdma_destroy(&a.q);
	return 0;
}

/* More memory of @a's process in VRAM; what it displaces is the matter of the test. */
static char *fill_vram(struct area *a)
{
	char *more = mm_map_huge(BYTES);

	pattern_fill(more, BYTES, SEED + 1);
	gpu_access(&a->s, more, BYTES);
	assert_ok(gpu_prefetch(&a->s, more, BYTES, true));
	return more;
}

static void memory_of_idle_queues_leaves_before_older_that_works(int mode)
{
	struct worker w = { mode, true };
	struct child c;
	struct area a;
	char *more;

	child_start(&c, worker, &w);
	assert_true(child_hear(&c, 'r'));
	area_start(&a, mode, BYTES, SEED);
	more = fill_vram(&a);
	child_tell(&c, 'g');
	assert_true(child_hear(&c, 'v'));
	assert_true(residency_vram(a.p, BYTES) < PAGES);
	assert_child_ok(&c);
	area_check(&a);
	pattern_check(more, BYTES, SEED + 1);
	mm_unmap(more, BYTES);
	area_stop(&a);
}

/* The same, but the oldest memory has nobody who works on it. */
static void memory_of_a_queue_that_ended_its_work_leaves_first(int mode)
{
	struct worker w = { mode, false };
	struct child c;
	struct area a;
	char *more;

	child_start(&c, worker, &w);
	assert_true(child_hear(&c, 'r'));
	area_start(&a, mode, BYTES, SEED);
	more = fill_vram(&a);
	child_tell(&c, 'g');
	assert_true(child_hear(&c, 'l'));
	assert_in_vram(a.p, BYTES);
	assert_in_vram(more, BYTES);
	assert_child_ok(&c);
	mm_unmap(more, BYTES);
	area_stop(&a);
}

/* Whoever asks for memory works as well: there is nothing to spare, the order decides. */
static void oldest_leaves_when_all_are_at_work(int mode)
{
	struct worker w = { mode, true };
	volatile u32 *gate;
	struct child c;
	struct area a;
	char *more;

	child_start(&c, worker, &w);
	assert_true(child_hear(&c, 'r'));
	area_start(&a, mode, BYTES, SEED);
	gate = sysmem_alloc(&a.s, PAGE);
	begin_work(&a, gate);
	more = fill_vram(&a);
	assert_in_vram(a.p, BYTES);
	assert_in_vram(more, BYTES);
	child_tell(&c, 'g');
	assert_true(child_hear(&c, 'l'));
	*gate = 1;
	assert_true(sdma_wait(&a.q, a.q.seq, SDMA_MS));
	assert_child_ok(&c);
	mm_unmap(more, BYTES);
	area_stop(&a);
}

/* Place in debugfs lru of the first buffer born in [p, p + BYTES), 1 is next to leave; 0: none. */
static unsigned int place_of(struct area *a, const char *p)
{
	unsigned long long va, first = (uintptr_t)p;
	unsigned int at = 0, found = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/lru", a->s.gpu[0].gpu_id);
	f = fopen(path, "re");
	if (!f)
		fail_test("%s: %s", path, strerror_neg(-errno));
	while (!found && fgets(line, sizeof(line), f)) {
		at++;
		if (sscanf(line, "%llx", &va) == 1 && va >= first && va - first < BYTES)
			found = at;
	}
	fclose(f);
	return found;
}

static void map_anew(struct area *a, char *p)
{
	u32 gpu_id = a->s.gpu[0].gpu_id;
	u32 *copy = sysmem_alloc(&a->s, BYTES);

	assert_ok(svm_set(a->s.kfd, p, BYTES, { KFD_IOCTL_SVM_ATTR_NO_ACCESS, gpu_id }));
	assert_ok(svm_set(a->s.kfd, p, BYTES, { KFD_IOCTL_SVM_ATTR_ACCESS, gpu_id }));
	sdma_copy(&a->q, copy, p, BYTES);
	sdma_run(&a->q);
	buffer_free(copy, BYTES);
}

static void memory_mapped_longest_ago_leaves_first(int mode)
{
	struct area a;
	char *second, *third;

	area_start(&a, mode, BYTES, SEED);
	second = fill_vram(&a);
	assert_true(place_of(&a, a.p) < place_of(&a, second));
	map_anew(&a, a.p);
	assert_in_vram(a.p, BYTES);
	assert_true(place_of(&a, second) < place_of(&a, a.p));
	third = fill_vram(&a);
	assert_in_vram(a.p, BYTES);
	assert_in_vram(third, BYTES);
	assert_true(residency_vram(second, BYTES) < PAGES);
	pattern_check(second, BYTES, SEED + 1);
	area_check(&a);
	mm_unmap(second, BYTES);
	mm_unmap(third, BYTES);
	area_stop(&a);
}

#define TEST_BOTH(fn)                                                         \
	{ #fn "_xnack_on", fn, XNACK | HUGE, GUEST }, { #fn "_xnack_off", fn, HUGE, GUEST }

static const struct guest_test tests[] = {
	TEST_BOTH(memory_of_idle_queues_leaves_before_older_that_works),
	TEST_BOTH(memory_of_a_queue_that_ended_its_work_leaves_first),
	/* XNACK off, a prefetch stops the queues of who asks: they do not work. */
	{ "oldest_leaves_when_all_are_at_work_xnack_on", oldest_leaves_when_all_are_at_work, XNACK | HUGE, GUEST },
	TEST_BOTH(memory_mapped_longest_ago_leaves_first),
};
HARNESS_MAIN(tests)
