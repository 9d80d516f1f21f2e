/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SDMA_SDMA_PRIV_H
#define VKFD_DEVICE_SDMA_SDMA_PRIV_H

#include <pthread.h>
#include "mmu/fault.h"
#include "mmu/fetch.h"
#include "sdma/sdma.h"
#include "util/poll.h"
#include "util/rng.h"
#include "vkfd_hw/sdma.h"

#define SDMA_ENGINES	(VKFD_SDMA_ENGINES + VKFD_SDMA_XGMI_ENGINES)
#define SDMA_SLOTS	(VKFD_SDMA_QUEUES_PER_ENGINE + 1) /* and the kernel's */
#define SDMA_DWORDS_MAX 13u

/* One turn of a queue: work for so many bytes; the smallest step costs SDMA_STEP_COST. */
#define SDMA_TURN_BYTES (4u << 20)
#define SDMA_STEP_COST	4096u

struct sdma_run;

enum sdma_step {
	SDMA_DONE,
	SDMA_YIELD,	/* the turn is over, go on at the same place */
	SDMA_WAIT,	/* look again later: poll, full interrupt line */
	SDMA_FAULT,	/* run->access.fault */
	SDMA_BAD,	/* run->error */
	SDMA_NESTED,	/* INDIRECT: the IB comes first, then this packet is done */
	SDMA_EMPTY,	/* no complete packet */
};

struct sdma_packet_type {
	u8 op;
	u8 sub;
	bool privileged;
	u8 dwords;		/* without the tail */
	u32 mask, match;	/* further bits of dw0 that select this row */
	const char *name;
	u32 (*tail)(const u32 *dw); /* dwords that follow the fixed ones; NULL: none */
	enum sdma_step (*run)(struct sdma_run *run);
};

/* The packet in progress: latched, so a replay cannot see other bytes. */
struct sdma_packet {
	const struct sdma_packet_type *type; /* NULL: none */
	u32 dw[SDMA_DWORDS_MAX];
	u32 tail;
	u64 done;	/* bytes or entries finished */
	u32 tries;
	bool delayed;	/* --seed delayed it already */
};

struct sdma_queue {
	u32 number, ctx, engine, doorbell;

	/* Guarded by sdma->lock. */
	bool active;	/* percent is not 0 */
	bool ready;	/* worth a turn */
	bool running;	/* the engine's thread owns the part below */
	bool halted;
	bool poke;	/* acknowledged or flushed while it ran */
	bool parked;
	u64 parked_va;
	bool reported;	/* a retry report is open ... */
	u64 reported_page; /* ... for this page */
	bool report_pending;
	u32 report_delay;
	struct ih_event report;
	struct poll_timer poll;

	_Atomic bool stop;	/* end the turn soon */
	_Atomic bool rung;	/* read the write pointer again */

	/* Owned by the thread that runs the queue; by sdma->lock while !running. */
	u64 rptr_va, wptr_va;
	u64 rptr_stored;
	bool resume;		/* read the first read pointer from memory */
	struct fetch_stream ring; /* pos = rptr, end = wptr */
	struct fetch_stream ib;
	bool in_ib;
	u32 skip;		/* dwords COND_EXE left out */
	struct sdma_packet packet;
	struct fetch_buffer fetch; /* of the stream in use */
};

struct sdma_engine {
	struct sdma *sdma;
	u32 number;
	pthread_t thread;
	bool started;
	pthread_cond_t wake;
	/* Guarded by sdma->lock. */
	struct sdma_queue *queues[SDMA_SLOTS];
	u32 nr_queues;
	u32 next;
	struct rng rng;
};

struct sdma {
	struct sdma_config config;
	pthread_mutex_t lock;	/* never taken while holding it: an mmu context's lock */
	pthread_cond_t stopped;	/* a queue's turn ended */
	bool quit;
	struct sdma_engine engine[SDMA_ENGINES];
	struct sdma_queue *queues[VKFD_MAX_QUEUES];
	_Atomic u32 fault_sequence;
};

/* One turn of one queue. */
struct sdma_run {
	struct sdma *sdma;
	struct sdma_queue *queue;
	struct mmu_access access;
	struct rng *rng;
	s64 budget;
	enum vkfd_queue_error error;
	bool progress;
};

/* sdma.c, under the lock: may the engine have one more queue of the context? */
bool sdma_slot_free(const struct sdma_engine *engine, u32 ctx);

/* engine.c: thread body; sdma_engine_main() takes a struct sdma_engine. */
void *sdma_engine_main(void *engine);

/* turn.c */
enum sdma_step sdma_queue_turn(struct sdma_run *run);
/* Data behind the fixed dwords of the packet: [offset, offset + len) of the stream. */
bool sdma_tail_read(struct sdma_run *run, u64 offset, void *dst, u32 len);
/* VA and contiguous length of tail data at @offset. */
u64 sdma_tail_va(const struct sdma_run *run, u64 offset, u64 *len);

/* pkt_sync.c: an event of the queue, with client, context and number. */
struct ih_event sdma_event(const struct sdma *sdma, const struct sdma_queue *queue, u8 source);

/* packet.c */
const struct sdma_packet_type *sdma_packet_find(u32 header);
const struct sdma_packet_type *sdma_packet_row(unsigned int n); /* NULL behind the last */

static inline enum sdma_step sdma_bad(struct sdma_run *run, enum vkfd_queue_error error)
{
	run->error = error;
	return SDMA_BAD;
}

static inline u64 sdma_addr(const u32 *dw)
{
	return dw[0] | (u64)dw[1] << 32;
}

/* pkt_copy.c */
enum sdma_step sdma_run_copy(struct sdma_run *run);
enum sdma_step sdma_run_broadcast(struct sdma_run *run);
enum sdma_step sdma_run_rect(struct sdma_run *run);
enum sdma_step sdma_run_write(struct sdma_run *run);
enum sdma_step sdma_run_fill(struct sdma_run *run);
enum sdma_step sdma_run_ptepde(struct sdma_run *run);
/* pkt_sync.c */
enum sdma_step sdma_run_nop(struct sdma_run *run);
enum sdma_step sdma_run_indirect(struct sdma_run *run);
enum sdma_step sdma_run_fence(struct sdma_run *run);
enum sdma_step sdma_run_trap(struct sdma_run *run);
enum sdma_step sdma_run_poll(struct sdma_run *run);
enum sdma_step sdma_run_cond_exe(struct sdma_run *run);
enum sdma_step sdma_run_atomic(struct sdma_run *run);
enum sdma_step sdma_run_timestamp(struct sdma_run *run);
enum sdma_step sdma_run_srbm(struct sdma_run *run);

#endif
