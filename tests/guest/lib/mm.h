/* SPDX-License-Identifier: MIT */
#ifndef GUEST_MM_H
#define GUEST_MM_H

#include <sys/types.h>

#include "harness.h"

/* Anonymous private memory, untouched; each fails the test if there is none. */
void *mm_map(size_t bytes);			/* as malloc would give it, page aligned */
void *mm_map_huge(size_t bytes);		/* 2 MiB aligned, huge pages wanted */
void *mm_map_small(size_t bytes);		/* 2 MiB aligned, 4 KiB pages only */
/** mm_map_kind() - @huge chooses between the two above */
void *mm_map_kind(size_t bytes, bool huge);
/** mm_map_file() - private or shared mapping of a new unlinked file, filled with zeroes */
void *mm_map_file(size_t bytes, bool shared);
void mm_unmap(void *addr, size_t bytes);
void mm_protect(void *addr, size_t bytes, int prot);

/** mm_pin() - long-term pin by an io_uring registered buffer; mm_unpin() releases it */
int mm_pin(void *addr, size_t bytes);
void mm_unpin(int pin);
/** mm_swap_out() - put the pages into compressed swap in RAM; false if this kernel cannot */
bool mm_swap_out(void *addr, size_t bytes);

/** struct child - a process that shares this test's memory until either writes */
struct child {
	pid_t pid;
	int to_child, from_child;
};

/**
 * child_start() - fork; @fn runs in the child and its value is the exit status
 *
 * The child must not use asserts of the harness: use child_expect().
 */
void child_start(struct child *c, int (*fn)(struct child *c, void *arg), void *arg);
/* A byte to the other side; hearing waits for one. From either side. */
void child_tell(struct child *c, char byte);
bool child_hear(struct child *c, char byte);
/** child_heard() - in the child: has the parent told anything? Takes nothing. */
bool child_heard(struct child *c);
/** child_join() - wait for the end; the status as of waitpid() */
int child_join(struct child *c);
/** assert_child_ok() - the child must end with exit status 0 */
void assert_child_ok(struct child *c);

/* In a child: leave with a message and exit status 1 unless @cond holds. */
#define child_expect(cond)                                                   \
	do {                                                                 \
		if (!(cond))                                                 \
			child_fail(__FILE__, __LINE__, #cond);               \
	} while (0)
void child_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/** assert_bus_error() - a store to @p is SIGBUS, in this process */
void assert_bus_error(volatile char *p);
/** signal_of() - runs @fn in a child; the signal that killed it, or 0 */
int signal_of(void (*fn)(void *arg), void *arg);

#endif
