/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_COMPUTE_PRIV_H
#define VKFD_DEVICE_CP_COMPUTE_PRIV_H

#include <pthread.h>
#include "cp/compute.h"
#include "isa/wave.h"
#include "mmu/fetch.h"
#include "util/poll.h"
#include "util/rng.h"
#include "vkfd_hw/aql.h"
#include "vkfd_hw/pm4.h"

/* Dwords of a PM4 packet that are latched; more is its tail. */
#define PM4_DWORDS_MAX	9u
/* An IB may call one more. */
#define PM4_IB_DEPTH	2u

/* One turn of a queue's packets: work for so many bytes; the smallest step costs CP_STEP_COST. */
#define CP_TURN_BYTES	(1u << 20)
#define CP_STEP_COST	2048u

/* One turn in so many disregards priorities. */
#define CP_FAIR_TURN	8u

/* Pages of a queue that may be reported and not acknowledged at one time. */
#define CP_REPORTS	256u

/* Scratch slots that TMPRING_SIZE can name. */
#define CP_SLOTS	4096u

struct aql_signal;
struct aql_state;
struct cp_dispatch;
struct cp_group;
struct cp_run;
struct cp_shader;

/* What became of a step of a queue's packet. */
enum cp_step {
	CP_DONE,
	CP_ENTERED,	/* done and retired already: the next packet is elsewhere */
	CP_YIELD,	/* the turn is over, go on at the same place */
	CP_WAIT,	/* look again later: poll, full interrupt line */
	CP_BLOCKED,	/* until a dispatch of this queue has ended */
	CP_FAULT,	/* run->access.fault */
	CP_BAD,		/* run->error */
	CP_EMPTY,	/* no complete packet */
};

struct pm4_packet_type {
	u8 op;
	u8 dwords;	/* latched, all of them required */
	bool tail;	/* more may follow */
	const char *name;
	enum cp_step (*run)(struct cp_run *run);
};

/* The packet in progress: latched, so a replay cannot see other bytes. */
struct pm4_packet {
	const struct pm4_packet_type *type; /* NULL: none */
	u32 dw[PM4_DWORDS_MAX];
	u32 total;	/* dwords, tail included */
	u64 done;	/* bytes finished */
	bool stored;	/* RELEASE_MEM: only the interrupt is left */
	bool delayed;	/* --seed delayed it already */
};

/* Why a queue stopped, as its interrupt says it. */
struct cp_error {
	enum vkfd_queue_error error;
	u32 code;	/* exception code */
	u32 info;	/* packet header, or first dword of the instruction */
};

/* A retry fault told to the driver, or about to be. */
struct cp_report {
	bool open;	/* this slot is in use */
	bool pending;	/* not in the interrupt line yet */
	u32 delay;
	u64 page;
	struct ih_event event;
};

struct cp_group_list {
	struct cp_group *first, *last;
};

struct compute_queue {
	u32 number, ctx, doorbell, type;

	/* Guarded by compute->lock. */
	u32 priority;	/* KFD's, 15 goes first */
	bool active;	/* percent is not 0 */
	bool packets_ready; /* its packets are worth a turn */
	bool running;	/* the packet processor owns the part below */
	bool halted;
	u32 epoch;	/* counts acknowledgements and flushes */
	bool parked;	/* its packets wait for a page */
	u64 parked_va;
	struct poll_timer poll;
	struct cp_report reports[CP_REPORTS];
	bool unreported;	/* its packets wait for a page that found no slot */
	bool error_pending;
	struct ih_event error;
	u64 bell;	/* AQL: highest doorbell value + 1 */

	/* Waves, shader.c. Guarded by compute->lock. */
	u32 runners;	/* shader threads in its groups */
	u32 cost;	/* of its resident groups */
	bool counted;	/* in compute->busy_queues */
	u32 nr_dispatches;		/* in progress, completion included */
	struct cp_dispatch *launches;	/* oldest first; some group has not ended */
	struct cp_dispatch *finished;	/* oldest first; the packet processor completes them */
	struct cp_group_list ready, waiting;
	struct poll_timer busy;		/* when waiting groups that are busy try again */
	u64 slots[CP_SLOTS / 64];	/* scratch slots in use */

