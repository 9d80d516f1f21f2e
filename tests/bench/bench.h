/* SPDX-License-Identifier: MIT */
#ifndef VKFD_TESTS_BENCH_H
#define VKFD_TESTS_BENCH_H

#include "gpu.h"

/**
 * struct bench - how to measure and how to say it
 * @json:   an object a line instead of tables.
 * @quick:  smaller sizes and fewer rounds, to see that everything runs.
 * @missed: targets not met so far.
 */
struct bench {
	bool json, quick;
	unsigned int missed;
};

/* The sections of svm_bench. Each prints as it goes. */
void bench_migrate(struct bench *b);
void bench_fault(struct bench *b);
void bench_scale(struct bench *b);
void bench_instructions(struct bench *b);

/** bench_seconds() - monotonic time */
double bench_seconds(void);
/** bench_shared() - zeroed memory that children of fork share with us */
void *bench_shared(size_t bytes);

/**
 * bench_child() - run @fn in a process of its own
 *
 * The sections measure several users of one mm's notifiers; a process each keeps
 * them from paying for one another. @arg must be shared memory to bring results.
 *
 * Return: true if the child ended well; otherwise its status is printed.
 */
bool bench_child(const char *what, void (*fn)(void *arg), void *arg);

/** bench_best() - keep the smaller of the times; 0 is none yet */
void bench_best(double *best, double seconds);

/** bench_target() - print one target with its verdict; higher is better */
void bench_target(struct bench *b, const char *what, double value, double target);
/** bench_limit() - as bench_target(), lower is better */
void bench_limit(struct bench *b, const char *what, double value, double limit);

/* The references that migrate.c measures beside the driver. */

/** hmm_open() - the kernel's test_hmm module as a device; false: not loaded */
bool hmm_open(int *fd);
/** hmm_move() - [addr, addr + bytes) there or back; @scratch: as many bytes, overwritten */
bool hmm_move(int fd, void *addr, void *scratch, size_t bytes, bool to_device);
/** numa_bind() - memory touched from now on comes from node @node; false: no such node */
bool numa_bind(int node);
/** numa_move() - move_pages(2), one entry for every @step bytes; false if a page stayed */
bool numa_move(void *addr, size_t bytes, size_t step, int node);

#endif
