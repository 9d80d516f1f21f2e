// SPDX-License-Identifier: MIT
#include "pci/msix.h"

#include <string.h>
#include <unistd.h>

#define ENTRY_CONTROL 12u /* byte of an entry; bit 0 masks, the rest is reserved */

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

static void clear_state(struct msix *msix)
{
	memset(msix->table, 0, sizeof(msix->table));
	for (unsigned int i = 0; i < VKFD_MSIX_VECTORS; i++) {
		msix->table[(size_t)i * MSIX_ENTRY_BYTES + ENTRY_CONTROL] = 1;
		msix->pending[i] = false;
	}
}

void msix_init(struct msix *msix)
{
	pthread_mutex_init(&msix->lock, NULL);
	for (unsigned int i = 0; i < VKFD_MSIX_VECTORS; i++)
		msix->fd[i] = -1;
	clear_state(msix);
}

void msix_fini(struct msix *msix)
{
	msix_drop_eventfds(msix);
	pthread_mutex_destroy(&msix->lock);
}

void msix_raise(struct msix *msix, unsigned int vector)
{
	if (vector >= VKFD_MSIX_VECTORS)
		return;
	pthread_mutex_lock(&msix->lock);
	if (msix->fd[vector] >= 0)
		signal_fd(msix->fd[vector]);
	else
		msix->pending[vector] = true;
	pthread_mutex_unlock(&msix->lock);
}

void msix_set_eventfd(struct msix *msix, unsigned int vector, int fd)
{
	pthread_mutex_lock(&msix->lock);
	if (msix->fd[vector] >= 0)
		close(msix->fd[vector]);
	msix->fd[vector] = fd;
	if (fd >= 0 && msix->pending[vector]) {
		msix->pending[vector] = false;
		signal_fd(fd);
	}
	pthread_mutex_unlock(&msix->lock);
}

void msix_drop_eventfds(struct msix *msix)
{
	for (unsigned int i = 0; i < VKFD_MSIX_VECTORS; i++)
		msix_set_eventfd(msix, i, -1);
}

void msix_reset(struct msix *msix)
{
	pthread_mutex_lock(&msix->lock);
	clear_state(msix);
	pthread_mutex_unlock(&msix->lock);
}

u8 msix_read(struct msix *msix, u64 offset)
{
	u64 byte = offset - VKFD_MSIX_TABLE_OFFSET; /* below the table: very large */
	u8 value = 0;

	pthread_mutex_lock(&msix->lock);
	if (byte < MSIX_TABLE_BYTES) {
		value = msix->table[byte];
	} else if (offset == VKFD_MSIX_PBA_OFFSET) {
		for (unsigned int i = 0; i < VKFD_MSIX_VECTORS; i++)
			value |= (u8)(msix->pending[i] << i);
	}
	pthread_mutex_unlock(&msix->lock);
	return value;
}

void msix_write(struct msix *msix, u64 offset, u8 value)
{
	u64 byte = offset - VKFD_MSIX_TABLE_OFFSET;

	if (byte >= MSIX_TABLE_BYTES)
		return;
	if (byte % MSIX_ENTRY_BYTES == ENTRY_CONTROL)
		value &= 1;
	else if (byte % MSIX_ENTRY_BYTES > ENTRY_CONTROL)
		value = 0;
	pthread_mutex_lock(&msix->lock);
	msix->table[byte] = value;
	pthread_mutex_unlock(&msix->lock);
}
