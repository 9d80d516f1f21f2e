// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: numbers a queue needs on its GPU
 *
 * Owns, per GPU, which slots of the SDMA engines are taken (8 each; engines 0
 * and 1 are plain SDMA, 2 to 4 XGMI), and, per process and GPU, which doorbells
 * of the frame. Queue numbers come from &vkfd_device.queue_ida. Compute queues
 * are time sliced by the device and limited by queue numbers only.
 *
 * Locks: a spinlock per GPU for engine slots; the process lock for doorbells.
 * Refuses with -ENOMEM when a kind of slot is used up, as KFD does.
 */
#include <linux/kfd_ioctl.h>
#include <drm/drm_managed.h>

#include "process/process_types.h"
#include "process/queue_types.h"

#define ENGINES	(VKFD_SDMA_ENGINES + VKFD_SDMA_XGMI_ENGINES)

/** struct vkfd_queue_slots - what the queues of all processes share on one GPU */
struct vkfd_queue_slots {
	/** @lock: guards @used. */
	spinlock_t lock;
	u8 used[ENGINES];
	/** @closed: the GPU is being removed; set once. */
	bool closed;
};

/** vkfd_queue_slots_init() - State of a new GPU, freed with it. Return: 0 or -ENOMEM. */
int vkfd_queue_slots_init(struct vkfd_device *dev)
{
	struct vkfd_queue_slots *slots = drmm_kzalloc(&dev->drm, sizeof(*slots), GFP_KERNEL);

	if (!slots)
		return -ENOMEM;
	spin_lock_init(&slots->lock);
	dev->queue_slots = slots;
	return 0;
}

/** vkfd_queue_slots_close() - No process may start to use the GPU any more */
void vkfd_queue_slots_close(struct vkfd_device *dev)
{
	WRITE_ONCE(dev->queue_slots->closed, true);
}

/** vkfd_queue_slots_closed() - Is the GPU not complete yet, or being removed? */
bool vkfd_queue_slots_closed(struct vkfd_device *dev)
{
	return !dev->queue_slots || READ_ONCE(dev->queue_slots->closed);
}

/* The least used engine of [first, end), so that queues spread; -ENOMEM if all are full. */
static int engine_get(struct vkfd_queue_slots *slots, u32 first, u32 end)
{
	u32 i, best = first;
	int ret = -ENOMEM;

	spin_lock(&slots->lock);
	for (i = first; i < end; i++)
		if (slots->used[i] < slots->used[best])
			best = i;
	if (slots->used[best] < VKFD_SDMA_QUEUES_PER_ENGINE) {
		slots->used[best]++;
		ret = best;
	}
	spin_unlock(&slots->lock);
	return ret;
}

static void engine_put(struct vkfd_queue_slots *slots, u32 engine)
{
	spin_lock(&slots->lock);
	slots->used[engine]--;
	spin_unlock(&slots->lock);
}

static bool is_sdma(u32 type)
{
	return type == VKFD_QUEUE_SDMA || type == VKFD_QUEUE_SDMA_XGMI;
}

/* Type, and for SDMA the engine, of a KFD queue type. */
static int pick_engine(struct vkfd_device *dev, u32 kfd_type, u32 engine_id,
		       struct vkfd_kiq_queue *hw)
{
	u32 first = 0, end = VKFD_SDMA_ENGINES;
	int engine;

	hw->engine = 0;
	switch (kfd_type) {
	case KFD_IOC_QUEUE_TYPE_COMPUTE:
		hw->type = VKFD_QUEUE_PM4;
		return 0;
	case KFD_IOC_QUEUE_TYPE_COMPUTE_AQL:
		hw->type = VKFD_QUEUE_AQL;
		return 0;
	case KFD_IOC_QUEUE_TYPE_SDMA_XGMI:
		first = VKFD_SDMA_ENGINES;
		end = ENGINES;
		break;
	case KFD_IOC_QUEUE_TYPE_SDMA_BY_ENG_ID:
		first = engine_id;
		end = engine_id + 1;
		break;
	}
	engine = engine_get(dev->queue_slots, first, end);
	if (engine < 0)
		return engine;
	hw->engine = engine;
	hw->type = engine < (int)VKFD_SDMA_ENGINES ? VKFD_QUEUE_SDMA : VKFD_QUEUE_SDMA_XGMI;
	return 0;
}

/* The seat's slot, or the first free one; VKFD_DOORBELL_SLOTS if there is none. */
static u32 pick_doorbell(const struct vkfd_pdd *pdd, const struct vkfd_queue_seat *seat)
{
	if (!seat)
		return find_first_zero_bit(pdd->doorbells, VKFD_DOORBELL_SLOTS);
	if (seat->doorbell >= VKFD_DOORBELL_SLOTS || test_bit(seat->doorbell, pdd->doorbells))
		return VKFD_DOORBELL_SLOTS;
	return seat->doorbell;
}

/**
 * vkfd_queue_slots_get() - Engine, doorbell and number for a new queue
 * @pdd:       Where; the process lock is held.
 * @kfd_type:  KFD_IOC_QUEUE_TYPE_*, checked.
 * @engine_id: For SDMA_BY_ENG_ID, checked.
 * @seat:      Doorbell it must have, or NULL.
 * @hw:        Gets type, engine, doorbell and queue.
 *
 * Return: 0; -ENOMEM; -EBUSY the seat's doorbell is taken or none.
 */
int vkfd_queue_slots_get(struct vkfd_pdd *pdd, u32 kfd_type, u32 engine_id,
			 const struct vkfd_queue_seat *seat, struct vkfd_kiq_queue *hw)
{
	int number, err = pick_engine(pdd->dev, kfd_type, engine_id, hw);

	lockdep_assert_held(&pdd->p->lock);
	if (err)
		return err;
	hw->doorbell = pick_doorbell(pdd, seat);
	if (hw->doorbell >= VKFD_DOORBELL_SLOTS) {
		err = seat ? -EBUSY : -ENOMEM;
		goto err_engine;
	}
	number = ida_alloc_max(&pdd->dev->queue_ida, VKFD_MAX_QUEUES - 1, GFP_KERNEL);
	if (number < 0) {
		err = -ENOMEM;
		goto err_engine;
	}
	hw->queue = number;
	__set_bit(hw->doorbell, pdd->doorbells);
	return 0;

err_engine:
	if (is_sdma(hw->type))
		engine_put(pdd->dev->queue_slots, hw->engine);
	return err;
}

/** vkfd_queue_slots_put() - Undo vkfd_queue_slots_get(); the queue is unmapped */
void vkfd_queue_slots_put(struct vkfd_pdd *pdd, const struct vkfd_kiq_queue *hw)
{
	lockdep_assert_held(&pdd->p->lock);
	ida_free(&pdd->dev->queue_ida, hw->queue);
	__clear_bit(hw->doorbell, pdd->doorbells);
	if (is_sdma(hw->type))
		engine_put(pdd->dev->queue_slots, hw->engine);
}
