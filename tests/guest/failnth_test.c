// SPDX-License-Identifier: MIT
/*
 * Every allocation of the SVM ioctls fails once. A call that fails has changed
 * nothing a program can see, and the same call succeeds afterwards; a call that
 * does without has done all it should, but for pages that a prefetch left.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failnth.h"
#include "mm.h"
#include "pattern.h"
#include "raw.h"
#include "residency.h"
#include "svm_state.h"

#define ARENA_PAGES	16u
#define MAX_SETS	3
#define MAX_ATTRS	4
/* In a table: the first GPU. */
#define THE_GPU		0xfffffffeu

/** struct svm_step - SET_ATTR of some pages of the arena */
struct svm_step {
	u32 first, pages, nr;
	struct kfd_ioctl_svm_attribute attr[MAX_ATTRS];
};

/** struct svm_case - a call to be failed, and what was set before it */
struct svm_case {
	const char *name;
	struct svm_step before[MAX_SETS];
	struct svm_step call;
	bool advisory;
};

/** struct arena - memory that is made anew for each round: ARENA_PAGES units of @unit bytes */
struct arena {
	struct raw r;
	char *p;
	size_t bytes, unit;
	const struct svm_case *now;
	struct svm_state before, after;
	bool after_known;
};

#define ALL	0, ARENA_PAGES
#define MIDDLE	4, 8

#define ACCESS		{ KFD_IOCTL_SVM_ATTR_ACCESS, THE_GPU }
#define IN_PLACE	{ KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, THE_GPU }
#define NO_ACCESS	{ KFD_IOCTL_SVM_ATTR_NO_ACCESS, THE_GPU }
#define GRANULE(n)	{ KFD_IOCTL_SVM_ATTR_GRANULARITY, n }
#define PREFERRED(loc)	{ KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, loc }
#define PREFETCH(loc)	{ KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, loc }
#define FLAG(name)	{ KFD_IOCTL_SVM_ATTR_SET_FLAGS, KFD_IOCTL_SVM_FLAG_##name }
#define NO_FLAG(name)	{ KFD_IOCTL_SVM_ATTR_CLR_FLAGS, KFD_IOCTL_SVM_FLAG_##name }

static const struct svm_case attribute_cases[] = {
	{ "register", { { 0 } }, { MIDDLE, 0, { { 0 } } } },
	{ "new range", { { 0 } }, { MIDDLE, 2, { ACCESS, GRANULE(4) } } },
	{ "split", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { GRANULE(3) } } },
	{ "merge", { { ALL, 1, { ACCESS } }, { MIDDLE, 1, { GRANULE(3) } } },
	  { 0, 12, 2, { ACCESS, GRANULE(3) } } },
	{ "fill gaps", { { 2, 3, 1, { ACCESS } }, { 7, 2, 1, { GRANULE(2) } }, { 12, 2, 1, { ACCESS } } },
	  { ALL, 2, { ACCESS, GRANULE(5) } } },
	{ "in place", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { IN_PLACE } } },
	{ "no access", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { NO_ACCESS } } },
	{ "preferred", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { PREFERRED(THE_GPU) } } },
	{ "not preferred", { { ALL, 2, { ACCESS, PREFERRED(THE_GPU) } } },
	  { MIDDLE, 1, { PREFERRED(SVM_UNDEFINED) } } },
};

static const struct svm_case flag_cases[] = {
	{ "host access off", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { NO_FLAG(HOST_ACCESS) } } },
	{ "coherent off", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { NO_FLAG(COHERENT) } } },
	{ "hive local", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { FLAG(HIVE_LOCAL) } } },
	{ "GPU read-only", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { FLAG(GPU_RO) } } },
	{ "GPU executable", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { FLAG(GPU_EXEC) } } },
	{ "read mostly", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { FLAG(GPU_READ_MOSTLY) } } },
	{ "always mapped", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { FLAG(GPU_ALWAYS_MAPPED) } } },
	{ "not always mapped", { { ALL, 2, { ACCESS, FLAG(GPU_ALWAYS_MAPPED) } } },
	  { MIDDLE, 1, { NO_FLAG(GPU_ALWAYS_MAPPED) } } },
	{ "extended coherent", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { FLAG(EXT_COHERENT) } } },
};

static const struct svm_case prefetch_cases[] = {
	{ "prefetch to VRAM", { { ALL, 1, { ACCESS } } }, { MIDDLE, 1, { PREFETCH(THE_GPU) } }, true },
	{ "prefetch back", { { ALL, 2, { ACCESS, PREFETCH(THE_GPU) } } },
	  { MIDDLE, 1, { PREFETCH(KFD_IOCTL_SVM_LOCATION_SYSMEM) } }, true },
};

