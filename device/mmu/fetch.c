// SPDX-License-Identifier: MIT
#include <string.h>
#include "mmu/fetch.h"

#define PAGE_BYTES 4096u

u64 fetch_va(const struct fetch_stream *stream, u64 pos, u64 *len)
{
	u64 offset = pos & stream->mask;

	if (*len > stream->mask - offset)
		*len = stream->mask - offset + 1 ? stream->mask - offset + 1 : *len;
	return stream->base + offset;
}

static bool refill(struct mmu_access *access, const struct fetch_stream *stream,
		   struct fetch_buffer *buffer, u64 pos)
{
	u64 len = stream->end - pos;
	u64 va, in_page;

	if (len > FETCH_BYTES)
		len = FETCH_BYTES;
	va = fetch_va(stream, pos, &len);
	in_page = PAGE_BYTES - va % PAGE_BYTES;
	if (len > in_page)
		len = in_page;
	buffer->len = 0;
	if (!mmu_read(access, va, buffer->bytes, (size_t)len))
		return false;
	buffer->pos = pos;
	buffer->len = (u32)len;
	return true;
}

bool fetch_read(struct mmu_access *access, const struct fetch_stream *stream,
		struct fetch_buffer *buffer, struct fetch_span span, void *dst)
{
	u8 *to = dst;

	while (span.len) {
		u64 at = span.pos - buffer->pos;
		u32 part;

		if (span.pos < buffer->pos || at >= buffer->len) {
			if (!refill(access, stream, buffer, span.pos))
				return false;
			at = 0;
		}
		part = buffer->len - (u32)at;
		if (part > span.len)
			part = span.len;
		memcpy(to, buffer->bytes + at, part);
		to += part;
		span.pos += part;
		span.len -= part;
	}
	return true;
}
