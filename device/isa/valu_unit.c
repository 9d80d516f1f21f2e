// SPDX-License-Identifier: MIT
#include "isa/valu_unit.h"

const struct valu_unit *valu_unit = &valu_unit_base;

#if defined(__x86_64__)
static const struct valu_unit *unit_of(enum valu_unit_id id)
{
	__builtin_cpu_init();
	switch (id) {
	case VALU_BASE:
		return &valu_unit_base;
	case VALU_AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
		       __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("f16c") ?
		       &valu_unit_avx2 : NULL;
	case VALU_AVX512:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
		       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
		       __builtin_cpu_supports("f16c") ?
		       &valu_unit_avx512 : NULL;
	default:
		return NULL;
	}
}
#else
static const struct valu_unit *unit_of(enum valu_unit_id id)
{
	return id == VALU_BASE ? &valu_unit_base : NULL;
}
#endif

bool valu_use(enum valu_unit_id id)
{
	const struct valu_unit *unit = unit_of(id);

	if (!unit)
		return false;
	valu_unit = unit;
	return true;
}

void valu_init(void)
{
	if (!valu_use(VALU_AVX512) && !valu_use(VALU_AVX2))
		valu_use(VALU_BASE);
}

const char *valu_unit_name(void)
{
	return valu_unit->name;
}