static const struct svm_case huge_cases[] = {
	{ "2 MiB page to VRAM", { { ALL, 1, { ACCESS } } }, { ALL, 1, { PREFETCH(THE_GPU) } }, true },
	{ "2 MiB page back", { { ALL, 2, { ACCESS, PREFETCH(THE_GPU) } } },
	  { ALL, 1, { PREFETCH(KFD_IOCTL_SVM_LOCATION_SYSMEM) } }, true },
};

/* Nothing is called: pages are in VRAM for whatever the test does with them. */
static const struct svm_case resident = {
	"resident", { { ALL, 2, { ACCESS, PREFETCH(THE_GPU) } } }, { 0 },
};

static int apply(struct arena *a, const struct svm_step *step)
{
	struct kfd_ioctl_svm_attribute attr[MAX_ATTRS];

	for (u32 i = 0; i < step->nr; i++) {
		attr[i] = step->attr[i];
		if (attr[i].value == THE_GPU)
			attr[i].value = a->r.gpu.gpu_id;
	}
	return kfd_svm(a->r.kfd, KFD_IOCTL_SVM_OP_SET_ATTR, a->p + step->first * a->unit,
		       a->unit * step->pages, attr, step->nr);
}

/* Data where it is: a look at a page in VRAM does not move it. */
static void data_check(struct arena *a)
{
	char where[SVM_STATE_PAGES + 1];

	residency_letters(a->p, a->bytes / PAGE, where);
	for (size_t at = 0; at < a->bytes; at += a->unit) {
		u64 word;

		if (where[at / PAGE] == 'v')
			vram_peek(a->p + at, &word, sizeof(word));
		else
			memcpy(&word, a->p + at, sizeof(word));
		if (word != pattern_word(7, at))
			fail_test("%s: page %zu holds something else", a->now->name, at / PAGE);
	}
}

