/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_FETCH_H
#define VKFD_DEVICE_MMU_FETCH_H

#include "mmu/mmu.h"

/* Where a queue's dwords come from: its ring or an IB. Positions are bytes. */
struct fetch_stream {
	u64 base;
	u64 mask;	/* ring bytes - 1, all ones for an IB */
	u64 pos;
	u64 end;
};

#define FETCH_BYTES 1024u

/* What was read ahead of a stream. @len 0: nothing. */
struct fetch_buffer {
	u64 pos;
	u32 len;
	u8 bytes[FETCH_BYTES];
};

/**
 * fetch_va() - VA of @pos of the stream
 * @len: in: bytes wanted; out: how many follow without the ring's wrap.
 */
u64 fetch_va(const struct fetch_stream *stream, u64 pos, u64 *len);

/* Bytes [pos, pos + len) of a stream, all before its end. */
struct fetch_span {
	u64 pos;
	u32 len;
};

/**
 * fetch_read() - copy a span of the stream to @dst
 *
 * Reads ahead up to the end of the page, so that no page faults before its
 * bytes are due. The caller empties @buffer when the stream is another one.
 *
 * Return: false, with @access->fault.
 */
bool fetch_read(struct mmu_access *access, const struct fetch_stream *stream,
		struct fetch_buffer *buffer, struct fetch_span span, void *dst);

#endif
