// SPDX-License-Identifier: MIT
/*
 * DOC: registers
 *
 * Everything about a register's place and kind comes from VKFD_REGS; this file
 * adds what happens when it is read or written. Accesses come from the guest
 * (server thread) and, to very few registers, from engines. reg_lock guards
 * values only; actions run without it.
 */
#include <stdio.h>
#include <string.h>
#include "gpu_priv.h"
#include "vkfd_hw/regs.h"

enum reg_kind { RO, RW, WO, RC };

struct reg_info {
	const char *name;
	u32 offset;
	enum reg_kind kind;
	u32 reset;
};

static const struct reg_info regs[] = {
#define REG_INFO(name, offset, access, reset) { #name, offset, access, reset },
	VKFD_REGS(REG_INFO)
#undef REG_INFO
};

/* Index of a register in VKFD_REGS order. */
enum reg_index {
#define REG_INDEX(name, offset, access, reset) IDX_##name,
	VKFD_REGS(REG_INDEX)
#undef REG_INDEX
		NR_REGS
};

static_assert(NR_REGS <= GPU_REGS_MAX, "room for all registers");

#define NO_REG (-1)

static int reg_find(u64 offset)
{
	for (int i = 0; i < NR_REGS; i++) {
		if (regs[i].offset == offset)
			return i;
	}
	return NO_REG;
}

/* Is register @index the low half of a pair? */
static bool reg_is_pair(int index)
{
	size_t len = strlen(regs[index].name);

	return len > 3 && !strcmp(regs[index].name + len - 3, "_LO") && index + 1 < NR_REGS &&
	       regs[index + 1].offset == regs[index].offset + 4;
}

u32 gpu_shader_engines(u32 cus)
{
	u32 ses = 8;

	while (ses > 1 && cus % ses)
		ses /= 2;
	return ses;
}

static u32 features(const struct gpu_config *config)
{
	u32 bits = (u32)(VKFD_FEATURE_XNACK | VKFD_FEATURE_COMPUTE | VKFD_FEATURE_ACCESS_COUNTERS);

	if (config->xgmi)
		bits |= (u32)VKFD_FEATURE_XGMI;
	return bits | config->mode;
}

void gpu_regs_reset(struct gpu *gpu)
{
	u64 unique = 0x564b464400000000ULL | (gpu->config.node + 1);
	u32 *reg = gpu->reg;

	pthread_mutex_lock(&gpu->reg_lock);
	for (int i = 0; i < NR_REGS; i++)
		reg[i] = regs[i].reset;
	reg[IDX_HW_FEATURES] = features(&gpu->config);
	reg[IDX_NUM_CUS] = gpu->config.cus;
	reg[IDX_NUM_SES] = gpu_shader_engines(gpu->config.cus);
	reg[IDX_NODE_ID] = gpu->config.node;
	reg[IDX_NUM_NODES] = gpu->config.nodes;
	reg[IDX_LINK_MASK] = gpu->map.link_mask;
	reg[IDX_VRAM_BYTES_LO] = (u32)gpu->config.vram_bytes;
	reg[IDX_VRAM_BYTES_HI] = (u32)(gpu->config.vram_bytes >> 32);
	reg[IDX_UNIQUE_ID_LO] = (u32)unique;
	reg[IDX_UNIQUE_ID_HI] = (u32)(unique >> 32);
	reg[IDX_STATUS] = (u32)VKFD_STATUS_READY;
	pthread_mutex_unlock(&gpu->reg_lock);
}

void gpu_error(struct gpu *gpu, enum vkfd_hw_error error, u32 info, bool fatal)
{
	const struct ih_event event = {
		.client = VKFD_IH_CLIENT_UTCL2,
		.source = VKFD_IH_SRC_DEVICE_ERROR,
		.data = { (u32)error, info },
	};
	char line[96];

	pthread_mutex_lock(&gpu->reg_lock);
	/* The first fatal error is the one worth knowing. */
	if (!(gpu->reg[IDX_STATUS] & VKFD_STATUS_FATAL)) {
		gpu->reg[IDX_ERROR_CODE] = error;
		gpu->reg[IDX_ERROR_INFO] = info;
	}
	if (fatal)
		gpu->reg[IDX_STATUS] |= (u32)VKFD_STATUS_FATAL;
	pthread_mutex_unlock(&gpu->reg_lock);
	snprintf(line, sizeof(line), "error %d, info %u%s", (int)error, info,
		 fatal ? ", stopped until reset" : "");
	gpu_log(gpu, line);
	/* Without a ring, or when its line is full, the register alone tells. */
	ih_post(gpu->ih, &event);
}

