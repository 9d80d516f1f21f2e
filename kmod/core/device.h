/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_CORE_DEVICE_H
#define VKFD_CORE_DEVICE_H

#include <linux/idr.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>

#include "vkfd_hw/addr.h"
#include "vkfd_hw/pci.h"
#include "vkfd_hw/regs.h"

struct dentry;
struct vkfd_gart;
struct vkfd_ih;
struct vkfd_kiq;
struct vkfd_mem_mgr;
struct vkfd_pagemap;
struct vkfd_pt_mem_ops;
struct vkfd_queue_slots;
struct vkfd_sdma;
struct vkfd_smi;
struct vkfd_stalls;

/** struct vkfd_hw_info - what the device says of itself, read once at probe */
struct vkfd_hw_info {
	u32 version;
	u32 features;	/* VKFD_FEATURE_* */
	u32 cus;
	u32 ses;	/* shader engines */
	u32 node;	/* this GPU in hive addresses */
	u32 nodes;
	u32 link_mask;
	u64 vram_bytes;
	u64 unique_id;
};

/**
 * struct vkfd_device - one GPU
 *
 * Lives as long as its &drm_device. Every layer keeps its own state behind an
 * opaque pointer here and sets it in its _init(); nobody looks inside another
 * layer's.
 */
struct vkfd_device {
	struct drm_device drm;
	struct pci_dev *pdev;
	/** @link: on the list of devices, guarded by vkfd_devices_lock (core/device.c). */
	struct list_head link;
	/** @order: grows with each added GPU; lets iteration drop the lock. */
	u64 order;
	/** @gpu_id: KFD's name for this GPU: non-zero, 16 bits, unique, constant. */
	u32 gpu_id;
	/** @topo_node: topology node number; set by uapi/topology.c. */
	u32 topo_node;
	struct vkfd_hw_info hw;

	void __iomem *regs;
	/** @vram: whole VRAM, for page tables and small kernel structures. */
	void __iomem *vram;
	/** @doorbell0: frame 0, the kernel's. */
	void __iomem *doorbell0;
	resource_size_t vram_bus, doorbell_bus, regs_bus;

	struct vkfd_ih *ih;
	struct vkfd_kiq *kiq;
	struct vkfd_gart *gart;
	struct vkfd_sdma *sdma;
	struct vkfd_mem_mgr *mem;
	struct vkfd_pagemap *pagemap;
	/** @pt_mem: where page-table pages come from; set by mem/, used by mmu/. */
	const struct vkfd_pt_mem_ops *pt_mem;
	/** @queue_slots: what user queues of all processes share; process/queue_slots.c. */
	struct vkfd_queue_slots *queue_slots;
	/** @smi: readers of this GPU's events; process/smi.c. */
	struct vkfd_smi *smi;

	/** @failpoints: core/failpoint.c, or NULL. */
	struct vkfd_failpoints *failpoints;
	/** @stalls: fault points of core/stall.c, or NULL. */
	struct vkfd_stalls *stalls;

	/** @ctx_ida: contexts, which are also doorbell frames: 1..VKFD_MAX_CONTEXTS-1. */
	struct ida ctx_ida;
	/** @queue_ida: KIQ queue numbers. */
	struct ida queue_ida;

	/** @debugfs: vkfd/<gpu_id>/, made by vkfd_device_add(), gone before its owner. */
	struct dentry *debugfs;

	/** @io_closed: mappings are gone; see vkfd_io_enter(). */
	bool io_closed;
	/** @lost: the device answered all-ones, timed out, was reset or was unplugged. */
	atomic_t lost;
	/** @lost_lock: innermost; the reset that goes with the mark. */
	spinlock_t lost_lock;
	/** @lost_work: tells the upper layers, and brings the device back. */
	struct work_struct lost_work;
	/** @health: core/health.c. */
	struct delayed_work health;
	/** @recoverable: from the end of probe to the beginning of remove. */
	bool recoverable;
	/** @recovering: lost, but perhaps not for long; changes under @lost_lock. */
	bool recovering;
	/** @reviver: the worker that brings it back, to whom alone it is not lost. */
	struct task_struct *reviver;
	/** @recovered: woken when @recovering ends, however it ended. */
	wait_queue_head_t recovered;
	/** @resets: how often it was lost; changes under @lost_lock. */
	u32 resets;
	/** @saved: suspended, with all that vkfd_resume() needs to bring it back. */
	bool saved;
	/** @lose_vram: the reset that comes shall take the content of VRAM as well. */
	bool lose_vram;

