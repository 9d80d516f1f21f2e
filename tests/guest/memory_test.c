// SPDX-License-Identifier: MIT
/* Buffers: every kind, their CPU and GPU view, limits, and that nothing leaks. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "raw.h"
#include "residency.h"
#include "sdma.h"

static void vram_buffer_round_trip_by_gpu(int arg)
{
	const size_t bytes = 4 * MIB + 3 * PAGE;
	char *vram, *in, *out;
	struct session s;
	struct sdma q;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	vram = vram_alloc(&s, bytes);
	in = sysmem_alloc(&s, bytes);
	out = sysmem_alloc(&s, bytes);
	pattern_fill(in, bytes, 1);
	sdma_copy(&q, vram, in, bytes);
	sdma_copy(&q, out, vram, bytes);
	sdma_run(&q);
	pattern_check(out, bytes, 1);
	pattern_check(vram, bytes, 1);	/* the CPU's own view through the BAR */
	sdma_destroy(&q);
	buffer_free(vram, bytes);
}

static void vram_buffer_is_zeroed_after_reuse(int arg)
{
	const size_t bytes = 8 * MIB;
	struct session s;
	char *vram;

	session_start(&s, false);
	for (int i = 0; i < 4; i++) {
		vram = vram_alloc(&s, bytes);
		bytes_check(vram, bytes, 0);
		memset(vram, 0xa5, bytes);
		buffer_free(vram, bytes);
	}
}

static void gtt_buffer_is_zeroed_and_shared(int arg)
{
	struct raw_buffer b;
	struct raw r;

	raw_start(&r);
	raw_buffer_alloc(&r, &b, 64 * 1024, RAW_GTT);
	bytes_check(b.addr, b.bytes, 0);
	pattern_fill(b.addr, b.bytes, 3);
	pattern_check(b.addr, b.bytes, 3);
	raw_buffer_free(&r, &b);
}

static void userptr_buffer_is_seen_by_gpu(int arg)
{
	const size_t bytes = 1 * MIB;
	struct session s;
	struct sdma q;
	char *user;
	u64 offset, handle;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	user = mm_map(bytes);
	pattern_fill(user, bytes, 5);
	offset = (u64)(uintptr_t)user;
	assert_ok(kfd_alloc(s.kfd, s.gpu[0].gpu_id, offset, bytes, RAW_USERPTR, &offset, &handle));
	assert_ok(kfd_map(s.kfd, handle, s.gpu[0].gpu_id));
	sdma_copy(&q, user + bytes / 2, user, bytes / 2);
	sdma_run(&q);
	pattern_check(user + bytes / 2, bytes / 2, 5);
	assert_ok(kfd_unmap(s.kfd, handle, s.gpu[0].gpu_id));
	assert_ok(kfd_free(s.kfd, handle));
	sdma_destroy(&q);
}

/* The pages live as long as the buffer, not as long as the mapping. */
static void userptr_munmap_before_free_hurts_nobody(int arg)
{
	const size_t bytes = 256 * 1024;
	struct session s;
	struct sdma q;
	char *user, *out;
	u64 offset, handle;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	out = sysmem_alloc(&s, bytes);
	user = mm_map(bytes);
	pattern_fill(user, bytes, 6);
	offset = (u64)(uintptr_t)user;
	assert_ok(kfd_alloc(s.kfd, s.gpu[0].gpu_id, offset, bytes, RAW_USERPTR, &offset, &handle));
	assert_ok(kfd_map(s.kfd, handle, s.gpu[0].gpu_id));
	mm_unmap(user, bytes);
	sdma_copy(&q, out, user, bytes);
	sdma_run(&q);
	pattern_check(out, bytes, 6);
	assert_ok(kfd_unmap(s.kfd, handle, s.gpu[0].gpu_id));
	assert_ok(kfd_free(s.kfd, handle));
	sdma_destroy(&q);
}

static void doorbell_buffer_maps_and_frees(int arg)
{
	u64 handle, offset = 0;
	struct raw r;

	raw_start(&r);
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, PAGE, RAW_DOORBELL, &offset, &handle), EINVAL);
	assert_ok(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, KFD_DOORBELL_BYTES, RAW_DOORBELL, &offset, &handle));
	assert_ok(kfd_map(r.kfd, handle, r.gpu.gpu_id));
	assert_ok(kfd_unmap(r.kfd, handle, r.gpu.gpu_id));
	assert_ok(kfd_free(r.kfd, handle));
}

