// SPDX-License-Identifier: MIT
/*
 * DOC: accesses of waves
 *
 * One wave instruction is one in-flight section (see mmu.c): first all pages
 * of all lanes are translated, then bytes move. So a fault on the last lane leaves
 * nothing of the first, and an instruction may be replayed whole. Lanes that
 * follow each other in memory come in as one piece; neighbours in one page share
 * its translation; what goes to guest RAM pays for the door once. After a fault
 * the other pages are looked up too, so that all that are missing can be told.
 */
#include "mem/atomic.h"
#include "mem/guest_words.h"
#include "mem/words.h"
#include "mmu/lanes.h"
#include "mmu/mmu_priv.h"

#define PAGE_MASK	(~4095ull)
#define RECENT		4u
#define MAX_SPANS	(2 * MMU_PIECES)

/* A translation and, where it leads to VRAM, the host memory of its whole run. */
struct known {
	struct mmu_xlat xlat;
	u8 *vram;
};

/* Translations of this section. A page that lanes share is looked up once. */
struct recent {
	struct walk_cache cache;
	struct known known[RECENT];
	u32 rights;
	u32 nr;		/* ever; the last RECENT of them are here */
};

/* Parts of pieces, each contiguous where it leads; io[n].bus is place[n].addr. */
struct spans {
	u32 nr;
	struct guest_piece io[MAX_SPANS];
	struct place place[MAX_SPANS];
	u8 *vram[MAX_SPANS];	/* host memory, or NULL */
	u64 va[MAX_SPANS];
};

static void recent_init(struct recent *recent, u32 rights)
{
	recent->rights = rights;
	recent->nr = 0;
	recent->cache.valid = false;
}

static const struct known *recent_add(struct mmu_section *section, struct recent *recent, u64 va)
{
	struct known *known = &recent->known[recent->nr % RECENT];
	struct mmu_xlat *xlat = &known->xlat;

	*xlat = (struct mmu_xlat){ .va = va, .rights = recent->rights, .cache = &recent->cache };
	if (!mmu_translate(section, xlat)) {
		/* The section ends, and what is here with it. */
		recent->nr = 0;
		return NULL;
	}
	known->vram = place_vram(mmu_map(section->access->mmu), xlat->place, xlat->run);
	recent->nr++;
	return known;
}

/* The translation that holds @va, or NULL: access->fault is filled. */
static const struct known *recent_find(struct mmu_section *section, struct recent *recent, u64 va)
{
	u32 have = recent->nr < RECENT ? recent->nr : RECENT;

	/* The newest first. */
	for (u32 i = 1; i <= have; i++) {
		const struct known *known = &recent->known[(recent->nr - i) % RECENT];

		if (va - known->xlat.va < known->xlat.run)
			return known;
	}
	return recent_add(section, recent, va);
}

static bool refuse(struct mmu_section *section, u64 va, u32 rights, enum mem_status status)
{
	section->access->fault = (struct mmu_fault){
		va, rights, status == MEM_READ_ONLY ? MMU_PERMISSION : MMU_NO_ANSWER, false
	};
	return false;
}

static void tally(struct mmu_section *section, const struct place *place, u32 rights, u64 va, u64 len)
{
	bool own = place->node == mmu_map(section->access->mmu)->self;
	enum mmu_side side = own ? SIDE_VRAM : SIDE_PEER;

	if (place->kind == PLACE_SYSTEM) {
		side = SIDE_SYSTEM;
		mmu_section_heat(section, va, len);
	} else if (place->kind != PLACE_VRAM) {
		return;
	}
	if (rights & VKFD_FAULT_READ)
		section->tally.read[side] += len;
	if (rights & VKFD_FAULT_WRITE)
		section->tally.written[side] += len;
}

/* Cuts one piece into spans. */
static bool spans_add(struct mmu_section *section, struct spans *spans, struct recent *recent,
		      const struct mmu_piece *piece)
{
	u32 done = 0;

	while (done < piece->len) {
		u64 va = piece->va + done, inside;
		const struct known *known = recent_find(section, recent, va);
		u32 part = piece->len - done, n = spans->nr;
		const struct mmu_xlat *xlat;

		if (!known)
			return false;
		xlat = &known->xlat;
		if (n == MAX_SPANS)
			return refuse(section, va, xlat->rights, MEM_UNMAPPED);
		inside = va - xlat->va;
		if (part > xlat->run - inside)
			part = (u32)(xlat->run - inside);
		spans->va[n] = va;
		spans->place[n] = xlat->place;
		spans->place[n].addr += inside;
		spans->vram[n] = known->vram ? known->vram + inside : NULL;
		spans->io[n] = (struct guest_piece){ spans->place[n].addr, piece->data + done, part };
		spans->nr++;
		tally(section, &xlat->place, xlat->rights, va, part);
		done += part;
	}
	return true;
}

