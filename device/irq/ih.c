// SPDX-License-Identifier: MIT
/*
 * DOC: interrupt ring writer
 *
 * Writes entries into the ring in guest RAM, publishes the write pointer and
 * raises the interrupt when the driver had emptied the ring. Entries that find
 * it full wait in a line of fixed length, in order; a thread moves them as the
 * driver makes room, which it tells through memory only, hence the polling.
 * When the line is full too, posting is refused and the engine waits, so
 * memory stays bounded and nothing is lost.
 *
 * A ring or pointer that is not guest RAM, or a read pointer that cannot be,
 * stops the ring for good: VKFD_ERR_IH_MEMORY.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include "irq/ih.h"

#define LINE_ENTRIES	256u
#define POLL_NS		200000

#define RING_LOG2_MIN	12
#define RING_LOG2_MAX	24
#define BUS_LIMIT	BIT_ULL(48)

struct ih {
	struct ih_config config;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* Guarded by @lock. */
	bool quit;
	bool enabled;
	struct ih_ring ring;
	u64 wptr;
	struct vkfd_ih_entry line[LINE_ENTRIES];
	u32 line_head;
	u32 line_count;
};

/* What a step under the lock asks to be told outside of it. */
struct news {
	bool raise;
	bool broken;
	u32 info;
};

enum broken_info { BROKEN_RING = 1, BROKEN_RPTR = 2, BROKEN_WPTR = 3, BROKEN_RPTR_VALUE = 4 };

static void broken(struct ih *ih, struct news *news, enum broken_info info)
{
	ih->enabled = false;
	ih->line_count = 0;
	news->broken = true;
	news->info = info;
}

static void tell(struct ih *ih, const struct news *news)
{
	if (news->raise) {
		counter_add(ih->config.counters, VKFD_STAT_IH_INTERRUPTS, 1);
		ih->config.ops->raise(ih->config.opaque);
	}
	if (news->broken)
		ih->config.ops->error(ih->config.opaque, VKFD_ERR_IH_MEMORY, news->info);
}

/* The driver's read pointer, checked. False: the ring is broken now. */
static bool read_rptr(struct ih *ih, u64 *rptr, struct news *news)
{
	if (guest_mem_load(ih->config.guest, ih->ring.rptr_addr, rptr, 8) != MEM_OK) {
		broken(ih, news, BROKEN_RPTR);
		return false;
	}
	if (*rptr > ih->wptr || ih->wptr - *rptr > ih->ring.bytes ||
	    *rptr % VKFD_IH_ENTRY_BYTES) {
		broken(ih, news, BROKEN_RPTR_VALUE);
		return false;
	}
	return true;
}

static bool has_room(struct ih *ih, struct news *news)
{
	u64 rptr;

	return read_rptr(ih, &rptr, news) &&
	       ih->wptr - rptr <= ih->ring.bytes - VKFD_IH_ENTRY_BYTES;
}

/* Entry, write pointer, barrier, read pointer: the rule of vkfd_hw/ih.h. */
static void publish(struct ih *ih, const struct vkfd_ih_entry *entry, struct news *news)
{
	u64 slot = ih->ring.base + ih->wptr % ih->ring.bytes;
	u64 before = ih->wptr;
	u64 rptr;

	if (guest_mem_write(ih->config.guest, slot, entry, sizeof(*entry)) != MEM_OK) {
		broken(ih, news, BROKEN_RING);
		return;
	}
	ih->wptr += VKFD_IH_ENTRY_BYTES;
	if (guest_mem_store(ih->config.guest, ih->ring.wptr_addr, ih->wptr, 8) != MEM_OK) {
		broken(ih, news, BROKEN_WPTR);
		return;
	}
	counter_add(ih->config.counters, VKFD_STAT_IH_ENTRIES, 1);
	atomic_thread_fence(memory_order_seq_cst);
	if (read_rptr(ih, &rptr, news) && rptr == before)
		news->raise = true;
}

/* Moves waiting entries into the ring while there is room. */
static void drain(struct ih *ih, struct news *news)
{
	while (ih->enabled && ih->line_count && has_room(ih, news)) {
		publish(ih, &ih->line[ih->line_head], news);
		if (!ih->enabled)
			return;
		ih->line_head = (ih->line_head + 1) % LINE_ENTRIES;
		ih->line_count--;
	}
}

