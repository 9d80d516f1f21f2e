/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_ATOMIC_H
#define VKFD_DEVICE_MEM_ATOMIC_H

#include "mem/mem_status.h"

/*
 * Executes one TC atomic on host memory that other processes and vCPUs share.
 * @addr is naturally aligned. False: the operation number is unknown.
 */
bool mem_atomic_run(void *addr, struct mem_atomic *atomic, unsigned int bytes);

#endif
