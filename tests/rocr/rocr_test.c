// SPDX-License-Identifier: MIT
/*
 * Programs against Debian's ROCr: a code object, AQL dispatches, signals,
 * copies, SVM attributes, and what happens when a kernel goes wrong.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "residency.h"
#include "rocr.h"

struct add_args {
	uint32_t *data;
	uint32_t plus, count;
};

static void run_add(struct rocr *r, uint32_t *data, uint32_t count, uint32_t plus)
{
	struct add_args args = { data, plus, count };

	rocr_run(r, (struct rocr_launch){ .kernel = "add_index", .grid = count, .group = 256,
					  .args = &args, .args_bytes = sizeof(args) });
}

static void expect_added(const uint32_t *data, uint32_t count, uint32_t times, uint32_t plus)
{
	for (uint32_t i = 0; i < count; i++)
		if (data[i] != times * (i + plus))
			fail_test("element %u: %u, not %u", i, data[i], times * (i + plus));
}

static void kernel_over_system_memory(int xnack)
{
	uint32_t count = 100000;
	struct rocr r;
	uint32_t *data;

	rocr_start(&r, xnack);
	data = rocr_alloc(&r, r.system, count * sizeof(*data));
	memset(data, 0, count * sizeof(*data));
	run_add(&r, data, count, 5);
	run_add(&r, data, count, 5);
	expect_added(data, count, 2, 5);
}

static void async_copies_through_vram(int xnack)
{
	uint32_t count = 1 << 20;
	size_t bytes = count * sizeof(uint32_t);
	uint32_t *in, *vram, *out;
	struct rocr r;
	hsa_signal_t up, down;

	rocr_start(&r, xnack);
	in = rocr_alloc(&r, r.system, bytes);
	out = rocr_alloc(&r, r.system, bytes);
	vram = rocr_alloc(&r, r.vram, bytes);
	memset(in, 0, bytes);
	up = rocr_signal(1);
	down = rocr_signal(1);
	HSA_OK(hsa_amd_memory_async_copy(vram, r.gpu, in, r.cpu, bytes, 0, NULL, up));
	assert_true(rocr_wait(up, 60000));
	run_add(&r, vram, count, 77);
	HSA_OK(hsa_amd_memory_async_copy(out, r.cpu, vram, r.gpu, bytes, 0, NULL, down));
	assert_true(rocr_wait(down, 60000));
	expect_added(out, count, 1, 77);
}

/* Each work-item counts once, over more packets than the queue has slots. */
static void many_dispatches_count_exactly(int xnack)
{
	struct rocr_launch launch = { .kernel = "count_all", .grid = 320, .group = 64 };
	uint32_t packets = 600, *counter;
	struct rocr r;

	rocr_start(&r, xnack);
	counter = rocr_alloc(&r, r.system, sizeof(*counter));
	*counter = 0;
	launch.args = &counter;
	launch.args_bytes = sizeof(counter);
	launch.done = rocr_signal(packets);
	for (uint32_t i = 0; i < packets; i++)
		rocr_submit(&r, &launch);
	if (!rocr_wait(launch.done, 60000))
		fail_test("%ld packets are left", (long)hsa_signal_load_relaxed(launch.done));
	assert_int_equal(*counter, packets * 320);
}

static void scratch_is_given_on_demand(int xnack)
{
	struct {
		uint32_t *data;
		uint32_t step;
	} args;
	uint32_t count = 4096;
	struct rocr r;

	rocr_start(&r, xnack);
	args.data = rocr_alloc(&r, r.system, count * sizeof(*args.data));
	args.step = 1;
	rocr_run(&r, (struct rocr_launch){ .kernel = "through_scratch", .grid = count,
					   .group = 128, .args = &args,
					   .args_bytes = sizeof(args) });
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(args.data[i], i * 64 * 64 + 63 * 32);
}

static void group_memory_and_barrier(int xnack)
{
	struct {
		uint32_t *data;
		uint32_t tile;
	} args = { 0 };
	uint32_t count = 2048;
	struct rocr r;

	rocr_start(&r, xnack);
	args.data = rocr_alloc(&r, r.system, count * sizeof(*args.data));
	for (uint32_t i = 0; i < count; i++)
		args.data[i] = i * 3;
	rocr_run(&r, (struct rocr_launch){ .kernel = "reverse_group", .grid = count, .group = 256,
					   .lds_bytes = 256 * 4, .args = &args,
					   .args_bytes = sizeof(args) });
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(args.data[i], (i / 256 * 256 + 255 - i % 256) * 3);
}

static void attribute_set(void *mem, size_t bytes, hsa_amd_svm_attribute_t attribute,
			  uint64_t value)
{
	hsa_amd_svm_attribute_pair_t pair = { attribute, value };

	HSA_OK(hsa_amd_svm_attributes_set(mem, bytes, &pair, 1));
}

static void prefetch(void *mem, size_t bytes, hsa_agent_t where)
{
	hsa_signal_t done = rocr_signal(1);

	HSA_OK(hsa_amd_svm_prefetch_async(mem, bytes, where, 0, NULL, done));
	assert_true(rocr_wait(done, 60000));
	hsa_signal_destroy(done);
}

static uint64_t attribute_get(void *mem, size_t bytes, hsa_amd_svm_attribute_t attribute)
{
	hsa_amd_svm_attribute_pair_t pair = { attribute, 0 };

	HSA_OK(hsa_amd_svm_attributes_get(mem, bytes, &pair, 1));
	return pair.value;
}