	_Atomic u32 gws[WAVE_GWS];	/* global wave sync: waves on all threads */
	_Atomic bool stop;	/* end turns soon */
	_Atomic bool rung;	/* read the write pointer again */

	/* Owned by the thread that runs the packets; by compute->lock while !running. */
	u64 rptr_va, wptr_va;
	bool resume;		/* read the first read pointer from memory */
	struct fetch_stream ring;	/* PM4: pos and end in bytes ever */
	u64 rptr_stored;	/* position that memory shows */
	struct fetch_stream ib[PM4_IB_DEPTH];
	u32 depth;		/* IBs entered */
	u64 held;		/* ring position while depth is not 0 */
	u32 skip;		/* dwords PRED_EXEC left out */
	struct pm4_packet packet;
	struct fetch_buffer fetch; /* of the stream in use */
	u32 sh_reg[VKFD_COMPUTE_REGS];
	struct aql_state *aql;	/* AQL queues */
};

/* Who was given turns. Guarded by compute->lock. */
struct cp_turns {
	u32 given;
	u32 next, next_fair;	/* places in compute->list where a search begins */
};

/* A context's trap handler; @tba 0: none. */
struct cp_trap {
	u64 tba, tma;
};

struct compute {
	struct compute_config config;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;	/* never taken while holding it: an mmu context's lock */
	pthread_cond_t wake;	/* the packet processor */
	pthread_cond_t stopped;	/* a turn ended */
	/* Guarded by @lock, queues included. */
	bool quit;
	struct compute_queue *queues[VKFD_MAX_QUEUES];
	struct compute_queue *list[VKFD_MAX_QUEUES]; /* the same, without holes */
	u32 nr_queues;
	struct cp_turns packet_turns;
	struct cp_trap traps[VKFD_MAX_CONTEXTS];
	u32 pending;	/* reports and errors that wait for the interrupt line */
	u32 sequence;	/* of fault reports */
	struct rng rng;
	/* Shader threads. */
	pthread_cond_t work;	/* groups became runnable */
	struct cp_shader *shaders;
	u32 nr_shaders;
	struct cp_turns wave_turns;
	u32 busy_queues;	/* that want groups to run */
	u32 cost;		/* of all resident groups */
	u32 next_cu;
};

/* One turn of one queue's packets. */
struct cp_run {
	struct compute *compute;
	struct compute_queue *queue;
	struct mmu_access access;
	s64 budget;
	u32 epoch;	/* queue->epoch when it began */
	struct cp_error error;
	bool progress;
};

/* turns.c. Under the lock, like the test that it is given. */
typedef bool (*cp_runnable_fn)(struct compute *compute, struct compute_queue *queue, u64 now);
/* The queue whose turn it is, or NULL; the search begins @skip places late. */
struct compute_queue *cp_turn_pick(struct compute *compute, struct cp_turns *turns, u32 skip,
				   cp_runnable_fn runnable, u64 now);

/* front.c: the packet processor. */
void *cp_front_main(void *compute);
enum cp_step cp_queue_turn(struct cp_run *run);
/* A completion may be delayed by --seed: true once for some packets. */
bool cp_delay(struct cp_run *run, bool *delayed);
/* True: no dispatch of the queue is in progress. */
bool cp_idle(struct cp_run *run);

/* Frees launches that ended, after their signals. DONE: none is left. */
enum cp_step cp_complete(struct cp_run *run);

/* cp_event.c: what queues tell the driver. Under compute->lock. */
struct ih_event cp_event(const struct compute *compute, const struct compute_queue *queue,
			 u8 source);