	/** @vms_lock: guards @vms and what the device knows of contexts; mmu/mmu_vm.c. */
	struct mutex vms_lock;
	struct list_head vms;
};

/* Works in system memory: its VRAM is a carve-out for page tables and the driver. */
static inline bool vkfd_device_is_apu(const struct vkfd_device *dev)
{
	return dev->hw.features & VKFD_FEATURE_APU;
}

/* The CPU uses VRAM in place: BAR 0 is ordinary memory, its pages DEVICE_COHERENT. */
static inline bool vkfd_device_is_coherent(const struct vkfd_device *dev)
{
	return dev->hw.features & VKFD_FEATURE_COHERENT;
}

static inline struct vkfd_device *to_vkfd_device(struct drm_device *drm)
{
	return container_of(drm, struct vkfd_device, drm);
}

static inline bool vkfd_device_is_lost(const struct vkfd_device *dev)
{
	return atomic_read(&dev->lost) && READ_ONCE(dev->reviver) != current;
}

/* core/device.c */
/** vkfd_device_init() - lists and numbers, right after the drm_device was allocated */
int vkfd_device_init(struct vkfd_device *dev);
/** vkfd_device_mark_lost() - any context; resets the engines and logs @why the first time */
void vkfd_device_mark_lost(struct vkfd_device *dev, const char *why);
/** vkfd_device_set_lost_handler() - @fn is called once a lost GPU, from a worker; before the first probe */
void vkfd_device_set_lost_handler(void (*fn)(struct vkfd_device *dev));
/** vkfd_device_set_recoverable() - from now on, or from now on not, a lost GPU is brought back */
void vkfd_device_set_recoverable(struct vkfd_device *dev, bool on);
/** vkfd_device_recover() - reset by hand; returns when it was tried */
void vkfd_device_recover(struct vkfd_device *dev, bool lose_vram);
/** vkfd_device_reset_begin() / _end() - around a reset that is not ours; it loses VRAM */
void vkfd_device_reset_begin(struct vkfd_device *dev);
void vkfd_device_reset_end(struct vkfd_device *dev);
/** vkfd_device_reset_skip() - the end of vkfd_device_reset_begin() if it was brought back otherwise */
void vkfd_device_reset_skip(struct vkfd_device *dev, bool back);
/** vkfd_device_recovered() - the lost handler is done; @back: the GPU works again */
void vkfd_device_recovered(struct vkfd_device *dev, bool back);
/** vkfd_device_wait_recovered() - a moment, if it may come back; false if it will not */
bool vkfd_device_wait_recovered(struct vkfd_device *dev);
/** vkfd_device_add() / _remove() - make a probed GPU findable; picks gpu_id */
int vkfd_device_add(struct vkfd_device *dev);
void vkfd_device_remove(struct vkfd_device *dev);
/** vkfd_device_get_by_gpu_id() - counted (drm_dev_put() to drop) or NULL */
struct vkfd_device *vkfd_device_get_by_gpu_id(u32 gpu_id);
/**
 * vkfd_device_for_each() - calls @fn for each GPU in probe order until non-zero
 *
 * No lock is held and a reference is, so @fn may sleep and use this file.
 */
int vkfd_device_for_each(int (*fn)(struct vkfd_device *dev, void *arg), void *arg);
static inline void vkfd_device_put(struct vkfd_device *dev)
{
	drm_dev_put(&dev->drm);
}

#endif
