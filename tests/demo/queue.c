// SPDX-License-Identifier: MIT
/* A GPU through Debian's libhsakmt: user SDMA queues, nothing but packets and doorbells. */
#include "queue.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vkfd_hw/sdma.h"

#define RING_BYTES (1u << 20)
#define FENCE_BYTES 4096u

int gpu_open(struct gpu *gpu)
{
	HsaSystemProperties system;
	HsaNodeProperties node;
	HsaMemoryProperties bank;

	/* HIP has it open already: it would not take one that is open. */
	HSAKMT_STATUS opened = hsaKmtOpenKFD();

	if ((opened && opened != HSAKMT_STATUS_KERNEL_ALREADY_OPENED) ||
	    hsaKmtAcquireSystemProperties(&system)) {
		fputs("vkfd-demo: libhsakmt cannot open /dev/kfd\n", stderr);
		return -1;
	}
	memset(gpu, 0, sizeof(*gpu));
	for (u32 i = 0; i < system.NumNodes && !gpu->gpu_id; i++) {
		if (hsaKmtGetNodeProperties(i, &node) || !node.NumFComputeCores)
			continue;
		gpu->node = i;
		gpu->gpu_id = node.KFDGpuID;
		snprintf(gpu->pci, sizeof(gpu->pci), "%04x:%02x:%02x.%x", node.Domain,
			 node.LocationId >> 8 & 0xff, node.LocationId >> 3 & 0x1f, node.LocationId & 7);
		if (!hsaKmtGetNodeMemoryProperties(i, 1, &bank))
			gpu->vram_bytes = bank.SizeInBytes;
	}
	if (!gpu->gpu_id) {
		fputs("vkfd-demo: no GPU\n", stderr);
		return -1;
	}
	if (hsaKmtSetXNACKMode(1)) {
		fputs("vkfd-demo: XNACK cannot be switched on\n", stderr);
		return -1;
	}
	return 0;
}

static void *buffer(const struct gpu *gpu, u64 bytes)
{
	HsaMemFlags flags = { .Value = 0 };
	HsaMemMapFlags map = { .Value = 0 };
	HSAuint32 node = gpu->node;
	void *addr = NULL;

	flags.ui32.HostAccess = 1;
	flags.ui32.ExecuteAccess = 1;
	flags.ui32.NoNUMABind = 1;
	if (hsaKmtAllocMemory(node, bytes, flags, &addr))
		return NULL;
	if (hsaKmtMapMemoryToGPUNodes(addr, bytes, NULL, map, 1, &node)) {
		hsaKmtFreeMemory(addr, bytes);
		return NULL;
	}
	memset(addr, 0, bytes);
	return addr;
}

int queue_create(struct queue *q, const struct gpu *gpu)
{
	memset(q, 0, sizeof(*q));
	q->ring = buffer(gpu, RING_BYTES);
	q->fence = buffer(gpu, FENCE_BYTES);
	if (!q->ring || !q->fence ||
	    hsaKmtCreateQueue(gpu->node, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_NORMAL, q->ring,
			      RING_BYTES, NULL, &q->res)) {
		fputs("vkfd-demo: cannot create an SDMA queue\n", stderr);
		return -1;
	}
	return 0;
}

void queue_destroy(struct queue *q)
{
	hsaKmtDestroyQueue(q->res.QueueId);
	hsaKmtUnmapMemoryToGPU(q->ring);
	hsaKmtFreeMemory(q->ring, RING_BYTES);
	hsaKmtUnmapMemoryToGPU((void *)(uintptr_t)q->fence);
	hsaKmtFreeMemory((void *)(uintptr_t)q->fence, FENCE_BYTES);
}

static void pause_briefly(void)
{
	const struct timespec moment = { .tv_nsec = 500000 };

	nanosleep(&moment, NULL);
}

static void doorbell(struct queue *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile u64 *)q->res.Queue_write_ptr_aql = q->wptr;
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile u64 *)q->res.Queue_DoorBell_aql = q->wptr;
}

/* A packet never straddles the end of the ring; zero dwords before it are NOPs. */
static void put(struct queue *q, const u32 *dwords, size_t nr)
{
	u64 bytes = nr * sizeof(u32), at = q->wptr % RING_BYTES;
	u64 pad = at + bytes > RING_BYTES ? RING_BYTES - at : 0;

	if (q->wptr + pad + bytes - *(volatile u64 *)q->res.Queue_read_ptr_aql > RING_BYTES) {
		doorbell(q);
		while (q->wptr + pad + bytes - *(volatile u64 *)q->res.Queue_read_ptr_aql > RING_BYTES)
			pause_briefly();
	}
	memset((char *)q->ring + at, 0, pad);
	q->wptr += pad;
	memcpy((char *)q->ring + q->wptr % RING_BYTES, dwords, bytes);
	q->wptr += bytes;
}

static u32 lo(const volatile void *p)
{
	return (u32)(uintptr_t)p;
}

static u32 hi(const volatile void *p)
{
	return (u32)((uintptr_t)p >> 32);
}

void queue_copy(struct queue *q, void *dst, const void *src, size_t bytes)
{
	const u32 packet[] = { VKFD_SDMA_HEADER(VKFD_SDMA_COPY, VKFD_SDMA_SUB_COPY_LINEAR),
			       (u32)(bytes - 1), 0, lo(src), hi(src), lo(dst), hi(dst) };

	put(q, packet, sizeof(packet) / sizeof(u32));
}

void queue_submit(struct queue *q)
{
	const u32 packet[] = { VKFD_SDMA_HEADER(VKFD_SDMA_FENCE, 0), lo(q->fence), hi(q->fence), ++q->seq };

	put(q, packet, sizeof(packet) / sizeof(u32));
	doorbell(q);
}

bool queue_wait(struct queue *q, unsigned int seconds)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if ((s32)(*q->fence - q->seq) >= 0) {
			atomic_thread_fence(memory_order_seq_cst);
			return true;
		}
		pause_briefly();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < (time_t)seconds);
	return false;
}
