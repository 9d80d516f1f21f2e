// SPDX-License-Identifier: MIT
/* valu_lanes.c for hosts with AVX-512 F, DQ, BW and VL; device/Makefile adds the flags. */
#if defined(__x86_64__)
#define VALU_UNIT	valu_unit_avx512
#define VALU_NAME	"AVX-512"
#include "isa/valu_lanes.c"
#endif
