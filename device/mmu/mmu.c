// SPDX-License-Identifier: MIT
/*
 * DOC: contexts and translation
 *
 * Owns the contexts, each with its TLB, and context 0, whose addresses are
 * those of vkfd_hw/addr.h.
 *
 * In-flight rule: an engine holds a context's lock for reading from the first
 * translation to the last byte of one piece (at most MMU_PIECE_BYTES), never
 * while it waits for the guest. A flush takes it for writing, so when it
 * returns no access uses an older translation. Writers go first. The guest's
 * CPU writes page tables at any time and no lock knows of it: entries are read
 * one by one, each as one atomic load.
 *
 * Lock order: a context's lock, then its TLB's, then what MMIO stores of an
 * engine take (sdma, kiq). Two contexts are never held together.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "mmu/mmu_priv.h"
#include "mmu/tlb.h"
#include "mmu/walk.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/pte.h"

#define PAGE_SHIFT	12
#define PAGE_BYTES	4096u
#define GART_MAX_PAGES	(BIT_ULL(30))

struct mmu_ctx {
	pthread_rwlock_t lock;
	/* Guarded by @lock. */
	bool defined;
	bool retry;
	_Atomic u32 pasid;	/* read without the lock */
	_Atomic u64 code_epoch;	/* see mmu_code_epoch(); raised with @lock held for writing */
	u64 root;	/* context 0: the GART table */
	u64 pages;	/* context 0: entries of the GART table */
	struct tlb tlb;
};

struct mmu {
	const struct place_map *map;
	/* Counts, or NULL. A section goes by what it found here when it began. */
	_Atomic(struct heat *) heat;
	/* Made at the first use of a context, kept until the mmu goes. */
	_Atomic(struct mmu_ctx *) ctx[VKFD_MAX_CONTEXTS];
};

const struct place_map *mmu_map(const struct mmu *mmu)
{
	return mmu->map;
}

static struct mmu_ctx *ctx_create(void)
{
	struct mmu_ctx *ctx = calloc(1, sizeof(*ctx));
	pthread_rwlockattr_t attr;

	if (!ctx)
		return NULL;
	if (tlb_init(&ctx->tlb)) {
		free(ctx);
		return NULL;
	}
	pthread_rwlockattr_init(&attr);
	/* A flush must not starve behind a stream of copies. */
	pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&ctx->lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	return ctx;
}

static struct mmu_ctx *ctx_get(struct mmu *mmu, u32 n)
{
	return n < VKFD_MAX_CONTEXTS ? atomic_load(&mmu->ctx[n]) : NULL;
}

struct mmu *mmu_create(const struct place_map *map)
{
	struct mmu *mmu = calloc(1, sizeof(*mmu));
	struct mmu_ctx *kernel;

	if (!mmu)
		return NULL;
	kernel = ctx_create();
	if (!kernel) {
		free(mmu);
		return NULL;
	}
	kernel->defined = true;
	mmu->map = map;
	atomic_init(&mmu->ctx[0], kernel);
	return mmu;
}

void mmu_destroy(struct mmu *mmu)
{
	for (u32 n = 0; n < VKFD_MAX_CONTEXTS; n++) {
		struct mmu_ctx *ctx = atomic_load(&mmu->ctx[n]);

		if (!ctx)
			continue;
		tlb_fini(&ctx->tlb);
		pthread_rwlock_destroy(&ctx->lock);
		free(ctx);
	}
	free(mmu);
}

void mmu_set_heat(struct mmu *mmu, struct heat *heat)
{
	atomic_store_explicit(&mmu->heat, heat, memory_order_release);
}

static struct heat *heat_of(struct mmu *mmu)
{
	return atomic_load_explicit(&mmu->heat, memory_order_acquire);
}

/* What was counted is not what is there now. */
static void heat_forget(struct mmu *mmu, u32 ctx, u64 start, u64 end)
{
	struct heat *heat = heat_of(mmu);

	if (heat)
		heat_clear(heat, ctx, start, end);
}

/* Lock held for writing: translations, and what was decoded through them, are void. */
static void ctx_drop(struct mmu_ctx *ctx, u64 start, u64 end)
{
	tlb_drop(&ctx->tlb, start, end);
	atomic_fetch_add(&ctx->code_epoch, 1);
}

static bool root_answers(const struct mmu *mmu, u64 root)
{
	struct place_route route = place_route_hive(mmu->map, root);

	return !(root & (VKFD_PT_BYTES - 1)) &&
	       span_fits(root - route.from, VKFD_PT_BYTES, route.bytes);
}

enum vkfd_kiq_status mmu_ctx_set(struct mmu *mmu, const struct vkfd_kiq_ctx *set)
{
	struct mmu_ctx *ctx;

