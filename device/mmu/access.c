// SPDX-License-Identifier: MIT
/*
 * DOC: accesses of engines
 *
 * Everything an engine does to memory: small reads and writes, atomic loads
 * and stores, copies and fills. Each call is one in-flight section of its
 * context (see mmu.c) and touches at most one piece. Adjacent pages that are
 * contiguous where they lead become one copy.
 */
#include <string.h>
#include "mmu/mmu_priv.h"

#define FILL_BYTES 4096u

/* Where the next bytes at @va lead, and one run looked at ahead of it. */
struct stream {
	u64 va;
	u32 rights;
	struct place place;
	u64 left;		/* bytes of @place not used yet */
	struct place ahead;
	u64 ahead_len;		/* 0: none */
};

struct section {
	struct mmu_access *access;
	struct mmu_ctx *ctx;
	struct mmu_tally tally;
};

static bool section_enter(struct section *section, struct mmu_access *access, u64 va, u32 rights)
{
	memset(section, 0, sizeof(*section));
	section->access = access;
	section->ctx = mmu_enter(access);
	if (section->ctx)
		return true;
	access->fault = (struct mmu_fault){ va, rights, MMU_NOT_PRESENT, false };
	return false;
}

static void section_leave(struct section *section)
{
	mmu_leave(section->access, section->ctx, &section->tally);
}

static bool translate(struct section *section, u64 va, u32 rights, struct place *place, u64 *run)
{
	return mmu_translate(section->access, section->ctx, va, rights, place, run,
			     &section->tally);
}

static bool follows(struct place place, u64 len, struct place next)
{
	if (place.kind != next.kind || place.node != next.node)
		return false;
	return (place.kind == PLACE_VRAM || place.kind == PLACE_SYSTEM) &&
	       place.addr + len == next.addr;
}

/* Makes @stream->left non-zero, merging runs until @want bytes are together. */
static bool stream_fill(struct section *section, struct stream *stream, u64 want)
{
	if (stream->left)
		return true;
	if (stream->ahead_len) {
		stream->place = stream->ahead;
		stream->left = stream->ahead_len;
		stream->ahead_len = 0;
	} else if (!translate(section, stream->va, stream->rights, &stream->place, &stream->left)) {
		stream->left = 0;
		return false;
	}
	while (stream->left < want) {
		/* A fault here is not due yet: it is met again at its byte. */
		if (!translate(section, stream->va + stream->left, stream->rights, &stream->ahead,
			       &stream->ahead_len)) {
			stream->ahead_len = 0;
			break;
		}
		if (!follows(stream->place, stream->left, stream->ahead))
			break;
		stream->left += stream->ahead_len;
		stream->ahead_len = 0;
	}
	return true;
}

static void stream_advance(struct stream *stream, u64 len)
{
	stream->va += len;
	stream->place.addr += len;
	stream->left -= len;
}

/* The memory door refused: to the engine that is a fault at this byte. */
static bool door_failed(struct mmu_access *access, u64 va, u32 rights, enum mem_status status)
{
	access->fault.va = va;
	access->fault.access = rights;
	access->fault.cause = status == MEM_READ_ONLY ? MMU_PERMISSION : MMU_NO_ANSWER;
	access->fault.retry = false;
	return false;
}

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

bool mmu_read(struct mmu_access *access, u64 va, void *dst, size_t len)
{
	struct stream stream = { .va = va, .rights = VKFD_FAULT_READ };
	struct section section;
	enum mem_status status;
	bool ok = true;

	if (!section_enter(&section, access, va, VKFD_FAULT_READ))
		return false;
	while (ok && len) {
		size_t part;

		ok = stream_fill(&section, &stream, len);
		if (!ok)
			break;
		part = (size_t)min_u64(stream.left, len);
		status = place_read(mmu_map(access->mmu), stream.place, dst, part);
		if (status != MEM_OK)
			ok = door_failed(access, stream.va, stream.rights, status);
		stream_advance(&stream, part);
		dst = (u8 *)dst + part;
		len -= part;
	}
	section_leave(&section);
	return ok;
}

bool mmu_write(struct mmu_access *access, u64 va, const void *src, size_t len)
{
	struct stream stream = { .va = va, .rights = VKFD_FAULT_WRITE };
	struct section section;
	enum mem_status status;
	bool ok = true;

	if (!section_enter(&section, access, va, VKFD_FAULT_WRITE))
		return false;
	while (ok && len) {
		size_t part;

		ok = stream_fill(&section, &stream, len);
		if (!ok)
			break;
		part = (size_t)min_u64(stream.left, len);
		status = place_write(mmu_map(access->mmu), stream.place, src, part);
		if (status != MEM_OK)
			ok = door_failed(access, stream.va, stream.rights, status);
		stream_advance(&stream, part);
		src = (const u8 *)src + part;
		len -= part;
	}
	section_leave(&section);
	return ok;
}

/* One naturally aligned word: translate, then @op on the place. */
enum word_op { WORD_LOAD, WORD_STORE, WORD_ATOMIC };

