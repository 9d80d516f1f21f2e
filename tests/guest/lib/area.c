// SPDX-License-Identifier: MIT
#include "area.h"

#include "mm.h"
#include "pattern.h"
#include "residency.h"

static void start(struct area *a, int mode, size_t bytes, u64 seed)
{
	session_start(&a->s, mode & XNACK);
	sdma_create(&a->q, &a->s, 0);
	a->bytes = bytes;
	a->seed = seed;
	a->p = mm_map_kind(bytes, mode & HUGE);
	pattern_fill(a->p, bytes, seed);
}

void area_start(struct area *a, int mode, size_t bytes, u64 seed)
{
	start(a, mode, bytes, seed);
	gpu_access(&a->s, a->p, bytes);
	area_to_vram(a);
}

void area_start_in_ram(struct area *a, int mode, size_t bytes, u64 seed)
{
	start(a, mode, bytes, seed);
	assert_ok(svm_set(a->s.kfd, a->p, bytes, { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, a->s.gpu[0].gpu_id }));
	assert_in_ram(a->p, bytes);
}

void area_to_vram(struct area *a)
{
	assert_ok(gpu_prefetch(&a->s, a->p, a->bytes, true));
	assert_in_vram(a->p, a->bytes);
}

void area_check(struct area *a)
{
	char *copy = sysmem_alloc(&a->s, a->bytes);

	sdma_copy(&a->q, copy, a->p, a->bytes);
	sdma_run(&a->q);
	pattern_check(copy, a->bytes, a->seed);
	buffer_free(copy, a->bytes);
	pattern_check(a->p, a->bytes, a->seed);
}

void area_stop(struct area *a)
{
	sdma_destroy(&a->q);
	mm_unmap(a->p, a->bytes);
}

void gpu_write(struct area *a, void *p, size_t bytes, unsigned char value)
{
	sdma_fill(&a->q, p, value * 0x01010101u, bytes);
	sdma_run(&a->q);
}

void assert_violation(HsaEvent *e, const void *addr, bool read_only)
{
	HsaMemoryAccessFault *fault = &e->EventData.EventData.MemoryAccessFault;

	assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS));
	assert_int_equal(fault->VirtualAddress, (uintptr_t)addr & ~(PAGE - 1));
	assert_int_equal(fault->Failure.ReadOnly, read_only);
	assert_int_equal(fault->Failure.NotPresent, !read_only);
}