/* New memory at the old address, with nothing but the first steps' attributes. */
static void arena_renew(void *arg)
{
	struct arena *a = arg;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	if (mmap(a->p, a->bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != a->p ||
	    madvise(a->p, a->bytes, a->unit > PAGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		fail_test("no new arena");
	pattern_fill(a->p, a->bytes, 7);
	for (int i = 0; i < MAX_SETS && a->now->before[i].pages; i++)
		assert_ok(apply(a, &a->now->before[i]));
	svm_state_take(a->r.kfd, a->r.gpu.gpu_id, a->p, a->bytes, &a->before);
}

static int arena_call(void *arg)
{
	struct arena *a = arg;

	return apply(a, &a->now->call);
}

static void arena_unchanged(void *arg)
{
	struct arena *a = arg;

	svm_state_same(a->r.kfd, a->r.gpu.gpu_id, a->p, a->bytes, &a->before, a->now->name);
	driver_use_back(&a->before.use, a->now->name);
	data_check(a);
}

/* A prefetch whose mapping failed may have moved pages before. */
static void arena_may_have_moved(void *arg)
{
	struct arena *a = arg;
	char where[SVM_STATE_PAGES + 1];

	svm_state_same_but(a->r.kfd, a->r.gpu.gpu_id, a->p, a->bytes, &a->before, &a->after, a->now->name);
	residency_letters(a->p, a->bytes / PAGE, where);
	if (!strcmp(where, a->before.where))
		driver_use_back(&a->before.use, a->now->name);
	data_check(a);
}

/* The first round, in which nothing fails, shows what the call does. */
static void arena_done(void *arg)
{
	struct arena *a = arg;

	if (!a->after_known)
		svm_state_take(a->r.kfd, a->r.gpu.gpu_id, a->p, a->bytes, &a->after);
	a->after_known = true;
	svm_state_same(a->r.kfd, a->r.gpu.gpu_id, a->p, a->bytes, &a->after, a->now->name);
	data_check(a);
}

static void arena_start(struct arena *a, bool xnack, bool huge)
{
	memset(a, 0, sizeof(*a));
	failnth_start();
	raw_start(&a->r);
	assert_int_equal(kfd_xnack(a->r.kfd, xnack), xnack);
	a->bytes = huge ? HUGE_BYTES : ARENA_PAGES * PAGE;
	a->unit = a->bytes / ARENA_PAGES;
	a->p = mm_map_kind(HUGE_BYTES, huge);
}

static void run_cases(const struct svm_case *cases, size_t nr, bool xnack, bool huge)
{
	struct driver_use before;
	struct arena a;

	driver_use(&before);
	arena_start(&a, xnack, huge);
	for (size_t i = 0; i < nr; i++) {
		const struct failnth_op op = {
			.name = cases[i].name,
			.call = arena_call,
			.before = arena_renew,
			.unchanged = cases[i].advisory ? arena_may_have_moved : arena_unchanged,
			.done = arena_done,
			.advisory = cases[i].advisory,
			.also = EFAULT,
		};

		a.now = &cases[i];
		a.after_known = false;
		failnth_each(&op, 1, &a);
	}
	mm_unmap(a.p, HUGE_BYTES);
	driver_use_back(&before, "after all cases");
}

static void attributes_set_fails_whole(int xnack)
{
	run_cases(attribute_cases, ARRAY_LEN(attribute_cases), xnack, false);
}

static void flags_set_fails_whole(int xnack)
{
	run_cases(flag_cases, ARRAY_LEN(flag_cases), xnack, false);
}

static void prefetch_leaves_pages_or_moves_them(int xnack)
{
	run_cases(prefetch_cases, ARRAY_LEN(prefetch_cases), xnack, false);
}

static void huge_prefetch_leaves_pages_or_moves_them(int xnack)
{
	run_cases(huge_cases, ARRAY_LEN(huge_cases), xnack, true);
}

static int attributes_get(void *arg)
{
	struct kfd_ioctl_svm_attribute attr = { .type = KFD_IOCTL_SVM_ATTR_GRANULARITY };
	struct arena *a = arg;
	int err = kfd_svm(a->r.kfd, KFD_IOCTL_SVM_OP_GET_ATTR, a->p, a->bytes, &attr, 1);

	return err ? err : attr.value == 9 ? 0 : -EPROTO;
}

static sigjmp_buf bus_jump;

static void bus_handler(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* The page's way home fails in the task that touches it: SIGBUS, told as EFAULT. */
static int cpu_touch(void *arg)
{
	struct arena *a = arg;

	if (sigsetjmp(bus_jump, 1))
		return -EFAULT;
	return *(volatile u64 *)(a->p + 5 * a->unit) == pattern_word(7, 5 * a->unit) ? 0 : -EPROTO;
}

/* The child reads what its parent has in VRAM. */
static int fork_and_read(void *arg)
{
	struct arena *a = arg;
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(pattern_mismatch(a->p, a->bytes, 7) == PATTERN_OK ? 0 : 1);
	if (pid < 0)
		return -errno;
	if (waitpid(pid, &status, 0) != pid || status)
		return -EPROTO;
	return 0;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void run_resident(const struct failnth_op *op, bool xnack, bool huge)
{
	struct sigaction action = { .sa_handler = bus_handler };
	struct arena a;

	sigaction(SIGBUS, &action, NULL);
	arena_start(&a, xnack, huge);
	a.now = &resident;
	failnth_each(op, 1, &a);
}

static void get_fails_whole(int xnack)
{
	const struct failnth_op op = {
		"GET_ATTR", attributes_get, arena_renew, arena_unchanged, nothing, NULL, .also = EFAULT,
	};

	run_resident(&op, xnack, false);
}

static const struct failnth_op touch_op = {
	"CPU fault", cpu_touch, arena_renew, arena_unchanged, arena_done, NULL, .also = EFAULT,
};

static void cpu_fault_is_served_or_sigbus(int xnack)
{
	run_resident(&touch_op, xnack, false);
}

static void huge_cpu_fault_is_served_or_sigbus(int xnack)
{
	run_resident(&touch_op, xnack, true);
}

/*
 * XNACK off: what a fork shared for a moment is brought home when it is mapped
 * again, by a worker, at any time from here on. So nobody looks into VRAM.
 */
static void fork_undone(void *arg)
{
	struct arena *a = arg;
	struct svm_state home;

	memset(home.where, 'r', sizeof(home.where));
	svm_state_same_but(a->r.kfd, a->r.gpu.gpu_id, a->p, a->bytes, &a->before, &home, a->now->name);
	pattern_check(a->p, a->bytes, 7);
}

static void fork_fails_whole(int xnack)
{
	const struct failnth_op op = {
		"fork", fork_and_read, arena_renew, xnack ? arena_unchanged : fork_undone, nothing,
		NULL, .also = EAGAIN,
	};

	run_resident(&op, xnack, false);
}

#define TEST_FAIL(fn)                                  \
	{ #fn "_xnack_on", fn, 1, "kernel=debug long timeout=500" },    \
	{ #fn "_xnack_off", fn, 0, "kernel=debug long timeout=500" }

static const struct guest_test tests[] = {
	TEST_FAIL(attributes_set_fails_whole),
	TEST_FAIL(flags_set_fails_whole),
	TEST_FAIL(prefetch_leaves_pages_or_moves_them),
	TEST_FAIL(huge_prefetch_leaves_pages_or_moves_them),
	TEST_FAIL(get_fails_whole),
	TEST_FAIL(cpu_fault_is_served_or_sigbus),
	TEST_FAIL(huge_cpu_fault_is_served_or_sigbus),
	TEST_FAIL(fork_fails_whole),
};

HARNESS_MAIN(tests)
