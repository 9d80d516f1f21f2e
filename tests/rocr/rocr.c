// SPDX-License-Identifier: MIT
/* See rocr.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "rocr.h"

#define CODE_OBJECT	"/vkfd/build/tests/rocr/kernels/kernels.co"
#define QUEUE_PACKETS	256u
#define WAIT_MS		60000u

void rocr_check(hsa_status_t status, const char *what, const char *file, int line)
{
	const char *text = "?";

	if (status == HSA_STATUS_SUCCESS || status == HSA_STATUS_INFO_BREAK)
		return;
	hsa_status_string(status, &text);
	fail_test("%s:%d: %s: %s", file, line, what, text);
}

static hsa_status_t agent_found(hsa_agent_t agent, void *opaque)
{
	struct rocr *r = opaque;
	hsa_device_type_t type;

	HSA_OK(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type));
	if (type == HSA_DEVICE_TYPE_CPU && !r->cpu.handle)
		r->cpu = agent;
	if (type == HSA_DEVICE_TYPE_GPU && !r->gpu.handle)
		r->gpu = agent;
	return HSA_STATUS_SUCCESS;
}

/* Flags of a pool of global memory, 0 for the other segments. */
static uint32_t pool_flags(hsa_amd_memory_pool_t pool)
{
	hsa_amd_segment_t segment;
	uint32_t flags = 0;

	HSA_OK(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment));
	if (segment == HSA_AMD_SEGMENT_GLOBAL)
		HSA_OK(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS,
						    &flags));
	return flags;
}

static hsa_status_t cpu_pool_found(hsa_amd_memory_pool_t pool, void *opaque)
{
	uint32_t flags = pool_flags(pool);
	struct rocr *r = opaque;

	if (flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_KERNARG_INIT)
		r->kernarg = pool;
	else if (flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_FINE_GRAINED)
		r->system = pool;
	return HSA_STATUS_SUCCESS;
}

static hsa_status_t gpu_pool_found(hsa_amd_memory_pool_t pool, void *opaque)
{
	struct rocr *r = opaque;

	if (pool_flags(pool) & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED)
		r->vram = pool;
	return HSA_STATUS_SUCCESS;
}

static void queue_failed(hsa_status_t status, hsa_queue_t *queue, void *opaque)
{
	struct rocr *r = opaque;

	r->queue_error = status;
}

