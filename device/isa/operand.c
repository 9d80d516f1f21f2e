// SPDX-License-Identifier: MIT
/* Scalar source operands that are not registers. */
#include "isa/operand.h"

#include "vkfd_hw/addr.h"

/* 0.5 -0.5 1 -1 2 -2 4 -4 1/2pi */
static const u32 floats32[] = {
	0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
	0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983,
};

static const u64 floats64[] = {
	0x3fe0000000000000, 0xbfe0000000000000, 0x3ff0000000000000,
	0xbff0000000000000, 0x4000000000000000, 0xc000000000000000,
	0x4010000000000000, 0xc010000000000000, 0x3fc45f306dc9c882,
};

static u64 aperture(u32 code)
{
	u64 base = code >= ISA_SRC_PRIVATE_BASE ? VKFD_SCRATCH_BASE : VKFD_LDS_BASE;
	bool limit = code == ISA_SRC_SHARED_LIMIT || code == ISA_SRC_PRIVATE_LIMIT;

	return limit ? base + VKFD_APERTURE_BYTES - 1 : base;
}

/* Status bits and small integers, sign-extended. */
static s64 small(const struct wave *wave, u32 code)
{
	if (code >= ISA_SRC_INT_0 && code < ISA_SRC_INT_M1)
		return (s64)code - ISA_SRC_INT_0;
	if (code >= ISA_SRC_INT_M1 && code <= 208)
		return ISA_SRC_INT_M1 - 1 - (s64)code;
	if (code == ISA_SRC_VCCZ)
		return !wave_sreg64(wave, ISA_SRC_VCC);
	if (code == ISA_SRC_EXECZ)
		return !wave_exec(wave);
	return code == ISA_SRC_SCC ? wave->scc : 0;
}

static bool is_aperture(u32 code)
{
	return code >= ISA_SRC_SHARED_BASE && code <= ISA_SRC_PRIVATE_LIMIT;
}

u32 operand_const32(const struct wave *wave, const struct isa_inst *inst, u32 code)
{
	if (code == ISA_SRC_LITERAL)
		return inst->literal;
	if (code >= ISA_SRC_FLOAT_FIRST && code <= ISA_SRC_FLOAT_LAST)
		return floats32[code - ISA_SRC_FLOAT_FIRST];
	/* A 32-bit read of an aperture gives what its users want: the high half. */
	if (is_aperture(code))
		return (u32)(aperture(code) >> 32);
	return (u32)small(wave, code);
}

u64 operand_const64(const struct wave *wave, const struct isa_inst *inst, u32 code, bool sign)
{
	if (code == ISA_SRC_LITERAL)
		return sign ? (u64)(s64)(s32)inst->literal : inst->literal;
	if (code >= ISA_SRC_FLOAT_FIRST && code <= ISA_SRC_FLOAT_LAST)
		return floats64[code - ISA_SRC_FLOAT_FIRST];
	if (is_aperture(code))
		return aperture(code);
	return (u64)small(wave, code);
}
