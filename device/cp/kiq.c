// SPDX-License-Identifier: MIT
/*
 * DOC: kernel interface queue
 *
 * A thread that copies one command at a time out of the ring, executes the
 * copy and stores status and count, in this order, in guest RAM. Trusts
 * neither the ring nor the doorbell: a count beyond the ring or memory that
 * does not answer stops the KIQ with VKFD_ERR_KIQ_MEMORY.
 *
 * Lock order: kiq->lock is held alone; commands run without it.
 */
#include <pthread.h>
#include <stdlib.h>
#include "cp/kiq.h"

#define RING_LOG2_MIN	12
#define RING_LOG2_MAX	24
#define BUS_LIMIT	BIT_ULL(48)

struct kiq {
	struct kiq_config config;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t idle;
	/* Guarded by @lock. */
	bool quit;
	bool enabled;
	bool busy;
	struct kiq_ring ring;
	u64 submitted;
	u64 done;
};

enum kiq_memory_info { KIQ_BAD_COMMAND_READ = 1, KIQ_BAD_ACK = 2, KIQ_BAD_COUNT = 3, KIQ_BAD_RING = 4 };

enum vkfd_kiq_status kiq_execute(const struct kiq_ops *ops, void *opaque,
				 const struct vkfd_kiq_cmd *cmd)
{
	if (cmd->pad)
		return VKFD_KIQ_UNKNOWN_OP;
	switch (cmd->op) {
	case VKFD_KIQ_NOP:
		return VKFD_KIQ_OK;
	case VKFD_KIQ_CTX_SET:
		return ops->ctx_set(opaque, &cmd->ctx);
	case VKFD_KIQ_CTX_CLEAR:
		return ops->ctx_clear(opaque, &cmd->ctx);
	case VKFD_KIQ_CTX_TRAP:
		return ops->ctx_trap(opaque, &cmd->trap);
	case VKFD_KIQ_CTX_BUSY:
		return ops->ctx_busy(opaque, &cmd->ctx);
	case VKFD_KIQ_TLB_FLUSH:
		return ops->tlb_flush(opaque, &cmd->range);
	case VKFD_KIQ_FAULT_ACK:
		return ops->fault_ack(opaque, &cmd->range);
	case VKFD_KIQ_QUEUE_MAP:
		return ops->queue_map(opaque, &cmd->queue);
	case VKFD_KIQ_QUEUE_UNMAP:
		return ops->queue_unmap(opaque, &cmd->queue);
	case VKFD_KIQ_QUEUE_UPDATE:
		return ops->queue_update(opaque, &cmd->queue);
	case VKFD_KIQ_SAVE:
		return ops->save(opaque, &cmd->area);
	case VKFD_KIQ_LOAD:
		return ops->load(opaque, &cmd->area);
	default:
		ops->error(opaque, VKFD_ERR_KIQ_COMMAND, cmd->op, false);
		return VKFD_KIQ_UNKNOWN_OP;
	}
}

/* Status first, then the count: who sees the count sees the status. */
static bool acknowledge(struct kiq *kiq, const struct kiq_ring *ring, u64 seq,
			enum vkfd_kiq_status status)
{
	u64 slot = ring->ack_addr + offsetof(struct vkfd_kiq_ack, status) +
		   4 * (seq % VKFD_KIQ_STATUS_SLOTS);

	return guest_mem_store(kiq->config.guest, slot, status, 4) == MEM_OK &&
	       guest_mem_store(kiq->config.guest, ring->ack_addr, seq + 1, 8) == MEM_OK;
}

/* Without the lock. 0, or what was wrong with memory. */
static u32 run_one(struct kiq *kiq, const struct kiq_ring *ring, u64 seq)
{
	u64 at = ring->base + seq * VKFD_KIQ_CMD_BYTES % ring->bytes;
	enum vkfd_kiq_status status;
	struct vkfd_kiq_cmd cmd;

	if (guest_mem_read(kiq->config.guest, at, &cmd, sizeof(cmd)) != MEM_OK)
		return KIQ_BAD_COMMAND_READ;
	status = kiq_execute(kiq->config.ops, kiq->config.opaque, &cmd);
	counter_add(kiq->config.counters, VKFD_STAT_KIQ_COMMANDS, 1);
	return acknowledge(kiq, ring, seq, status) ? 0 : KIQ_BAD_ACK;
}

