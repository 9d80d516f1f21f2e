/* SPDX-License-Identifier: MIT */
#ifndef GUEST_WORK_H
#define GUEST_WORK_H

#include "gpu.h"
#include "mm.h"
#include "sdma.h"

#define WORK_BYTES HUGE_BYTES

/** hardware_event() - create the event that tells of a reset or a loss; its id */
u32 hardware_event(struct session *s);
/** hardware_event_get() - what it told; fails the test unless it does within 5 s */
struct kfd_hsa_hw_exception_data hardware_event_get(struct session *s, u32 id);

/** assert_newcomer_works() - a new process uses the GPU in both directions */
void assert_newcomer_works(void);
/** assert_vram_is_free() - within 10 s: no pages, no buffers, nothing used */
void assert_vram_is_free(void);

/** struct work - memory in RAM and in VRAM, mapped by the GPU, and one buffer of VRAM */
struct work {
	struct session s;
	struct sdma q;
	char *ram, *vram, *buffer;
};

/** work_start() - fills @ram with pattern 1, @vram with 2, @buffer with 3 */
void work_start(struct work *w, int xnack);

/** touch() - store to @arg, for signal_of() */
void touch(void *arg);

/** struct load - a process that works all the time */
struct load {
	int xnack;
	bool doomed;		/* ends when its GPU is taken from it */
	volatile u64 *rounds;	/* that were wholly done; shared */
};

/** struct load_pair - two of them */
struct load_pair {
	struct load load[2];
	struct child child[2];
};

/** load_start() - returns when both work; @rounds: two words that all processes share */
void load_start(struct load_pair *pair, int xnack, bool doomed, volatile u64 *rounds);
/** shared_words() - a page that forked children share */
volatile u64 *shared_words(void);

#endif
