// SPDX-License-Identifier: MIT
/*
 * User SDMA queues. Pointers count bytes and never wrap; a packet that does
 * not fit before the ring's end is preceded by zero dwords, which are NOPs.
 */
#include "sdma.h"

#include <stdatomic.h>
#include <string.h>

#include "residency.h"

#define RING_BYTES 65536u
#define POLL_FOREVER (10u | 0xfffu << 16) /* interval, retry count */
#define ATOMIC_ADD64 47u

static u32 lo(const volatile void *p)
{
	return (u32)(uintptr_t)p;
}

static u32 hi(const volatile void *p)
{
	return (u32)((uintptr_t)p >> 32);
}

bool sdma_try_create_type(struct sdma *q, struct session *s, unsigned int gpu, HSA_QUEUE_TYPE type,
			  u64 ring_bytes)
{
	memset(q, 0, sizeof(*q));
	q->session = s;
	q->ring_bytes = ring_bytes;
	q->ring = sysmem_alloc(s, ring_bytes);
	q->fence = sysmem_alloc(s, PAGE);
	if (gpu) {
		HSAuint32 nodes[] = { s->gpu[0].node, s->gpu[gpu].node };
		HsaMemMapFlags map = { .Value = 0 };

		assert_hsa(hsaKmtMapMemoryToGPUNodes(q->ring, ring_bytes, NULL, map, 2, nodes));
		assert_hsa(hsaKmtMapMemoryToGPUNodes((void *)(uintptr_t)q->fence, PAGE, NULL, map, 2, nodes));
	}
	if (hsaKmtCreateQueue(s->gpu[gpu].node, type, 100, HSA_QUEUE_PRIORITY_NORMAL, q->ring,
			      ring_bytes, NULL, &q->res) == HSAKMT_STATUS_SUCCESS)
		return true;
	buffer_free(q->ring, ring_bytes);
	buffer_free((void *)(uintptr_t)q->fence, PAGE);
	return false;
}

void sdma_create_type(struct sdma *q, struct session *s, unsigned int gpu, HSA_QUEUE_TYPE type,
		      u64 ring_bytes)
{
	assert_true(sdma_try_create_type(q, s, gpu, type, ring_bytes));
}

void sdma_create(struct sdma *q, struct session *s, unsigned int gpu)
{
	sdma_create_type(q, s, gpu, HSA_QUEUE_SDMA, RING_BYTES);
}

void sdma_destroy(struct sdma *q)
{
	assert_hsa(hsaKmtDestroyQueue(q->res.QueueId));
	buffer_free(q->ring, q->ring_bytes);
	buffer_free((void *)(uintptr_t)q->fence, PAGE);
}

u64 sdma_rptr(const struct sdma *q)
{
	return *(volatile u64 *)q->res.Queue_read_ptr_aql;
}

void sdma_raw(struct sdma *q, const u32 *dwords, size_t nr)
{
	u64 bytes = nr * sizeof(u32);
	u64 at = q->wptr % q->ring_bytes;
	u64 pad = at + bytes > q->ring_bytes ? q->ring_bytes - at : 0;

	if (q->wptr + pad + bytes - sdma_rptr(q) > q->ring_bytes) {
		sdma_kick(q);
		if (!wait_until(q->wptr + pad + bytes - sdma_rptr(q) <= q->ring_bytes, SDMA_MS))
			fail_test("no room in the ring: rptr 0x%llx wptr 0x%llx",
				  (unsigned long long)sdma_rptr(q), (unsigned long long)q->wptr);
	}
	memset((char *)q->ring + at, 0, pad);
	q->wptr += pad;
	memcpy((char *)q->ring + q->wptr % q->ring_bytes, dwords, bytes);
	q->wptr += bytes;
}

void sdma_nop(struct sdma *q, u32 extra_dwords)
{
	u32 packet[1 + 256] = { VKFD_SDMA_HEADER(VKFD_SDMA_NOP, 0) | extra_dwords << 16 };

	assert_true(extra_dwords <= 256);
	/* What is skipped must not be mistaken for packets. */
	memset(packet + 1, 0xff, extra_dwords * sizeof(u32));
	sdma_raw(q, packet, 1 + extra_dwords);
}

