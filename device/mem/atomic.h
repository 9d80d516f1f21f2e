/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_ATOMIC_H
#define VKFD_DEVICE_MEM_ATOMIC_H

#include "mem/mem_status.h"

/*
 * Executes one TC atomic on host memory that other processes and vCPUs share.
 * @addr is naturally aligned. False: the operation number is unknown.
 */
bool mem_atomic_run(void *addr, struct mem_atomic *atomic, unsigned int bytes);

/*
 * True if @op exists; *@bytes is then the size it works on. Engines ask before
 * they translate: an unknown number is a packet error, not a memory error.
 */
bool mem_atomic_known(u32 op, unsigned int *bytes);

/* Bit of an operation number: the old value is not returned. */
#define MEM_ATOMIC_NO_RETURN 0x40u

/*
 * Single-copy-atomic accesses of 4 or 8 bytes: load acquires, store releases.
 * False, and nothing done: not naturally aligned, or another size.
 */
bool mem_load(const void *addr, u64 *value, unsigned int bytes);
bool mem_store(void *addr, u64 value, unsigned int bytes);

#endif
