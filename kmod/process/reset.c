// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: reset: a lost GPU comes back
 *
 * The lost handler of core/device.c. When it runs, the engines were reset and
 * everybody sees the GPU lost: no command is sent, no copy begins, waits end.
 * It tells the processes, whose queues are gone, resets the device as a whole
 * and sets its engines up as probe does. Only then is the GPU not lost any more.
 * If a step fails it stays lost, until unbind and bind, or a write to gpu_recover.
 *
 * VRAM keeps its content, unless debugfs gpu_recover asks for a reset that takes
 * it, or somebody resets the PCI function. A mark in VRAM tells which it was. If
 * it kept it, page tables and pages in VRAM are what they were: processes keep
 * memory and attributes and make new queues. If not, processes that use the GPU
 * lose it as at removal, because their tables and buffers were in there, and
 * pages that were in there give SIGBUS: nobody reads what he did not write. Pages
 * that the CPU uses in place are saved before: it reaches them without the engines.
 *
 * Locks: none held. One reset of a GPU runs at a time, because its work does.
 * vkfd_device_set_recoverable() ends it before remove begins.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <drm/drm_print.h>

#include "core/device.h"
#include "core/regio.h"
#include "engine/eng_gart.h"
#include "engine/eng_ih.h"
#include "engine/eng_kiq.h"
#include "engine/eng_sdma.h"
#include "mem/mem_mgr.h"
#include "mmu/mmu_vm.h"
#include "process/process.h"
#include "process/process_types.h"
#include "process/reset.h"
#include "process/smi_types.h"
#include "svm/svm.h"

static bool reset_device(struct vkfd_device *dev, bool lose_vram, bool *vram_kept)
{
	bool ready = lose_vram ? vkfd_reg_reset_all(dev) : vkfd_reg_reset(dev);

	*vram_kept = !lose_vram && vkfd_gart_vram_kept(dev);
	return ready;
}

/**
 * vkfd_engines_restart() - As hw_init() of vkfd_drv.c, with everything allocated
 * @dev: GPU that was reset.
 *
 * Context: The reviver.
 * Return: 0 or what did not answer.
 */
int vkfd_engines_restart(struct vkfd_device *dev)
{
	int err = vkfd_kiq_restart(dev);

	if (err)
		return err;
	vkfd_gart_restart(dev);
	err = vkfd_sdma_restart(dev);
	if (err)
		return err;
	return vkfd_vms_restore(dev);
}

/*
 * From here to the end the device is lost to everybody but us, so that nobody
 * meets it half set up. @vram_kept is valid when the device answered.
 */
static int revive(struct vkfd_device *dev, bool lose_vram, bool *vram_kept)
{
	int err = -EIO;

	vkfd_ih_stop(dev);
	vkfd_process_reset_queues(dev);
	if (lose_vram)
		vkfd_mem_vram_save(dev);
	WRITE_ONCE(dev->reviver, current);
	/* If it is known before, nobody sees for a moment what is not his. */
	if (lose_vram)
		vkfd_mem_vram_lost(dev);
	if (reset_device(dev, lose_vram, vram_kept)) {
		if (!*vram_kept && !lose_vram)
			vkfd_mem_vram_lost(dev);
		vkfd_process_reset_tell(dev, !*vram_kept);
		err = vkfd_engines_restart(dev);
	}
	vkfd_ih_restart(dev);
	WRITE_ONCE(dev->reviver, NULL);
	return err;
}

static void bring_back(struct vkfd_device *dev)
{
	bool vram_kept = false;
	int err = revive(dev, xchg(&dev->lose_vram, false), &vram_kept);

	vkfd_device_recovered(dev, !err);
	if (err) {
		drm_err(&dev->drm, "GPU stays lost (%pe)\n", ERR_PTR(err));
		vkfd_process_reset_tell(dev, true);
		return;
	}
	vkfd_ih_kick(dev);
	vkfd_svm_hot_device(dev);
	vkfd_process_reset_back(dev);
	vkfd_smi_gpu_was_reset(dev);
	drm_info(&dev->drm, "GPU is back after reset %u, VRAM %s its content\n", dev->resets,
		 vram_kept ? "kept" : "lost");
}

static void lost_handler(struct vkfd_device *dev)
{
	/* Asked for twice. */
	if (!vkfd_device_is_lost(dev))
		return;
	vkfd_smi_gpu_reset(dev, "GPU is lost");
	if (READ_ONCE(dev->recovering)) {
		bring_back(dev);
	} else {
		vkfd_process_reset_queues(dev);
		vkfd_process_reset_tell(dev, true);
	}
}

/**
 * vkfd_reset_prepare() - The PCI core is about to reset the function
 * @dev: GPU.
 *
 * Its BARs vanish meanwhile, so that stores to page tables would be dropped:
 * what is in VRAM counts as lost, whether it was or not. On return nobody has a
 * mapping of VRAM in use.
 *
 * Context: Process context, with the device lock, which keeps remove away.
 */
void vkfd_reset_prepare(struct vkfd_device *dev)
{
	drm_info(&dev->drm, "PCI reset\n");
	vkfd_device_reset_begin(dev);
	vkfd_mem_vram_save(dev);
	vkfd_mem_vram_lost(dev);
	vkfd_io_close(dev);
}

/**
 * vkfd_reset_done() - It has, and gave us the function's configuration back
 * @dev: GPU, after vkfd_reset_prepare().
 *
 * Context: As vkfd_reset_prepare(); returns when the GPU is back, or stays lost.
 */
void vkfd_reset_done(struct vkfd_device *dev)
{
	vkfd_io_open(dev);
	vkfd_device_reset_end(dev);
}

/* "kept" or "lost": what becomes of VRAM. Returns when the GPU is back. */
static ssize_t recover_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	struct vkfd_device *dev = file->private_data;
	char text[8] = "";

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, count))
		return -EFAULT;
	if (!sysfs_streq(text, "lost") && !sysfs_streq(text, "kept"))
		return -EINVAL;
	vkfd_device_recover(dev, sysfs_streq(text, "lost"));
	return vkfd_device_is_lost(dev) ? -EIO : (ssize_t)count;
}

static const struct file_operations recover_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = recover_write,
	.llseek = noop_llseek,
};

/**
 * vkfd_reset_debugfs() - File gpu_recover
 * @dev: GPU that was added.
 *
 * Context: Probe.
 */
void vkfd_reset_debugfs(struct vkfd_device *dev)
{
	debugfs_create_file("gpu_recover", 0200, dev->debugfs, dev, &recover_fops);
}

/** vkfd_reset_module_init() - Lost GPUs are brought back here. Context: Before the first probe. */
void vkfd_reset_module_init(void)
{
	vkfd_device_set_lost_handler(lost_handler);
}
