// SPDX-License-Identifier: MIT
/*
 * DOC: queues that outlive a reset
 *
 * Before the GPU loses power the driver has the state of all user queues copied to
 * VRAM, from where it takes it to system memory, and brings it back the same way.
 * Queues are suspended by then, so each is between two instructions, or two pieces
 * of a packet; what waits for a page waits in front of it. The bytes are those of our
 * own structures. They are sealed, because whoever had them in hand could
 * otherwise point the engines at memory of this process.
 *
 * Runs on the KIQ's thread; queue_lock excludes reset.
 */
#include <stdlib.h>
#include <string.h>
#include "gpu_priv.h"
#include "mem/vram.h"

/* Before the queues; the seal covers all that follows it. */
struct save_head {
	u64 needed;	/* bytes of the area, head included; also when it was too small */
	u64 seal;
	u32 nr_queues;
	u32 pad;
};

#define SEALED_FROM offsetof(struct save_head, nr_queues)

struct saved_queue {
	u32 number;
	struct gpu_queue seat;
};

static bool is_compute(const struct gpu_queue *queue)
{
	return queue->type == VKFD_QUEUE_PM4 || queue->type == VKFD_QUEUE_AQL;
}

static bool area_fits(const struct gpu *gpu, const struct vkfd_kiq_area *area)
{
	return !(area->vram & 7) && area->bytes >= sizeof(u64) &&
	       span_fits(area->vram, area->bytes, gpu->vram->bytes);
}

/* The driver maps the kernel's own queue itself. False: some queue still runs. */
static bool queues_pack(struct gpu *gpu, struct parcel *parcel)
{
	struct save_head head = { 0 };

	parcel_put(parcel, &head, sizeof(head));
	for (u32 n = 0; n < VKFD_MAX_QUEUES; n++) {
		struct saved_queue saved = { .number = n, .seat = gpu->queues[n] };

		if (!saved.seat.mapped || !saved.seat.ctx)
			continue;
		parcel_put(parcel, &saved, sizeof(saved));
		if (is_compute(&saved.seat) ? !compute_queue_save(gpu->compute, n, parcel) :
					      !sdma_queue_save(gpu->sdma, n, parcel))
			return false;
		head.nr_queues++;
	}
	if (parcel->failed)
		return true;
	head.needed = parcel->len;
	memcpy(parcel->bytes, &head, sizeof(head));
	head.seal = seal_of(&gpu->seal, parcel->bytes + SEALED_FROM, parcel->len - SEALED_FROM);
	memcpy(parcel->bytes, &head, sizeof(head));
	return true;
}

static enum vkfd_kiq_status area_store(struct gpu *gpu, const struct vkfd_kiq_area *area,
				       const struct parcel *parcel)
{
	if (parcel->failed)
		return VKFD_KIQ_BUSY;
	if (parcel->len > area->bytes) {
		vram_store(gpu->vram, area->vram, parcel->len, 8);
		return VKFD_KIQ_NO_ROOM;
	}
	vram_write(gpu->vram, area->vram, parcel->bytes, parcel->len);
	return VKFD_KIQ_OK;
}

enum vkfd_kiq_status gpu_save(void *opaque, const struct vkfd_kiq_area *area)
{
	enum vkfd_kiq_status status = VKFD_KIQ_BUSY;
	struct parcel parcel = { 0 };
	struct gpu *gpu = opaque;

	if (!area_fits(gpu, area))
		return VKFD_KIQ_BAD_RANGE;
	pthread_mutex_lock(&gpu->queue_lock);
	if (queues_pack(gpu, &parcel))
		status = area_store(gpu, area, &parcel);
	pthread_mutex_unlock(&gpu->queue_lock);
	parcel_free(&parcel);
	return status;
}

/* Reads the area once and looks at the seal of what it read. */
static bool area_open(struct gpu *gpu, const struct vkfd_kiq_area *area, struct parcel *parcel,
		      struct save_head *head)
{
	u64 needed;

	if (vram_load(gpu->vram, area->vram, &needed, 8) != MEM_OK ||
	    needed < sizeof(*head) || needed > area->bytes || !parcel_space(parcel, needed) ||
	    vram_read(gpu->vram, area->vram, parcel->bytes, needed) != MEM_OK)
		return false;
	parcel_get(parcel, head, sizeof(*head));
	return head->seal ==
	       seal_of(&gpu->seal, parcel->bytes + SEALED_FROM, parcel->len - SEALED_FROM);
}

static enum vkfd_kiq_status queue_unpack(struct gpu *gpu, struct parcel *parcel, u32 *number)
{
	struct saved_queue saved;

	parcel_get(parcel, &saved, sizeof(saved));
	*number = saved.number;
	if (!gpu_queue_seat(gpu, saved.number, &saved.seat))
		return VKFD_KIQ_BAD_QUEUE;
	if (is_compute(&saved.seat) ? compute_queue_load(gpu->compute, parcel) :
				      sdma_queue_load(gpu->sdma, parcel))
		return VKFD_KIQ_OK;
	gpu_queue_drop(gpu, saved.number);
	return VKFD_KIQ_BUSY;
}

/* All queues, or none. */
static enum vkfd_kiq_status queues_unpack(struct gpu *gpu, struct parcel *parcel, u32 nr)
{
	enum vkfd_kiq_status status = VKFD_KIQ_OK;
	u32 *done = calloc(nr + 1, sizeof(*done)), n = 0;

	if (!done)
		return VKFD_KIQ_BUSY;
	for (; n < nr && status == VKFD_KIQ_OK; n++)
		status = queue_unpack(gpu, parcel, &done[n]);
	if (status != VKFD_KIQ_OK) {
		/* The last one has gone already, or never came. */
		for (n--; n; n--)
			gpu_queue_drop(gpu, done[n - 1]);
	}
	free(done);
	return status;
}

enum vkfd_kiq_status gpu_load(void *opaque, const struct vkfd_kiq_area *area)
{
	enum vkfd_kiq_status status = VKFD_KIQ_BAD_SAVE;
	struct parcel parcel = { 0 };
	struct gpu *gpu = opaque;
	struct save_head head;

	if (!area_fits(gpu, area))
		return VKFD_KIQ_BAD_RANGE;
	pthread_mutex_lock(&gpu->queue_lock);
	if (area_open(gpu, area, &parcel, &head))
		status = queues_unpack(gpu, &parcel, head.nr_queues);
	pthread_mutex_unlock(&gpu->queue_lock);
	parcel_free(&parcel);
	return status;
}
