// SPDX-License-Identifier: MIT
#include "pci/msi.h"

#include <unistd.h>

#include "vkfd_hw/types.h"

/*
 * Adding 1 to an eventfd can only fail when 2^64 - 2 interrupts are unread, or
 * when the client gave us something else: its loss.
 */
static void signal_fd(int fd)
{
	const u64 one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void msi_init(struct msi *msi)
{
	pthread_mutex_init(&msi->lock, NULL);
	msi->fd = -1;
	msi->pending = false;
}

void msi_fini(struct msi *msi)
{
	msi_set_eventfd(msi, -1);
	pthread_mutex_destroy(&msi->lock);
}

void msi_raise(struct msi *msi)
{
	pthread_mutex_lock(&msi->lock);
	if (msi->fd >= 0)
		signal_fd(msi->fd);
	else
		msi->pending = true;
	pthread_mutex_unlock(&msi->lock);
}

void msi_set_eventfd(struct msi *msi, int fd)
{
	pthread_mutex_lock(&msi->lock);
	if (msi->fd >= 0)
		close(msi->fd);
	msi->fd = fd;
	if (fd >= 0 && msi->pending) {
		msi->pending = false;
		signal_fd(fd);
	}
	pthread_mutex_unlock(&msi->lock);
}

void msi_reset(struct msi *msi)
{
	pthread_mutex_lock(&msi->lock);
	msi->pending = false;
	pthread_mutex_unlock(&msi->lock);
}
