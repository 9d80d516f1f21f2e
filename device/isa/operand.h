/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_OPERAND_H
#define VKFD_DEVICE_ISA_OPERAND_H

#include "isa/wave.h"

/* Scalar operands by code. Register codes come from the decoder: a pair is even. */

/* Codes from 128: constants, apertures, status bits, the literal. */
u32 operand_const32(const struct wave *wave, const struct isa_inst *inst, u32 code);
/* @sign: the literal is sign-extended. */
u64 operand_const64(const struct wave *wave, const struct isa_inst *inst, u32 code, bool sign);

static inline u32 operand_read32(const struct wave *wave, const struct isa_inst *inst, u32 code)
{
	return code < WAVE_SREGS ? wave->s[code] : operand_const32(wave, inst, code);
}

static inline u64 operand_read64(const struct wave *wave, const struct isa_inst *inst, u32 code,
				 bool sign)
{
	if (code < WAVE_SREGS)
		return wave_sreg64(wave, code & ~1u);
	return operand_const64(wave, inst, code, sign);
}

/* Trap temporaries belong to the trap handler. */
static inline bool operand_writable(const struct wave *wave, u32 code)
{
	return code < ISA_SRC_TTMP || code >= ISA_SRC_M0 || wave->status & WAVE_STATUS_PRIV;
}

static inline void operand_write32(struct wave *wave, u32 code, u32 value)
{
	if (code < WAVE_SREGS && operand_writable(wave, code))
		wave->s[code] = value;
}

static inline void operand_write64(struct wave *wave, u32 code, u64 value)
{
	if (code < WAVE_SREGS && operand_writable(wave, code))
		wave_set_sreg64(wave, code & ~1u, value);
}

#endif
