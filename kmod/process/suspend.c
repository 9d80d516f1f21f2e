// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: suspend: a GPU without power keeps nothing
 *
 * Four steps of the PM core, what amdkfd calls kgd2kfd_suspend() and _resume(). By
 * the first, tasks and freezable work queues are frozen, those of svm/ too, so nobody
 * maps or moves memory for a GPU until the end of the last.
 *
 * prepare: the queues of every process that uses the GPU stop (SMI: evicted by
 * suspend), and its SVM pages move to RAM. This may fail for want of memory.
 * suspend: the device writes the state of its queues, kernels in progress
 * included, to VRAM; buffers in VRAM, that one among them, are copied to system
 * memory; then the GPU is lost to everybody, as by a reset, and its mappings closed.
 * Until here each failure leaves it working.
 * resume: engines are set up as after a reset (reset.c), page tables written from
 * their copies in RAM, which MMU notifiers have kept up to date meanwhile, buffers
 * filled, contexts and queues given back. If that fails what was in VRAM is gone: the
 * lost handler takes the GPU from its processes and tries again.
 * complete: the queues run. Without XNACK they do when the restore worker has
 * mapped what moved, after the thaw.
 *
 * A GPU that is lost already is reset at resume, as by the PCI core.
 *
 * Locks: none held; the PM core makes the calls one after the other.
 */
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <drm/drm_print.h>

#include "core/device.h"
#include "core/failpoint.h"
#include "core/regio.h"
#include "engine/eng_ih.h"
#include "engine/eng_kiq.h"
#include "mem/mem_mgr.h"
#include "mmu/mmu_vm.h"
#include "process/process.h"
#include "process/reset.h"
#include "svm/svm.h"

/* Enough for some idle queues; the device says how much it is. */
#define SAVE_BYTES_FIRST SZ_128K

static int save_command(struct vkfd_device *dev, enum vkfd_kiq_op op, u64 *needed)
{
	struct vkfd_kiq_cmd cmd = { .op = op };
	int err;

	cmd.area.vram = vkfd_mem_save_area(dev, &cmd.area.bytes);
	err = vkfd_kiq_run(dev, &cmd);
	*needed = err == -ENOSPC ? readq(dev->vram + cmd.area.vram) : 0;
	return err;
}

/* Nothing changes in the device: the queues are still mapped. */
static int queues_save(struct vkfd_device *dev)
{
	u64 needed = SAVE_BYTES_FIRST;
	unsigned int tries = 2;
	int err;

	do {
		err = vkfd_mem_save_area_get(dev, needed) ?:
		      save_command(dev, VKFD_KIQ_SAVE, &needed);
	} while (err == -ENOSPC && --tries);
	return err;
}

static int state_save(struct vkfd_device *dev)
{
	int err = vkfd_ih_drain(dev) ?: queues_save(dev) ?: vkfd_mem_save(dev);

	if (!err)
		return 0;
	vkfd_mem_save_end(dev);
	/* No room in VRAM for the queues' state. */
	return err == -ENOSPC ? -ENOMEM : err;
}

static int state_load(struct vkfd_device *dev)
{
	u64 unused;
	int err;

	/* Where power stayed on, too: what was not saved is gone, on each machine alike. */
	if (!vkfd_reg_reset_all(dev))
		return -EIO;
	vkfd_vms_write_tables(dev);
	vkfd_mem_load(dev);
	err = vkfd_engines_restart(dev);
	return err ?: save_command(dev, VKFD_KIQ_LOAD, &unused);
}

/**
 * vkfd_suspend_prepare() - Nothing works on a GPU any more, and no SVM page is in its VRAM
 * @dev: GPU.
 *
 * Context: PM core, tasks are frozen. Undone by vkfd_suspend_complete(), unless it fails.
 * Return: 0; -EBUSY when pages stayed, for want of memory most likely; -EINTR.
 */
int vkfd_suspend_prepare(struct vkfd_device *dev)
{
	int err;

	flush_work(&dev->lost_work);
	vkfd_process_suspend(dev);
	if (vkfd_device_is_lost(dev))
		return 0;
	err = vkfd_mem_evict_all(dev);
	if (!err || vkfd_device_is_lost(dev))
		return 0;
	drm_err(&dev->drm, "cannot move all SVM pages to RAM (%pe)\n", ERR_PTR(err));
	vkfd_process_resume(dev);
	return err;
}

/**
 * vkfd_suspend() - The GPU may lose power
 * @dev: GPU, after vkfd_suspend_prepare().
 *
 * Context: PM core.
 * Return: 0, or why its state could not be saved; then it works as before.
 */
int vkfd_suspend(struct vkfd_device *dev)
{
	bool works = !vkfd_device_is_lost(dev);
	int err = works ? state_save(dev) : 0;

	if (err && !vkfd_device_is_lost(dev)) {
		drm_err(&dev->drm, "cannot save the state of the GPU (%pe)\n", ERR_PTR(err));
		return err;
	}
	vkfd_device_reset_begin(dev);
	dev->saved = works && !err;
	vkfd_ih_stop(dev);
	vkfd_io_close(dev);
	return 0;
}

/**
 * vkfd_resume() - It has power again, and the PCI core gave it its configuration
 * @dev: GPU, after vkfd_suspend().
 *
 * Context: PM core.
 */
void vkfd_resume(struct vkfd_device *dev)
{
	int err = -ENODEV;

	vkfd_io_open(dev);
	WRITE_ONCE(dev->reviver, current);
	if (dev->saved)
		err = state_load(dev);
	else
		vkfd_mem_vram_lost(dev);
	vkfd_ih_restart(dev);
	WRITE_ONCE(dev->reviver, NULL);
	vkfd_device_reset_skip(dev, !err);
	vkfd_mem_save_end(dev);
	if (err) {
		drm_err(&dev->drm, "GPU lost its state by suspend (%pe)\n", ERR_PTR(err));
		return;
	}
	vkfd_ih_kick(dev);
	vkfd_svm_hot_device(dev);
}

/**
 * vkfd_suspend_complete() - Queues run again
 * @dev: GPU, after vkfd_suspend_prepare(), suspended meanwhile or not.
 *
 * Context: PM core, tasks are frozen still.
 */
void vkfd_suspend_complete(struct vkfd_device *dev)
{
	vkfd_process_resume(dev);
}
