// SPDX-License-Identifier: MIT
/*
 * DOC: accesses of engines
 *
 * Everything an engine does to memory: small reads and writes, atomic loads
 * and stores, copies and fills. Each call is one in-flight section of its
 * context (see mmu.c) and touches at most one piece. Adjacent pages that are
 * contiguous where they lead become one copy; runs between VRAM and guest RAM
 * are collected, so that scattered pages pay for the guest door once a batch.
 */
#include <string.h>
#include "mmu/mmu_priv.h"

#define FILL_BYTES	4096u
#define BATCH_PIECES	128u

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* Where the bytes from @va on lead: the runs from @at on, translated and not used yet. */
struct stream {
	u64 va;
	u32 at, nr;
	struct mmu_xlat ahead;
	struct walk_cache cache;
	struct mmu_run run[MMU_RUNS];
};

static void stream_init(struct stream *stream, u64 va, u32 rights)
{
	stream->va = va;
	stream->at = stream->nr = 0;
	stream->cache = (struct walk_cache){ 0 };
	stream->ahead = (struct mmu_xlat){ .va = va, .rights = rights, .cache = &stream->cache };
}

static const struct place *stream_place(const struct stream *stream)
{
	return &stream->run[stream->at].place;
}

static u32 stream_rights(const struct stream *stream)
{
	return stream->ahead.rights;
}

/*
 * How many of the next @want bytes lie side by side; 0: a fault. Translates far
 * ahead, but a fault that is met there is not due yet.
 */
static u64 stream_run(struct mmu_section *section, struct stream *stream, u64 want)
{
	if (stream->at == stream->nr) {
		stream->at = 0;
		stream->nr = mmu_translate_runs(section, &stream->ahead, want, stream->run);
		if (!stream->nr)
			return 0;
	}
	return min_u64(stream->run[stream->at].len, want);
}

static void stream_advance(struct stream *stream, u64 len)
{
	struct mmu_run *run = &stream->run[stream->at];

	stream->va += len;
	run->place.addr += len;
	run->len -= len;
	if (!run->len)
		stream->at++;
}

/* The memory door refused: to the engine that is a fault at this byte. */
static void door_failed(struct mmu_section *section, u64 va, u32 rights, enum mem_status status)
{
	section->access->fault = (struct mmu_fault){
		va, rights, status == MEM_READ_ONLY ? MMU_PERMISSION : MMU_NO_ANSWER, false
	};
}

static const struct place_map *map_of(const struct mmu_section *section)
{
	return mmu_map(section->access->mmu);
}

/* @len bytes at @va went to, or came from, @place. */
static void tally(const struct mmu_section *section, u64 *sides, struct place place, u64 va, u64 len)
{
	if (place.kind == PLACE_SYSTEM) {
		sides[SIDE_SYSTEM] += len;
		mmu_section_heat(section, va, len);
	} else if (place.kind == PLACE_VRAM) {
		sides[place.node == map_of(section)->self ? SIDE_VRAM : SIDE_PEER] += len;
	}
}

/* One contiguous run of a small read or write. 0: fault. */
static size_t small_step(struct mmu_section *section, struct stream *stream, u8 *buf, size_t len)
{
	bool write = stream_rights(stream) & VKFD_FAULT_WRITE;
	size_t part = (size_t)stream_run(section, stream, len);
	const struct place *place = stream_place(stream);
	enum mem_status status;

	if (!part)
		return 0;
	if (write)
		status = place_write(map_of(section), *place, buf, part);
	else
		status = place_read(map_of(section), *place, buf, part);
	if (status != MEM_OK) {
		door_failed(section, stream->va, stream_rights(stream), status);
		return 0;
	}
	tally(section, write ? section->tally.written : section->tally.read, *place, stream->va, part);
	stream_advance(stream, part);
	return part;
}

static bool small_access(struct mmu_access *access, u64 va, u32 rights, u8 *buf, size_t len)
{
	struct mmu_section section;
	struct stream stream;
	size_t part = 1;

	stream_init(&stream, va, rights);
	if (!mmu_section_enter(&section, access, va, rights))
		return false;
	while (part && len) {
		part = small_step(&section, &stream, buf, len);
		buf += part;
		len -= part;
	}
	mmu_section_leave(&section);
	return !len;
}

bool mmu_read(struct mmu_access *access, u64 va, void *dst, size_t len)
{
	return small_access(access, va, (u32)VKFD_FAULT_READ, dst, len);
}

bool mmu_write(struct mmu_access *access, u64 va, const void *src, size_t len)
{
	/* A write only reads the buffer. */
	return small_access(access, va, (u32)VKFD_FAULT_WRITE, (u8 *)(uintptr_t)src, len);
}

