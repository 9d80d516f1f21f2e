// SPDX-License-Identifier: MIT
/*
 * DOC: kernels of AQL packets
 *
 * From packet, kernel descriptor and amd_queue_t to a launch, and the two
 * conversations with the runtime about scratch memory: a packet that needs more
 * than the queue has sets the inactive signal to 1 and is tried again when it
 * is 0; a queue that lends scratch for one dispatch sets it to 512 afterwards.
 */
#include <string.h>
#include "cp/aql_priv.h"

/* What a launch is made of. */
struct kernel {
	const struct vkfd_aql_dispatch *packet;
	u64 packet_va;
	struct vkfd_kernel_descriptor code;
	struct aql_queue queue;
	u32 preload[VKFD_COMPUTE_USER_SGPRS];
};

static u32 preload_dwords(const struct vkfd_kernel_descriptor *code)
{
	u32 n = code->kernarg_preload & 0x7f;

	return n < VKFD_COMPUTE_USER_SGPRS ? n : VKFD_COMPUTE_USER_SGPRS;
}

/* False: a fault. */
static bool kernel_read(struct cp_run *run, struct kernel *kernel)
{
	const struct compute_queue *queue = run->queue;
	u64 preload;

	kernel->packet = &queue->aql->packet.dispatch;
	kernel->packet_va = aql_slot_va(queue, queue->aql->next);
	if (!mmu_read(&run->access, kernel->packet->kernel, &kernel->code, sizeof(kernel->code)) ||
	    !aql_queue_read(run, &kernel->queue))
		return false;
	preload = kernel->packet->kernarg + (kernel->code.kernarg_preload >> 7) * 4ULL;
	return !preload_dwords(&kernel->code) ||
	       mmu_read(&run->access, preload, kernel->preload,
			preload_dwords(&kernel->code) * sizeof(u32));
}

/* User SGPRs, dense. */
struct sgprs {
	u32 *to;
	u32 n;
};

static void sgpr(struct sgprs *sgprs, u32 value)
{
	if (sgprs->n < VKFD_COMPUTE_USER_SGPRS)
		sgprs->to[sgprs->n++] = value;
}

static void sgpr64(struct sgprs *sgprs, bool enabled, u64 value)
{
	if (!enabled)
		return;
	sgpr(sgprs, (u32)value);
	sgpr(sgprs, (u32)(value >> 32));
}

static void user_sgprs(const struct kernel *kernel, u64 index, u32 *to)
{
	struct sgprs sgprs = { to, 0 };
	u32 have = kernel->code.properties;

	if (have & VKFD_KERNEL_PRIVATE_SEGMENT_BUFFER) {
		for (u32 i = 0; i < 4; i++)
			sgpr(&sgprs, aql_queue32(&kernel->queue,
						 VKFD_AMD_QUEUE_SCRATCH_SRD + 4 * i));
	}
	sgpr64(&sgprs, have & VKFD_KERNEL_DISPATCH_PTR, kernel->packet_va);
	sgpr64(&sgprs, have & VKFD_KERNEL_QUEUE_PTR, kernel->queue.va);
	sgpr64(&sgprs, have & VKFD_KERNEL_KERNARG_PTR, kernel->packet->kernarg);
	sgpr64(&sgprs, have & VKFD_KERNEL_DISPATCH_ID, index);
	sgpr64(&sgprs, have & VKFD_KERNEL_FLAT_SCRATCH_INIT,
	       aql_queue64(&kernel->queue, VKFD_AMD_QUEUE_SCRATCH_BASE));
	for (u32 i = 0; i < preload_dwords(&kernel->code); i++)
		sgpr(&sgprs, kernel->preload[i]);
	if (have & VKFD_KERNEL_PRIVATE_SEGMENT_SIZE)
		sgpr(&sgprs, kernel->packet->private_bytes);
}

static u32 dimension_items(const struct vkfd_aql_dispatch *packet, unsigned int i, u32 *size)
{
	bool used = i < (packet->setup & 3u);

	*size = used ? packet->group[i] : 1;
	return used ? packet->grid[i] : 1;
}

/* 0, or an exception code: what can be said before memory is looked at. */
static u32 packet_check(const struct vkfd_aql_dispatch *packet)
{
	if (!(packet->setup & 3))
		return VKFD_EC_DISPATCH_DIM;
	for (unsigned int i = 0; i < DISPATCH_DIMS; i++) {
		u32 size, items = dimension_items(packet, i, &size);

		if (!items)
			return VKFD_EC_DISPATCH_DIM;
		if (!size)
			return VKFD_EC_DISPATCH_GROUP_SIZE;
	}
	return packet->kernel ? 0 : VKFD_EC_DISPATCH_CODE;
}

