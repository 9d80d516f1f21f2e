// SPDX-License-Identifier: MIT
/*
 * DOC: from a launch to waves
 *
 * The numbers of the device contract, sections 2.4 and 3.5. A group that its
 * grid cuts off is a smaller group: its work-items are numbered densely.
 */
#include "cp/dispatch.h"

#include <string.h>
#include "vkfd_hw/ih.h"

#define SIMDS		4u
#define SIMD_REGS	512u
#define LDS_GRANULE	512u

static u32 reg_at(const u32 *reg, u32 number)
{
	return reg[number - VKFD_COMPUTE_REG_FIRST];
}

void dispatch_dimension(struct dispatch *dispatch, unsigned int i, u32 items, u32 size)
{
	dispatch->size[i] = size;
	dispatch->groups[i] = items / size + (items % size != 0);
	dispatch->last[i] = items % size ? items % size : size;
}

/* The packet's dimensions are ends, not lengths: what lies below START is left out. */
static void register_dimension(struct dispatch *dispatch, unsigned int i, const u32 *reg, u32 end)
{
	u32 initiator = reg_at(reg, VKFD_COMPUTE_DISPATCH_INITIATOR);
	u32 threads = reg_at(reg, VKFD_COMPUTE_NUM_THREAD_X + i);
	u32 size = threads & 0xffff, partial = threads >> 16;
	u32 start = initiator & VKFD_DISPATCH_START_000 ?
			    0 : reg_at(reg, VKFD_COMPUTE_START_X + i);

	dispatch->start[i] = start;
	if (initiator & VKFD_DISPATCH_THREADS && size) {
		dispatch_dimension(dispatch, i, end, size);
	} else {
		dispatch->size[i] = size;
		dispatch->groups[i] = end;
		dispatch->last[i] = initiator & VKFD_DISPATCH_PARTIAL && partial ? partial : size;
	}
	dispatch->groups[i] = dispatch->groups[i] > start ? dispatch->groups[i] - start : 0;
}

void dispatch_from_registers(struct dispatch *dispatch, const u32 *reg, const u32 *dim,
			     u32 initiator)
{
	u32 local[VKFD_COMPUTE_REGS], tmpring = reg_at(reg, VKFD_COMPUTE_TMPRING_SIZE);
	u64 page;

	memset(dispatch, 0, sizeof(*dispatch));
	memcpy(local, reg, sizeof(local));
	local[0] = initiator;
	for (unsigned int i = 0; i < DISPATCH_DIMS; i++)
		register_dimension(dispatch, i, local, dim[i]);
	page = reg_at(reg, VKFD_COMPUTE_PGM_LO);
	page |= (u64)(reg_at(reg, VKFD_COMPUTE_PGM_HI) & 0xff) << 32;
	/* 48 bits, sign-extended. */
	dispatch->entry = (u64)((s64)(page << 24) >> 16);
	dispatch->rsrc1 = reg_at(reg, VKFD_COMPUTE_PGM_RSRC1);
	dispatch->rsrc2 = reg_at(reg, VKFD_COMPUTE_PGM_RSRC2);
	dispatch->rsrc3 = reg_at(reg, VKFD_COMPUTE_PGM_RSRC3);
	memcpy(dispatch->user, reg + (VKFD_COMPUTE_USER_DATA_0 - VKFD_COMPUTE_REG_FIRST),
	       sizeof(dispatch->user));
	dispatch->lds_bytes = VKFD_RSRC2_LDS_BYTES(dispatch->rsrc2);
	if (dispatch->rsrc2 & VKFD_RSRC2_SCRATCH) {
		dispatch->scratch_waves = VKFD_TMPRING_WAVES(tmpring);
		dispatch->scratch_bytes = VKFD_TMPRING_BYTES(tmpring);
	}
}

static u32 full_items(const struct dispatch *dispatch)
{
	return dispatch->size[0] * dispatch->size[1] * dispatch->size[2];
}

