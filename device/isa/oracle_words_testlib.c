// SPDX-License-Identifier: MIT
/*
 * DOC: random encodings of a row
 *
 * Fields are random, but leaning to what is legal: without that, a VOP3 with its
 * three sources and five modifiers would hardly ever be.
 */
#include "isa/oracle.h"

u64 oracle_random(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static u32 rnd(u64 *seed, unsigned int bits)
{
	return (u32)(oracle_random(seed) >> (64 - bits));
}

/* All of @mask's bits random, or none of them set. */
static u32 some(u64 *seed, u32 mask)
{
	return rnd(seed, 1) ? rnd(seed, 32) & mask : 0;
}

/* A nine-bit source: anything, VGPR, scalar register, inline constant. */
static u32 source(u64 *seed)
{
	switch (rnd(seed, 2)) {
	case 0:
		return rnd(seed, 9);
	case 1:
		return 256 + (rnd(seed, 8) & ~rnd(seed, 1));
	case 2:
		return rnd(seed, 7) & ~rnd(seed, 1);
	default:
		return 128 + rnd(seed, 7);
	}
}

/* Eight bits of scalar source. */
static u32 scalar(u64 *seed)
{
	u32 code = source(seed);

	return code < 256 ? code : rnd(seed, 7);
}

/* Often even, as register pairs have to be. */
static u32 reg(u64 *seed, unsigned int bits)
{
	return rnd(seed, bits) & ~(rnd(seed, 1) * 3);
}

/* Small, special or any. */
static u32 literal(u64 *seed)
{
	static const u32 special[] = { 0x3f800000, 0xbf000000, 0x3c00, 0x3e22f983, 0x3118, 0x80000000 };

	switch (rnd(seed, 2)) {
	case 0:
		return special[rnd(seed, 8) % (sizeof(special) / sizeof(special[0]))];
	case 1:
		return rnd(seed, 7) - 32;
	default:
		return rnd(seed, 32);
	}
}

static bool sop(u64 *seed, const struct isa_op *op, u32 word[2])
{
	static const u32 base[] = {
		[ISA_SOP1] = 0xbe800000, [ISA_SOP2] = 0x80000000, [ISA_SOPC] = 0xbf000000,
		[ISA_SOPK] = 0xb0000000, [ISA_SOPP] = 0xbf800000,
	};
	static const u8 shift[] = { [ISA_SOP1] = 8, [ISA_SOP2] = 23, [ISA_SOPC] = 16,
				    [ISA_SOPK] = 23, [ISA_SOPP] = 16 };

	word[0] = base[op->enc] | (u32)op->opcode << shift[op->enc];
	if (op->enc == ISA_SOPP || op->enc == ISA_SOPK)
		word[0] |= rnd(seed, 1) ? rnd(seed, 16) : rnd(seed, 6);
	else
		word[0] |= scalar(seed);
	if (op->enc == ISA_SOP2 || op->enc == ISA_SOPC)
		word[0] |= scalar(seed) << 8;
	if (op->enc == ISA_SOP1 || op->enc == ISA_SOP2 || op->enc == ISA_SOPK)
		word[0] |= reg(seed, 7) << 16;
	word[1] = literal(seed);
	return true;
}

static bool smem(u64 *seed, const struct isa_op *op, u32 word[2])
{
	word[0] = 0xc0000000 | (u32)op->opcode << 18 | reg(seed, 7) << 6 | reg(seed, 6) |
		  some(seed, 0x3e000);
	word[1] = rnd(seed, 1) ? rnd(seed, 32) : rnd(seed, 8);
	if (!op->base)
		word[0] &= ~0x20000u;
	return true;
}

/* Forms: 0 short, 1 SDWA, 2 DPP, 3 long. */
static u32 vop3_low(u64 *seed, u32 opcode)
{
	return 0xd0000000 | opcode << 16 | reg(seed, 8) | some(seed, 0x700) | some(seed, 0x7800) |
	       some(seed, 0x8000);
}

static u32 vop3_high(u64 *seed, unsigned int sources)
{
	u32 high = source(seed) | some(seed, 0xf8000000);

	if (sources > 1 || !rnd(seed, 4))
		high |= source(seed) << 9;
	if (sources > 2 || !rnd(seed, 4))
		high |= source(seed) << 18;
	return high;
}

static unsigned int sources_of(const struct isa_op *op)
{
	unsigned int n = 0;

	while (n < 3 && op->type[n + 1] != ISA_NONE)
		n++;
	return n;
}

static u32 sdwa_dword(u64 *seed, const struct isa_op *op)
{
	u32 word = reg(seed, 8) | rnd(seed, 3) << 8 | some(seed, 0xf800) | rnd(seed, 3) << 16 |
		   some(seed, 0x00f80000);

	if (op->enc == ISA_VOPC)
		word = (word & 0xffff00ff) | some(seed, 0xff00);
	if (op->enc != ISA_VOP1 || !rnd(seed, 4))
		word |= rnd(seed, 3) << 24 | some(seed, 0xf8000000);
	return word;
}

static u32 dpp_dword(u64 *seed, const struct isa_op *op)
{
	u32 ctrl = rnd(seed, 1) ? rnd(seed, 9) : rnd(seed, 8);

	if (isa_type_bits(op->type[1]) == 64 && rnd(seed, 2))
		ctrl = 0x150 | rnd(seed, 4);
	return reg(seed, 8) | ctrl << 8 | some(seed, 0x00fe0000) | rnd(seed, 8) << 24;
}

static bool vop(u64 *seed, const struct isa_op *op, unsigned int form, u32 word[2])
{
	static const u32 long_base[] = { [ISA_VOP1] = 0x140, [ISA_VOP2] = 0x100, [ISA_VOPC] = 0 };
	u32 low;

	if (form == 3) {
		word[0] = vop3_low(seed, long_base[op->enc] + op->opcode);
		word[1] = vop3_high(seed, sources_of(op));
		return true;
	}
	if (op->enc == ISA_VOP1)
		low = 0x7e000000 | (u32)op->opcode << 9 | reg(seed, 8) << 17;
	else if (op->enc == ISA_VOPC)
		low = 0x7c000000 | (u32)op->opcode << 17 | reg(seed, 8) << 9;
	else
		low = (u32)op->opcode << 25 | reg(seed, 8) << 17 | reg(seed, 8) << 9;
	if (op->type[0] == ISA_NONE && rnd(seed, 3))
		low &= ~0x01fe0000u;
	word[0] = low | (form == 1 ? 249 : form == 2 ? 250 : source(seed));
	word[1] = form == 1 ? sdwa_dword(seed, op) : form == 2 ? dpp_dword(seed, op) : literal(seed);
	return true;
}

static bool vop3p(u64 *seed, const struct isa_op *op, u32 word[2])
{
	word[0] = 0xd3800000 | (u32)op->opcode << 16 | reg(seed, 8) | some(seed, 0x700) |
		  rnd(seed, 5) << 11;
	word[1] = vop3_high(seed, sources_of(op)) | rnd(seed, 2) << 27;
	if (op->shape == ISA_CROSS && rnd(seed, 2))
		word[0] &= 0xffffc0ff;
	if (op->shape == ISA_CROSS && rnd(seed, 2))
		word[1] = source(seed) | 0x18000000;
	return true;
}

static bool ds(u64 *seed, const struct isa_op *op, u32 word[2])
{
	word[0] = 0xd8000000 | (u32)op->opcode << 17 | rnd(seed, 16) | some(seed, 0x10000) |
		  some(seed, 0x02000000);
	word[1] = reg(seed, 8) | reg(seed, 8) << 8 | reg(seed, 8) << 16 | reg(seed, 8) << 24;
	for (unsigned int n = 0; n < 4; n++)
		if (rnd(seed, 1))
			word[1] &= ~(0xffu << (8 * n));
	return true;
}

/* Forms: flat, scratch, global. */
static bool flat(u64 *seed, const struct isa_op *op, unsigned int form, u32 word[2])
{
	word[0] = 0xdc000000 | (u32)op->opcode << 18 | (u32)form << 14 | rnd(seed, 13) |
		  some(seed, 0x30000) | some(seed, 0x02000000);
	if (!rnd(seed, 5))
		word[0] ^= 0x2000;
	word[1] = reg(seed, 8) | reg(seed, 8) << 8 | reg(seed, 8) << 24 | some(seed, 0x00800000) |
		  (rnd(seed, 1) ? reg(seed, 7) : form ? 0x7f : 0) << 16;
	return form < 3;
}

static bool mubuf(u64 *seed, const struct isa_op *op, u32 word[2])
{
	word[0] = 0xe0000000 | (u32)op->opcode << 18 | rnd(seed, 12) | some(seed, 0xf000) |
		  some(seed, 0x30000);
	if (op->shape == ISA_CACHE && rnd(seed, 2))
		word[0] &= 0xfffe0fff;
	word[1] = reg(seed, 8) | reg(seed, 8) << 8 | rnd(seed, 8) << 16 | scalar(seed) << 24;
	return true;
}

bool oracle_random_form(u64 *seed, const struct isa_op *op, unsigned int form, u32 word[2])
{
	switch (op->enc) {
	case ISA_VOP1:
	case ISA_VOP2:
	case ISA_VOPC:
		return form < 4 && vop(seed, op, form, word);
	case ISA_FLAT:
		return form < 3 && flat(seed, op, form, word);
	default:
		break;
	}
	if (form)
		return false;
	switch (op->enc) {
	case ISA_SMEM:
		return smem(seed, op, word);
	case ISA_VOP3:
		word[0] = vop3_low(seed, op->opcode);
		word[1] = vop3_high(seed, sources_of(op));
		return true;
	case ISA_VOP3P:
		return vop3p(seed, op, word);
	case ISA_DS:
		return ds(seed, op, word);
	case ISA_MUBUF:
		return mubuf(seed, op, word);
	default:
		return sop(seed, op, word);
	}
}
