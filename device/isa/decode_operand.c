// SPDX-License-Identifier: MIT
/*
 * DOC: which registers an operand may name
 *
 * Scalar registers are s0..s101, then pairs with names of their own, then
 * ttmp0..15, M0, EXEC. A tuple is aligned to its size, at most to four, and
 * stays inside one of these groups. Vector tuples start at an even number.
 */
#include "isa/decode_priv.h"

#define SGPRS		102u
#define TTMP_END	(ISA_SRC_TTMP + 16)

unsigned int isa_type_dwords(enum isa_type type)
{
	return (isa_type_bits(type) + 31) / 32;
}

bool isa_type_is_float(enum isa_type type)
{
	return type == ISA_F16 || type == ISA_F32 || type == ISA_F64 || type == ISA_V2F16 ||
	       type == ISA_V2F32;
}

/* flat_scratch, xnack_mask, vcc and exec; M0 has no partner. */
static bool named_pair(unsigned int code, unsigned int dwords)
{
	bool pair = (code >= ISA_SRC_FLAT_SCRATCH && code < ISA_SRC_TTMP) ||
		    code == ISA_SRC_EXEC || code == ISA_SRC_EXEC + 1;

	if (dwords == 1)
		return pair || code == ISA_SRC_M0;
	return dwords == 2 && pair && code % 2 == 0;
}

bool isa_scalar_tuple(unsigned int code, unsigned int dwords)
{
	unsigned int align = dwords < 4 ? dwords : 4;

	if (code < SGPRS)
		return code % align == 0 && code + dwords <= SGPRS;
	if (code >= ISA_SRC_TTMP && code < TTMP_END)
		return code % align == 0 && code + dwords <= TTMP_END;
	return named_pair(code, dwords);
}

bool isa_scalar_source(unsigned int code, enum isa_type type)
{
	if (code < ISA_SRC_INT_0)
		return isa_scalar_tuple(code, isa_type_bits(type) > 32 ||
					      type == ISA_MASK ? 2 : 1);
	return code <= ISA_SRC_INT_M1 + 15 ||
	       (code >= ISA_SRC_SHARED_BASE && code <= ISA_SRC_FLOAT_LAST) ||
	       (code >= ISA_SRC_VCCZ && code <= ISA_SRC_SCC);
}

bool isa_use_vector(struct isa_inst *inst, unsigned int number, unsigned int dwords, bool acc)
{
	u16 *used = acc ? &inst->nr_agprs : &inst->nr_vgprs;

	if (!dwords)
		return true;
	if (number + dwords > *used)
		*used = (u16)(number + dwords);
	return number + dwords <= 256 && (dwords == 1 || number % 2 == 0);
}
