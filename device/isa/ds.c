// SPDX-License-Identifier: MIT
/*
 * DOC: LDS instructions
 *
 * LDS belongs to the group and only its thread is here, so lanes are plain
 * loops, lowest first (ds_lanes.c does the common ones a wave at a time). Nothing faults. Each lane reads its operands before its
 * results are written: they may be the same registers.
 */
#include <string.h>

#include "isa/ds_atomic.h"
#include "isa/ds_cross.h"
#include "isa/ds_gws.h"
#include "isa/ds_lanes.h"
#include "isa/exec.h"
#include "isa/lds.h"
#include "isa/op_id.h"

struct ds {
	struct wave *wave;
	struct wave_group *group;
	const struct isa_inst *inst;
	union wave_vreg *file;	/* of data and results */
	u32 bytes;		/* of an element */
	u32 unit[2];		/* bytes that offset0 and offset1 add to the address */
};

struct element {
	u32 dword[4];
};

static u32 addr_of(const struct ds *ds, u32 lane, u32 n)
{
	return ds->wave->v[ds->inst->vaddr].u[lane] + ds->unit[n];
}

static struct element get(const struct ds *ds, u32 code, u32 lane)
{
	struct element element = { { 0 } };

	for (u32 n = 0; n * 4 < ds->bytes; n++)
		element.dword[n] = ds->file[code + n].u[lane];
	return element;
}

static void put(const struct ds *ds, u32 code, u32 lane, const struct element *element)
{
	for (u32 n = 0; n * 4 < ds->bytes; n++)
		ds->file[code + n].u[lane] = element->dword[n];
}

/* What an element of less than a dword makes of its register. */
static u32 extend(enum isa_type type, u32 value, u32 old)
{
	switch (type) {
	case ISA_I8:
		return (u32)(s32)(int8_t)value;
	case ISA_I16:
		return (u32)(s32)(int16_t)value;
	case ISA_D16_U8:
	case ISA_D16_B16:
		return (old & 0xffff0000) | value;
	case ISA_D16_I8:
		return (old & 0xffff0000) | (u16)(int8_t)value;
	case ISA_D16HI_U8:
	case ISA_D16HI_B16:
		return (old & 0xffff) | value << 16;
	case ISA_D16HI_I8:
		return (old & 0xffff) | (u32)(u16)(int8_t)value << 16;
	default:
		return value;
	}
}

static void load_lane(const struct ds *ds, u32 lane, u32 addr, u32 dst)
{
	struct element element = { { 0 } };

	lds_read(ds->group, addr, element.dword, ds->bytes);
	if (ds->bytes < 4)
		element.dword[0] = extend(ds->inst->op->type[0], element.dword[0],
					  ds->file[dst].u[lane]);
	put(ds, dst, lane, &element);
}

static void load(const struct ds *ds, u32 lane)
{
	u32 first = addr_of(ds, lane, 0), second = addr_of(ds, lane, 1);

	load_lane(ds, lane, first, ds->inst->dst);
	if (ds->inst->op->count == 2)
		load_lane(ds, lane, second, ds->inst->dst + ds->bytes / 4);
}

static void store_lane(const struct ds *ds, u32 lane, u32 addr, u32 src)
{
	enum isa_type type = ds->inst->op->type[0];
	struct element element = get(ds, src, lane);

	if (type == ISA_D16HI_U8 || type == ISA_D16HI_B16)
		element.dword[0] >>= 16;
	lds_write(ds->group, addr, element.dword, ds->bytes);
}

static void store(const struct ds *ds, u32 lane)
{
	store_lane(ds, lane, addr_of(ds, lane, 0), ds->inst->vdata);
	if (ds->inst->op->count == 2)
		store_lane(ds, lane, addr_of(ds, lane, 1), ds->inst->vdata2);
}

static u64 wide(const struct element *element)
{
	return element->dword[0] | (u64)element->dword[1] << 32;
}

static void give_back(const struct ds *ds, u32 lane, u32 n, u64 old)
{
	struct element element = { { (u32)old, (u32)(old >> 32) } };

	if (ds_atomic_returns(ds->inst->op))
		put(ds, ds->inst->dst + n * ds->bytes / 4, lane, &element);
}

