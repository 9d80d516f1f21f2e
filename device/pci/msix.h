/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_PCI_MSIX_H
#define VKFD_DEVICE_PCI_MSIX_H

#include <pthread.h>
#include <stdbool.h>
#include "vkfd_hw/pci.h"
#include "vkfd_hw/types.h"

/*
 * MSI-X vectors, as vfio-user sees them: the client keeps the real table and
 * does the masking; a vector fires by its eventfd. A vector that has none yet
 * stays pending and fires when it gets one, so no interrupt is lost. The table
 * and pending bits of BAR5 are here for clients that do not keep their own.
 */
#define MSIX_ENTRY_BYTES 16u
#define MSIX_TABLE_BYTES (VKFD_MSIX_VECTORS * MSIX_ENTRY_BYTES)

struct msix {
	pthread_mutex_t lock; /* guards the rest: engines raise, the server configures */
	int fd[VKFD_MSIX_VECTORS];
	bool pending[VKFD_MSIX_VECTORS];
	u8 table[MSIX_TABLE_BYTES];
};

void msix_init(struct msix *msix);
/* Closes the eventfds. */
void msix_fini(struct msix *msix);

/* May be called by any thread, also while the guest reconfigures. */
void msix_raise(struct msix *msix, unsigned int vector);

/* Takes ownership of @fd; -1 takes the vector's eventfd away. @vector is valid. */
void msix_set_eventfd(struct msix *msix, unsigned int vector, int fd);
void msix_drop_eventfds(struct msix *msix);
/* Table masked, nothing pending; eventfds are the client's and stay. */
void msix_reset(struct msix *msix);

/* One byte of BAR5; outside table and pending bits reads 0, drops writes. */
u8 msix_read(struct msix *msix, u64 offset);
void msix_write(struct msix *msix, u64 offset, u8 value);

#endif