/* One naturally aligned word: what to do at its place. */
struct word {
	enum { WORD_LOAD, WORD_STORE, WORD_ATOMIC } op;
	unsigned int bytes;
	u64 value;
	struct mem_atomic *atomic;
};

static enum mem_status word_run(const struct place_map *map, struct place place, struct word *word)
{
	switch (word->op) {
	case WORD_LOAD:
		return place_load(map, place, &word->value, word->bytes);
	case WORD_STORE:
		return place_store(map, place, word->value, word->bytes);
	case WORD_ATOMIC:
		break;
	}
	return place_atomic(map, place, word->atomic, word->bytes);
}

static bool word_access(struct mmu_access *access, u64 va, struct word *word)
{
	struct mmu_xlat xlat = { .va = va };
	struct mmu_section section;
	enum mem_status status;
	bool ok;

	if (word->op != WORD_STORE)
		xlat.rights |= (u32)VKFD_FAULT_READ;
	if (word->op != WORD_LOAD)
		xlat.rights |= (u32)VKFD_FAULT_WRITE;
	if (!mmu_section_enter(&section, access, va, xlat.rights))
		return false;
	ok = mmu_translate(&section, &xlat);
	if (ok) {
		status = word_run(map_of(&section), xlat.place, word);
		if (word->op != WORD_STORE)
			tally(&section, section.tally.read, xlat.place, va, word->bytes);
		if (word->op != WORD_LOAD)
			tally(&section, section.tally.written, xlat.place, va, word->bytes);
		ok = status == MEM_OK;
		if (!ok)
			door_failed(&section, va, xlat.rights, status);
	}
	mmu_section_leave(&section);
	return ok;
}

bool mmu_load(struct mmu_access *access, u64 va, u64 *value, unsigned int bytes)
{
	struct word word = { .op = WORD_LOAD, .bytes = bytes };
	bool ok = word_access(access, va, &word);

	*value = word.value;
	return ok;
}

bool mmu_store(struct mmu_access *access, u64 va, u64 value, unsigned int bytes)
{
	struct word word = { .op = WORD_STORE, .bytes = bytes, .value = value };

	return word_access(access, va, &word);
}

bool mmu_atomic(struct mmu_access *access, u64 va, struct mem_atomic *atomic, unsigned int bytes)
{
	struct word word = { .op = WORD_ATOMIC, .bytes = bytes, .atomic = atomic };

	return word_access(access, va, &word);
}

/* A copy in progress. Runs in @piece are translated but not copied yet. */
struct copier {
	struct mmu_section section;
	struct stream src;
	struct stream dst[MMU_COPY_DSTS];
	unsigned int nr_dst;
	u64 taken;		/* bytes translated */
	u64 done;		/* bytes copied, from the start */
	bool failed;
	bool to_ram;		/* direction of the pieces */
	bool large;		/* as in struct mmu_copy */
	size_t nr_pieces;
	struct guest_piece piece[BATCH_PIECES];
};

/* Copies what was collected. False: a fault, at byte @done of the copy. */
static bool copier_flush(struct copier *copier)
{
	struct guest_mem *guest = map_of(&copier->section)->guest;
	const struct guest_batch batch = { copier->piece, copier->nr_pieces, copier->large };
	u64 behind = copier->taken - copier->done, va;
	enum mem_status status;
	size_t good;

	if (!copier->nr_pieces)
		return true;
	status = copier->to_ram ?
			 guest_mem_write_batch(guest, &batch, &good) :
			 guest_mem_read_batch(guest, &batch, &good);
	for (size_t i = 0; i < good; i++) {
		copier->done += copier->piece[i].len;
		behind -= copier->piece[i].len;
	}
	copier->nr_pieces = 0;
	if (status == MEM_OK)
		return true;
	copier->failed = true;
	va = (copier->to_ram ? copier->dst[0].va : copier->src.va) - behind;
	door_failed(&copier->section, va,
		    (u32)(copier->to_ram ? VKFD_FAULT_WRITE : VKFD_FAULT_READ), status);
	return false;
}

/* Collects one run between VRAM and RAM. False: it is of another kind. */
static bool copier_collect(struct copier *copier, u64 part)
{
	const struct place *src = stream_place(&copier->src);
	const struct place *dst = stream_place(&copier->dst[0]);
	bool to_ram = dst->kind == PLACE_SYSTEM;
	const struct place *vram = to_ram ? src : dst;
	u8 *host;

	if (copier->nr_dst != 1 || (src->kind == PLACE_SYSTEM) == to_ram)
		return false;
	host = place_vram(map_of(&copier->section), *vram, part);
	if (!host)
		return false;
	if ((copier->nr_pieces == BATCH_PIECES || to_ram != copier->to_ram) &&
	    !copier_flush(copier))
		return true;
	copier->to_ram = to_ram;
	copier->piece[copier->nr_pieces++] =
		(struct guest_piece){ to_ram ? dst->addr : src->addr, host, (size_t)part };
	return true;
}

