// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: stall: fault points for tests of races
 *
 * Mapping collects pages and then writes PTEs, if the pages are still the right
 * ones. Whether that question is asked shows only when something happens in
 * between, which takes luck. debugfs vkfd/<gpu_id>/stall_collect and
 * stall_commit hold a mapping up at the two interesting places, stall_copy a
 * migration to RAM (eviction, prefetch, CPU fault) whose pages are locked and
 * unmapped, stall_restore the restore worker before it maps:
 *
 * write n: the next n that come here wait; those waiting now go on (so 0
 * disarms and releases). read: armed, waiting, and how many ever waited.
 *
 * Nobody waits longer than STALL_MAX, whatever happens to the writer. Unarmed,
 * a point is one read of a pointer and a counter.
 *
 * Locks: waits under those of the caller (&vkfd_svm.lock; dma_resv or mmap_lock,
 * and folio locks), which is the point; the counters are atomic.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include <drm/drm_managed.h>

#include "core/device.h"
#include "core/stall.h"

#define STALL_MAX	(5 * HZ)

/** struct stall - one point of one GPU */
struct stall {
	atomic_t armed;
	atomic_t waiting;
	atomic_t waited;
	/** @released: grows with each write. */
	atomic_t released;
	wait_queue_head_t wake;
};

struct vkfd_stalls {
	struct stall point[VKFD_STALL_POINTS];
};

/**
 * vkfd_stall() - Wait here if a test wants it
 * @dev:   The GPU that is being mapped or copied from.
 * @point: Where we are.
 *
 * Context: May sleep, at most STALL_MAX.
 */
void vkfd_stall(struct vkfd_device *dev, enum vkfd_stall_point point)
{
	struct stall *stall = dev->stalls ? &dev->stalls->point[point] : NULL;
	int released;

	if (!stall || !atomic_read(&stall->armed))
		return;
	/* Before taking the ticket: a release that follows it is for us. */
	released = atomic_read(&stall->released);
	if (atomic_dec_if_positive(&stall->armed) < 0)
		return;
	atomic_inc(&stall->waited);
	atomic_inc(&stall->waiting);
	wait_event_timeout(stall->wake, atomic_read(&stall->released) != released, STALL_MAX);
	atomic_dec(&stall->waiting);
}

static int stall_show(struct seq_file *m, void *unused)
{
	struct stall *stall = m->private;

	seq_printf(m, "armed %d\nwaiting %d\nwaited %d\n", atomic_read(&stall->armed),
		   atomic_read(&stall->waiting), atomic_read(&stall->waited));
	return 0;
}

static int stall_open(struct inode *inode, struct file *file)
{
	return single_open(file, stall_show, inode->i_private);
}

static ssize_t stall_write(struct file *file, const char __user *text, size_t count, loff_t *pos)
{
	struct stall *stall = ((struct seq_file *)file->private_data)->private;
	unsigned int number;
	int err = kstrtouint_from_user(text, count, 0, &number);

	if (err)
		return err;
	if (number > INT_MAX)
		return -EINVAL;
	atomic_set(&stall->armed, number);
	atomic_inc(&stall->released);
	wake_up_all(&stall->wake);
	return count;
}

static const struct file_operations stall_fops = {
	.owner = THIS_MODULE,
	.open = stall_open,
	.read = seq_read,
	.write = stall_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * vkfd_stall_debugfs() - Files stall_*
 * @dev: GPU that was added; without memory for them it has none.
 *
 * Context: Probe.
 */
void vkfd_stall_debugfs(struct vkfd_device *dev)
{
	struct vkfd_stalls *stalls = drmm_kzalloc(&dev->drm, sizeof(*stalls), GFP_KERNEL);
	unsigned int i;

	if (!stalls)
		return;
	for (i = 0; i < VKFD_STALL_POINTS; i++)
		init_waitqueue_head(&stalls->point[i].wake);
	dev->stalls = stalls;
	debugfs_create_file("stall_collect", 0600, dev->debugfs,
			    &stalls->point[VKFD_STALL_COLLECT], &stall_fops);
	debugfs_create_file("stall_commit", 0600, dev->debugfs,
			    &stalls->point[VKFD_STALL_COMMIT], &stall_fops);
	debugfs_create_file("stall_copy", 0600, dev->debugfs,
			    &stalls->point[VKFD_STALL_COPY], &stall_fops);
	debugfs_create_file("stall_restore", 0600, dev->debugfs,
			    &stalls->point[VKFD_STALL_RESTORE], &stall_fops);
}
