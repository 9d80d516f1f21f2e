// SPDX-License-Identifier: MIT
/* Kernels of the ROCr tests. Compiled without device libraries: ids come from the compiler's builtins. */

static size_t global_id(void)
{
	return (size_t)__builtin_amdgcn_workgroup_id_x() *
		       ((__constant ushort *)__builtin_amdgcn_dispatch_ptr())[2] +
	       __builtin_amdgcn_workitem_id_x();
}

kernel void add_index(global uint *data, uint plus, uint count)
{
	size_t i = global_id();

	if (i < count)
		data[i] += (uint)i + plus;
}

kernel void count_all(global uint *counter)
{
	__opencl_atomic_fetch_add((global atomic_uint *)counter, 1, memory_order_relaxed,
				  memory_scope_all_svm_devices);
}

/* Private memory that the compiler cannot keep in registers. */
kernel void through_scratch(global uint *data, uint step)
{
	volatile uint mine[64];
	size_t i = global_id();
	uint sum = 0;

	for (uint k = 0; k < 64; k++)
		mine[(k * step) & 63] = (uint)i * 64 + k;
	for (uint k = 0; k < 64; k++)
		sum += mine[k];
	data[i] = sum;
}

kernel void reverse_group(global uint *data, local uint *tile)
{
	uint lane = __builtin_amdgcn_workitem_id_x(), last = 255 - lane;
	size_t i = global_id();

	tile[lane] = data[i];
	__builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
	__builtin_amdgcn_s_barrier();
	__builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
	data[i] = tile[last];
}

kernel void endless(global volatile uint *stop)
{
	while (!*stop)
		;
}

kernel void aborts(global uint *data)
{
	*data = 1;
	__builtin_trap();
}

/* Goes on: no debugger is there. */
kernel void debug_trap(global uint *data)
{
	__builtin_debugtrap();
	data[global_id()] += 1;
}

kernel void not_an_instruction(global uint *data)
{
	*data = 1;
	__asm__ volatile(".long 0xbfffffff");
}

kernel void stores_to_no_aperture(global uint *data)
{
	*data = 1;
	*(global volatile uint *)0x80000000000000UL = 1;
}
