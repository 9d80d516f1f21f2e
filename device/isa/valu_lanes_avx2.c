// SPDX-License-Identifier: MIT
/* valu_lanes.c for hosts with AVX2, FMA, BMI2 and F16C; device/Makefile adds the flags. */
#if defined(__x86_64__)
#define VALU_UNIT	valu_unit_avx2
#define VALU_NAME	"AVX2"
#include "isa/valu_lanes.c"
#endif