/* One span anywhere but in guest RAM. */
static enum mem_status span_run(const struct place_map *map, const struct spans *spans, u32 n, bool store)
{
	const struct guest_piece *io = &spans->io[n];
	u8 *host = spans->vram[n];

	if (host && store)
		mem_lane_store(host, io->host, io->len);
	else if (host)
		mem_lane_load(io->host, host, io->len);
	else if (store)
		return place_write(map, spans->place[n], io->host, io->len);
	else
		return place_read(map, spans->place[n], io->host, io->len);
	return MEM_OK;
}

/* Does all spans in order; consecutive ones in guest RAM together. */
static bool spans_run(struct mmu_section *section, const struct spans *spans, u32 rights)
{
	const struct place_map *map = mmu_map(section->access->mmu);
	bool store = rights & VKFD_FAULT_WRITE;
	enum mem_status status;
	u32 n = 0;

	while (n < spans->nr) {
		struct guest_batch batch = { &spans->io[n], 0, false };
		size_t bad = 0;

		while (n + batch.nr < spans->nr && spans->place[n + batch.nr].kind == PLACE_SYSTEM)
			batch.nr++;
		if (!batch.nr)
			status = span_run(map, spans, n, store);
		else if (store)
			status = guest_mem_store_words(map->guest, &batch, &bad);
		else
			status = guest_mem_load_words(map->guest, &batch, &bad);
		if (status != MEM_OK)
			return refuse(section, spans->va[n + bad], rights, status);
		n += batch.nr ? (u32)batch.nr : 1;
	}
	return true;
}

static bool many_run(struct mmu_section *section, struct recent *recent, const struct mmu_piece *piece,
		     u32 nr)
{
	struct spans spans;

	spans.nr = 0;
	for (u32 i = 0; i < nr; i++) {
		if (!spans_add(section, &spans, recent, &piece[i]))
			return false;
	}
	return spans_run(section, &spans, recent->rights);
}

/* One piece at the start of one translation, which holds it whole. */
static bool one_run(struct mmu_section *section, const struct known *known, const struct mmu_piece *piece)
{
	const struct place_map *map = mmu_map(section->access->mmu);
	const struct mmu_xlat *xlat = &known->xlat;
	struct guest_piece io = { xlat->place.addr, piece->data, piece->len };
	const struct guest_batch batch = { &io, 1, false };
	bool store = xlat->rights & VKFD_FAULT_WRITE;
	enum mem_status status = MEM_OK;
	size_t bad;

	if (known->vram && store)
		mem_lane_store(known->vram, piece->data, piece->len);
	else if (known->vram)
		mem_lane_load(piece->data, known->vram, piece->len);
	else if (xlat->place.kind == PLACE_SYSTEM && store)
		status = guest_mem_store_words(map->guest, &batch, &bad);
	else if (xlat->place.kind == PLACE_SYSTEM)
		status = guest_mem_load_words(map->guest, &batch, &bad);
	else if (store)
		status = place_write(map, xlat->place, piece->data, piece->len);
	else
		status = place_read(map, xlat->place, piece->data, piece->len);
	tally(section, &xlat->place, xlat->rights, piece->va, piece->len);
	return status == MEM_OK || refuse(section, piece->va, xlat->rights, status);
}

/* What look_ahead() knows: pages that follow each other are often the same. */
struct ahead {
	struct mmu_section *section;
	struct mmu_xlat xlat;
	u64 first;		/* page of the fault that was met */
	struct mmu_fault met;
	struct mmu_tally tally;	/* before: looking is no access */
};

static bool noted(const struct mmu_more *more, u64 page)
{
	for (u32 i = 0; i < more->nr; i++) {
		if (more->page[i] == page)
			return true;
	}
	return false;
}

static void ahead_page(struct ahead *ahead, u64 page)
{
	struct mmu_access *access = ahead->section->access;
	struct mmu_more *more = access->more;

	if (page == ahead->xlat.va || page == ahead->first || more->nr == MMU_MORE)
		return;
	ahead->xlat.va = page;
	if (!mmu_translate(ahead->section, &ahead->xlat) && access->fault.retry && !noted(more, page))
		more->page[more->nr++] = page;
}

static bool wants_more(const struct mmu_access *access)
{
	return access->more && access->fault.retry;
}

static struct ahead ahead_of(struct mmu_section *section, u32 rights)
{
	u64 first = section->access->fault.va & PAGE_MASK;

	section->access->more->nr = 0;
	return (struct ahead){ section, { .va = first, .rights = rights }, first,
			       section->access->fault, section->tally };
}