static void mmio_page_is_mapped_and_flushes(int arg)
{
	u64 handle, offset = 0;
	volatile u32 *page;
	struct raw r;

	raw_start(&r);
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, 2 * PAGE, RAW_MMIO, &offset, &handle), EINVAL);
	offset = 0;
	assert_ok(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, PAGE, RAW_MMIO, &offset, &handle));
	assert_true(offset == KFD_MMAP_MMIO(r.gpu.gpu_id));
	assert_ok(kfd_map(r.kfd, handle, r.gpu.gpu_id));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r.kfd, (off_t)offset);
	assert_ptr_not_equal(page, MAP_FAILED);
	page[0] = 1;
	page[1] = 1;
	assert_ok(kfd_unmap(r.kfd, handle, r.gpu.gpu_id));
	assert_ok(kfd_free(r.kfd, handle));
}

static void available_memory_follows_allocation(int arg)
{
	const size_t bytes = 16 * MIB;
	u64 before, during, after;
	struct raw_buffer b;
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &before));
	raw_buffer_alloc(&r, &b, bytes, RAW_VRAM);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &during));
	assert_in_range(before - during, bytes, bytes + 4 * MIB);
	raw_buffer_free(&r, &b);
	assert_true(wait_until(!kfd_available(r.kfd, r.gpu.gpu_id, &after) && after >= before - 2 * MIB, 2000));
}

static void vram_more_than_there_is_is_enomem(int arg)
{
	u64 available, handle, offset = 0, again;
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &available));
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, available + 64 * MIB, RAW_VRAM, &offset, &handle), ENOMEM);
	offset = 0;
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, 1ull << 46, RAW_VRAM, &offset, &handle), ENOMEM);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &again));
	assert_int_equal(again, available);
}

static void vram_filled_to_the_last_then_freed(int arg)
{
	enum { CHUNK = 2 * MIB };
	static u64 handles[4096];
	u64 before, after, offset;
	size_t nr = 0;
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &before));
	while (nr < ARRAY_LEN(handles)) {
		int err;

		offset = 0;
		err = kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA + nr * CHUNK, CHUNK, RAW_VRAM, &offset, &handles[nr]);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			break;
		}
		nr++;
	}
	assert_true(nr * CHUNK >= before - 8 * MIB);
	while (nr--)
		assert_ok(kfd_free(r.kfd, handles[nr]));
	assert_true(wait_until(!kfd_available(r.kfd, r.gpu.gpu_id, &after) && after == before, 5000));
}

/* A limit refuses before the OOM killer would have to act. */
static void system_memory_limit_refuses_first(int arg)
{
	const u64 part = 64 * MIB;
	u64 handle, offset = 0, used, ram = 0;
	struct raw_buffer b;
	struct sysinfo info;
	struct raw r;

	raw_start(&r);
	assert_int_equal(sysinfo(&info), 0);
	ram = info.totalram * info.mem_unit & ~(PAGE - 1);
	used = driver_stat(0, "vram", "sysmem_used");
	raw_buffer_alloc(&r, &b, part, RAW_GTT);
	assert_int_equal(driver_stat(0, "vram", "sysmem_used"), used + part);
	/* All of RAM, and what is left of it: refused at once, nothing taken. */
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, ram, RAW_GTT, &offset, &handle), ENOMEM);
	offset = 0;
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, ram - part, RAW_GTT, &offset, &handle), ENOMEM);
	offset = (u64)(uintptr_t)mmap(NULL, ram, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, offset, ram, RAW_USERPTR, &offset, &handle), ENOMEM);
	assert_int_equal(driver_stat(0, "vram", "sysmem_used"), used + part);
	raw_buffer_free(&r, &b);
	assert_true(wait_until(driver_stat(0, "vram", "sysmem_used") == used, 5000));
}

