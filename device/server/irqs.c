// SPDX-License-Identifier: MIT
#include "server/irqs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>

/* No vector is maskable, so that a client masks by itself, as QEMU does. */
static bool irq_set_valid(const struct vfu_irq_set *set)
{
	return set->argsz >= sizeof(*set) && set->index == VFIO_PCI_MSIX_IRQ_INDEX &&
	       span_fits(set->start, set->count, VKFD_MSIX_VECTORS) &&
	       (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) == VFIO_IRQ_SET_ACTION_TRIGGER;
}

/* An engine must never block on a client's descriptor. */
static bool make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK || !fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

static int set_eventfds(struct msix *msix, const struct vfu_irq_set *set, struct vfu_request *request)
{
	if (request->fds && request->fds != set->count)
		return EINVAL;
	for (unsigned int i = 0; i < request->fds; i++) {
		if (!make_nonblocking(request->fd[i]))
			return EINVAL;
	}
	for (u32 i = 0; i < set->count; i++) {
		int fd = -1;

		if (request->fds) {
			fd = request->fd[i];
			request->fd[i] = -1;
		}
		msix_set_eventfd(msix, set->start + i, fd);
	}
	return 0;
}

static int fire(struct msix *msix, const struct vfu_irq_set *set, const struct vfu_request *request)
{
	const u8 *chosen = request->payload + sizeof(*set);

	if (request->len - sizeof(*set) < set->count)
		return EINVAL;
	for (u32 i = 0; i < set->count; i++) {
		if (chosen[i])
			msix_raise(msix, set->start + i);
	}
	return 0;
}

static int fire_all(struct msix *msix, const struct vfu_irq_set *set)
{
	if (!set->count)
		msix_drop_eventfds(msix);
	for (u32 i = 0; i < set->count; i++)
		msix_raise(msix, set->start + i);
	return 0;
}

int vfu_set_irqs(struct msix *msix, struct vfu_request *request)
{
	struct vfu_irq_set set;

	memcpy(&set, request->payload, sizeof(set));
	if (!irq_set_valid(&set))
		return EINVAL;
	switch (set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return set_eventfds(msix, &set, request);
	case VFIO_IRQ_SET_DATA_BOOL:
		return fire(msix, &set, request);
	case VFIO_IRQ_SET_DATA_NONE:
		return fire_all(msix, &set);
	default:
		return EINVAL;
	}
}