/* An access that means nothing: counted always, logged once per offset. */
static void reg_unknown(struct gpu *gpu, const char *what, u64 offset, unsigned int bytes)
{
	u64 word = offset / 4 % (VKFD_REGS_BAR_BYTES / 4);
	u8 bit = (u8)(1u << word % 8);
	bool logged;
	char line[96];

	pthread_mutex_lock(&gpu->reg_lock);
	gpu->reg_unknown++;
	logged = gpu->reg_logged[word / 8] & bit;
	gpu->reg_logged[word / 8] |= bit;
	pthread_mutex_unlock(&gpu->reg_lock);
	if (logged)
		return;
	snprintf(line, sizeof(line), "unknown register %s: offset 0x%llx, %u bytes", what,
		 (unsigned long long)offset, bytes);
	gpu_log(gpu, line);
}

/* A pair or single register's value, before the access kind is looked at. */
static u64 reg_value(struct gpu *gpu, int index, unsigned int bytes)
{
	u64 value;

	if (index == IDX_CLOCK_LO)
		return gpu_clock_now(&gpu->clock);
	if (index == IDX_CLOCK_HI)
		return gpu_clock_now(&gpu->clock) >> 32;
	if (index == IDX_IH_WPTR_LO)
		return ih_wptr(gpu->ih);
	if (index == IDX_IH_WPTR_HI)
		return ih_wptr(gpu->ih) >> 32;
	pthread_mutex_lock(&gpu->reg_lock);
	value = index == IDX_REG_UNKNOWN ? gpu->reg_unknown : gpu->reg[index];
	if (bytes == 8)
		value |= (u64)gpu->reg[index + 1] << 32;
	if (regs[index].kind == RC)
		gpu->reg[index] = 0;
	pthread_mutex_unlock(&gpu->reg_lock);
	return value;
}

static bool access_legal(u64 offset, unsigned int bytes)
{
	return (bytes == 4 || bytes == 8) && !(offset & (bytes - 1)) &&
	       span_fits(offset, bytes, VKFD_REGS_BAR_BYTES);
}

u64 gpu_reg_read(struct gpu *gpu, u64 offset, unsigned int bytes)
{
	int index;
	u64 value;

	counter_add(&gpu->counters, VKFD_STAT_REG_READS, 1);
	if (access_legal(offset, bytes) && offset >= VKFD_REGS_STATS_OFFSET &&
	    offset < VKFD_REGS_STATS_OFFSET + VKFD_REGS_STATS_BYTES)
		return counters_window_read(&gpu->counters, offset - VKFD_REGS_STATS_OFFSET, bytes);
	index = access_legal(offset, bytes) ? reg_find(offset) : NO_REG;
	if (index == NO_REG || regs[index].kind == WO || (bytes == 8 && !reg_is_pair(index))) {
		reg_unknown(gpu, "read", offset, bytes);
		return 0;
	}
	value = reg_value(gpu, index, bytes);
	return bytes == 8 ? value : value & 0xffffffff;
}

static u64 reg_pair(struct gpu *gpu, enum reg_index lo)
{
	return gpu->reg[lo] | (u64)gpu->reg[lo + 1] << 32;
}

/* 0 for a size that no ring has, which the engines refuse. */
static u64 ring_bytes(u32 log2)
{
	return log2 < 32 ? BIT_ULL(log2) : 0;
}

static void ih_control(struct gpu *gpu, bool enable)
{
	struct ih_ring ring;

	if (!enable) {
		ih_disable(gpu->ih);
		return;
	}
	pthread_mutex_lock(&gpu->reg_lock);
	ring.base = reg_pair(gpu, IDX_IH_RING_BASE_LO);
	ring.bytes = ring_bytes(gpu->reg[IDX_IH_RING_LOG2]);
	ring.wptr_addr = reg_pair(gpu, IDX_IH_WPTR_ADDR_LO);
	ring.rptr_addr = reg_pair(gpu, IDX_IH_RPTR_ADDR_LO);
	pthread_mutex_unlock(&gpu->reg_lock);
	if (!ih_enable(gpu->ih, &ring))
		gpu_error(gpu, VKFD_ERR_IH_MEMORY, 0, true);
}

