// SPDX-License-Identifier: MIT
/*
 * A GPU that works in system memory (--mode apu): nothing moves when it is
 * prefetched or touched, and what is allocated as VRAM is RAM as well. That no
 * byte of it went through VRAM, the device's own counters say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "power.h"
#include "raw.h"
#include "residency.h"
#include "sdma.h"
#include "trace.h"

#define APU	"mode=apu vram=64M long=debug"
#define CARVE_OUT (64 * MIB)
#define TEST_APU(fn)	TEST_TAGS(fn, APU)
#define TEST_APU_XNACK(fn)	{ #fn "_xnack_on", fn, XNACK, APU }, { #fn "_xnack_off", fn, 0, APU }
#define TEST_APU_MODES(fn)                                                   \
	{ #fn "_4k_xnack_on", fn, XNACK, APU }, { #fn "_4k_xnack_off", fn, 0, APU }, \
	{ #fn "_2m_xnack_on", fn, XNACK | HUGE, APU }, { #fn "_2m_xnack_off", fn, HUGE, APU }

#define BYTES	(2 * HUGE_BYTES)
#define PAGES	(BYTES / PAGE)

/* Memory in RAM whose frames are known, a queue, and a record of what happens. */
struct area {
	struct session s;
	struct sdma q;
	struct trace t;
	char *p;
	u64 frames[PAGES];
	u64 vram_bytes, page_in;
};

static u64 vram_traffic(void)
{
	return device_stat(0, VKFD_STAT_VRAM_READ_BYTES) + device_stat(0, VKFD_STAT_VRAM_WRITE_BYTES);
}

static void area_start(struct area *a, int mode, u64 seed)
{
	session_start(&a->s, mode & XNACK);
	sdma_create(&a->q, &a->s, 0);
	a->p = mm_map_kind(BYTES, mode & HUGE);
	pattern_fill(a->p, BYTES, seed);
	assert_in_ram(a->p, BYTES);
	for (size_t i = 0; i < PAGES; i++)
		a->frames[i] = residency_ram_frame(a->p + i * PAGE);
	a->vram_bytes = vram_traffic();
	a->page_in = driver_stat(0, "vram", "page_in");
	trace_start(&a->t);
}

/* Each page is in the very frame it was in before, and none ever was in VRAM. */
static void area_never_moved(struct area *a)
{
	trace_stop(&a->t);
	assert_in_ram(a->p, BYTES);
	for (size_t i = 0; i < PAGES; i++)
		if (residency_ram_frame(a->p + i * PAGE) != a->frames[i])
			fail_test("page %zu moved to another frame", i);
	assert_int_equal(vram_traffic(), a->vram_bytes);
	assert_int_equal(driver_stat(0, "vram", "page_in"), a->page_in);
	assert_int_equal(driver_stat(0, "vram", "svm_bos"), 0);
	sdma_destroy(&a->q);
}

/* The GPU reads all of it where it is, then writes it; both sides see each byte. */
static void area_used_by_gpu(struct area *a, u64 seed)
{
	char *copy = sysmem_alloc(&a->s, BYTES), *fresh = sysmem_alloc(&a->s, BYTES);

	pattern_fill(fresh, BYTES, seed + 1);
	sdma_copy(&a->q, copy, a->p, BYTES);
	sdma_copy(&a->q, a->p, fresh, BYTES);
	sdma_run(&a->q);
	pattern_check(copy, BYTES, seed);
	pattern_check(a->p, BYTES, seed + 1);
	buffer_free(copy, BYTES);
	buffer_free(fresh, BYTES);
}

static void prefetch_maps_ram_where_it_is(int mode)
{
	u64 faults;
	struct area a;

	area_start(&a, mode, 500);
	gpu_access(&a.s, a.p, BYTES);
	assert_ok(gpu_prefetch(&a.s, a.p, BYTES, true));
	assert_int_equal(svm_get(a.s.kfd, a.p, BYTES, KFD_IOCTL_SVM_ATTR_PREFETCH_LOC),
			 a.s.gpu[0].gpu_id);
	faults = device_stat(0, VKFD_STAT_FAULTS_RETRY);
	area_used_by_gpu(&a, 500);
	assert_int_equal(device_stat(0, VKFD_STAT_FAULTS_RETRY), faults);
	assert_int_equal(trace_count(&a.t, "vkfd_migrate_begin", "", NULL, 0), 0);
	area_never_moved(&a);
}