/* mmap'ed memory: attributes, prefetch to VRAM and back, kernels in both places. */
static void svm_memory_moves_and_computes(int xnack)
{
	uint32_t count = 1 << 20;
	size_t bytes = count * sizeof(uint32_t);
	uint32_t *data = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rocr r;

	assert_true(data != MAP_FAILED);
	rocr_start(&r, xnack);
	memset(data, 0, bytes);
	attribute_set(data, bytes, HSA_AMD_SVM_ATTRIB_AGENT_ACCESSIBLE, r.gpu.handle);
	prefetch(data, bytes, r.gpu);
	assert_in_vram(data, bytes);
	assert_int_equal(attribute_get(data, bytes, HSA_AMD_SVM_ATTRIB_PREFETCH_LOCATION), r.gpu.handle);
	run_add(&r, data, count, 8);
	prefetch(data, bytes, r.cpu);
	assert_in_ram(data, bytes);
	run_add(&r, data, count, 8);
	expect_added(data, count, 2, 8);
}

/* Nothing is registered: the kernel takes a pointer of malloc. */
static void malloc_is_enough_with_xnack(int arg)
{
	uint32_t count = 300000;
	uint32_t *data = calloc(count, sizeof(*data));
	struct rocr r;

	rocr_start(&r, 1);
	run_add(&r, data, count, 1);
	run_add(&r, data, count, 1);
	expect_added(data, count, 2, 1);
	free(data);
}

/*
 * Through the trap handler that ROCr set: the kernel stores to data and does what it
 * must not; the handler reports which exception that is.
 */
static void kernel_is_a_queue_error(int xnack, const char *kernel, uint32_t status)
{
	struct rocr r;
	uint32_t *data;
	struct rocr_launch launch = { .kernel = kernel, .grid = 1, .group = 1,
				      .args = &data, .args_bytes = sizeof(data) };

	rocr_start(&r, xnack);
	data = rocr_alloc(&r, r.system, sizeof(*data));
	*data = 0;
	launch.done = rocr_signal(1);
	rocr_submit(&r, &launch);
	if (!wait_until(r.queue_error, 20000))
		fail_test("the queue's callback was not called");
	assert_int_equal(r.queue_error, status);
	assert_int_equal(*data, 1);
	assert_int_equal(hsa_signal_load_relaxed(launch.done), 1);
}

static void illegal_instruction_is_a_queue_error(int xnack)
{
	kernel_is_a_queue_error(xnack, "not_an_instruction", HSA_STATUS_ERROR_ILLEGAL_INSTRUCTION);
}

static void aperture_violation_is_a_queue_error(int xnack)
{
	kernel_is_a_queue_error(xnack, "stores_to_no_aperture",
				HSA_STATUS_ERROR_MEMORY_APERTURE_VIOLATION);
}

static void abort_is_a_queue_error(int xnack)
{
	kernel_is_a_queue_error(xnack, "aborts", HSA_STATUS_ERROR_EXCEPTION);
}

/* ROCr's handler returns from it when no debugger is attached. */
static void debug_trap_is_stepped_over(int xnack)
{
	uint32_t count = 512;
	struct rocr r;
	uint32_t *data;

	rocr_start(&r, xnack);
	data = rocr_alloc(&r, r.system, count * sizeof(*data));
	memset(data, 0, count * sizeof(*data));
	rocr_run(&r, (struct rocr_launch){ .kernel = "debug_trap", .grid = count, .group = 128,
					   .args = &data, .args_bytes = sizeof(data) });
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(data[i], 1);
}

/* An endless kernel on one queue, work on another; then the first is destroyed. */
static void endless_kernel_hurts_nobody(int xnack)
{
	struct rocr_launch launch = { .kernel = "endless", .grid = 6400, .group = 64 };
	hsa_queue_t *hung, *other;
	uint32_t *stop, *data;
	struct rocr r;

	rocr_start(&r, xnack);
	stop = rocr_alloc(&r, r.system, sizeof(*stop));
	data = rocr_alloc(&r, r.system, 4096 * sizeof(*data));
	*stop = 0;
	memset(data, 0, 4096 * sizeof(*data));
	launch.args = &stop;
	launch.args_bytes = sizeof(stop);
	launch.done = rocr_signal(1);
	rocr_submit(&r, &launch);
	hung = r.queue;
	HSA_OK(hsa_queue_create(r.gpu, 64, HSA_QUEUE_TYPE_MULTI, NULL, NULL, UINT32_MAX,
				UINT32_MAX, &other));
	r.queue = other;
	run_add(&r, data, 4096, 2);
	expect_added(data, 4096, 1, 2);
	HSA_OK(hsa_queue_destroy(hung));
	run_add(&r, data, 4096, 2);
	expect_added(data, 4096, 2, 2);
	assert_int_equal(hsa_signal_load_relaxed(launch.done), 1);
}

static const struct guest_test tests[] = {
	TEST_XNACK(kernel_over_system_memory),
	TEST_XNACK(async_copies_through_vram),
	TEST_XNACK(many_dispatches_count_exactly),
	TEST_XNACK(scratch_is_given_on_demand),
	TEST_XNACK(group_memory_and_barrier),
	TEST_XNACK(svm_memory_moves_and_computes),
	TEST(malloc_is_enough_with_xnack),
	TEST_XNACK(illegal_instruction_is_a_queue_error),
	TEST_XNACK(aperture_violation_is_a_queue_error),
	TEST_XNACK(abort_is_a_queue_error),
	TEST_XNACK(debug_trap_is_stepped_over),
	TEST_XNACK(endless_kernel_hurts_nobody),
};

HARNESS_MAIN(tests)
