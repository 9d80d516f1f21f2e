/* SPDX-License-Identifier: MIT */
#ifndef GUEST_STRESS_H
#define GUEST_STRESS_H

#include <stdatomic.h>
#include <sys/types.h>

#include "sdma.h"

#define STRESS_PROCESSES	8
#define STRESS_THREADS		4

/* 64 KiB pieces of one region, owned by the threads in turn. */
#define STRESS_PIECE_PAGES	16u
#define STRESS_PIECES		8u	/* a thread */
#define STRESS_OWN_AREAS	2u	/* 2 MiB each, a thread */
#define STRESS_OWN_PAGES	512u
#define STRESS_AREAS		(STRESS_OWN_AREAS + STRESS_PIECES)
#define STRESS_BOUNCE_PAGES	64u

/* Name, relative frequency; one function stress_<name>() each. */
#define STRESS_OPS(OP)                                                       \
	OP(cpu_write, 16) OP(cpu_read, 12) OP(vm_read, 4)                    \
	OP(gpu_fill, 14) OP(gpu_copy, 14) OP(gpu_add, 10) OP(gpu_read, 12)   \
	OP(gpu_buffer, 4) OP(prefetch, 12) OP(set_attr, 10) OP(get_attr, 10) \
	OP(dontneed, 5) OP(advise, 8) OP(unmap, 5) OP(mremap, 5)             \
	OP(read_only, 4) OP(no_access, 3) OP(fork, 2) OP(evict, 1) OP(new_queue, 1)

enum stress_op {
#define STRESS_ENUM(name, weight) STRESS_##name,
	STRESS_OPS(STRESS_ENUM)
#undef STRESS_ENUM
	STRESS_NR_OPS
};

/**
 * struct stress_page - what a page must hold
 * @seed: words 0 to 510 are pattern_word(@seed, offset); or, if @fill, each word is @seed.
 * @last: word 511, which atomics add to.
 */
struct stress_page {
	u64 seed, last;
	bool fill;
};

/** struct stress_attr - attributes a page must have; @set: registered */
struct stress_attr {
	u32 preferred, prefetch, flags, granularity, access;
	bool set;
};

/**
 * struct stress_area - memory of one thread
 * @p:    where it is: one of @place.
 * @place: two reserved addresses; mremap goes to the other one.
 */
struct stress_area {
	char *p, *place[2];
	u32 pages;
	struct stress_page *page;
	struct stress_attr *attr;
};

/** struct stress_step - for the report: what was done to which pages */
struct stress_step {
	u32 op, area, first, nr, detail;
};

/** struct stress_progress - of one thread, in memory shared with the parent */
struct stress_progress {
	atomic_ullong steps;
	struct stress_step history[16];
};

/** struct stress_shared - parent and workers */
struct stress_shared {
	atomic_bool stop;
	atomic_ullong count[STRESS_NR_OPS];
	atomic_ullong pages_checked;
	struct stress_progress progress[STRESS_PROCESSES][STRESS_THREADS];
};

/** struct stress_worker - one process */
struct stress_worker {
	struct stress_shared *shared;
	u64 seed;
	unsigned int number;
	bool xnack;
	char evict[64];		/* a file to write to */
	struct session session;
	char *region, *bounce[STRESS_THREADS];
	struct sdma queue[STRESS_THREADS];
};

/** struct stress_thread - owner of areas; nobody else writes to them */
struct stress_thread {
	struct stress_worker *worker;
	unsigned int number;
	u64 random, seq;
	struct sdma *q;
	struct stress_progress *progress;
	char *bounce;
	struct stress_area area[STRESS_AREAS];
};

/** struct stress_span - some pages of an area */
struct stress_span {
	struct stress_area *area;
	u32 first, nr;
	char *p;
	size_t bytes;
};

/** stress_worker_main() - a whole worker process; the value is its exit status */
int stress_worker_main(struct stress_worker *w);

/* stress_area.c: the oracle */
u64 stress_random(struct stress_thread *t, u64 limit);
void stress_areas_make(struct stress_thread *t);
void stress_areas_forget(struct stress_thread *t, struct stress_span *s);	/* unmapped: zero, no attributes */
void stress_expect_zero(struct stress_span *s);
/** stress_span() - random pages of a random area, at most @max */
struct stress_span stress_span(struct stress_thread *t, u32 max);
struct stress_span stress_part(struct stress_area *area, u32 first, u32 nr);
/** stress_write() - new contents by the CPU */
void stress_write(struct stress_thread *t, struct stress_span *s);
/** stress_check() - @bytes is what the CPU or the GPU read; ends the process if it is wrong */
void stress_check(struct stress_thread *t, const struct stress_span *s, const void *bytes, const char *who);
/** stress_fail() - report with the thread's last steps, end the process */
void stress_fail(struct stress_thread *t, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/** stress_set() - an attribute, in the driver and in the oracle */
void stress_set(struct stress_thread *t, struct stress_span *s, u32 type, u32 value);
void stress_get(struct stress_thread *t, struct stress_span *s);

/* stress_gpu.c: by the thread's queue; each returns after the GPU is done */
void stress_gpu_wait(struct stress_thread *t, const char *what);
/** stress_gpu_ready() - with XNACK off: let the GPU use the area */
void stress_gpu_ready(struct stress_thread *t, struct stress_area *area);
void stress_gpu_check(struct stress_thread *t, struct stress_span *s);
bool stress_queue_make(struct stress_worker *w, unsigned int thread);

/** stress_step() - one random operation */
void stress_step(struct stress_thread *t);
/** stress_check_all() - every page, by CPU and GPU */
void stress_check_all(struct stress_thread *t);

#define STRESS_DECLARE(name, weight) void stress_##name(struct stress_thread *t);
STRESS_OPS(STRESS_DECLARE)
#undef STRESS_DECLARE

#endif
