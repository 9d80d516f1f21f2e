// SPDX-License-Identifier: MIT
#include "server/irqs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>

#include "vkfd_hw/pci.h"

/* The vector is not maskable, so that a client masks by itself, as QEMU does. */
static bool irq_set_valid(const struct vfu_irq_set *set)
{
	return set->argsz >= sizeof(*set) && set->index == VFIO_PCI_MSI_IRQ_INDEX &&
	       span_fits(set->start, set->count, VKFD_MSI_VECTORS) &&
	       (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) == VFIO_IRQ_SET_ACTION_TRIGGER;
}

/* An engine must never block on a client's descriptor. */
static bool make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK || !fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

static int set_eventfd(struct msi *msi, const struct vfu_irq_set *set, struct vfu_request *request)
{
	int fd = -1;

	if (request->fds && request->fds != set->count)
		return EINVAL;
	if (request->fds && !make_nonblocking(request->fd[0]))
		return EINVAL;
	if (!set->count)
		return 0;
	if (request->fds) {
		fd = request->fd[0];
		request->fd[0] = -1;
	}
	msi_set_eventfd(msi, fd);
	return 0;
}

static int fire_chosen(struct msi *msi, const struct vfu_irq_set *set,
		       const struct vfu_request *request)
{
	const u8 *chosen = request->payload + sizeof(*set);

	if (request->len - sizeof(*set) < set->count)
		return EINVAL;
	if (set->count && chosen[0])
		msi_raise(msi);
	return 0;
}

/* Without a vector this takes the eventfd away. */
static int fire(struct msi *msi, const struct vfu_irq_set *set)
{
	if (set->count)
		msi_raise(msi);
	else
		msi_set_eventfd(msi, -1);
	return 0;
}

int vfu_set_irqs(struct msi *msi, struct vfu_request *request)
{
	struct vfu_irq_set set;

	memcpy(&set, request->payload, sizeof(set));
	if (!irq_set_valid(&set))
		return EINVAL;
	switch (set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return set_eventfd(msi, &set, request);
	case VFIO_IRQ_SET_DATA_BOOL:
		return fire_chosen(msi, &set, request);
	case VFIO_IRQ_SET_DATA_NONE:
		return fire(msi, &set);
	default:
		return EINVAL;
	}
}