static void describe(const struct kernel *kernel, u64 index, struct dispatch *what)
{
	const struct vkfd_aql_dispatch *packet = kernel->packet;
	u32 tmpring = aql_queue32(&kernel->queue, VKFD_AMD_QUEUE_TMPRING);

	memset(what, 0, sizeof(*what));
	for (unsigned int i = 0; i < DISPATCH_DIMS; i++) {
		u32 size, items = dimension_items(packet, i, &size);

		dispatch_dimension(what, i, items, size);
	}
	what->entry = packet->kernel + (u64)kernel->code.entry_offset;
	if (preload_dwords(&kernel->code))
		what->entry += VKFD_KERNEL_PRELOAD_SKIP_BYTES;
	what->rsrc1 = kernel->code.rsrc1;
	/* Not the compiler's to say: s_trap is the process' business. */
	what->rsrc2 = kernel->code.rsrc2 | VKFD_RSRC2_TRAP;
	what->rsrc3 = kernel->code.rsrc3;
	/* The runtime adds dynamic LDS to the kernel's own. */
	what->lds_bytes = packet->group_bytes;
	if (what->rsrc2 & VKFD_RSRC2_SCRATCH) {
		what->scratch_waves = VKFD_TMPRING_WAVES(tmpring);
		what->scratch_bytes = VKFD_TMPRING_BYTES(tmpring);
	}
	user_sgprs(kernel, index, what->user);
}

static bool needs_scratch(const struct kernel *kernel)
{
	return kernel->code.rsrc2 & VKFD_RSRC2_SCRATCH &&
	       kernel->packet->private_bytes >
		       aql_queue32(&kernel->queue, VKFD_AMD_QUEUE_SCRATCH_LANE);
}

static enum cp_step launch(struct cp_run *run, const struct kernel *kernel,
			   struct cp_dispatch *launch)
{
	struct aql_state *aql = run->queue->aql;
	u32 properties = aql_queue32(&kernel->queue, VKFD_AMD_QUEUE_PROPERTIES);
	enum cp_step step;

	launch->aql = true;
	launch->index = aql->next;
	launch->nr_groups = dispatch_nr_groups(&launch->what);
	launch->signal.addr = kernel->packet->completion;
	launch->signal.profile = properties & VKFD_AMD_QUEUE_PROFILING;
	step = cp_dispatch_start(run, launch);
	if (step != CP_DONE)
		return step;
	if (kernel->code.rsrc2 & VKFD_RSRC2_SCRATCH && kernel->packet->private_bytes &&
	    properties & VKFD_AMD_QUEUE_SCRATCH_ONCE)
		aql->scratch_once = true;
	aql_consume(run);
	return CP_ENTERED;
}

/* Prepares setting the inactive signal. False: there is none. */
static bool ask(struct aql_state *aql, const struct aql_queue *queue, u64 value)
{
	aql->signal = (struct aql_signal){
		.addr = aql_queue64(queue, VKFD_AMD_QUEUE_INACTIVE),
		.set = true,
		.value = value,
	};
	return aql->signal.addr;
}

enum cp_step aql_run_dispatch(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	struct cp_dispatch start = { 0 };
	struct kernel kernel;
	u32 code = packet_check(&aql->packet.dispatch);

	if (code)
		return aql_bad(run, VKFD_QERR_DISPATCH, code);
	if (!kernel_read(run, &kernel))
		return CP_FAULT;
	if (kernel.code.properties & VKFD_KERNEL_WAVE32)
		return aql_bad(run, VKFD_QERR_DISPATCH, VKFD_EC_DISPATCH_CODE);
	if (needs_scratch(&kernel)) {
		if (!ask(aql, &kernel.queue, VKFD_AMD_QUEUE_NEED_SCRATCH))
			return aql_bad(run, VKFD_QERR_DISPATCH, VKFD_EC_DISPATCH_REGISTERS);
		aql->phase = AQL_ASKING;
		return CP_ENTERED;
	}
	describe(&kernel, aql->next, &start.what);
	code = dispatch_check(&start.what);
	if (code)
		return aql_bad(run, VKFD_QERR_DISPATCH, code);
	return launch(run, &kernel, &start);
}

/* DONE: the runtime set the inactive signal to 0. */
static enum cp_step answered(struct cp_run *run)
{
	u64 at = run->queue->aql->signal.addr + offsetof(struct vkfd_amd_signal, value), value;

	if (!mmu_load(&run->access, at, &value, 8))
		return CP_FAULT;
	return value ? CP_WAIT : CP_DONE;
}

/* ASKING: tells; STALLED: listens. */
static enum cp_step converse(struct cp_run *run, enum aql_phase *phase)
{
	enum cp_step step;

	if (*phase == AQL_STALLED)
		return answered(run);
	step = aql_signal_run(run, &run->queue->aql->signal);
	if (step != CP_DONE)
		return step;
	*phase = AQL_STALLED;
	return CP_ENTERED;
}

enum cp_step aql_run_scratch(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	enum cp_step step = converse(run, &aql->phase);

	if (step == CP_DONE)
		aql->phase = AQL_LATCHED;
	return step;
}

static enum cp_step give_back_begin(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	struct aql_queue queue;

	if (!cp_idle(run))
		return CP_BLOCKED;
	if (!aql_queue_read(run, &queue))
		return CP_FAULT;
	if (!ask(aql, &queue, VKFD_AMD_QUEUE_SCRATCH_DONE)) {
		aql->scratch_once = false;
		return CP_DONE;
	}
	aql->give_back = AQL_ASKING;
	return CP_ENTERED;
}

enum cp_step aql_give_back(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	enum cp_step step;

	if (!aql->scratch_once)
		return CP_DONE;
	if (aql->give_back == AQL_NONE)
		return give_back_begin(run);
	step = converse(run, &aql->give_back);
	if (step != CP_DONE)
		return step;
	aql->give_back = AQL_NONE;
	aql->scratch_once = false;
	return CP_DONE;
}