	if (!set->ctx || set->ctx >= VKFD_MAX_CONTEXTS || set->pad ||
	    set->flags & ~(u32)VKFD_CTX_RETRY || set->pasid > 0xffff)
		return VKFD_KIQ_BAD_CTX;
	if (!root_answers(mmu, set->root))
		return VKFD_KIQ_BAD_RANGE;
	ctx = ctx_get(mmu, set->ctx);
	if (!ctx) {
		ctx = ctx_create();
		if (!ctx)
			return VKFD_KIQ_BAD_CTX;
		atomic_store(&mmu->ctx[set->ctx], ctx);
	}
	pthread_rwlock_wrlock(&ctx->lock);
	ctx->defined = true;
	ctx->retry = set->flags & VKFD_CTX_RETRY;
	ctx->pasid = set->pasid;
	ctx->root = set->root;
	ctx_drop(ctx, 0, ~0ULL);
	pthread_rwlock_unlock(&ctx->lock);
	heat_forget(mmu, set->ctx, 0, ~0ULL);
	return VKFD_KIQ_OK;
}

static void ctx_forget(struct mmu_ctx *ctx, bool defined)
{
	pthread_rwlock_wrlock(&ctx->lock);
	ctx->defined = defined;
	ctx->retry = false;
	ctx->pasid = 0;
	ctx->root = 0;
	ctx->pages = 0;
	ctx_drop(ctx, 0, ~0ULL);
	pthread_rwlock_unlock(&ctx->lock);
}

enum vkfd_kiq_status mmu_ctx_clear(struct mmu *mmu, u32 n)
{
	if (!n || !mmu_ctx_defined(mmu, n))
		return VKFD_KIQ_BAD_CTX;
	ctx_forget(ctx_get(mmu, n), false);
	return VKFD_KIQ_OK;
}

void mmu_reset(struct mmu *mmu)
{
	for (u32 n = 0; n < VKFD_MAX_CONTEXTS; n++) {
		struct mmu_ctx *ctx = ctx_get(mmu, n);

		if (ctx)
			ctx_forget(ctx, !n);
	}
}

enum vkfd_kiq_status mmu_flush(struct mmu *mmu, const struct vkfd_kiq_range *range)
{
	u64 low = range->start | range->end;
	struct mmu_ctx *ctx;

	if (!mmu_ctx_defined(mmu, range->ctx))
		return VKFD_KIQ_BAD_CTX;
	if (range->pad || low & (PAGE_BYTES - 1) || range->start >= range->end)
		return VKFD_KIQ_BAD_RANGE;
	ctx = ctx_get(mmu, range->ctx);
	pthread_rwlock_wrlock(&ctx->lock);
	ctx_drop(ctx, range->start, range->end);
	pthread_rwlock_unlock(&ctx->lock);
	heat_forget(mmu, range->ctx, range->start, range->end);
	counter_add(mmu->map->counters, VKFD_STAT_TLB_FLUSHES, 1);
	return VKFD_KIQ_OK;
}

void mmu_set_gart(struct mmu *mmu, u64 table, u64 pages)
{
	struct mmu_ctx *ctx = ctx_get(mmu, 0);

	pthread_rwlock_wrlock(&ctx->lock);
	ctx->root = table;
	ctx->pages = pages < GART_MAX_PAGES ? pages : GART_MAX_PAGES;
	pthread_rwlock_unlock(&ctx->lock);
}

bool mmu_ctx_defined(struct mmu *mmu, u32 n)
{
	struct mmu_ctx *ctx = ctx_get(mmu, n);
	bool defined;

	if (!ctx)
		return false;
	pthread_rwlock_rdlock(&ctx->lock);
	defined = ctx->defined;
	pthread_rwlock_unlock(&ctx->lock);
	return defined;
}

u32 mmu_ctx_pasid(struct mmu *mmu, u32 n)
{
	struct mmu_ctx *ctx = ctx_get(mmu, n);

	/* No lock: reports are made while engines hold theirs, behind this one. */
	return ctx ? atomic_load(&ctx->pasid) : 0;
}

const _Atomic u64 *mmu_code_epoch(struct mmu *mmu, u32 n)
{
	struct mmu_ctx *ctx = ctx_get(mmu, n);

	return ctx ? &ctx->code_epoch : NULL;
}

void mmu_code_changed(struct mmu *mmu, u32 n)
{
	struct mmu_ctx *ctx = ctx_get(mmu, n);

	if (ctx)
		atomic_fetch_add(&ctx->code_epoch, 1);
}

