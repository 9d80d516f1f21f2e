/* SPDX-License-Identifier: MIT */
#ifndef GUEST_FAILNTH_H
#define GUEST_FAILNTH_H

#include "harness.h"

/**
 * struct failnth_op - one operation of the driver, to be failed at each of its allocations
 * @call:      the operation; 0 or -errno. The only thing that is failed.
 * @before:    before each @call, nothing fails: remembers the state; NULL: nothing to remember.
 * @unchanged: after a @call that failed: the state is what @before remembered.
 * @done:      after a @call that succeeded: the effect is there, whole.
 * @undo:      after @done: back to where @before can start again; NULL: nothing to do.
 * @advisory:  @call may succeed with less than all when an allocation failed. Then it is
 *             repeated, with no failure, before @done looks.
 * @also:      an errno that is an answer beside ENOMEM; EFAULT where user memory is copied.
 *
 * A @call that failed is repeated with no failure and must succeed: so @done and
 * @undo run in each round.
 */
struct failnth_op {
	const char *name;
	int (*call)(void *arg);
	void (*before)(void *arg);
	void (*unchanged)(void *arg);
	void (*done)(void *arg);
	void (*undo)(void *arg);
	bool advisory;
	int also;
};

/** struct failnth_count - what became of the failures: @failed calls and @absorbed ones */
struct failnth_count {
	unsigned int failed, absorbed;
};

/** failnth_start() - switch failures on for this process; skips the test if the kernel has none */
void failnth_start(void);
/** failnth_run() - fail the 1st, 2nd, ... allocation of an operation until one call has no failure */
struct failnth_count failnth_run(const struct failnth_op *op, void *arg);
/** failnth_each() - failnth_run() of a list; fails the test if no call of an operation failed */
void failnth_each(const struct failnth_op *ops, size_t nr, void *arg);

/** failnth_arm() - the @nth allocation of this thread will fail */
void failnth_arm(unsigned int nth);
/** failnth_disarm() - true if it did */
bool failnth_disarm(void);

#endif
