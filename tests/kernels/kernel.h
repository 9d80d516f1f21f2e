/* SPDX-License-Identifier: MIT */
#ifndef VKFD_TESTS_KERNELS_KERNEL_H
#define VKFD_TESTS_KERNELS_KERNEL_H

/*
 * One source for a kernel of the GPU and for its reference on the CPU. A kernel
 * reads @in and writes @out, IN_DWORDS and OUT_DWORDS long, and depends on nothing
 * that the order of work items decides. See list.h for the sizes of its grid.
 */
#ifdef __AMDGCN__
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#pragma OPENCL EXTENSION __cl_clang_function_pointers : enable
#define _Float16 half
#endif

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long s64;

#define IN_DWORDS	65536u
#define OUT_DWORDS	262144u

#ifdef __AMDGCN__

#define GLOBAL		__global
#define KERNEL(name, size)                                                              \
	__attribute__((amdgpu_flat_work_group_size(size, size)))                        \
	__kernel void name(GLOBAL u32 *in, GLOBAL u32 *out)
#define SHARED(type, name, count) __local type name[count]
#define NOINLINE	__attribute__((noinline)) static
#define LID		__builtin_amdgcn_workitem_id_x()
#define GROUP		__builtin_amdgcn_workgroup_id_x()
#define LANE		(LID % 64)
#define ATOMIC_MIN(at, value)	__atomic_fetch_min(at, value, __ATOMIC_RELAXED)
#define ATOMIC_MAX(at, value)	__atomic_fetch_max(at, value, __ATOMIC_RELAXED)
#define BARRIER()                                                                       \
	do {                                                                            \
		__builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");                  \
		__builtin_amdgcn_s_barrier();                                           \
		__builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");                  \
	} while (0)
/* The value that @lane of the wave has; all lanes are here. */
#define SHUFFLE(value, lane)	((u32)__builtin_amdgcn_ds_bpermute((int)(lane) * 4, (int)(value)))
/* As SHUFFLE() with a fixed pattern, by the instructions that have it built in. */
#define ROW_SHR(value, n)	((u32)__builtin_amdgcn_update_dpp(0, (int)(value), 0x110 + (n), 15, 15, 1))
#define QUAD_SWAP(value)	((u32)__builtin_amdgcn_update_dpp(0, (int)(value), 0xb1, 15, 15, 0))
#define XOR_LANE(value, mask)	((u32)__builtin_amdgcn_ds_swizzle((int)(value), 0x1f | (mask) << 10))
#define FIRST_LANE(value)	((u32)__builtin_amdgcn_readfirstlane((int)(value)))
/* Bits of all lanes of the wave. 33: not equal. */
#define BALLOT(flag)		__builtin_amdgcn_uicmp((u32)(flag), 0u, 33)
#define LANES_BELOW(mask)                                                               \
	__builtin_amdgcn_mbcnt_hi((u32)((mask) >> 32), __builtin_amdgcn_mbcnt_lo((u32)(mask), 0))

#else /* the CPU: a thread per work item where they meet */

u32 host_lid(void), host_group(void);
void host_barrier(void);
/* What each lane of the wave has. */
const u32 *host_exchange(u32 value);
u64 host_ballot(u32 flag);

#define GLOBAL
#define KERNEL(name, size)	void name(u32 *in, u32 *out)
#define SHARED(type, name, count) static type name[count]
#define NOINLINE		__attribute__((noinline)) static
#define LID			host_lid()
#define GROUP			host_group()
#define LANE			(LID % 64)
#define BARRIER()		host_barrier()
#define ATOMIC_MIN(at, value)	HOST_ATOMIC(at, value, <)
#define ATOMIC_MAX(at, value)	HOST_ATOMIC(at, value, >)
#define HOST_ATOMIC(at, value, relation)                                                \
	do {                                                                            \
		__typeof__(value) value_ = (value);                                     \
		__typeof__(at) at_ = (at);                                              \
		__typeof__(*at_ + 0) old_ = *at_;                                       \
		while (value_ relation old_ &&                                          \
		       !__atomic_compare_exchange_n(at_, &old_, value_, 0, __ATOMIC_RELAXED, \
						    __ATOMIC_RELAXED))                  \
			;                                                               \
	} while (0)
#define SHUFFLE(value, lane)	(host_exchange(value)[(lane) % 64])
#define ROW_SHR(value, n)	host_row_shr(value, n)
#define QUAD_SWAP(value)	(host_exchange(value)[LANE ^ 1])
#define XOR_LANE(value, mask)	(host_exchange(value)[LANE ^ (mask)])
#define FIRST_LANE(value)	(host_exchange(value)[0])
#define BALLOT(flag)		host_ballot(flag)
#define LANES_BELOW(mask)	((u32)__builtin_popcountll((mask) & ((1ul << LANE) - 1)))

static inline u32 host_row_shr(u32 value, u32 n)
{
	const u32 *lanes = host_exchange(value);

	return LANE % 16 >= n ? lanes[LANE - n] : 0;
}

#endif

/* Number of this work item in the grid, for groups of @size. */
#define ID(size)		(GROUP * (size) + LID)
/* Two dwords of @in as 64 bits, a dword of it as another type. */
#define IN64(n)			(in[n] | (u64)in[(n) + 1] << 32)
#define AS(type, value)		(((union { __typeof__((value) + 0) from; type to; }){ value }).to)

#endif
