/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_TYPES_H
#define VKFD_HW_TYPES_H

/*
 * Integer types of the contract. Every structure shared by driver and device
 * is little endian and lives on a little-endian host, so plain integers do.
 */
#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>
#else
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#ifndef BIT
#define BIT(n) (1UL << (n))
#endif
#ifndef BIT_ULL
#define BIT_ULL(n) (1ULL << (n))
#endif
#ifndef GENMASK_ULL
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#endif
#endif

#endif