static void ahead_end(const struct ahead *ahead)
{
	ahead->section->access->fault = ahead->met;
	ahead->section->tally = ahead->tally;
}

/* Notes the other pages of an instruction that a replay would miss one after the other. */
static void look_ahead(struct mmu_section *section, const struct mmu_piece *piece, u32 nr, u32 rights)
{
	struct ahead ahead = ahead_of(section, rights);

	for (u32 i = 0; i < nr; i++) {
		ahead_page(&ahead, piece[i].va & PAGE_MASK);
		ahead_page(&ahead, (piece[i].va + piece[i].len - 1) & PAGE_MASK);
	}
	ahead_end(&ahead);
}

static bool pieces_run(struct mmu_access *access, const struct mmu_piece *piece, u32 nr, u32 rights)
{
	struct mmu_section section;
	const struct known *known;
	struct recent recent;
	bool ok;

	if (!nr)
		return true;
	if (!mmu_section_enter(&section, access, piece[0].va, rights))
		return false;
	recent_init(&recent, rights);
	known = recent_find(&section, &recent, piece[0].va);
	if (!known)
		ok = false;
	else if (nr == 1 && piece[0].len <= known->xlat.run)
		ok = one_run(&section, known, piece);
	else
		ok = many_run(&section, &recent, piece, nr);
	if (!ok && wants_more(access))
		look_ahead(&section, piece, nr, rights);
	mmu_section_leave(&section);
	return ok;
}

bool mmu_pieces_load(struct mmu_access *access, const struct mmu_pieces *pieces)
{
	return pieces_run(access, pieces->piece, pieces->nr, (u32)VKFD_FAULT_READ);
}

bool mmu_pieces_store(struct mmu_access *access, const struct mmu_pieces *pieces)
{
	return pieces_run(access, pieces->piece, pieces->nr, (u32)VKFD_FAULT_WRITE);
}

bool mmu_fetch(struct mmu_access *access, u64 va, void *dst, u32 len)
{
	struct mmu_piece piece = { va, dst, len };

	return pieces_run(access, &piece, 1, (u32)(VKFD_FAULT_READ | VKFD_FAULT_EXECUTE));
}

#define ATOMIC_RIGHTS ((u32)(VKFD_FAULT_READ | VKFD_FAULT_WRITE))

static bool atomics_translate(struct mmu_section *section, const struct mmu_lane_atomics *lanes,
			      struct place *place)
{
	struct recent recent;

	recent_init(&recent, ATOMIC_RIGHTS);
	for (u64 left = lanes->active; left; left &= left - 1) {
		int lane = __builtin_ctzll(left);
		u64 va = lanes->va[lane];
		const struct known *known = recent_find(section, &recent, va);
		const struct mmu_xlat *xlat;

		if (!known)
			return false;
		xlat = &known->xlat;
		if (va & (lanes->bytes - 1) || xlat->place.kind == PLACE_DOORBELL ||
		    xlat->place.kind == PLACE_REGS)
			return refuse(section, va, ATOMIC_RIGHTS, MEM_UNMAPPED);
		place[lane] = xlat->place;
		place[lane].addr += va - xlat->va;
	}
	return true;
}

static bool atomics_run(struct mmu_section *section, struct mmu_lane_atomics *lanes,
			const struct place *place)
{
	for (u64 left = lanes->active; left; left &= left - 1) {
		int lane = __builtin_ctzll(left);
		enum mem_status status = place_atomic(mmu_map(section->access->mmu), place[lane],
						      &lanes->atomic[lane], lanes->bytes);

		if (status != MEM_OK)
			return refuse(section, lanes->va[lane], ATOMIC_RIGHTS, status);
		tally(section, &place[lane], ATOMIC_RIGHTS, lanes->va[lane], lanes->bytes);
	}
	return true;
}

static void atomics_look_ahead(struct mmu_section *section, const struct mmu_lane_atomics *lanes)
{
	struct ahead ahead = ahead_of(section, ATOMIC_RIGHTS);

	for (u64 left = lanes->active; left; left &= left - 1)
		ahead_page(&ahead, lanes->va[__builtin_ctzll(left)] & PAGE_MASK);
	ahead_end(&ahead);
}

bool mmu_lanes_atomic(struct mmu_access *access, struct mmu_lane_atomics *lanes)
{
	struct place place[MMU_LANES];
	struct mmu_section section;
	bool ok;

	if (!lanes->active)
		return true;
	if (!mmu_section_enter(&section, access, lanes->va[__builtin_ctzll(lanes->active)],
			       ATOMIC_RIGHTS))
		return false;
	ok = atomics_translate(&section, lanes, place) && atomics_run(&section, lanes, place);
	if (!ok && wants_more(access))
		atomics_look_ahead(&section, lanes);
	mmu_section_leave(&section);
	return ok;
}
