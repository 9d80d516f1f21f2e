// SPDX-License-Identifier: MIT
/*
 * s_getreg and s_setreg: hardware registers of a wave. What the virtual GPU has
 * no use for reads as 0 and ignores writes, as reserved bits do.
 */
#include "isa/exec.h"
#include "isa/group.h"
#include "isa/hwreg.h"
#include "isa/operand.h"
#include "vkfd_hw/addr.h"

enum hwreg {
	HWREG_MODE = 1,
	HWREG_STATUS = 2,
	HWREG_TRAPSTS = 3,
	HWREG_HW_ID = 4,
	HWREG_GPR_ALLOC = 5,
	HWREG_LDS_ALLOC = 6,
	HWREG_SH_MEM_BASES = 15,
};

/* simm16: id [5:0], first bit [10:6], bits - 1 [15:11] */
struct hwfield {
	u32 id, shift, mask;
};

static struct hwfield field_of(s32 simm)
{
	u32 code = (u16)simm, bits = (code >> 11) + 1;
	struct hwfield field = { code & 0x3f, code >> 6 & 0x1f, 0 };

	field.mask = bits == 32 ? ~0u : (u32)BIT_ULL(bits) - 1;
	return field;
}

u32 wave_status_read(const struct wave *wave)
{
	u32 bits = wave->status | WAVE_STATUS_VALID;

	if (wave->scc)
		bits |= WAVE_STATUS_SCC;
	if (!wave_exec(wave))
		bits |= WAVE_STATUS_EXECZ;
	if (!wave_sreg64(wave, ISA_SRC_VCC))
		bits |= WAVE_STATUS_VCCZ;
	if (wave->group->config.nr_waves > 1)
		bits |= WAVE_STATUS_IN_TG;
	return bits;
}

/* Sizes in units of 8 VGPRs and of 8 SGPRs, less one; a wave always has all SGPRs. */
static u32 gpr_alloc(const struct wave *wave)
{
	u32 vgprs = (wave->nr_vgprs + wave->nr_agprs + 7u) / 8;

	return (vgprs ? vgprs - 1 : 0) << 6 | (wave->nr_vgprs / 4u & 0x3f) << 12 | 13u << 24;
}

static u32 hwreg_read(const struct wave *wave, u32 id)
{
	switch (id) {
	case HWREG_MODE:
		return wave->mode;
	case HWREG_STATUS:
		return wave_status_read(wave);
	case HWREG_TRAPSTS:
		return wave->trapsts;
	case HWREG_HW_ID:
		return wave->hw_id;
	case HWREG_GPR_ALLOC:
		return gpr_alloc(wave);
	case HWREG_LDS_ALLOC:
		return (wave->group->config.lds_bytes + 511) / 512 << 12;
	case HWREG_SH_MEM_BASES:
		return (u32)(VKFD_LDS_BASE >> 48 << 16 | VKFD_SCRATCH_BASE >> 48);
	default:
		return 0;
	}
}

/* A trap handler puts back what it was entered with. */
static void status_write(struct wave *wave, u32 mask, u32 value)
{
	if (!(wave->status & WAVE_STATUS_PRIV))
		return;
	if (mask & WAVE_STATUS_SCC)
		wave->scc = value & WAVE_STATUS_SCC;
	mask &= WAVE_STATUS_HALT;
	wave->status = (wave->status & ~mask) | (value & mask);
}

static void hwreg_write(struct wave *wave, s32 simm, u32 value)
{
	struct hwfield field = field_of(simm);
	u32 mask = field.mask << field.shift;

	value = value << field.shift & mask;
	if (field.id == HWREG_MODE)
		wave->mode = (wave->mode & ~mask) | value;
	else if (field.id == HWREG_TRAPSTS)
		wave->trapsts = (wave->trapsts & ~mask) | value;
	else if (field.id == HWREG_STATUS)
		status_write(wave, mask, value);
}

enum wave_stop isa_run_s_getreg_b32(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	struct hwfield field = field_of(inst->simm);

	(void)env;
	operand_write32(wave, inst->dst, hwreg_read(wave, field.id) >> field.shift & field.mask);
	return WAVE_READY;
}

enum wave_stop isa_run_s_setreg_b32(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	(void)env;
	hwreg_write(wave, inst->simm, operand_read32(wave, inst, inst->src[0]));
	return WAVE_READY;
}

enum wave_stop isa_run_s_setreg_imm32_b32(struct wave *wave, struct wave_env *env,
					  const struct isa_inst *inst)
{
	(void)env;
	hwreg_write(wave, inst->simm, inst->literal);
	return WAVE_READY;
}