static void atomic(const struct ds *ds, u32 lane)
{
	const struct isa_op *op = ds->inst->op;
	struct element first = get(ds, ds->inst->vdata, lane);
	struct ds_atomic atomic = { addr_of(ds, lane, 0), ds->bytes, { wide(&first), 0 } };
	u32 addr = addr_of(ds, lane, 1);
	u64 old;

	if (ds_atomic_second(op)) {
		struct element second = get(ds, ds->inst->vdata2, lane);

		atomic.data[1] = wide(&second);
	}
	old = ds_atomic_run(ds->group, op, &atomic, ds->wave->mode);
	if (op->count == 2) {
		/* wrxchg2: two exchanges. */
		struct ds_atomic other = { addr, ds->bytes, { atomic.data[1], 0 } };
		u64 second = ds_atomic_run(ds->group, op, &other, ds->wave->mode);

		give_back(ds, lane, 1, second);
	}
	give_back(ds, lane, 0, old);
}

/* M0 + offset + 4 * lane. */
static void addtid(const struct ds *ds, u32 lane)
{
	u32 addr = (ds->wave->s[ISA_SRC_M0] & 0xffff) + (u32)ds->inst->offset + lane * 4;

	if (ds->inst->op->id == ISA_OP_ds_read_addtid_b32)
		load_lane(ds, lane, addr, ds->inst->dst);
	else
		store_lane(ds, lane, addr, ds->inst->vdata);
}

/* append, consume: a counter moves by the number of active lanes. */
static void count(const struct ds *ds, u64 exec)
{
	u32 addr = (ds->wave->s[ISA_SRC_M0] & 0xffff) + (u32)ds->inst->offset, old, value;
	u32 lanes = (u32)__builtin_popcountll(exec);

	lds_read(ds->group, addr, &old, 4);
	value = ds->inst->op->id == ISA_OP_ds_append ? old + lanes : old - lanes;
	lds_write(ds->group, addr, &value, 4);
	for (; exec; exec &= exec - 1)
		ds->file[ds->inst->dst].u[__builtin_ctzll(exec)] = old;
}

static void each_lane(const struct ds *ds, u64 exec, void (*run)(const struct ds *ds, u32 lane))
{
	for (; exec; exec &= exec - 1)
		run(ds, (u32)__builtin_ctzll(exec));
}

/* Most loads and stores. False: not done, lane by lane then. */
static bool whole_wave(const struct ds *ds, u64 exec, bool is_load)
{
	const struct isa_inst *inst = ds->inst;
	struct ds_lanes lanes = { ds->group, exec, ds->bytes / 4, inst->op->count == 2 ? 2 : 1,
				  ds->wave->v[inst->vaddr].u, { ds->unit[0], ds->unit[1] }, { NULL } };

	if (!exec || ds->bytes < 4)
		return false;
	lanes.reg[0] = ds->file + (is_load ? inst->dst : inst->vdata);
	if (lanes.count == 2)
		lanes.reg[1] = is_load ? lanes.reg[0] + lanes.dwords : ds->file + inst->vdata2;
	return is_load ? ds_lanes_load(&lanes) : ds_lanes_store(&lanes);
}

static struct ds ds_of(struct wave *wave, const struct isa_inst *inst)
{
	struct ds ds = { wave, wave->group, inst, inst->acc ? wave->a : wave->v,
			 isa_type_bits(inst->op->type[0]) / 8, { (u32)inst->offset, 0 } };

	if (inst->op->count == 2) {
		ds.unit[0] *= isa_ds_unit(inst->op);
		ds.unit[1] = inst->offset1 * isa_ds_unit(inst->op);
	}
	return ds;
}

enum wave_stop isa_run_ds(struct wave *wave, struct wave_env *env, const struct isa_inst *inst)
{
	struct ds ds = ds_of(wave, inst);
	u64 exec = wave_exec(wave);

	if (inst->op->shape == ISA_GWS)
		return ds_gws(wave, env, inst);
	/* There is no global data share. */
	if (inst->gds)
		return WAVE_ILLEGAL;
	switch (inst->op->shape) {
	case ISA_LOAD:
		if (!whole_wave(&ds, exec, true))
			each_lane(&ds, exec, load);
		break;
	case ISA_STORE:
		if (!whole_wave(&ds, exec, false))
			each_lane(&ds, exec, store);
		break;
	case ISA_ATOMIC:
		each_lane(&ds, exec, atomic);
		break;
	case ISA_ADDTID:
		each_lane(&ds, exec, addtid);
		break;
	case ISA_COUNTER:
		count(&ds, exec);
		break;
	default:
		ds_cross(wave, inst, ds.file);
		break;
	}
	return WAVE_READY;
}
