// SPDX-License-Identifier: MIT
/* User PM4 queues: packets and kernels without a runtime. */
#include "pm4.h"

#include <stdatomic.h>
#include <string.h>

#define RING_BYTES	65536u
#define RING_DWORDS	(RING_BYTES / 4)
#define RSRC1_DENORMALS	0xc0000u	/* float mode: all denormals, 8 VGPRs */
#define RSRC3_ALL_ARCH	9u
#define COPY_TO_MEMORY	(VKFD_PM4_SRC_MEMORY | VKFD_PM4_DST_MEMORY << 8)
#define RELEASE_EVENT	0x514u		/* cache flush, index 5 */

void *pm4_memory(struct session *s, u64 bytes)
{
	HsaMemMapFlags map = { .Value = 0 };
	void *mem = sysmem_alloc(s, bytes);
	HSAuint32 nodes[MAX_GPUS];

	for (unsigned int i = 0; i < s->nr_gpus; i++)
		nodes[i] = s->gpu[i].node;
	if (s->nr_gpus > 1)
		assert_hsa(hsaKmtMapMemoryToGPUNodes(mem, bytes, NULL, map, s->nr_gpus, nodes));
	return mem;
}

const u32 *pm4_code(struct session *s, const u32 *code, size_t bytes)
{
	u32 *page = pm4_memory(s, PAGE);

	assert_true(bytes <= PAGE);
	memcpy(page, code, bytes);
	return page;
}

void pm4_create(struct pm4 *q, struct session *s, unsigned int gpu)
{
	memset(q, 0, sizeof(*q));
	q->session = s;
	q->gpu = gpu;
	q->ring = pm4_memory(s, RING_BYTES);
	q->fence = pm4_memory(s, PAGE);
	assert_hsa(hsaKmtCreateQueue(s->gpu[gpu].node, HSA_QUEUE_COMPUTE, 100,
				     HSA_QUEUE_PRIORITY_NORMAL, q->ring, RING_BYTES, NULL, &q->res));
}

void pm4_destroy(struct pm4 *q)
{
	assert_hsa(hsaKmtDestroyQueue(q->res.QueueId));
	buffer_free(q->ring, RING_BYTES);
	buffer_free((void *)(uintptr_t)q->fence, PAGE);
}

void pm4_update(struct pm4 *q, u32 percent, HSA_QUEUE_PRIORITY priority)
{
	assert_hsa(hsaKmtUpdateQueue(q->res.QueueId, percent, priority, q->ring, RING_BYTES, NULL));
}

void pm4_raw(struct pm4 *q, const u32 *dwords, size_t nr)
{
	assert_true(q->wptr + nr <= RING_DWORDS);
	memcpy(q->ring + q->wptr, dwords, nr * sizeof(u32));
	q->wptr += nr;
}

static void set_registers(struct pm4 *q, u32 first, const u32 *value, u32 nr)
{
	const u32 head[] = { VKFD_PM4_HEADER(VKFD_PM4_SET_SH_REG, nr + 2), first - VKFD_PM4_SH_BASE };

	pm4_raw(q, head, ARRAY_LEN(head));
	pm4_raw(q, value, nr);
}

#define SET(q, first, ...) \
	set_registers(q, first, ((const u32[]){ __VA_ARGS__ }), \
		      sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

void pm4_launch(struct pm4 *q, const struct pm4_launch *launch)
{
	const u32 dispatch[] = { VKFD_PM4_HEADER(VKFD_PM4_DISPATCH_DIRECT, 5), launch->groups, 1, 1,
				 VKFD_DISPATCH_SHADER_EN };
	u32 rsrc2 = 2 << 1 | VKFD_RSRC2_GROUP_X | (launch->trap ? VKFD_RSRC2_TRAP : 0);

	SET(q, VKFD_COMPUTE_START_X, 0, 0, 0);
	SET(q, VKFD_COMPUTE_NUM_THREAD_X, launch->items, 1, 1);
	SET(q, VKFD_COMPUTE_PGM_LO, (u32)((uintptr_t)launch->code >> 8),
	    (u32)((uintptr_t)launch->code >> 40));
	SET(q, VKFD_COMPUTE_PGM_RSRC1, RSRC1_DENORMALS, rsrc2);
	SET(q, VKFD_COMPUTE_PGM_RSRC3, RSRC3_ALL_ARCH);
	SET(q, VKFD_COMPUTE_USER_DATA_0, PM4_ADDR(launch->data));
	pm4_raw(q, dispatch, ARRAY_LEN(dispatch));
}

void pm4_flush(struct pm4 *q)
{
	const u32 packet[] = { VKFD_PM4_HEADER(VKFD_PM4_EVENT_WRITE, 2),
			       VKFD_PM4_CS_PARTIAL_FLUSH | 4 << 8 };

	pm4_raw(q, packet, ARRAY_LEN(packet));
}

void pm4_copy1(struct pm4 *q, volatile u32 *dst, const volatile u32 *src)
{
	const u32 packet[] = { VKFD_PM4_HEADER(VKFD_PM4_COPY_DATA, 6), COPY_TO_MEMORY,
			       PM4_ADDR(src), PM4_ADDR(dst) };

	pm4_raw(q, packet, ARRAY_LEN(packet));
}

void pm4_run_buffer(struct pm4 *q, const u32 *dwords, u32 nr)
{
	const u32 packet[] = { VKFD_PM4_HEADER(VKFD_PM4_INDIRECT_BUFFER, 4), PM4_ADDR(dwords),
			       nr | (u32)VKFD_PM4_IB_VALID };

	pm4_raw(q, packet, ARRAY_LEN(packet));
}

void pm4_kick(struct pm4 *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile u64 *)q->res.Queue_write_ptr_aql = q->wptr;
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile u64 *)q->res.Queue_DoorBell_aql = q->wptr;
}

u32 pm4_submit(struct pm4 *q)
{
	const u32 packet[] = { VKFD_PM4_HEADER(VKFD_PM4_RELEASE_MEM, 8), RELEASE_EVENT,
			       (u32)VKFD_PM4_DATA_32 << 29, PM4_ADDR(q->fence), ++q->seq, 0, 0 };

	pm4_raw(q, packet, ARRAY_LEN(packet));
	pm4_kick(q);
	return q->seq;
}

bool pm4_done(const struct pm4 *q, u32 seq)
{
	bool done = (s32)(*q->fence - seq) >= 0;

	atomic_thread_fence(memory_order_seq_cst);
	return done;
}

void pm4_wait(struct pm4 *q, u32 seq)
{
	if (!wait_until(pm4_done(q, seq), PM4_MS))
		fail_test("PM4 queue %llu on GPU %u did not get to fence %u: fence %u, rptr %u, wptr %llu",
			  (unsigned long long)q->res.QueueId, q->gpu, seq, *q->fence,
			  *(volatile u32 *)q->res.Queue_read_ptr_aql, (unsigned long long)q->wptr);
}

void pm4_run(struct pm4 *q)
{
	pm4_wait(q, pm4_submit(q));
}