static void alloc_bad_arguments_are_refused(int arg)
{
	u64 handle, offset = 0, before, after;
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &before));
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, 0, RAW_VRAM, &offset, &handle), EINVAL);
	assert_errno(kfd_alloc(r.kfd, 0xdead, RAW_VA, PAGE, RAW_VRAM, &offset, &handle), EINVAL);
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, PAGE, KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE, &offset, &handle), EINVAL);
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA + 1, PAGE, RAW_VRAM, &offset, &handle), EINVAL);
	assert_true(kfd_alloc(r.kfd, r.gpu.gpu_id, ~0xfffull, 2 * PAGE, RAW_VRAM, &offset, &handle) < 0);
	assert_true(kfd_alloc(r.kfd, r.gpu.gpu_id, 1ull << 47, PAGE, RAW_VRAM, &offset, &handle) < 0);
	offset = 8ull << 12;	/* nothing is mapped there */
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, PAGE, RAW_USERPTR, &offset, &handle), EFAULT);
	offset = 0xffff888000000000ull;
	assert_true(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, PAGE, RAW_USERPTR, &offset, &handle) < 0);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &after));
	assert_int_equal(before, after);
}

static void free_map_unmap_bad_handles_are_refused(int arg)
{
	struct kfd_ioctl_map_memory_to_gpu_args map = { 0 };
	struct raw_buffer b;
	u32 ids[2] = { 0, 0xdead };
	struct raw r;

	raw_start(&r);
	assert_errno(kfd_free(r.kfd, 0), EINVAL);
	assert_errno(kfd_free(r.kfd, (u64)r.gpu.gpu_id << 32 | 0x7777), EINVAL);
	assert_errno(kfd_free(r.kfd, 0xdead00000001ull), EINVAL);
	assert_errno(kfd_map(r.kfd, (u64)r.gpu.gpu_id << 32 | 0x7777, r.gpu.gpu_id), ENOMEM);
	raw_buffer_alloc(&r, &b, PAGE, RAW_VRAM);
	assert_errno(kfd_map(r.kfd, b.handle, 0xdead), EINVAL);
	map.handle = b.handle;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &map), EINVAL);
	map.n_devices = 1;
	map.n_success = 2;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &map), EINVAL);
	map.n_success = 0;
	map.device_ids_array_ptr = 8;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &map), EFAULT);
	map.n_devices = 0xffffffff;
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &map) < 0);
	ids[0] = r.gpu.gpu_id;
	map.n_devices = 2;
	map.device_ids_array_ptr = (u64)(uintptr_t)ids;
	/* The first was mapped, the second is wrong: both are told. */
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &map), EINVAL);
	assert_int_equal(map.n_success, 1);
	raw_buffer_free(&r, &b);
	assert_errno(kfd_free(r.kfd, b.handle), EINVAL);
}

static void map_twice_then_free_while_mapped(int arg)
{
	u64 before, after;
	struct raw_buffer b;
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &before));
	raw_buffer_alloc(&r, &b, 4 * MIB, RAW_VRAM);
	assert_ok(kfd_map(r.kfd, b.handle, r.gpu.gpu_id));
	assert_ok(kfd_free(r.kfd, b.handle));
	mm_unmap(b.addr, b.bytes);
	assert_true(wait_until(!kfd_available(r.kfd, r.gpu.gpu_id, &after) && after >= before - 2 * MIB, 2000));
}

/* A buffer and SVM memory must not claim the same addresses. */
static void buffer_over_svm_memory_is_eaddrinuse(int arg)
{
	struct kfd_ioctl_svm_attribute access = { KFD_IOCTL_SVM_ATTR_ACCESS, 0 };
	char *addr = mm_map(16 * PAGE);
	u64 handle, offset;
	struct raw r;

	raw_start(&r);
	access.value = r.gpu.gpu_id;
	offset = (u64)(uintptr_t)addr;
	assert_ok(kfd_svm(r.kfd, KFD_IOCTL_SVM_OP_SET_ATTR, addr, 16 * PAGE, &access, 1));
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, offset, 16 * PAGE, RAW_USERPTR, &offset, &handle), EADDRINUSE);
	/* After munmap the same addresses are free at once. */
	mm_unmap(addr, 16 * PAGE);
	assert_ptr_equal(mmap(addr, 16 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), addr);
	offset = (u64)(uintptr_t)addr;
	assert_ok(kfd_alloc(r.kfd, r.gpu.gpu_id, offset, 16 * PAGE, RAW_USERPTR, &offset, &handle));
	assert_ok(kfd_map(r.kfd, handle, r.gpu.gpu_id));
	/* And the other way round. */
	assert_errno(kfd_svm(r.kfd, KFD_IOCTL_SVM_OP_SET_ATTR, addr, PAGE, &access, 1), EADDRINUSE);
}