static bool word_access(struct mmu_access *access, u64 va, enum word_op op, u64 *value,
			struct mem_atomic *atomic, unsigned int bytes)
{
	u32 rights = op == WORD_LOAD ? (u32)VKFD_FAULT_READ :
		     op == WORD_STORE ? (u32)VKFD_FAULT_WRITE :
					(u32)(VKFD_FAULT_READ | VKFD_FAULT_WRITE);
	enum mem_status status;
	struct section section;
	struct place place;
	u64 run;
	bool ok;

	if (!section_enter(&section, access, va, rights))
		return false;
	ok = translate(&section, va, rights, &place, &run);
	if (ok) {
		const struct place_map *map = mmu_map(access->mmu);

		if (op == WORD_LOAD)
			status = place_load(map, place, value, bytes);
		else if (op == WORD_STORE)
			status = place_store(map, place, *value, bytes);
		else
			status = place_atomic(map, place, atomic, bytes);
		if (status != MEM_OK)
			ok = door_failed(access, va, rights, status);
	}
	section_leave(&section);
	return ok;
}

bool mmu_load(struct mmu_access *access, u64 va, u64 *value, unsigned int bytes)
{
	return word_access(access, va, WORD_LOAD, value, NULL, bytes);
}

bool mmu_store(struct mmu_access *access, u64 va, u64 value, unsigned int bytes)
{
	return word_access(access, va, WORD_STORE, &value, NULL, bytes);
}

bool mmu_atomic(struct mmu_access *access, u64 va, struct mem_atomic *atomic, unsigned int bytes)
{
	return word_access(access, va, WORD_ATOMIC, NULL, atomic, bytes);
}

/* Which end refused a copy? The door does not say: ask the destination. */
static void copy_failed(struct mmu_access *access, const struct stream *src,
			const struct stream *dst, enum mem_status status)
{
	u8 probe;
	bool read_ok = place_read(mmu_map(access->mmu), src->place, &probe, 1) == MEM_OK;

	if (read_ok)
		door_failed(access, dst->va, dst->rights, status);
	else
		door_failed(access, src->va, src->rights, MEM_UNMAPPED);
}

/* Copies what is contiguous on all sides. 0: fault. */
static u64 copy_step(struct section *section, struct stream *src, struct stream *dst,
		     unsigned int nr_dst, u64 want)
{
	struct mmu_access *access = section->access;
	u64 part = want;

	if (!stream_fill(section, src, want))
		return 0;
	part = min_u64(part, src->left);
	for (unsigned int i = 0; i < nr_dst; i++) {
		if (!stream_fill(section, &dst[i], want))
			return 0;
		part = min_u64(part, dst[i].left);
	}
	for (unsigned int i = 0; i < nr_dst; i++) {
		enum mem_status status = place_copy(mmu_map(access->mmu), dst[i].place, src->place,
						    (size_t)part);

		if (status != MEM_OK) {
			copy_failed(access, src, &dst[i], status);
			return 0;
		}
		stream_advance(&dst[i], part);
	}
	stream_advance(src, part);
	return part;
}

u64 mmu_copy(struct mmu_access *access, const struct mmu_copy *copy, u64 len)
{
	struct stream src = { .va = copy->src, .rights = VKFD_FAULT_READ };
	struct stream dst[MMU_COPY_DSTS] = { { .va = copy->dst[0], .rights = VKFD_FAULT_WRITE },
					     { .va = copy->dst[1], .rights = VKFD_FAULT_WRITE } };
	u64 want = min_u64(len, MMU_PIECE_BYTES);
	struct section section;
	u64 done = 0, part = 1;

	if (!section_enter(&section, access, copy->src, VKFD_FAULT_READ))
		return 0;
	while (part && done < want) {
		part = copy_step(&section, &src, dst, copy->nr_dst, want - done);
		done += part;
	}
	section_leave(&section);
	return done;
}

static u64 fill_step(struct section *section, struct stream *dst, const u8 *pattern, u64 want)
{
	enum mem_status status;
	u64 part;

	if (!stream_fill(section, dst, want))
		return 0;
	part = min_u64(min_u64(want, dst->left), FILL_BYTES);
	status = place_write(mmu_map(section->access->mmu), dst->place, pattern, (size_t)part);
	if (status != MEM_OK) {
		door_failed(section->access, dst->va, dst->rights, status);
		return 0;
	}
	stream_advance(dst, part);
	return part;
}

u64 mmu_fill(struct mmu_access *access, u64 va, u32 pattern, u64 len)
{
	struct stream dst = { .va = va, .rights = VKFD_FAULT_WRITE };
	u64 want = min_u64(len, MMU_PIECE_BYTES);
	u8 buffer[FILL_BYTES + 4];
	struct section section;
	u64 done = 0, part = 1;

	for (size_t i = 0; i < sizeof(buffer); i += 4)
		memcpy(buffer + i, &pattern, 4);
	if (!section_enter(&section, access, va, VKFD_FAULT_WRITE))
		return 0;
	while (part && done < want) {
		/* Pages may end at any byte of the pattern: keep its phase. */
		part = fill_step(&section, &dst, buffer + done % 4, want - done);
		done += part;
	}
	section_leave(&section);
	return done;
}