static void gpu_fault_maps_ram_where_it_is(int mode)
{
	struct area a;

	area_start(&a, mode, 510);
	area_used_by_gpu(&a, 510);
	assert_true(trace_count(&a.t, "vkfd_fault_done", "how=mapped", a.p, BYTES) > 0);
	assert_int_equal(trace_count(&a.t, "vkfd_migrate_begin", "", NULL, 0), 0);
	area_never_moved(&a);
}

/* amdkfd asks the GPU before the attribute as well. */
static void preferred_location_does_not_make_vram(int mode)
{
	struct area a;

	area_start(&a, mode, 520);
	gpu_access(&a.s, a.p, BYTES);
	assert_ok(svm_set(a.s.kfd, a.p, BYTES,
			  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, a.s.gpu[0].gpu_id },
			  { KFD_IOCTL_SVM_ATTR_ACCESS, a.s.gpu[0].gpu_id }));
	area_used_by_gpu(&a, 520);
	area_never_moved(&a);
}

/* Untouched memory becomes RAM by a prefetch's mapping or a fault, zeroed. */
static void untouched_memory_becomes_ram(int mode)
{
	char *p = mm_map_kind(BYTES, mode & HUGE), *copy;
	struct session s;
	struct sdma q;

	session_start(&s, mode & XNACK);
	sdma_create(&q, &s, 0);
	gpu_access(&s, p, BYTES);
	copy = sysmem_alloc(&s, BYTES);
	memset(copy, 0xee, BYTES);
	assert_ok(gpu_prefetch(&s, p, BYTES, true));
	sdma_copy(&q, copy, p, BYTES);
	sdma_fill(&q, p, 0x5a5a5a5a, BYTES);
	sdma_run(&q);
	assert_in_ram(p, BYTES);
	bytes_check(copy, BYTES, 0);
	bytes_check(p, BYTES, 0x5a);
	sdma_destroy(&q);
}

/* Twice the carve-out fits: it is not where the buffer is. */
static void vram_buffer_is_system_memory(int mode)
{
	const u64 bytes = 2 * CARVE_OUT;
	u64 used = driver_stat(0, "vram", "sysmem_used"), vram = driver_stat(0, "vram", "used");
	u64 traffic, before, after;
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, mode & XNACK);
	sdma_create(&q, &s, 0);
	used = driver_stat(0, "vram", "sysmem_used");
	assert_ok(kfd_available(s.kfd, s.gpu[0].gpu_id, &before));
	p = vram_alloc(&s, bytes);
	assert_int_equal(driver_stat(0, "vram", "sysmem_used"), used + bytes);
	/* Page tables only. */
	assert_true(driver_stat(0, "vram", "used") <= vram + 4 * MIB);
	traffic = vram_traffic();
	bytes_check(p, bytes, 0);
	pattern_fill(p, bytes / 2, 530);
	sdma_copy(&q, p + bytes / 2, p, bytes / 2);
	sdma_run(&q);
	pattern_check(p + bytes / 2, bytes / 2, 530);
	assert_int_equal(vram_traffic(), traffic);
	assert_ok(kfd_available(s.kfd, s.gpu[0].gpu_id, &after));
	assert_true(after <= before - bytes / 2);
	buffer_free(p, bytes);
	assert_true(wait_until(driver_stat(0, "vram", "sysmem_used") == used, 5000));
	sdma_destroy(&q);
}

/* RAM sleeps by itself: neither the memory nor what was allocated as VRAM moves. */
static void memory_and_buffer_sleep_where_they_are(int mode)
{
	struct area a;
	char *buffer;

	area_start(&a, mode, 560);
	buffer = vram_alloc(&a.s, BYTES);
	pattern_fill(buffer, BYTES, 561);
	gpu_access(&a.s, a.p, BYTES);
	for (u64 i = 0; i < 2; i++) {
		assert_ok(power_test("devices"));
		pattern_check(a.p, BYTES, 560 + i);
		sdma_copy(&a.q, a.p, buffer, BYTES);
		sdma_run(&a.q);
		pattern_check(a.p, BYTES, 561 + i);
		pattern_fill(buffer, BYTES, 562 + i);
	}
	area_never_moved(&a);
}

static void more_than_the_machine_has_is_enomem(int arg)
{
	u64 bank, available, offset = 0, handle;
	struct raw r;

	raw_start(&r);
	assert_ok(topology_property(r.gpu.node, "mem_banks/0/properties", "size_in_bytes", &bank));
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &available));
	assert_in_range(available, 1, bank);
	assert_errno(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, (bank + PAGE) & ~(PAGE - 1), RAW_VRAM, &offset,
			       &handle), ENOMEM);
}