static void *ih_thread(void *opaque)
{
	struct ih *ih = opaque;

	pthread_mutex_lock(&ih->lock);
	while (!ih->quit) {
		struct timespec pause = { 0, POLL_NS };
		struct news news = { 0 };

		if (!ih->line_count) {
			pthread_cond_wait(&ih->wake, &ih->lock);
			continue;
		}
		drain(ih, &news);
		pthread_mutex_unlock(&ih->lock);
		tell(ih, &news);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&ih->lock);
	}
	pthread_mutex_unlock(&ih->lock);
	return NULL;
}

static void entry_fill(const struct ih *ih, const struct ih_event *event,
		       struct vkfd_ih_entry *entry)
{
	u64 now = gpu_clock_now(ih->config.clock);

	entry->header = VKFD_IH_HEADER(event->client, event->source, event->ring) |
			(event->ctx & 0xf) << 24;
	entry->timestamp_lo = (u32)now;
	entry->timestamp_hi = (u32)(now >> 32) & 0xffff;
	entry->pasid = (event->pasid & 0xffff) | ih->config.node << 16;
	for (unsigned int i = 0; i < 4; i++)
		entry->data[i] = event->data[i];
}

/* Under the lock. */
static bool post_locked(struct ih *ih, const struct ih_event *event, struct news *news)
{
	struct vkfd_ih_entry entry;

	drain(ih, news);
	if (!ih->enabled)
		return true;
	entry_fill(ih, event, &entry);
	if (!ih->line_count && has_room(ih, news)) {
		publish(ih, &entry, news);
		return true;
	}
	if (!ih->enabled)
		return true;
	if (ih->line_count == LINE_ENTRIES)
		return false;
	ih->line[(ih->line_head + ih->line_count) % LINE_ENTRIES] = entry;
	ih->line_count++;
	counter_add(ih->config.counters, VKFD_STAT_IH_FULL, 1);
	pthread_cond_signal(&ih->wake);
	return true;
}

bool ih_post(struct ih *ih, const struct ih_event *event)
{
	struct news news = { 0 };
	bool taken;

	pthread_mutex_lock(&ih->lock);
	taken = post_locked(ih, event, &news);
	pthread_mutex_unlock(&ih->lock);
	tell(ih, &news);
	return taken;
}

static bool ring_acceptable(const struct ih_ring *ring)
{
	if (ring->bytes < BIT_ULL(RING_LOG2_MIN) || ring->bytes > BIT_ULL(RING_LOG2_MAX) ||
	    ring->bytes & (ring->bytes - 1))
		return false;
	return !(ring->base & 4095) && !(ring->wptr_addr & 7) && !(ring->rptr_addr & 7) &&
	       span_fits(ring->base, ring->bytes, BUS_LIMIT);
}

bool ih_enable(struct ih *ih, const struct ih_ring *ring)
{
	bool ok = ring_acceptable(ring);

	pthread_mutex_lock(&ih->lock);
	ih->enabled = ok;
	ih->ring = *ring;
	ih->wptr = 0;
	ih->line_count = 0;
	pthread_mutex_unlock(&ih->lock);
	return ok;
}

void ih_disable(struct ih *ih)
{
	pthread_mutex_lock(&ih->lock);
	ih->enabled = false;
	ih->wptr = 0;
	ih->line_count = 0;
	pthread_mutex_unlock(&ih->lock);
}

u64 ih_wptr(struct ih *ih)
{
	u64 wptr;

	pthread_mutex_lock(&ih->lock);
	wptr = ih->wptr;
	pthread_mutex_unlock(&ih->lock);
	return wptr;
}

struct ih *ih_create(const struct ih_config *config)
{
	struct ih *ih = calloc(1, sizeof(*ih));

	if (!ih)
		return NULL;
	ih->config = *config;
	pthread_mutex_init(&ih->lock, NULL);
	pthread_cond_init(&ih->wake, NULL);
	if (pthread_create(&ih->thread, NULL, ih_thread, ih)) {
		pthread_cond_destroy(&ih->wake);
		pthread_mutex_destroy(&ih->lock);
		free(ih);
		return NULL;
	}
	return ih;
}

void ih_destroy(struct ih *ih)
{
	pthread_mutex_lock(&ih->lock);
	ih->quit = true;
	pthread_cond_signal(&ih->wake);
	pthread_mutex_unlock(&ih->lock);
	pthread_join(ih->thread, NULL);
	pthread_cond_destroy(&ih->wake);
	pthread_mutex_destroy(&ih->lock);
	free(ih);
}