bool mmu_section_enter(struct mmu_section *section, struct mmu_access *access, u64 va, u32 rights)
{
	memset(section, 0, sizeof(*section));
	section->access = access;
	if (access->ctx)
		section->heat = heat_of(access->mmu);
	section->ctx = ctx_get(access->mmu, access->ctx);
	if (!section->ctx) {
		access->fault = (struct mmu_fault){ va, rights, MMU_NOT_PRESENT, false };
		return false;
	}
	pthread_rwlock_rdlock(&section->ctx->lock);
	return true;
}

static void count(struct counters *counters, enum vkfd_stat stat, u64 n)
{
	if (n)
		counter_add(counters, stat, n);
}

void mmu_tally_settle(const struct mmu_access *access, struct mmu_tally *tally)
{
	struct counters *counters = access->mmu->map->counters;

	count(counters, VKFD_STAT_TLB_HITS, tally->hits);
	count(counters, VKFD_STAT_TLB_MISSES, tally->misses);
	count(counters, VKFD_STAT_VRAM_READ_BYTES, tally->read[SIDE_VRAM]);
	count(counters, VKFD_STAT_VRAM_WRITE_BYTES, tally->written[SIDE_VRAM]);
	count(counters, VKFD_STAT_PEER_READ_BYTES, tally->read[SIDE_PEER]);
	count(counters, VKFD_STAT_PEER_WRITE_BYTES, tally->written[SIDE_PEER]);
	count(counters, VKFD_STAT_SYSTEM_READ_BYTES, tally->read[SIDE_SYSTEM]);
	count(counters, VKFD_STAT_SYSTEM_WRITE_BYTES, tally->written[SIDE_SYSTEM]);
	*tally = (struct mmu_tally){ 0 };
}

static void tally_add(struct mmu_tally *sum, const struct mmu_tally *tally)
{
	sum->hits += tally->hits;
	sum->misses += tally->misses;
	for (u32 side = 0; side < NR_SIDES; side++) {
		sum->read[side] += tally->read[side];
		sum->written[side] += tally->written[side];
	}
}

void mmu_section_leave(struct mmu_section *section)
{
	const struct mmu_access *access = section->access;

	pthread_rwlock_unlock(&section->ctx->lock);
	if (access->tally)
		tally_add(access->tally, &section->tally);
	else
		mmu_tally_settle(access, &section->tally);
}

/* The last route, if it holds @addr too: looking for one costs more than a page's copy may. */
static const struct place_route *route_of(struct mmu_section *section, u64 addr, bool system)
{
	const struct place_map *map = section->access->mmu->map;
	struct place_route *route = system ? &section->bus : &section->hive;

	if (addr - route->from >= route->bytes)
		*route = system ? place_route_bus(map, addr) : place_route_hive(map, addr);
	return route;
}

/* Table entries live in VRAM, own or a linked peer's. */
static bool table_load(void *opaque, u64 hive, u64 *entry)
{
	struct mmu_section *section = opaque;
	const struct place_route *route = route_of(section, hive, false);
	const struct place_map *map = section->access->mmu->map;

	return route->bytes && vram_load(map->nodes[route->place.node]->vram,
					 route->place.addr + (hive - route->from), entry,
					 8) == MEM_OK;
}

static bool fail(struct mmu_section *section, const struct mmu_xlat *xlat, enum mmu_cause cause,
		 bool retry)
{
	section->access->fault = (struct mmu_fault){ xlat->va, xlat->rights, cause, retry };
	return false;
}

/* To the place of @addr; xlat->run is cut to what lies side by side there. */
static bool addr_place(struct mmu_section *section, struct mmu_xlat *xlat, u64 addr, bool system)
{
	const struct place_route *route = route_of(section, addr, system);
	u64 inside = addr - route->from;

	if (!route->bytes)
		return fail(section, xlat, MMU_NO_ANSWER, false);
	if (xlat->run > route->bytes - inside)
		xlat->run = route->bytes - inside;
	xlat->place.kind = route->place.kind;
	xlat->place.node = route->place.node;
	xlat->place.addr = route->place.addr + inside;
	return true;
}

/* From a valid entry to the place of the VA in it; the run ends with the entry. */
static bool entry_place(struct mmu_section *section, struct mmu_xlat *xlat, u64 entry, u32 shift)
{
	u64 inside = xlat->va & (BIT_ULL(shift) - 1);

	if ((xlat->rights & VKFD_FAULT_READ && !(entry & VKFD_PTE_READABLE)) ||
	    (xlat->rights & VKFD_FAULT_WRITE && !(entry & VKFD_PTE_WRITEABLE)) ||
	    (xlat->rights & VKFD_FAULT_EXECUTE && !(entry & VKFD_PTE_EXECUTABLE)))
		return fail(section, xlat, MMU_PERMISSION, false);
	xlat->run = BIT_ULL(shift) - inside;
	return addr_place(section, xlat, (entry & VKFD_PTE_ADDR_MASK) + inside,
			  entry & VKFD_PTE_SYSTEM);
}

