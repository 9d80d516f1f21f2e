/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_VALU_SOFT_H
#define VKFD_DEVICE_ISA_VALU_SOFT_H

#include <stdbool.h>
#include "vkfd_hw/types.h"

/*
 * Floating point in integers, for what no host instruction does: a fused
 * multiply-add that is scaled by a power of two before its one rounding.
 * Modes: 0 nearest even, 1 up, 2 down, 3 to zero. NaN results are some NaN.
 */

/* (a * b + c) * 2^scale */
u32 valu_soft_fma32(u32 a, u32 b, u32 c, s32 scale, u32 round);
u64 valu_soft_fma64(u64 a, u64 b, u64 c, s32 scale, u32 round);

/* Is 0 < |c / b| below the smallest normal double? Exact; b and c are not 0. */
bool valu_soft_quotient_tiny(u64 b, u64 c);

#endif