static void foreign_process_cannot_mmap_the_buffer(int arg)
{
	u64 offset = 0, handle;
	struct raw r;
	int other;

	raw_start(&r);
	assert_ok(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, PAGE, RAW_VRAM, &offset, &handle));
	other = kfd_render_open(&r.gpu);
	/* Another open of the render node was not given this buffer. */
	errno = 0;
	assert_ptr_equal(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, (off_t)offset), MAP_FAILED);
	assert_int_equal(errno, EACCES);
}

static void vram_on_peer_is_refused_gtt_is_not(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	struct raw_buffer vram, gtt;
	struct raw r;
	int render;

	raw_start(&r);
	kfd_nodes(nodes);
	render = kfd_render_open(&nodes[1]);
	assert_ok(kfd_acquire_vm(r.kfd, nodes[1].gpu_id, render));
	raw_buffer_alloc(&r, &vram, PAGE, RAW_VRAM);
	raw_buffer_alloc(&r, &gtt, PAGE, RAW_GTT);
	assert_true(kfd_map(r.kfd, vram.handle, nodes[1].gpu_id) < 0);
	assert_ok(kfd_map(r.kfd, gtt.handle, nodes[1].gpu_id));
	assert_ok(kfd_unmap(r.kfd, gtt.handle, nodes[1].gpu_id));
}

static int allocate_and_die(struct child *c, void *arg)
{
	u64 handle, offset;
	struct raw r;

	raw_start(&r);
	for (u64 i = 0; i < 16; i++) {
		offset = 0;
		child_expect(!kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA + i * 4 * MIB, 4 * MIB, RAW_VRAM, &offset, &handle));
		child_expect(!kfd_map(r.kfd, handle, r.gpu.gpu_id));
	}
	return 0;
}

static void exit_without_free_gives_vram_back(int arg)
{
	u64 before, after;
	struct child c;
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &before));
	child_start(&c, allocate_and_die, NULL);
	assert_child_ok(&c);
	assert_true(wait_until(!kfd_available(r.kfd, r.gpu.gpu_id, &after) && after >= before, 5000));
}

/* Read-only for the GPU: a GPU write is refused by the device. */
static void read_only_buffer_gpu_write_is_a_violation(int arg)
{
	u64 handle, offset;
	struct session s;
	struct sdma q;
	HsaEvent *e;
	u32 *page;

	session_start(&s, arg);
	e = memory_event(&s);
	sdma_create(&q, &s, 0);
	page = mm_map(PAGE);
	page[0] = 77;
	offset = (u64)(uintptr_t)page;
	assert_ok(kfd_alloc(s.kfd, s.gpu[0].gpu_id, offset, PAGE,
			    RAW_USERPTR & ~(u32)KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE, &offset, &handle));
	assert_ok(kfd_map(s.kfd, handle, s.gpu[0].gpu_id));
	sdma_write1(&q, page, 1234);
	sdma_submit(&q);
	assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS));
	assert_int_equal(e->EventData.EventData.MemoryAccessFault.VirtualAddress, (u64)(uintptr_t)page);
	assert_int_equal(e->EventData.EventData.MemoryAccessFault.Failure.ReadOnly, 1);
	assert_int_equal(page[0], 77);
}

static const struct guest_test tests[] = {
	TEST(vram_buffer_round_trip_by_gpu),
	TEST(vram_buffer_is_zeroed_after_reuse),
	TEST(gtt_buffer_is_zeroed_and_shared),
	TEST(userptr_buffer_is_seen_by_gpu),
	TEST(userptr_munmap_before_free_hurts_nobody),
	TEST(doorbell_buffer_maps_and_frees),
	TEST(mmio_page_is_mapped_and_flushes),
	TEST(available_memory_follows_allocation),
	TEST(vram_more_than_there_is_is_enomem),
	TEST_TAGS(vram_filled_to_the_last_then_freed, "vram=64M"),
	TEST(system_memory_limit_refuses_first),
	TEST(alloc_bad_arguments_are_refused),
	TEST(free_map_unmap_bad_handles_are_refused),
	TEST(map_twice_then_free_while_mapped),
	TEST(buffer_over_svm_memory_is_eaddrinuse),
	TEST(foreign_process_cannot_mmap_the_buffer),
	TEST_TAGS(vram_on_peer_is_refused_gtt_is_not, "gpus=2"),
	TEST(exit_without_free_gives_vram_back),
	TEST_XNACK(read_only_buffer_gpu_write_is_a_violation),
};
HARNESS_MAIN(tests)