/* Context 0, GART window: entry n of the table maps page n. */
static bool gart_translate(struct mmu_section *section, struct mmu_xlat *xlat)
{
	u64 page = (xlat->va - VKFD_MC_GART_BASE) >> PAGE_SHIFT;
	struct mmu_ctx *ctx = section->ctx;
	u64 entry;
	u32 shift;

	if (page >= ctx->pages)
		return fail(section, xlat, MMU_NOT_PRESENT, false);
	if (tlb_lookup(&ctx->tlb, xlat->va, &entry, &shift)) {
		section->tally.hits++;
		return entry_place(section, xlat, entry, shift);
	}
	section->tally.misses++;
	if (!table_load(section, ctx->root + 8 * page, &entry))
		return fail(section, xlat, MMU_NO_ANSWER, false);
	if (!(entry & VKFD_PTE_VALID))
		return fail(section, xlat, MMU_NOT_PRESENT, false);
	tlb_insert(&ctx->tlb, xlat->va, entry, PAGE_SHIFT);
	return entry_place(section, xlat, entry, PAGE_SHIFT);
}

static bool kernel_translate(struct mmu_section *section, struct mmu_xlat *xlat)
{
	u64 va = xlat->va;

	if (va >= VKFD_MC_AGP_BASE && va - VKFD_MC_AGP_BASE < BIT_ULL(46)) {
		xlat->run = BIT_ULL(46) - (va - VKFD_MC_AGP_BASE);
		return addr_place(section, xlat, va - VKFD_MC_AGP_BASE, true);
	}
	if (va >= VKFD_MC_GART_BASE && va < VKFD_MC_AGP_BASE)
		return gart_translate(section, xlat);
	xlat->run = VKFD_HIVE_LIMIT;
	return addr_place(section, xlat, va, false);
}

static bool canonical(u64 va)
{
	u64 top = va >> 47;

	return !top || top == 0x1ffff;
}

static bool walk_and_place(struct mmu_section *section, struct mmu_xlat *xlat)
{
	struct walk_source source = { table_load, section };
	struct mmu_ctx *ctx = section->ctx;
	struct walk_result res = walk(&source, ctx->root, xlat->va, xlat->cache);

	switch (res.status) {
	case WALK_LEAF:
		tlb_insert(&ctx->tlb, xlat->va, res.entry, res.shift);
		return entry_place(section, xlat, res.entry, res.shift);
	case WALK_PRT:
		xlat->place = (struct place){ PLACE_ZERO, 0, xlat->va };
		xlat->run = BIT_ULL(res.shift) - (xlat->va & (BIT_ULL(res.shift) - 1));
		return true;
	case WALK_NOT_PRESENT:
		return fail(section, xlat, MMU_NOT_PRESENT, ctx->retry);
	case WALK_NO_RETRY:
		return fail(section, xlat, MMU_NOT_PRESENT, false);
	case WALK_BAD_TABLE:
		break;
	}
	return fail(section, xlat, MMU_NO_ANSWER, false);
}

bool mmu_translate(struct mmu_section *section, struct mmu_xlat *xlat)
{
	struct mmu_ctx *ctx = section->ctx;
	u64 entry;
	u32 shift;

	if (!section->access->ctx)
		return kernel_translate(section, xlat);
	if (!ctx->defined || !canonical(xlat->va))
		return fail(section, xlat, MMU_NOT_PRESENT, false);
	if (tlb_lookup(&ctx->tlb, xlat->va, &entry, &shift)) {
		section->tally.hits++;
		return entry_place(section, xlat, entry, shift);
	}
	section->tally.misses++;
	return walk_and_place(section, xlat);
}

static bool follows(const struct mmu_run *run, const struct place *next)
{
	const struct place *place = &run->place;

	if (place->kind != next->kind || place->node != next->node)
		return false;
	return (place->kind == PLACE_VRAM || place->kind == PLACE_SYSTEM) &&
	       place->addr + run->len == next->addr;
}

u32 mmu_translate_runs(struct mmu_section *section, struct mmu_xlat *xlat, u64 want,
		       struct mmu_run *runs)
{
	u32 nr = 0;

	while (want && nr < MMU_RUNS && mmu_translate(section, xlat)) {
		if (nr && follows(&runs[nr - 1], &xlat->place))
			runs[nr - 1].len += xlat->run;
		else
			runs[nr++] = (struct mmu_run){ xlat->place, xlat->run };
		xlat->va += xlat->run;
		want -= xlat->run < want ? xlat->run : want;
	}
	return nr;
}
