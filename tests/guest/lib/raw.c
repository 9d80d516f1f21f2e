// SPDX-License-Identifier: MIT
/* Buffers and queues by plain ioctls, as libhsakmt makes them. */
#include "raw.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "mm.h"

void raw_start(struct raw *r)
{
	struct kfd_node nodes[MAX_GPUS];

	r->kfd = kfd_open();
	if (r->kfd < 0)
		fail_test("/dev/kfd: %s", strerror_neg(r->kfd));
	r->nr_gpus = kfd_nodes(nodes);
	r->gpu = nodes[0];
	r->render = kfd_render_open(&r->gpu);
	if (r->render < 0)
		fail_test("renderD%u: %s", r->gpu.render_minor, strerror_neg(r->render));
	assert_ok(kfd_acquire_vm(r->kfd, r->gpu.gpu_id, r->render));
}

void raw_buffer_alloc(struct raw *r, struct raw_buffer *b, u64 bytes, u32 flags)
{
	u64 offset;

	b->bytes = bytes;
	b->addr = mm_map(bytes);
	offset = (u64)(uintptr_t)b->addr;
	assert_ok(kfd_alloc(r->kfd, r->gpu.gpu_id, (u64)(uintptr_t)b->addr, bytes, flags, &offset,
			    &b->handle));
	if (!(flags & KFD_IOC_ALLOC_MEM_FLAGS_USERPTR) &&
	    mmap(b->addr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r->render,
		 (off_t)offset) == MAP_FAILED)
		fail_test("mmap of the buffer at offset 0x%llx: %s", (unsigned long long)offset,
			  strerror(errno));
	assert_ok(kfd_map(r->kfd, b->handle, r->gpu.gpu_id));
}

void raw_buffer_free(struct raw *r, struct raw_buffer *b)
{
	assert_ok(kfd_unmap(r->kfd, b->handle, r->gpu.gpu_id));
	assert_ok(kfd_free(r->kfd, b->handle));
	mm_unmap(b->addr, b->bytes);
}

void raw_queue_prepare(struct raw *r, struct raw_queue *q, u32 ring_bytes)
{
	memset(q, 0, sizeof(*q));
	raw_buffer_alloc(r, &q->ring, ring_bytes, RAW_USERPTR);
	raw_buffer_alloc(r, &q->pointers, PAGE, RAW_GTT);
	q->args = (struct kfd_ioctl_create_queue_args){
		.ring_base_address = (u64)(uintptr_t)q->ring.addr,
		.ring_size = ring_bytes,
		.write_pointer_address = (u64)(uintptr_t)q->pointers.addr + 8,
		.read_pointer_address = (u64)(uintptr_t)q->pointers.addr + 16,
		.gpu_id = r->gpu.gpu_id,
		.queue_type = KFD_IOC_QUEUE_TYPE_SDMA,
		.queue_percentage = 100,
		.queue_priority = 7,
	};
}

int raw_queue_create(struct raw *r, struct raw_queue *q)
{
	return kfd_ioctl(r->kfd, AMDKFD_IOC_CREATE_QUEUE, &q->args);
}

int raw_queue_destroy(struct raw *r, u32 queue_id)
{
	struct kfd_ioctl_destroy_queue_args args = { .queue_id = queue_id };

	return kfd_ioctl(r->kfd, AMDKFD_IOC_DESTROY_QUEUE, &args);
}

void raw_queue_free(struct raw *r, struct raw_queue *q)
{
	raw_buffer_free(r, &q->ring);
	raw_buffer_free(r, &q->pointers);
}

void raw_compute_prepare(struct raw *r, struct raw_compute *q)
{
	u64 save, stack;

	assert_ok(topology_property(r->gpu.node, "properties", "cwsr_size", &save));
	assert_ok(topology_property(r->gpu.node, "properties", "ctl_stack_size", &stack));
	raw_buffer_alloc(r, &q->ring, PAGE, RAW_GTT);
	raw_buffer_alloc(r, &q->pointers, PAGE, RAW_GTT);
	raw_buffer_alloc(r, &q->area, save + MIB, RAW_GTT);
	q->args = (struct kfd_ioctl_create_queue_args){
		.ring_base_address = (u64)(uintptr_t)q->ring.addr,
		.ring_size = PAGE,
		.write_pointer_address = (u64)(uintptr_t)q->pointers.addr,
		.read_pointer_address = (u64)(uintptr_t)q->pointers.addr + 8,
		.ctx_save_restore_address = (u64)(uintptr_t)q->area.addr,
		.ctx_save_restore_size = (u32)save,
		.ctl_stack_size = (u32)stack,
		.gpu_id = r->gpu.gpu_id,
		.queue_type = KFD_IOC_QUEUE_TYPE_COMPUTE,
		.queue_percentage = 100,
	};
}
