// SPDX-License-Identifier: MIT
/*
 * DOC: parcels and seals
 *
 * State of the device that waits in memory of the guest, which may write there
 * what it likes. The seal tells bytes of ours from all others, so that who unpacks
 * them has nothing left to check.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "util/parcel.h"

#define ROOM_MIN 4096u

void parcel_put(struct parcel *parcel, const void *src, size_t len)
{
	if (parcel->failed)
		return;
	if (len > parcel->room - parcel->len) {
		size_t room = parcel->room * 2 + len + ROOM_MIN;
		u8 *bytes = realloc(parcel->bytes, room);

		if (!bytes) {
			parcel->failed = true;
			return;
		}
		parcel->bytes = bytes;
		parcel->room = room;
	}
	memcpy(parcel->bytes + parcel->len, src, len);
	parcel->len += len;
}

void parcel_get(struct parcel *parcel, void *dst, size_t len)
{
	if (len > parcel->len - parcel->at)
		parcel->failed = true;
	if (parcel->failed) {
		memset(dst, 0, len);
		return;
	}
	memcpy(dst, parcel->bytes + parcel->at, len);
	parcel->at += len;
}

u8 *parcel_space(struct parcel *parcel, size_t len)
{
	parcel->bytes = malloc(len);
	if (parcel->bytes)
		parcel->len = parcel->room = len;
	return parcel->bytes;
}

void parcel_free(struct parcel *parcel)
{
	free(parcel->bytes);
	*parcel = (struct parcel){ 0 };
}

void seal_key_make(struct seal_key *key)
{
	struct timespec now;

	if (getrandom(key, sizeof(*key), 0) == sizeof(*key))
		return;
	/* A host without it: hard to guess will have to do. */
	clock_gettime(CLOCK_REALTIME, &now);
	key->k[0] = (u64)now.tv_nsec * 0x9e3779b97f4a7c15ULL ^ (u64)now.tv_sec;
	key->k[1] = (u64)(size_t)key * 0xc2b2ae3d27d4eb4fULL;
}

static u64 rotl(u64 value, unsigned int n)
{
	return value << n | value >> (64 - n);
}

static void sip_round(u64 *v)
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void sip_word(u64 *v, u64 word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

u64 seal_of(const struct seal_key *key, const void *bytes, size_t len)
{
	u64 v[4] = { key->k[0] ^ 0x736f6d6570736575ULL, key->k[1] ^ 0x646f72616e646f6dULL,
		     key->k[0] ^ 0x6c7967656e657261ULL, key->k[1] ^ 0x7465646279746573ULL };
	const u8 *at = bytes;
	u64 word;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, at + i, 8);
		sip_word(v, word);
	}
	word = (u64)len << 56;
	for (size_t n = 0; i + n < len; n++)
		word |= (u64)at[i + n] << 8 * n;
	sip_word(v, word);
	v[2] ^= 0xff;
	for (int n = 0; n < 4; n++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
