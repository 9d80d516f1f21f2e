/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_UTIL_RNG_H
#define VKFD_DEVICE_UTIL_RNG_H

#include "vkfd_hw/types.h"

/*
 * Timing choices from --seed (splitmix64). Seed 0 means "no choices": rng_below()
 * then answers 0 for ever, so the default order is the plain one.
 */
struct rng {
	u64 state;
	int enabled;
};

static inline void rng_init(struct rng *rng, u64 seed, u64 stream)
{
	rng->state = seed * 0x9e3779b97f4a7c15ULL + stream;
	rng->enabled = seed != 0;
}

static inline u64 rng_next(struct rng *rng)
{
	u64 z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number in [0, n), n > 0. */
static inline u32 rng_below(struct rng *rng, u32 n)
{
	return rng->enabled ? (u32)(rng_next(rng) % n) : 0;
}

#endif
