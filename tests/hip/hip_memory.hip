// SPDX-License-Identifier: MIT
/*
 * HIP programs whose memory is shared: managed memory and, with HSA_XNACK=1,
 * whatever pointer the CPU has. Streams and events.
 */
#include <sys/mman.h>
#include "hip_case.h"

#define BLOCK 256

__global__ void add_index(uint32_t *data, size_t count, uint32_t plus)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i < count)
		data[i] += (uint32_t)i + plus;
}

static void launch_add(uint32_t *data, size_t count, uint32_t plus, hipStream_t stream = 0)
{
	add_index<<<(count + BLOCK - 1) / BLOCK, BLOCK, 0, stream>>>(data, count, plus);
	HIP_OK(hipGetLastError());
}

/* All elements are what @times rounds of adding index and @plus make of 0. */
static void expect_added(const uint32_t *data, size_t count, uint32_t times, uint32_t plus)
{
	for (size_t i = 0; i < count; i++)
		EXPECT(data[i] == times * ((uint32_t)i + plus), "element %zu: %u, not %u", i,
		       data[i], times * ((uint32_t)i + plus));
}

static void need_xnack()
{
	int on = 0;

	HIP_OK(hipDeviceGetAttribute(&on, hipDeviceAttributePageableMemoryAccess, 0));
	EXPECT(on, "HSA_XNACK=1 is set, and HIP does not see XNACK");
}

static uint32_t *managed(size_t count)
{
	uint32_t *data;

	HIP_OK(hipMallocManaged(&data, count * sizeof(*data)));
	memset(data, 0, count * sizeof(*data));
	return data;
}

/* CPU and GPU write the same memory in turn. */
static void managed_ping_pong()
{
	const size_t count = 1 << 20;
	uint32_t *data = managed(count);

	for (int round = 0; round < 4; round++) {
		launch_add(data, count, 7);
		HIP_OK(hipDeviceSynchronize());
		for (size_t i = 0; i < count; i++)
			data[i] += (uint32_t)i + 7;
	}
	expect_added(data, count, 8, 7);
	HIP_OK(hipFree(data));
}

static void managed_prefetch_both_ways()
{
	const size_t count = 1 << 20;
	uint32_t *data = managed(count);
	int where;

	HIP_OK(hipMemPrefetchAsync(data, count * sizeof(*data), 0, 0));
	launch_add(data, count, 1);
	HIP_OK(hipMemRangeGetAttribute(&where, sizeof(where),
				       hipMemRangeAttributeLastPrefetchLocation, data,
				       count * sizeof(*data)));
	EXPECT(where == 0, "prefetched to %d", where);
	HIP_OK(hipMemPrefetchAsync(data, count * sizeof(*data), hipCpuDeviceId, 0));
	HIP_OK(hipDeviceSynchronize());
	HIP_OK(hipMemRangeGetAttribute(&where, sizeof(where),
				       hipMemRangeAttributeLastPrefetchLocation, data,
				       count * sizeof(*data)));
	EXPECT(where == hipCpuDeviceId, "prefetched to %d", where);
	expect_added(data, count, 1, 1);
	HIP_OK(hipFree(data));
}

static int range_attribute(const void *data, size_t bytes, hipMemRangeAttribute what)
{
	int value = -100;

	HIP_OK(hipMemRangeGetAttribute(&value, sizeof(value), what, data, bytes));
	return value;
}

static void advice_is_remembered()
{
	const size_t count = 1 << 19, bytes = count * sizeof(uint32_t);
	uint32_t *data = managed(count);

	HIP_OK(hipMemAdvise(data, bytes, hipMemAdviseSetPreferredLocation, 0));
	EXPECT(range_attribute(data, bytes, hipMemRangeAttributePreferredLocation) == 0,
	       "preferred location is not GPU 0");
	HIP_OK(hipMemAdvise(data, bytes, hipMemAdviseSetReadMostly, 0));
	EXPECT(range_attribute(data, bytes, hipMemRangeAttributeReadMostly) == 1,
	       "not read mostly");
	HIP_OK(hipMemAdvise(data, bytes, hipMemAdviseUnsetReadMostly, 0));
	EXPECT(range_attribute(data, bytes, hipMemRangeAttributeReadMostly) == 0,
	       "still read mostly");
	HIP_OK(hipMemAdvise(data, bytes, hipMemAdviseSetPreferredLocation, hipCpuDeviceId));
	EXPECT(range_attribute(data, bytes, hipMemRangeAttributePreferredLocation) ==
		       hipCpuDeviceId, "preferred location is not the CPU");
	launch_add(data, count, 3);
	HIP_OK(hipDeviceSynchronize());
	expect_added(data, count, 1, 3);
	HIP_OK(hipFree(data));
}