static void kiq_control(struct gpu *gpu, bool enable)
{
	struct kiq_ring ring;

	if (!enable) {
		kiq_disable(gpu->kiq);
		return;
	}
	pthread_mutex_lock(&gpu->reg_lock);
	ring.base = reg_pair(gpu, IDX_KIQ_BASE_LO);
	ring.bytes = ring_bytes(gpu->reg[IDX_KIQ_LOG2]);
	ring.ack_addr = reg_pair(gpu, IDX_KIQ_ACK_ADDR_LO);
	pthread_mutex_unlock(&gpu->reg_lock);
	kiq_enable(gpu->kiq, &ring);
}

static void gart_describe(struct gpu *gpu)
{
	u64 table, pages;

	pthread_mutex_lock(&gpu->reg_lock);
	table = reg_pair(gpu, IDX_GART_TABLE_LO) & ~4095ULL;
	pages = gpu->reg[IDX_GART_PAGES];
	pthread_mutex_unlock(&gpu->reg_lock);
	mmu_set_gart(gpu->mmu, table, pages);
}

static void gart_flush(struct gpu *gpu)
{
	struct vkfd_kiq_range all = { .ctx = 0, .start = 0, .end = ~0xfffULL };

	mmu_flush(gpu->mmu, &all);
}

/* What storing to a register sets going. @old: its value before. */
static void reg_action(struct gpu *gpu, int index, u32 old, u32 value)
{
	bool enable = value & VKFD_RING_ENABLE;
	bool changed = enable != (old & VKFD_RING_ENABLE);

	switch (index) {
	case IDX_RESET:
		if (value == VKFD_RESET_ENGINES || value == VKFD_RESET_ALL)
			gpu_reset(gpu);
		if (value == VKFD_RESET_ALL)
			vram_clear(gpu->vram);
		break;
	case IDX_IH_CNTL:
		if (changed)
			ih_control(gpu, enable);
		break;
	case IDX_KIQ_CNTL:
		if (changed)
			kiq_control(gpu, enable);
		break;
	case IDX_GART_TABLE_LO:
	case IDX_GART_TABLE_HI:
	case IDX_GART_PAGES:
		gart_describe(gpu);
		break;
	case IDX_GART_FLUSH:
		gart_flush(gpu);
		break;
	case IDX_ACCESS_LIMIT:
		gpu_access_limit(gpu, value);
		break;
	default:
		break;
	}
}

void gpu_reg_write(struct gpu *gpu, u64 offset, u64 value, unsigned int bytes)
{
	int index = access_legal(offset, bytes) ? reg_find(offset) : NO_REG;
	u32 old;

	counter_add(&gpu->counters, VKFD_STAT_REG_WRITES, 1);
	if (index == NO_REG || (regs[index].kind != RW && regs[index].kind != WO) ||
	    (bytes == 8 && !reg_is_pair(index))) {
		reg_unknown(gpu, "write", offset, bytes);
		return;
	}
	pthread_mutex_lock(&gpu->reg_lock);
	old = gpu->reg[index];
	if (regs[index].kind == RW)
		gpu->reg[index] = (u32)value;
	if (bytes == 8)
		gpu->reg[index + 1] = (u32)(value >> 32);
	pthread_mutex_unlock(&gpu->reg_lock);
	reg_action(gpu, index, old, (u32)value);
}

void gpu_srbm_write(void *opaque, u32 offset, u32 value)
{
	struct gpu *gpu = opaque;

	if (offset == VKFD_REG_GART_FLUSH)
		gart_flush(gpu);
	else if (offset == VKFD_REG_HDP_MEM_FLUSH || offset == VKFD_REG_HDP_REG_FLUSH)
		gpu_reg_write(gpu, offset, value, 4);
	else
		reg_unknown(gpu, "SRBM write", offset, 4);
}

static bool in_hdp_page(u64 offset)
{
	return offset - VKFD_REGS_REMAP_OFFSET < 4096;
}

u64 gpu_engine_reg_read(void *opaque, u64 offset, unsigned int bytes)
{
	if (in_hdp_page(offset))
		return gpu_reg_read(opaque, offset, bytes);
	reg_unknown(opaque, "engine load", offset, bytes);
	return 0;
}

void gpu_engine_reg_write(void *opaque, u64 offset, u64 value, unsigned int bytes)
{
	if (in_hdp_page(offset))
		gpu_reg_write(opaque, offset, value, bytes);
	else
		reg_unknown(opaque, "engine store", offset, bytes);
}