/* Of the bank sizes only system memory fits; links are inside one socket. */
static void topology_says_that_it_works_in_ram(int arg)
{
	u64 bank, ram, value, first, pages;
	struct kfd_node nodes[MAX_GPUS];
	HsaNodeProperties props;
	struct session s;

	session_start(&s, true);
	kfd_nodes(nodes);
	assert_ok(topology_property(nodes[0].node, "properties", "capability", &value));
	assert_int_equal(value >> 27 & 3, 3);	/* SVM API, coherent host access */
	assert_ok(topology_property(nodes[0].node, "properties", "cpu_cores_count", &value));
	assert_int_equal(value, 0);
	assert_ok(topology_property(nodes[0].node, "properties", "mem_banks_count", &value));
	assert_int_equal(value, 1);
	assert_ok(topology_property(nodes[0].node, "mem_banks/0/properties", "heap_type", &value));
	assert_int_equal(value, HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC);
	assert_ok(topology_property(nodes[0].node, "mem_banks/0/properties", "size_in_bytes", &bank));
	assert_ok(topology_property(0, "mem_banks/0/properties", "size_in_bytes", &ram));
	assert_in_range(bank, ram / 2, ram);
	assert_true(bank > CARVE_OUT);
	assert_ok(topology_property(nodes[0].node, "io_links/0/properties", "type", &value));
	assert_int_equal(value, HSA_IOLINK_TYPE_XGMI);
	assert_ok(topology_property(nodes[0].node, "io_links/0/properties", "flags", &value));
	assert_int_equal(value, 1);	/* enabled, coherent, with atomics */
	assert_false(vram_region(0, &first, &pages));
	assert_hsa(hsaKmtGetNodeProperties(nodes[0].node, &props));
	assert_true(props.Integrated);
	assert_true(props.Capability.ui32.SVMAPISupported && props.Capability.ui32.CoherentHostAccess);
	session_stop(&s);
}

static void rocminfo_says_coherent_host_access(int arg)
{
	bool found;

	assert_true(command_says("rocminfo 2>&1 | sed -n '/gfx90a/,$p' | grep 'Coherent Host Access'",
				 "TRUE", &found));
	assert_true(found);
}

/* The programs of the other suites; each checks its own data. */
static void hip_vector_add_runs(int arg)
{
	client_runs(CLIENT_HIP_COMPUTE, "vector_add_small");
}

static void hip_managed_memory_runs(int mode)
{
	client_runs(CLIENT_HIP_MEMORY, mode & XNACK ? "managed_prefetch_both_ways_xnack_on" :
								  "managed_prefetch_both_ways_xnack_off");
}

static void rocr_kernel_runs(int mode)
{
	client_runs(CLIENT_ROCR, mode & XNACK ? "kernel_over_system_memory_xnack_on" :
							     "kernel_over_system_memory_xnack_off");
}

static void rocr_copies_run(int mode)
{
	client_runs(CLIENT_ROCR, mode & XNACK ? "async_copies_through_vram_xnack_on" :
							     "async_copies_through_vram_xnack_off");
}

static const struct guest_test tests[] = {
	TEST_APU_MODES(prefetch_maps_ram_where_it_is),
	{ "gpu_fault_maps_ram_where_it_is_4k_xnack_on", gpu_fault_maps_ram_where_it_is, XNACK, APU },
	{ "gpu_fault_maps_ram_where_it_is_2m_xnack_on", gpu_fault_maps_ram_where_it_is, XNACK | HUGE, APU },
	TEST_APU_MODES(preferred_location_does_not_make_vram),
	TEST_APU_MODES(untouched_memory_becomes_ram),
	TEST_APU_XNACK(vram_buffer_is_system_memory),
	TEST_APU(more_than_the_machine_has_is_enomem),
	TEST_APU(topology_says_that_it_works_in_ram),
	TEST_APU(rocminfo_says_coherent_host_access),
	TEST_APU(hip_vector_add_runs),
	TEST_APU_XNACK(hip_managed_memory_runs),
	TEST_APU_XNACK(rocr_kernel_runs),
	TEST_APU_XNACK(rocr_copies_run),
	TEST_APU_XNACK(memory_and_buffer_sleep_where_they_are),
};
HARNESS_MAIN(tests)
