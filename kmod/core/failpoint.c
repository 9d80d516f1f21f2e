// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: failpoint: failures that tests ask for
 *
 * The kernel's fail-nth fails allocations of the task that asks, which is how
 * every ioctl is tested. Workers (fault service, restore, eviction, garbage)
 * are not that task, and DMA mapping is no allocation. For those the driver has
 * points of its own: debugfs vkfd/<gpu_id>/fail_<name>. Write n: the next n
 * passes fail. Read: how many are left. The list is in the header; copies and
 * KIQ commands have the like beside their code.
 *
 * Locks: none. Unarmed, a point is one read of a pointer and a counter.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <drm/drm_managed.h>

#include "core/device.h"
#include "core/failpoint.h"

struct vkfd_failpoints {
	atomic_t left[VKFD_NR_FAILPOINTS];
};

static const struct {
	const char *file;
	int err;
} points[] = {
#define VKFD_FAILPOINT_ROW(name, err, what) { "fail_" #name, err },
	VKFD_FAILPOINTS(VKFD_FAILPOINT_ROW)
#undef VKFD_FAILPOINT_ROW
};

/**
 * vkfd_failpoint() - Shall this step fail?
 * @dev:   GPU that it is done for.
 * @point: The step.
 *
 * Context: Any.
 * Return: 0, or the error of the point.
 */
int vkfd_failpoint(struct vkfd_device *dev, enum vkfd_failpoint point)
{
	struct vkfd_failpoints *fail = dev->failpoints;

	if (!fail || !atomic_read(&fail->left[point]))
		return 0;
	return atomic_dec_if_positive(&fail->left[point]) >= 0 ? points[point].err : 0;
}

/**
 * vkfd_failpoint_debugfs() - Files fail_*
 * @dev: GPU that was added; without memory for them it has none.
 *
 * Context: Probe.
 */
void vkfd_failpoint_debugfs(struct vkfd_device *dev)
{
	struct vkfd_failpoints *fail = drmm_kzalloc(&dev->drm, sizeof(*fail), GFP_KERNEL);
	unsigned int i;

	if (!fail)
		return;
	dev->failpoints = fail;
	for (i = 0; i < VKFD_NR_FAILPOINTS; i++)
		debugfs_create_atomic_t(points[i].file, 0600, dev->debugfs, &fail->left[i]);
}