static void load_kernels(struct rocr *r)
{
	hsa_code_object_reader_t reader;
	int fd = open(CODE_OBJECT, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_test("%s: %m", CODE_OBJECT);
	HSA_OK(hsa_code_object_reader_create_from_file(fd, &reader));
	HSA_OK(hsa_executable_create_alt(HSA_PROFILE_FULL, HSA_DEFAULT_FLOAT_ROUNDING_MODE_DEFAULT,
					 NULL, &r->kernels));
	HSA_OK(hsa_executable_load_agent_code_object(r->kernels, r->gpu, reader, NULL, NULL));
	HSA_OK(hsa_executable_freeze(r->kernels, NULL));
	close(fd);
}

void rocr_start(struct rocr *r, int xnack)
{
	memset(r, 0, sizeof(*r));
	if (xnack >= 0)
		setenv("HSA_XNACK", xnack ? "1" : "0", 1);
	HSA_OK(hsa_init());
	HSA_OK(hsa_iterate_agents(agent_found, r));
	if (!r->gpu.handle)
		fail_test("ROCr sees no GPU");
	HSA_OK(hsa_amd_agent_iterate_memory_pools(r->cpu, cpu_pool_found, r));
	HSA_OK(hsa_amd_agent_iterate_memory_pools(r->gpu, gpu_pool_found, r));
	HSA_OK(hsa_queue_create(r->gpu, QUEUE_PACKETS, HSA_QUEUE_TYPE_MULTI, queue_failed, r,
				UINT32_MAX, UINT32_MAX, &r->queue));
	load_kernels(r);
}

void *rocr_alloc(struct rocr *r, hsa_amd_memory_pool_t pool, size_t bytes)
{
	void *mem;

	HSA_OK(hsa_amd_memory_pool_allocate(pool, bytes, 0, &mem));
	if (pool.handle != r->vram.handle)
		HSA_OK(hsa_amd_agents_allow_access(1, &r->gpu, NULL, mem));
	return mem;
}

hsa_signal_t rocr_signal(int64_t value)
{
	hsa_signal_t signal;

	HSA_OK(hsa_signal_create(value, 0, NULL, &signal));
	return signal;
}

bool rocr_wait(hsa_signal_t signal, unsigned int ms)
{
	struct deadline d = deadline_in(ms);

	do {
		if (hsa_signal_wait_scacquire(signal, HSA_SIGNAL_CONDITION_LT, 1, 1000,
					      HSA_WAIT_STATE_BLOCKED) < 1)
			return true;
	} while (deadline_poll(&d));
	return false;
}

/* What a code object says of one kernel. */
struct kernel_info {
	uint64_t object;
	uint32_t private_bytes, group_bytes, kernarg_bytes;
};

static struct kernel_info kernel_find(struct rocr *r, const char *name)
{
	hsa_executable_symbol_t symbol;
	struct kernel_info info;
	char full[128];

	snprintf(full, sizeof(full), "%s.kd", name);
	HSA_OK(hsa_executable_get_symbol_by_name(r->kernels, full, &r->gpu, &symbol));
	HSA_OK(hsa_executable_symbol_get_info(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT,
					      &info.object));
	HSA_OK(hsa_executable_symbol_get_info(
		symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_PRIVATE_SEGMENT_SIZE,
		&info.private_bytes));
	HSA_OK(hsa_executable_symbol_get_info(
		symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_GROUP_SEGMENT_SIZE, &info.group_bytes));
	HSA_OK(hsa_executable_symbol_get_info(
		symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_KERNARG_SEGMENT_SIZE,
		&info.kernarg_bytes));
	return info;
}

static void *kernargs(struct rocr *r, const struct kernel_info *info,
		      const struct rocr_launch *launch)
{
	size_t bytes = info->kernarg_bytes < launch->args_bytes ? launch->args_bytes :
								    info->kernarg_bytes;
	void *mem = rocr_alloc(r, r->kernarg, bytes ? bytes : 16);

	memset(mem, 0, bytes);
	memcpy(mem, launch->args, launch->args_bytes);
	return mem;
}

void rocr_submit(struct rocr *r, const struct rocr_launch *launch)
{
	struct kernel_info info = kernel_find(r, launch->kernel);
	uint64_t index = hsa_queue_add_write_index_screlease(r->queue, 1);
	hsa_kernel_dispatch_packet_t *packet =
		(hsa_kernel_dispatch_packet_t *)r->queue->base_address + index % r->queue->size;
	uint32_t header = HSA_PACKET_TYPE_KERNEL_DISPATCH << HSA_PACKET_HEADER_TYPE |
			  1 << HSA_PACKET_HEADER_BARRIER |
			  HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCACQUIRE_FENCE_SCOPE |
			  HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCRELEASE_FENCE_SCOPE;

	while (index - hsa_queue_load_read_index_scacquire(r->queue) >= r->queue->size)
		;
	memset((char *)packet + 4, 0, sizeof(*packet) - 4);
	packet->workgroup_size_x = (uint16_t)launch->group;
	packet->workgroup_size_y = packet->workgroup_size_z = 1;
	packet->grid_size_x = launch->grid;
	packet->grid_size_y = packet->grid_size_z = 1;
	packet->private_segment_size = info.private_bytes;
	packet->group_segment_size = info.group_bytes + launch->lds_bytes;
	packet->kernel_object = info.object;
	packet->kernarg_address = kernargs(r, &info, launch);
	packet->completion_signal = launch->done;
	__atomic_store_n((uint32_t *)packet,
			 header | 1u << (16 + HSA_KERNEL_DISPATCH_PACKET_SETUP_DIMENSIONS),
			 __ATOMIC_RELEASE);
	hsa_signal_store_screlease(r->queue->doorbell_signal, (hsa_signal_value_t)index);
}

void rocr_run(struct rocr *r, struct rocr_launch launch)
{
	launch.done = rocr_signal(1);
	rocr_submit(r, &launch);
	if (!rocr_wait(launch.done, WAIT_MS))
		fail_test("%s did not complete; queue error 0x%x", launch.kernel, r->queue_error);
	hsa_signal_destroy(launch.done);
}
