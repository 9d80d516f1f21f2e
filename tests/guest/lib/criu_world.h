/* SPDX-License-Identifier: MIT */
#ifndef GUEST_CRIU_WORLD_H
#define GUEST_CRIU_WORLD_H

#include "criu.h"
#include "mm.h"
#include "raw.h"
#include "sdma.h"

/*
 * A program that is checkpointed and goes on in another process. Everything has
 * a fixed address; what the program knows is in memory that it shares with the
 * test, where CRIU would have put back its pages.
 */
#define WORLD_SVM	((char *)0x200000000ull)
#define WORLD_SVM_BYTES	(4 * HUGE_BYTES)
#define WORLD_PAGES	(WORLD_SVM_BYTES / PAGE)
#define WORLD_GTT	0x300000000ull	/* buffers, each 16 MiB further */
#define WORLD_SEED	4711

/* Runs of pages of the SVM memory, by what they were asked for. */
#define WORLD_VRAM	0u	/* prefetched to VRAM */
#define WORLD_RAM	512u	/* prefetched to RAM, other flags */
#define WORLD_FEW	1024u	/* five pages, granularity 0 */
#define WORLD_HOLE	1029u	/* nothing was asked for */
#define WORLD_MANY	1040u	/* each page other than its neighbours */
#define WORLD_MANY_END	1104u	/* the rest, up to the next run, as WORLD_HOLE */
#define WORLD_MAPPED	1536u	/* always mapped, the first half in VRAM */
#define WORLD_MAPPED_RAM 1792u

enum world_buffer { WORLD_RING, WORLD_POINTERS, WORLD_BOUNCE, WORLD_LOCAL, WORLD_EVENTS, WORLD_BUFFERS };

/** struct world_flags - in the pointer buffer, for CPU and GPU */
struct world_flags {
	u64 unused, wptr, rptr, go, counter;
	u32 fence;
};

/** struct world - what the program knows */
struct world {
	bool xnack, huge;
	struct raw raw;
	struct raw_buffer buffer[WORLD_BUFFERS];
	struct sdma q;
	u32 queue_id, signal_event, memory_event;
	struct kfd_ioctl_svm_attribute answer[WORLD_PAGES][6];
};

/** world_new() - memory for it, shared with children */
struct world *world_new(bool xnack, bool huge);

/* For the child that is the program; any failure ends it. */
void world_start(struct world *w);		/* GPU, buffers, queue, events */
void world_map_svm(struct world *w);		/* the SVM memory, untouched */
void world_set_attributes(struct world *w);
/** world_ask() - every attribute of every page where they differ, of each eighth elsewhere */
void world_ask(struct world *w, struct kfd_ioctl_svm_attribute answer[][6]);
void world_expect_same_answers(struct world *w);
/** world_expect_vram() - that many of the pages are in VRAM */
void world_expect_vram(unsigned int first, unsigned int nr, size_t wanted);
/** world_gpu_check() - the GPU reads pages by the queue; they hold the pattern */
void world_gpu_check(struct world *w, unsigned int first, unsigned int nr);
void world_submit(struct world *w);		/* a fence */
void world_wait(struct world *w);		/* for the last one */
volatile struct world_flags *world_flags(struct world *w);

/** world_reopen() - in the fresh process: descriptors, RESTORE, memory and buffers with their contents */
void world_reopen(struct world *w, struct criu_image *image, const char *svm);

#endif
