// SPDX-License-Identifier: MIT
/* DOC: registers and constants, as LLVM writes them. */
#include <stdio.h>
#include "isa/disasm_priv.h"

struct named {
	u16 code;
	const char *one, *pair;
};

static const struct named names[] = {
	{ 102, "flat_scratch_lo", "flat_scratch" },
	{ 103, "flat_scratch_hi", NULL },
	{ 104, "xnack_mask_lo", "xnack_mask" },
	{ 105, "xnack_mask_hi", NULL },
	{ 106, "vcc_lo", "vcc" },
	{ 107, "vcc_hi", NULL },
	{ 124, "m0", NULL },
	{ 126, "exec_lo", "exec" },
	{ 127, "exec_hi", NULL },
	{ 235, "src_shared_base", "src_shared_base" },
	{ 236, "src_shared_limit", "src_shared_limit" },
	{ 237, "src_private_base", "src_private_base" },
	{ 238, "src_private_limit", "src_private_limit" },
	{ 239, "src_pops_exiting_wave_id", "src_pops_exiting_wave_id" },
	{ 251, "src_vccz", "src_vccz" },
	{ 252, "src_execz", "src_execz" },
	{ 253, "src_scc", "src_scc" },
};

static void tuple(struct text *text, const char *file, unsigned int first, unsigned int dwords)
{
	if (dwords == 1)
		text_put(text, "%s%u", file, first);
	else
		text_put(text, "%s[%u:%u]", file, first, first + dwords - 1);
}

void text_scalar(struct text *text, unsigned int code, unsigned int dwords)
{
	if (code < ISA_SRC_FLAT_SCRATCH) {
		tuple(text, "s", code, dwords);
		return;
	}
	if (code >= ISA_SRC_TTMP && code < ISA_SRC_M0) {
		tuple(text, "ttmp", code - ISA_SRC_TTMP, dwords);
		return;
	}
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		if (names[n].code == code)
			text_put(text, "%s", dwords == 2 ? names[n].pair : names[n].one);
}

void text_vector(struct text *text, unsigned int number, unsigned int dwords, bool acc)
{
	tuple(text, acc ? "a" : "v", number, dwords ? dwords : 1);
}

/* A float constant: how it is written and its bits. */
struct float_constant {
	const char *text;
	u16 half;
	u32 single;
};

/* In the order of codes 240 to 248; 0.0 has the code of integer 0. */
static const struct float_constant floats[] = {
	{ "0.5", 0x3800, 0x3f000000 }, { "-0.5", 0xb800, 0xbf000000 },
	{ "1.0", 0x3c00, 0x3f800000 }, { "-1.0", 0xbc00, 0xbf800000 },
	{ "2.0", 0x4000, 0x40000000 }, { "-2.0", 0xc000, 0xc0000000 },
	{ "4.0", 0x4400, 0x40800000 }, { "-4.0", 0xc400, 0xc0800000 },
	{ "0.15915494", 0x3118, 0x3e22f983 },
};

#define NR_FLOATS (sizeof(floats) / sizeof(floats[0]))

static bool is_integer16(enum isa_type type)
{
	return type == ISA_B16 || type == ISA_U16 || type == ISA_I16 || type == ISA_V2I16 ||
	       type == ISA_V2U16;
}

static void float_constant(struct text *text, unsigned int n, enum isa_type type)
{
	if (is_integer16(type))
		text_put(text, "0x%x", floats[n].half);
	else if (n == NR_FLOATS - 1 && isa_type_bits(type) == 64 && type != ISA_V2F32 &&
		 type != ISA_V2B32)
		text_put(text, "0.15915494309189532");
	else
		text_put(text, "%s", floats[n].text);
}

/* A literal that equals a constant is written as the constant. */
static void literal(struct text *text, u32 value, enum isa_type type)
{
	bool narrow = isa_type_bits(type) == 16 || type == ISA_V2F16;
	s32 number = narrow ? (s32)(value << 16) >> 16 : (s32)value;

	if (narrow)
		value &= 0xffff;
	if (number >= -16 && number <= 64 && (narrow || isa_type_bits(type) == 32 || number >= 0)) {
		text_put(text, "%d", number);
		return;
	}
	for (unsigned int n = 0; n < NR_FLOATS; n++) {
		if (isa_type_bits(type) > 32 || is_integer16(type))
			break;
		if (value == (narrow ? floats[n].half : floats[n].single)) {
			text_put(text, "%s", floats[n].text);
			return;
		}
	}
	text_put(text, "0x%x", value);
}

void text_source(struct text *text, const struct isa_inst *inst, unsigned int code,
		 enum isa_type type)
{
	unsigned int dwords = type == ISA_MASK ? 2 : isa_type_dwords(type);

	if (code >= ISA_SRC_VGPR)
		text_vector(text, code - ISA_SRC_VGPR, dwords, false);
	else if (code == ISA_SRC_LITERAL)
		literal(text, inst->literal, type);
	else if (code >= ISA_SRC_FLOAT_FIRST && code <= ISA_SRC_FLOAT_LAST)
		float_constant(text, code - ISA_SRC_FLOAT_FIRST, type);
	else if (code >= ISA_SRC_INT_M1 && code <= ISA_SRC_INT_M1 + 15)
		text_put(text, "-%u", code - ISA_SRC_INT_M1 + 1);
	else if (code >= ISA_SRC_INT_0 && code < ISA_SRC_INT_M1)
		text_put(text, "%u", code - ISA_SRC_INT_0);
	else
		text_scalar(text, code, dwords);
}
