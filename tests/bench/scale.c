// SPDX-License-Identifier: MIT
/*
 * Cost of one operation against how much there already is. It may grow with
 * the logarithm: trees are searched. What is linear shows at once.
 */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mm.h"
#include "residency.h"
#include "sdma.h"

#define OPS	512u

/**
 * struct scale_row - one measurement at one size
 * @nr:  how much there is: pieces, ranges, processes.
 * @ops: how often the operation ran.
 */
struct scale_row {
	unsigned int nr, ops;
	double seconds[2];	/* per operation, meaning as of the section */
};

/* Neighbours differ, so every page is a piece of its own. */
static int piece_set(struct session *s, char *addr, size_t i)
{
	return svm_set(s->kfd, addr + i * PAGE, PAGE,
		       { KFD_IOCTL_SVM_ATTR_GRANULARITY, 1 + i % 2 * 2 });
}

/* Another value and back: the number of pieces stays. */
static void pieces_change(struct session *s, char *addr, unsigned int nr, unsigned int ops)
{
	for (unsigned int i = 0; i < ops; i++) {
		size_t at = harness_random() % nr;

		assert_ok(svm_set(s->kfd, addr + at * PAGE, PAGE,
				  { KFD_IOCTL_SVM_ATTR_GRANULARITY, 5 }));
		assert_ok(piece_set(s, addr, at));
	}
}

static void measure_pieces(void *arg)
{
	struct scale_row *r = arg;
	struct session s;
	double t0;
	char *addr;

	session_start(&s, true);
	addr = mm_map(r->nr * PAGE);
	for (size_t i = 0; i < r->nr; i++)
		assert_ok(piece_set(&s, addr, i));
	pieces_change(&s, addr, r->nr, r->ops / 8);
	t0 = bench_seconds();
	pieces_change(&s, addr, r->nr, r->ops);
	r->seconds[0] = (bench_seconds() - t0) / r->ops / 2;
	t0 = bench_seconds();
	for (unsigned int i = 0; i < r->ops; i++) {
		size_t at = harness_random() % r->nr;

		if (svm_get(s.kfd, addr + at * PAGE, PAGE, KFD_IOCTL_SVM_ATTR_GRANULARITY) !=
		    1 + at % 2 * 2)
			fail_test("piece %zu has another value", at);
	}
	r->seconds[1] = (bench_seconds() - t0) / r->ops;
	session_stop(&s);
}

/* Writes a word to each page through faults, many packets behind one fence. */
static void pages_fault(struct sdma *q, char *addr, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		sdma_write1(q, addr + i * PAGE, (u32)i);
		if (i % 1024 == 1023)
			sdma_run(q);
	}
	sdma_run(q);
}

static void measure_ranges(void *arg)
{
	struct scale_row *r = arg;
	size_t bytes = (r->nr + r->ops) * PAGE;
	struct session s;
	struct sdma q;
	double t0;
	char *addr;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	addr = mm_map_small(bytes);
	assert_ok(svm_set(s.kfd, addr, bytes, { KFD_IOCTL_SVM_ATTR_GRANULARITY, 0 },
			  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0 },
			  { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, s.gpu[0].gpu_id }));
	memset(addr, 0, bytes);
	pages_fault(&q, addr, r->nr);
	sdma_run(&q);
	t0 = bench_seconds();
	for (unsigned int i = 0; i < r->ops; i++) {
		sdma_write1(&q, addr + (r->nr + i) * PAGE, i);
		sdma_run(&q);
	}
	r->seconds[0] = (bench_seconds() - t0) / r->ops;
	assert_in_ram(addr, bytes);
	sdma_destroy(&q);
	session_stop(&s);
}

#define PREFETCH_ROUNDS	4

/* The best round: in the first, the host has to find memory for the VRAM. */
static void measure_prefetch(void *arg)
{
	struct scale_row *r = arg;
	size_t bytes = r->nr * MIB;
	struct session s;
	double t0, took;
	char *addr;

	session_start(&s, true);
	addr = mm_map_huge(bytes);
	for (int round = 0; round < PREFETCH_ROUNDS; round++) {
		memset(addr, 0x5a + round, bytes);
		t0 = bench_seconds();
		assert_ok(gpu_prefetch(&s, addr, bytes, true));
		took = (bench_seconds() - t0) / r->nr;
		if (!round || took < r->seconds[0])
			r->seconds[0] = took;
		assert_in_vram(addr, bytes);
	}
	session_stop(&s);
}