static u32 waves_of(u32 items)
{
	return (items + WAVE_LANES - 1) / WAVE_LANES;
}

static bool too_many_groups(const struct dispatch *dispatch)
{
	u64 area = (u64)dispatch->groups[0] * dispatch->groups[1];

	return area && dispatch->groups[2] > ~0ULL / area;
}

u32 dispatch_check(const struct dispatch *dispatch)
{
	u32 waves, regs = VKFD_RSRC1_VGPRS(dispatch->rsrc1);

	for (unsigned int i = 0; i < DISPATCH_DIMS; i++) {
		if (!dispatch->size[i] || dispatch->size[i] > DISPATCH_MAX_ITEMS ||
		    dispatch->last[i] > dispatch->size[i])
			return VKFD_EC_DISPATCH_GROUP_SIZE;
	}
	if (full_items(dispatch) > DISPATCH_MAX_ITEMS)
		return VKFD_EC_DISPATCH_GROUP_SIZE;
	if (too_many_groups(dispatch))
		return VKFD_EC_DISPATCH_DIM;
	if (dispatch->lds_bytes > GROUP_MAX_LDS)
		return VKFD_EC_DISPATCH_LDS;
	waves = waves_of(full_items(dispatch));
	/* A group's waves are spread over the SIMDs of one compute unit. */
	if ((waves + SIMDS - 1) / SIMDS * regs > SIMD_REGS)
		return VKFD_EC_DISPATCH_REGISTERS;
	if (dispatch->rsrc2 & VKFD_RSRC2_SCRATCH && dispatch->scratch_waves < waves)
		return VKFD_EC_DISPATCH_REGISTERS;
	return 0;
}

u64 dispatch_nr_groups(const struct dispatch *dispatch)
{
	return (u64)dispatch->groups[0] * dispatch->groups[1] * dispatch->groups[2];
}

/* Position of a group in the grid, and its own size. */
struct shape {
	u32 id[DISPATCH_DIMS];
	u32 size[DISPATCH_DIMS];
	u32 items;
};

static struct shape shape_of(const struct dispatch *dispatch, u64 index)
{
	struct shape shape = { .items = 1 };

	for (unsigned int i = 0; i < DISPATCH_DIMS; i++) {
		u32 at = (u32)(index % dispatch->groups[i]);

		index /= dispatch->groups[i];
		shape.id[i] = dispatch->start[i] + at;
		shape.size[i] = at == dispatch->groups[i] - 1 ? dispatch->last[i] :
								dispatch->size[i];
		shape.items *= shape.size[i];
	}
	return shape;
}

void dispatch_group_id(const struct dispatch *dispatch, u64 index, u32 *id)
{
	struct shape shape = shape_of(dispatch, index);

	memcpy(id, shape.id, sizeof(shape.id));
}

void dispatch_group_config(const struct dispatch *dispatch, u64 index,
			   struct group_config *config)
{
	struct shape shape = shape_of(dispatch, index);
	u32 all = VKFD_RSRC1_VGPRS(dispatch->rsrc1);
	u32 arch = VKFD_RSRC3_ARCH_VGPRS(dispatch->rsrc3);

	if (arch > all)
		arch = all;
	config->nr_waves = waves_of(shape.items);
	config->nr_vgprs = (u16)(arch < WAVE_VGPRS ? arch : WAVE_VGPRS);
	config->nr_agprs = (u16)(all - arch < WAVE_VGPRS ? all - arch : WAVE_VGPRS);
	config->lds_bytes = (dispatch->lds_bytes + LDS_GRANULE - 1) / LDS_GRANULE * LDS_GRANULE;
}

