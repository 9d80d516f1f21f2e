/* SPDX-License-Identifier: MIT */
#ifndef DEMO_KERNEL_H
#define DEMO_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* The part of the demo that is an ordinary HIP program. */
#ifdef __cplusplus
extern "C" {
#endif

/** kernel_open() - start HIP. 0, or -1 with a message on stderr */
int kernel_open(void);
/** kernel_scramble() - scramble_word() for each of @words words, one GPU thread each. 0, or -1 with a message */
int kernel_scramble(uint32_t *data, size_t words);

#ifdef __cplusplus
}
#endif

#ifdef __HIPCC__
#define KERNEL_BOTH __host__ __device__
#else
#define KERNEL_BOTH
#endif

/* What becomes of word @i: the GPU computes it, the CPU checks it. */
KERNEL_BOTH static inline uint32_t scramble_word(uint32_t word, size_t i)
{
	return (word << 7 | word >> 25) ^ (uint32_t)i * 2654435761u;
}

#endif
