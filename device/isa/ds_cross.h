/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_DS_CROSS_H
#define VKFD_DEVICE_ISA_DS_CROSS_H

#include "isa/wave.h"

/* ds_permute, ds_bpermute, ds_swizzle. @file: registers of data and result. */
void ds_cross(struct wave *wave, const struct isa_inst *inst, union wave_vreg *file);

#endif
