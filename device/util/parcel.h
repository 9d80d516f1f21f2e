/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_UTIL_PARCEL_H
#define VKFD_DEVICE_UTIL_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include "vkfd_hw/types.h"

/*
 * Bytes that one part of the device hands to itself over a time in which somebody
 * else keeps them. Written once from beginning to end, then read in the same order.
 * Zeroed: empty.
 */
struct parcel {
	u8 *bytes;
	size_t len, room;
	size_t at;	/* next to read */
	bool failed;	/* no memory while writing, or read beyond the end; stays */
};

void parcel_put(struct parcel *parcel, const void *src, size_t len);
/* Zeroes when there is not as much left. */
void parcel_get(struct parcel *parcel, void *dst, size_t len);
/* @len bytes, to be filled from outside, or NULL. The parcel was empty. */
u8 *parcel_space(struct parcel *parcel, size_t len);
void parcel_free(struct parcel *parcel);

/* A secret that nobody outside the process knows. */
struct seal_key {
	u64 k[2];
};

void seal_key_make(struct seal_key *key);
/* SipHash-2-4: who does not know the key cannot make it fit other bytes. */
u64 seal_of(const struct seal_key *key, const void *bytes, size_t len);

#endif
