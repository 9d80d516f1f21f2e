// SPDX-License-Identifier: MIT
/* HIP programs on two devices: the second one, both at once, both in turn. By name: each takes a while. */
#include "hip_case.h"

#define BLOCK 256

__global__ void add_index(uint32_t *data, size_t count, uint32_t plus)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i < count)
		data[i] += (uint32_t)i + plus;
}

/* Until *stop is not 0, then says so. */
__global__ void wait_for(const volatile uint32_t *stop, uint32_t *seen)
{
	while (!*stop)
		__builtin_amdgcn_s_sleep(1);
	atomicAdd(seen, 1);
}

static void launch_add(uint32_t *data, size_t count, uint32_t plus, hipStream_t stream = 0)
{
	add_index<<<(count + BLOCK - 1) / BLOCK, BLOCK, 0, stream>>>(data, count, plus);
	HIP_OK(hipGetLastError());
}

static void expect_added(const std::vector<uint32_t> &data, uint32_t times, uint32_t plus)
{
	for (size_t i = 0; i < data.size(); i++)
		EXPECT(data[i] == times * ((uint32_t)i + plus), "element %zu: %u, not %u", i,
		       data[i], times * ((uint32_t)i + plus));
}

static void need_two_devices()
{
	int count = 0;

	HIP_OK(hipGetDeviceCount(&count));
	EXPECT(count == 2, "%d devices", count);
}

static void second_device_computes()
{
	const size_t count = 100000;

	need_two_devices();
	HIP_OK(hipSetDevice(1));
	device_array<uint32_t> data(std::vector<uint32_t>(count, 0));

	launch_add(data.get(), count, 3);
	launch_add(data.get(), count, 3);
	LAUNCHED();
	expect_added(data.host(), 2, 3);
}

/* The first device waits in a kernel for the CPU, while the second works. */
static void second_device_works_while_the_first_is_busy()
{
	const size_t count = 50000;
	uint32_t *stop;

	need_two_devices();
	HIP_OK(hipHostMalloc(&stop, 2 * sizeof(*stop), hipHostMallocPortable | hipHostMallocCoherent));
	stop[0] = stop[1] = 0;
	HIP_OK(hipSetDevice(0));
	device_array<uint32_t> first(std::vector<uint32_t>(count, 0));

	wait_for<<<8, 64>>>(stop, stop + 1);
	launch_add(first.get(), count, 1);
	HIP_OK(hipSetDevice(1));
	{
		device_array<uint32_t> second(std::vector<uint32_t>(count, 0));

		for (int i = 0; i < 5; i++)
			launch_add(second.get(), count, 2);
		LAUNCHED();
		expect_added(second.host(), 5, 2);
	}
	EXPECT(stop[1] == 0, "the first device did not wait");
	stop[0] = 1;
	HIP_OK(hipSetDevice(0));
	LAUNCHED();
	EXPECT(stop[1] == 8 * 64, "%u work-items", stop[1]);
	expect_added(first.host(), 1, 1);
	HIP_OK(hipHostFree(stop));
}

/* Managed memory goes round: each device adds to what the other left. */
static void devices_take_turns_on_managed_memory()
{
	const size_t count = 1 << 18;
	uint32_t *data;

	need_two_devices();
	HIP_OK(hipMallocManaged(&data, count * sizeof(*data)));
	memset(data, 0, count * sizeof(*data));
	for (int round = 0; round < 4; round++) {
		HIP_OK(hipSetDevice(round % 2));
		launch_add(data, count, 4);
		HIP_OK(hipDeviceSynchronize());
	}
	expect_added(std::vector<uint32_t>(data, data + count), 4, 4);
	HIP_OK(hipFree(data));
}

static const hip_case cases[] = {
	{ "second_device_computes", second_device_computes, "gpus=2 long", nullptr },
	{ "second_device_works_while_the_first_is_busy",
	  second_device_works_while_the_first_is_busy, "gpus=2 long", nullptr },
	{ "devices_take_turns_on_managed_memory_xnack_on", devices_take_turns_on_managed_memory,
	  "gpus=2 long", "1" },
	{ "devices_take_turns_on_managed_memory_xnack_off", devices_take_turns_on_managed_memory,
	  "gpus=2 long", "0" },
};

int main(int argc, char **argv)
{
	return hip_cases_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