#define SPACE_BYTES	(2 * MIB)

struct crowd {
	volatile int ready, failed;
};

static int crowd_member(struct crowd *c, unsigned int nr, unsigned int ops)
{
	struct session s;
	char *addr;

	if (!session_try_start(&s, true))
		return 1;
	addr = mm_map_huge(SPACE_BYTES);
	memset(addr, 0x5a, SPACE_BYTES);
	__atomic_add_fetch(&c->ready, 1, __ATOMIC_SEQ_CST);
	if (!wait_until(c->ready >= (int)nr + 1, 120000))
		return 1;
	for (unsigned int i = 0; i < ops; i++)
		if (gpu_prefetch(&s, addr, SPACE_BYTES, !(i & 1)))
			return 1;
	return 0;
}

struct member_arg {
	struct crowd *crowd;
	struct scale_row *row;
};

static int member_run(struct child *child, void *arg)
{
	struct member_arg *m = arg;

	return crowd_member(m->crowd, m->row->nr, m->row->ops / m->row->nr);
}

static void measure_processes(void *arg)
{
	struct scale_row *r = arg;
	struct crowd *c = bench_shared(sizeof(*c));
	struct child *members = calloc(r->nr, sizeof(*members));
	struct member_arg m = { c, r };
	double t0;

	for (unsigned int i = 0; i < r->nr; i++)
		child_start(&members[i], member_run, &m);
	if (!wait_until(c->ready >= (int)r->nr, 120000))
		fail_test("%d of %u processes started", c->ready, r->nr);
	t0 = bench_seconds();
	__atomic_add_fetch(&c->ready, 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < r->nr; i++)
		assert_child_ok(&members[i]);
	r->seconds[0] = (bench_seconds() - t0) / r->ops;
	free(members);
}

/**
 * struct scale_section - a measurement over sizes
 * @labels: what the times are; NULL if there is no second.
 */
struct scale_section {
	const char *what, *unit, *labels[2];
	void (*measure)(void *arg);
	unsigned int sizes[4], ops;
};

static const struct scale_section sections[] = {
	{ "attributes", "pieces", { "set", "get" }, measure_pieces, { 10, 1000, 100000 }, OPS },
	{ "faults", "ranges", { "fault" }, measure_ranges, { 1, 1000, 100000 }, OPS },
	{ "prefetch in one call", "MiB", { "MiB moved" }, measure_prefetch, { 64, 512, 4096 }, 1 },
	{ "2 MiB prefetches by processes", "processes", { "prefetch" }, measure_processes,
	  { 1, 8, 64 }, OPS },
};

static double growth_allowed(unsigned int from, unsigned int to)
{
	return (1 + log2(to)) / (1 + log2(from));
}

static void section_run(struct bench *b, const struct scale_section *sec)
{
	struct scale_row *rows = bench_shared(4 * sizeof(*rows));
	unsigned int last = 0;
	char name[96];

	for (unsigned int i = 0; i < 4 && sec->sizes[i]; i++) {
		if (b->quick && i > 1)
			break;
		rows[i].nr = sec->sizes[i];
		rows[i].ops = sec->ops;
		if (!bench_child(sec->what, sec->measure, &rows[i]))
			b->missed++;
		last = i;
		for (unsigned int k = 0; k < 2 && sec->labels[k]; k++)
			printf(b->json ? "{\"bench\":\"scale\",\"what\":\"%s\",\"nr\":%u,\"unit\":\"%s\",\"op\":\"%s\",\"us\":%.2f}\n" :
				       "  %-32s %7u %-10s %-10s %10.2f us\n",
			       sec->what, rows[i].nr, sec->unit, sec->labels[k],
			       rows[i].seconds[k] * 1e6);
		fflush(stdout);
	}
	for (unsigned int k = 0; k < 2 && sec->labels[k]; k++) {
		snprintf(name, sizeof(name), "%s, %s: growth from %u to %u %s", sec->what,
			 sec->labels[k], rows[0].nr, rows[last].nr, sec->unit);
		bench_limit(b, name, rows[last].seconds[k] / rows[0].seconds[k],
			    growth_allowed(rows[0].nr, rows[last].nr));
	}
}

void bench_scale(struct bench *b)
{
	if (!b->json)
		printf("Cost of an operation against scale\n");
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		section_run(b, &sections[i]);
}