/* A line of the device's log about the queue. */
void cp_log(struct compute *compute, const struct compute_queue *queue, const char *what);
/* Stops the queue for good and says why. */
void cp_halt(struct compute *compute, struct compute_queue *queue, const struct cp_error *error);
/* A fault that can be served: reported, unless its page is already. False: no slot for it. */
bool cp_report_retry(struct compute *compute, struct compute_queue *queue,
		     const struct mmu_fault *fault);
u32 cp_reports_free(const struct compute_queue *queue);
/* A fault that cannot: stops the queue. */
void cp_halt_fault(struct compute *compute, struct compute_queue *queue,
		   const struct mmu_fault *fault);
/* Posts what is due; @idle: nothing is held back. True: something is left. */
bool cp_reports_post(struct compute *compute, bool idle);
/* Forgets reports of [start, end) that were told (@settle), and all that were not. */
void cp_reports_settle(struct compute *compute, struct compute_queue *queue, u64 start, u64 end,
		       bool settle);
void cp_reports_drop(struct compute *compute, struct compute_queue *queue);

/* pm4.c */
const struct pm4_packet_type *pm4_packet_find(u32 header);
const struct pm4_packet_type *pm4_packet_row(unsigned int n); /* NULL behind the last */
/* One step: fetches if there is no packet, runs it if there is one. */
enum cp_step pm4_step(struct cp_run *run);
/* Stores the read pointer if it moved. False: a fault. */
bool pm4_rptr_store(struct cp_run *run);
/* The packet is done: goes on behind it. */
void pm4_retire(struct cp_run *run);
void pm4_ib_enter(struct compute_queue *queue, u64 base, u32 dwords);
/* Dwords behind the latched ones: [first, first + n) of them. */
bool pm4_tail_read(struct cp_run *run, u32 first, u32 *dw, u32 n);

static inline u32 pm4_tail_dwords(const struct pm4_packet *packet)
{
	return packet->total - packet->type->dwords;
}

static inline u64 cp_addr(const u32 *dw)
{
	return dw[0] | (u64)dw[1] << 32;
}

static inline enum cp_step cp_bad(struct cp_run *run, enum vkfd_queue_error error, u32 code)
{
	run->error = (struct cp_error){ error, code, run->queue->packet.dw[0] };
	return CP_BAD;
}

static inline enum cp_step cp_malformed(struct cp_run *run)
{
	return cp_bad(run, VKFD_QERR_MALFORMED, VKFD_EC_PACKET_UNSUPPORTED);
}

/* pm4_mem.c */
enum cp_step pm4_run_write_data(struct cp_run *run);
enum cp_step pm4_run_copy_data(struct cp_run *run);
enum cp_step pm4_run_dma_data(struct cp_run *run);
enum cp_step pm4_run_atomic_mem(struct cp_run *run);
/* pm4_sync.c */
enum cp_step pm4_run_nop(struct cp_run *run);
enum cp_step pm4_run_indirect_buffer(struct cp_run *run);
enum cp_step pm4_run_pred_exec(struct cp_run *run);
enum cp_step pm4_run_wait_reg_mem(struct cp_run *run);
enum cp_step pm4_run_event_write(struct cp_run *run);
enum cp_step pm4_run_release_mem(struct cp_run *run);
enum cp_step pm4_run_acquire_mem(struct cp_run *run);

/* pm4_dispatch.c */
enum cp_step pm4_run_set_sh_reg(struct cp_run *run);
enum cp_step pm4_run_dispatch_direct(struct cp_run *run);
enum cp_step pm4_run_dispatch_indirect(struct cp_run *run);

/* aql.c */
struct aql_state *aql_state_create(void);
enum cp_step aql_step(struct cp_run *run);
/* As pm4_rptr_store(). */
bool aql_index_store(struct cp_run *run);
/* The packet at @index is complete. */
void aql_finish(struct compute_queue *queue, u64 index);
/* aql_signal.c: completes or sets a signal; DONE when all of it happened. */
enum cp_step aql_signal_run(struct cp_run *run, struct aql_signal *signal);

#endif
