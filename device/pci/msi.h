/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_PCI_MSI_H
#define VKFD_DEVICE_PCI_MSI_H

#include <pthread.h>
#include <stdbool.h>

/*
 * The one MSI vector, as vfio-user sees it: the client keeps address and data
 * and does the masking; the vector fires by its eventfd. While it has none an
 * interrupt stays pending and fires when it gets one, so that none is lost.
 */
struct msi {
	pthread_mutex_t lock; /* guards the rest: engines raise, the server configures */
	int fd;
	bool pending;
};

void msi_init(struct msi *msi);
/* Closes the eventfd. */
void msi_fini(struct msi *msi);

/* May be called by any thread, also while the guest reconfigures. */
void msi_raise(struct msi *msi);

/* Takes ownership of @fd; -1 takes the eventfd away. */
void msi_set_eventfd(struct msi *msi, int fd);
/* Nothing pending; the eventfd is the client's and stays. */
void msi_reset(struct msi *msi);

#endif
