/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SERVER_IRQS_H
#define VKFD_DEVICE_SERVER_IRQS_H

#include "server/session.h"

/*
 * DEVICE_SET_IRQS for the MSI vector: its eventfd comes and goes, or the client
 * fires it itself. Descriptors that are kept are taken out of @request.
 * Returns 0 or a positive errno, and then nothing was changed.
 */
int vfu_set_irqs(struct msi *msi, struct vfu_request *request);

#endif