static u32 mode_of(u32 rsrc1)
{
	u32 mode = VKFD_RSRC1_FLOAT_MODE(rsrc1);

	if (rsrc1 & VKFD_RSRC1_DX10_CLAMP)
		mode |= WAVE_MODE_DX10_CLAMP;
	if (rsrc1 & VKFD_RSRC1_IEEE)
		mode |= WAVE_MODE_IEEE;
	if (rsrc1 & VKFD_RSRC1_FP16_OVFL)
		mode |= WAVE_MODE_FP16_OVFL;
	return mode;
}

/* User SGPRs, then those of the group and of the wave, densely. */
static void fill_sgprs(const struct dispatch *dispatch, const struct dispatch_place *place,
		       const struct shape *shape, struct wave *wave)
{
	static const u32 id_enable[] = { VKFD_RSRC2_GROUP_X, VKFD_RSRC2_GROUP_Y,
					 VKFD_RSRC2_GROUP_Z };
	u32 at = VKFD_RSRC2_USER_SGPRS(dispatch->rsrc2), waves = waves_of(shape->items);
	u32 n = (u32)(wave - wave->group->wave);

	memcpy(wave->s, dispatch->user,
	       (at < VKFD_COMPUTE_USER_SGPRS ? at : VKFD_COMPUTE_USER_SGPRS) * sizeof(u32));
	for (unsigned int i = 0; i < DISPATCH_DIMS; i++) {
		if (dispatch->rsrc2 & id_enable[i])
			wave->s[at++] = shape->id[i];
	}
	if (dispatch->rsrc2 & VKFD_RSRC2_GROUP_INFO)
		wave->s[at++] = waves | (n ? 0 : 1u << 31);
	if (dispatch->rsrc2 & VKFD_RSRC2_SCRATCH)
		wave->s[at] = place->slot[n] * dispatch->scratch_bytes;
}

/* Work-item ids in v0, and the lanes that have one. */
static void fill_items(const struct dispatch *dispatch, const struct shape *shape,
		       struct wave *wave)
{
	u32 first = (u32)(wave - wave->group->wave) * WAVE_LANES;
	u32 x = first % shape->size[0], row = first / shape->size[0];
	u32 y = row % shape->size[1], z = row / shape->size[1];
	u32 ids = VKFD_RSRC2_ITEM_IDS(dispatch->rsrc2), lanes = shape->items - first;
	/* Which of the ids v0 shows. */
	u32 shown = ids >= 2 ? ~0u : ids == 1 ? 0xfffff : 0x3ff;

	if (lanes > WAVE_LANES)
		lanes = WAVE_LANES;
	for (u32 lane = 0; lane < lanes; lane++) {
		wave->v[0].u[lane] = (x | y << 10 | z << 20) & shown;
		if (++x == shape->size[0]) {
			x = 0;
			if (++y == shape->size[1]) {
				y = 0;
				z++;
			}
		}
	}
	wave_set_sreg64(wave, ISA_SRC_EXEC, ~0ULL >> (WAVE_LANES - lanes));
}

static u32 hw_id(const struct dispatch_place *place, u32 n)
{
	return (n / SIMDS & 0xf) | (n % SIMDS) << 4 | (place->cu & 0xf) << 8 |
	       (place->se & 7) << 13 | ((u32)place->index & 0xf) << 16 | (place->ctx & 0xf) << 20 |
	       (place->queue & 7) << 24;
}

void dispatch_fill(const struct dispatch *dispatch, const struct dispatch_place *place,
		   struct wave_group *group)
{
	struct shape shape = shape_of(dispatch, place->index);

	for (u32 n = 0; n < group->config.nr_waves; n++) {
		struct wave *wave = &group->wave[n];

		wave->pc = dispatch->entry;
		wave->mode = mode_of(dispatch->rsrc1);
		if (dispatch->rsrc2 & VKFD_RSRC2_TRAP)
			wave->status |= WAVE_STATUS_TRAP_EN;
		wave->hw_id = hw_id(place, n);
		fill_sgprs(dispatch, place, &shape, wave);
		fill_items(dispatch, &shape, wave);
	}
}