static void streams_and_events_keep_order()
{
	const size_t count = 1 << 16;
	hipStream_t stream[3];
	hipEvent_t done[3], start, end;
	uint32_t *data;
	float ms;

	HIP_OK(hipMalloc(&data, count * sizeof(*data)));
	HIP_OK(hipMemset(data, 0, count * sizeof(*data)));
	HIP_OK(hipDeviceSynchronize());
	HIP_OK(hipEventCreate(&start));
	HIP_OK(hipEventCreate(&end));
	for (int i = 0; i < 3; i++) {
		HIP_OK(hipStreamCreate(&stream[i]));
		HIP_OK(hipEventCreate(&done[i]));
	}
	HIP_OK(hipEventRecord(start, stream[0]));
	for (int i = 0; i < 12; i++) {
		if (i)
			HIP_OK(hipStreamWaitEvent(stream[i % 3], done[(i - 1) % 3], 0));
		launch_add(data, count, 5, stream[i % 3]);
		HIP_OK(hipEventRecord(done[i % 3], stream[i % 3]));
	}
	HIP_OK(hipEventRecord(end, stream[11 % 3]));
	HIP_OK(hipEventSynchronize(end));
	HIP_OK(hipEventElapsedTime(&ms, start, end));
	EXPECT(ms > 0, "12 kernels took %f ms", ms);
	std::vector<uint32_t> host(count);
	HIP_OK(hipMemcpy(host.data(), data, count * sizeof(*data), hipMemcpyDeviceToHost));
	expect_added(host.data(), count, 12, 5);
	HIP_OK(hipFree(data));
}

struct node {
	node *next;
	uint64_t value;
};

__global__ void chase(node *head, uint64_t *sum)
{
	uint64_t total = 0;

	for (node *at = head; at; at = at->next) {
		total += at->value;
		at->value = ~at->value;
	}
	*sum = total;
}

/* A list of separately malloc'ed nodes, followed and changed by one GPU thread. */
static void linked_list_of_malloc()
{
	uint64_t want = 0, *sum = (uint64_t *)calloc(1, sizeof(*sum));
	uint32_t seed = 21, nodes = 2000;
	node *head = nullptr;

	need_xnack();
	for (uint32_t i = 0; i < nodes; i++) {
		node *mine = (node *)malloc(sizeof(node) + next_random(seed) % 5000);

		mine->next = head;
		mine->value = next_random(seed);
		want += mine->value;
		head = mine;
	}
	chase<<<1, 1>>>(head, sum);
	LAUNCHED();
	EXPECT(*sum == want, "%llx, not %llx", (unsigned long long)*sum, (unsigned long long)want);
	for (node *at = head; at; at = at->next)
		want -= ~at->value;
	EXPECT(!want, "the GPU's stores did not reach the nodes");
}

static void plain_malloc_is_a_kernel_argument()
{
	const size_t count = 1 << 20;
	uint32_t *data = (uint32_t *)calloc(count, sizeof(*data));

	need_xnack();
	for (int round = 0; round < 2; round++) {
		launch_add(data, count, 9);
		HIP_OK(hipDeviceSynchronize());
		for (size_t i = 0; i < count; i += 512)
			data[i] += 0;
	}
	expect_added(data, count, 2, 9);
	free(data);
}

static void plain_mmap_is_a_kernel_argument()
{
	const size_t count = 1 << 20;
	uint32_t *data = (uint32_t *)mmap(nullptr, count * sizeof(*data), PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need_xnack();
	EXPECT(data != MAP_FAILED, "mmap failed");
	launch_add(data, count, 4); /* the GPU touches it first */
	HIP_OK(hipDeviceSynchronize());
	expect_added(data, count, 1, 4);
	munmap(data, count * sizeof(*data));
}

static uint32_t global_data[5000];

static void stack_and_globals_are_kernel_arguments()
{
	uint32_t stack_data[5000] = {};

	need_xnack();
	launch_add(stack_data, 5000, 2);
	launch_add(global_data, 5000, 6);
	HIP_OK(hipDeviceSynchronize());
	expect_added(stack_data, 5000, 1, 2);
	expect_added(global_data, 5000, 1, 6);
}

static const hip_case cases[] = {
	{ "managed_ping_pong_xnack_on", managed_ping_pong, "", "1" },
	{ "managed_ping_pong_xnack_off", managed_ping_pong, "", "0" },
	{ "managed_prefetch_both_ways_xnack_on", managed_prefetch_both_ways, "", "1" },
	{ "managed_prefetch_both_ways_xnack_off", managed_prefetch_both_ways, "", "0" },
	{ "advice_is_remembered_xnack_on", advice_is_remembered, "", "1" },
	{ "advice_is_remembered_xnack_off", advice_is_remembered, "", "0" },
	{ "streams_and_events_keep_order", streams_and_events_keep_order, "", nullptr },
	{ "linked_list_of_malloc_xnack_on", linked_list_of_malloc, "", "1" },
	{ "plain_malloc_is_a_kernel_argument_xnack_on", plain_malloc_is_a_kernel_argument,
	  "", "1" },
	{ "plain_mmap_is_a_kernel_argument_xnack_on", plain_mmap_is_a_kernel_argument,
	  "", "1" },
	{ "stack_and_globals_are_kernel_arguments_xnack_on",
	  stack_and_globals_are_kernel_arguments, "", "1" },
};

int main(int argc, char **argv)
{
	return hip_cases_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
