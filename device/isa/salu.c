// SPDX-License-Identifier: MIT
/*
 * DOC: scalar ALU
 *
 * One executor per ISA_PURE row, made from the row: operands of the row's types,
 * the function of salu_ops.h between them. The types are constants here, so each
 * executor is a few loads, the operation and a store.
 */
#include "isa/exec.h"
#include "isa/operand.h"
#include "isa/salu_ops.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* What a row says about its operands. */
struct row {
	enum isa_enc enc;
	enum isa_type dst, src[2];
};

static ALWAYS_INLINE bool is_wide(enum isa_type type)
{
	return type == ISA_B64 || type == ISA_U64 || type == ISA_I64;
}

static ALWAYS_INLINE u64 read_code(const struct wave *wave, const struct isa_inst *inst,
				   enum isa_type type, u32 code)
{
	if (is_wide(type))
		return operand_read64(wave, inst, code, type == ISA_I64);
	return operand_read32(wave, inst, code);
}

/* A second source of SOP1 and a first of SOPK are the old destination; op.h says so. */
static ALWAYS_INLINE u64 read_src(const struct wave *wave, const struct isa_inst *inst,
				  struct row row, unsigned int n)
{
	bool old = (row.enc == ISA_SOP1 && n == 1) ||
		   (row.enc == ISA_SOPK && n == 0 && row.dst != ISA_NONE);

	if (row.src[n] == ISA_NONE)
		return 0;
	if (row.src[n] == ISA_I16)
		return (u32)inst->simm;
	if (row.src[n] == ISA_U16)
		return (u16)inst->simm;
	return read_code(wave, inst, old ? row.dst : row.src[n], old ? inst->dst : inst->src[n]);
}

static ALWAYS_INLINE void write_dst(struct wave *wave, const struct isa_inst *inst,
				    enum isa_type type, u64 value)
{
	if (is_wide(type))
		operand_write64(wave, inst->dst, value);
	else if (type != ISA_NONE)
		operand_write32(wave, inst->dst, (u32)value);
}

#define RUN_PURE(enc_, dst_, src0_, src1_, fn)                                                   \
	enum wave_stop isa_run_##fn(struct wave *wave, struct wave_env *env,                     \
				    const struct isa_inst *inst)                                 \
	{                                                                                        \
		const struct row row = { ISA_##enc_, ISA_##dst_, { ISA_##src0_, ISA_##src1_ } }; \
		struct salu_out out = fn(read_src(wave, inst, row, 0),                           \
					 read_src(wave, inst, row, 1), wave->scc);               \
												 \
		(void)env;                                                                       \
		write_dst(wave, inst, row.dst, out.value);                                       \
		wave->scc = out.scc;                                                             \
		return WAVE_READY;                                                               \
	}
/* Written out in salu_wave.c and hwreg.c. */
#define RUN_WAVE(enc_, dst_, src0_, src1_, fn)

#define SALU(enc, opcode, name, shape, dst, src0, src1, fn) RUN_##shape(enc, dst, src0, src1, fn)
#include "isa/opcodes.def"