void sdma_copy(struct sdma *q, void *dst, const void *src, u64 bytes)
{
	const u32 packet[] = {
		VKFD_SDMA_HEADER(VKFD_SDMA_COPY, VKFD_SDMA_SUB_COPY_LINEAR),
		(u32)(bytes - 1), 0, lo(src), hi(src), lo(dst), hi(dst),
	};

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_copy2(struct sdma *q, void *dst1, void *dst2, const void *src, u64 bytes)
{
	const u32 packet[] = {
		VKFD_SDMA_HEADER(VKFD_SDMA_COPY, VKFD_SDMA_SUB_COPY_LINEAR) | (u32)VKFD_SDMA_COPY_BROADCAST,
		(u32)(bytes - 1), 0, lo(src), hi(src), lo(dst1), hi(dst1), lo(dst2), hi(dst2),
	};

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_write(struct sdma *q, void *dst, const u32 *dwords, u32 nr)
{
	u32 packet[VKFD_SDMA_WRITE_HEADER_DWORDS + 256] = {
		VKFD_SDMA_HEADER(VKFD_SDMA_WRITE, 0), lo(dst), hi(dst), nr - 1,
	};

	assert_true(nr && nr <= 256);
	memcpy(packet + VKFD_SDMA_WRITE_HEADER_DWORDS, dwords, nr * sizeof(u32));
	sdma_raw(q, packet, VKFD_SDMA_WRITE_HEADER_DWORDS + nr);
}

void sdma_write1(struct sdma *q, void *dst, u32 value)
{
	sdma_write(q, dst, &value, 1);
}

void sdma_fill(struct sdma *q, void *dst, u32 value, u64 bytes)
{
	const u32 packet[] = {
		VKFD_SDMA_HEADER(VKFD_SDMA_CONST_FILL, 0) | VKFD_SDMA_FILL_DWORD << 30,
		lo(dst), hi(dst), value, (u32)(bytes - 4),
	};

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_fence(struct sdma *q, volatile void *dst, u32 value)
{
	const u32 packet[] = { VKFD_SDMA_HEADER(VKFD_SDMA_FENCE, 0), lo(dst), hi(dst), value };

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_trap(struct sdma *q, u32 context)
{
	const u32 packet[] = { VKFD_SDMA_HEADER(VKFD_SDMA_TRAP, 0), context };

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_poll(struct sdma *q, const volatile void *addr, enum sdma_compare func, u32 reference)
{
	const u32 packet[] = {
		VKFD_SDMA_HEADER(VKFD_SDMA_POLL_REGMEM, 0) | (u32)func << 28 | 1u << 31,
		lo(addr), hi(addr), reference, 0xffffffff, POLL_FOREVER,
	};

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_add64(struct sdma *q, void *addr, u64 value)
{
	const u32 packet[] = {
		VKFD_SDMA_HEADER(VKFD_SDMA_ATOMIC, 0) | ATOMIC_ADD64 << 25,
		lo(addr), hi(addr), (u32)value, (u32)(value >> 32), 0, 0, 0,
	};

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_timestamp(struct sdma *q, void *dst)
{
	const u32 packet[] = {
		VKFD_SDMA_HEADER(VKFD_SDMA_TIMESTAMP, VKFD_SDMA_SUB_TIMESTAMP_GLOBAL), lo(dst), hi(dst),
	};

	sdma_raw(q, packet, ARRAY_LEN(packet));
}

void sdma_kick(struct sdma *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile u64 *)q->res.Queue_write_ptr_aql = q->wptr;
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile u64 *)q->res.Queue_DoorBell_aql = q->wptr;
}

u32 sdma_submit(struct sdma *q)
{
	sdma_fence(q, q->fence, ++q->seq);
	sdma_kick(q);
	return q->seq;
}

bool sdma_done(const struct sdma *q, u32 seq)
{
	bool done = (s32)(*q->fence - seq) >= 0;

	atomic_thread_fence(memory_order_seq_cst);
	return done;
}

bool sdma_wait(struct sdma *q, u32 seq, unsigned int ms)
{
	return wait_until(sdma_done(q, seq), ms);
}

void sdma_run(struct sdma *q)
{
	u32 seq = sdma_submit(q);

	if (!sdma_wait(q, seq, SDMA_MS))
		fail_test("SDMA queue %llu did not get to fence %u: fence %u, rptr 0x%llx, wptr 0x%llx",
			  (unsigned long long)q->res.QueueId, seq, *q->fence,
			  (unsigned long long)sdma_rptr(q), (unsigned long long)q->wptr);
}

u32 sdma_hold_fault(struct sdma *q, void *p)
{
	u64 waited = driver_stat(0, "stall_collect", "waited");
	u32 seq;

	driver_poke(0, "stall_collect", "1");
	sdma_write1(q, p, 1);
	seq = sdma_submit(q);
	assert_true(wait_until(driver_stat(0, "stall_collect", "waited") == waited + 1, 3000));
	return seq;
}

u32 sdma_report_fault(struct sdma *q, void *p)
{
	u64 entries = driver_stat(0, "errors", "ih_entries");
	u32 seq;

	sdma_write1(q, p, 2);
	seq = sdma_submit(q);
	assert_true(wait_until(driver_stat(0, "errors", "ih_entries") > entries, 3000));
	return seq;
}