/* Which end refused? The door does not say: ask the source. */
static void copy_refused(struct copier *copier, const struct stream *dst, enum mem_status status)
{
	const struct stream *src = &copier->src;
	u8 probe;

	copier->failed = true;
	if (place_read(map_of(&copier->section), *stream_place(src), &probe, 1) == MEM_OK)
		door_failed(&copier->section, dst->va, stream_rights(dst), status);
	else
		door_failed(&copier->section, src->va, stream_rights(src), MEM_UNMAPPED);
}

/* Copies one run of any kind at once, in order behind what was collected. */
static void copier_direct(struct copier *copier, u64 part)
{
	if (!copier_flush(copier))
		return;
	for (unsigned int i = 0; i < copier->nr_dst; i++) {
		enum mem_status status =
			place_copy(map_of(&copier->section), *stream_place(&copier->dst[i]),
				   *stream_place(&copier->src), (size_t)part);

		if (status != MEM_OK) {
			copy_refused(copier, &copier->dst[i], status);
			return;
		}
	}
	copier->done += part;
}

/* Takes what is contiguous on all sides. False: nothing more comes. */
static bool copier_step(struct copier *copier, u64 want)
{
	struct mmu_section *section = &copier->section;
	u64 part = stream_run(section, &copier->src, want);

	for (unsigned int i = 0; part && i < copier->nr_dst; i++)
		part = min_u64(part, stream_run(section, &copier->dst[i], want));
	if (!part)
		return false;
	if (!copier_collect(copier, part))
		copier_direct(copier, part);
	if (copier->failed)
		return false;
	tally(section, section->tally.read, *stream_place(&copier->src), copier->src.va, part);
	for (unsigned int i = 0; i < copier->nr_dst; i++) {
		tally(section, section->tally.written, *stream_place(&copier->dst[i]),
		      copier->dst[i].va, part);
		stream_advance(&copier->dst[i], part);
	}
	stream_advance(&copier->src, part);
	copier->taken += part;
	return true;
}

u64 mmu_copy(struct mmu_access *access, const struct mmu_copy *copy, u64 len)
{
	u64 want = min_u64(len, MMU_PIECE_BYTES);
	struct copier copier;

	copier.nr_dst = copy->nr_dst;
	copier.large = copy->large;
	copier.taken = copier.done = 0;
	copier.failed = copier.to_ram = false;
	copier.nr_pieces = 0;
	stream_init(&copier.src, copy->src, (u32)VKFD_FAULT_READ);
	for (unsigned int i = 0; i < copy->nr_dst; i++)
		stream_init(&copier.dst[i], copy->dst[i], (u32)VKFD_FAULT_WRITE);
	if (!mmu_section_enter(&copier.section, access, copy->src, (u32)VKFD_FAULT_READ))
		return 0;
	while (copier.taken < want && copier_step(&copier, want - copier.taken))
		;
	if (!copier.failed) {
		/* What is collected comes before the fault that ended the loop. */
		copier_flush(&copier);
	}
	mmu_section_leave(&copier.section);
	return copier.done;
}

static u64 fill_step(struct mmu_section *section, struct stream *dst, const u8 *pattern, u64 want)
{
	u64 part = min_u64(stream_run(section, dst, want), FILL_BYTES);
	const struct place *place = stream_place(dst);
	enum mem_status status;

	if (!part)
		return 0;
	status = place_write(map_of(section), *place, pattern, (size_t)part);
	if (status != MEM_OK) {
		door_failed(section, dst->va, stream_rights(dst), status);
		return 0;
	}
	tally(section, section->tally.written, *place, dst->va, part);
	stream_advance(dst, part);
	return part;
}

u64 mmu_fill(struct mmu_access *access, u64 va, u32 pattern, u64 len)
{
	u64 want = min_u64(len, MMU_PIECE_BYTES), done = 0, part = 1;
	u8 buffer[FILL_BYTES + 4];
	struct mmu_section section;
	struct stream dst;

	for (size_t i = 0; i < sizeof(buffer); i += 4)
		memcpy(buffer + i, &pattern, 4);
	stream_init(&dst, va, (u32)VKFD_FAULT_WRITE);
	if (!mmu_section_enter(&section, access, va, (u32)VKFD_FAULT_WRITE))
		return 0;
	while (part && done < want) {
		/* Pages may end at any byte of the pattern: keep its phase. */
		part = fill_step(&section, &dst, buffer + done % 4, want - done);
		done += part;
	}
	mmu_section_leave(&section);
	return done;
}