/* Under the lock, which is dropped for the command. */
static void step(struct kiq *kiq)
{
	struct kiq_ring ring = kiq->ring;
	u64 seq = kiq->done;
	u32 wrong;

	kiq->busy = true;
	pthread_mutex_unlock(&kiq->lock);
	wrong = run_one(kiq, &ring, seq);
	pthread_mutex_lock(&kiq->lock);
	kiq->busy = false;
	kiq->done = seq + 1;
	if (wrong)
		kiq->enabled = false;
	pthread_cond_broadcast(&kiq->idle);
	if (!wrong)
		return;
	pthread_mutex_unlock(&kiq->lock);
	kiq->config.ops->error(kiq->config.opaque, VKFD_ERR_KIQ_MEMORY, wrong, true);
	pthread_mutex_lock(&kiq->lock);
}

static void *kiq_main(void *opaque)
{
	struct kiq *kiq = opaque;

	pthread_mutex_lock(&kiq->lock);
	while (!kiq->quit) {
		if (kiq->enabled && kiq->done < kiq->submitted)
			step(kiq);
		else
			pthread_cond_wait(&kiq->wake, &kiq->lock);
	}
	pthread_mutex_unlock(&kiq->lock);
	return NULL;
}

void kiq_ring(struct kiq *kiq, u64 submitted)
{
	bool bad = false;

	pthread_mutex_lock(&kiq->lock);
	if (kiq->enabled && submitted > kiq->submitted) {
		bad = submitted - kiq->done > kiq->ring.bytes / VKFD_KIQ_CMD_BYTES;
		if (bad)
			kiq->enabled = false;
		else
			kiq->submitted = submitted;
		pthread_cond_signal(&kiq->wake);
	}
	pthread_mutex_unlock(&kiq->lock);
	if (bad)
		kiq->config.ops->error(kiq->config.opaque, VKFD_ERR_KIQ_MEMORY, KIQ_BAD_COUNT, true);
}

bool kiq_enable(struct kiq *kiq, const struct kiq_ring *ring)
{
	bool ok = ring->bytes >= BIT_ULL(RING_LOG2_MIN) && ring->bytes <= BIT_ULL(RING_LOG2_MAX) &&
		  !(ring->bytes & (ring->bytes - 1)) && !(ring->base & 4095) &&
		  !(ring->ack_addr & 7) && span_fits(ring->base, ring->bytes, BUS_LIMIT) &&
		  ring->ack_addr < BUS_LIMIT;

	kiq_disable(kiq);
	pthread_mutex_lock(&kiq->lock);
	kiq->enabled = ok;
	kiq->ring = *ring;
	pthread_mutex_unlock(&kiq->lock);
	if (!ok)
		kiq->config.ops->error(kiq->config.opaque, VKFD_ERR_KIQ_MEMORY, KIQ_BAD_RING, true);
	return ok;
}

void kiq_disable(struct kiq *kiq)
{
	pthread_mutex_lock(&kiq->lock);
	kiq->enabled = false;
	while (kiq->busy)
		pthread_cond_wait(&kiq->idle, &kiq->lock);
	kiq->submitted = 0;
	kiq->done = 0;
	pthread_mutex_unlock(&kiq->lock);
}

struct kiq *kiq_create(const struct kiq_config *config)
{
	struct kiq *kiq = calloc(1, sizeof(*kiq));

	if (!kiq)
		return NULL;
	kiq->config = *config;
	pthread_mutex_init(&kiq->lock, NULL);
	pthread_cond_init(&kiq->wake, NULL);
	pthread_cond_init(&kiq->idle, NULL);
	if (!pthread_create(&kiq->thread, NULL, kiq_main, kiq))
		return kiq;
	pthread_cond_destroy(&kiq->idle);
	pthread_cond_destroy(&kiq->wake);
	pthread_mutex_destroy(&kiq->lock);
	free(kiq);
	return NULL;
}

void kiq_destroy(struct kiq *kiq)
{
	pthread_mutex_lock(&kiq->lock);
	kiq->enabled = false;
	kiq->quit = true;
	pthread_cond_signal(&kiq->wake);
	pthread_mutex_unlock(&kiq->lock);
	pthread_join(kiq->thread, NULL);
	pthread_cond_destroy(&kiq->idle);
	pthread_cond_destroy(&kiq->wake);
	pthread_mutex_destroy(&kiq->lock);
	free(kiq);
}
