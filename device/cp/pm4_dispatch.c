// SPDX-License-Identifier: MIT
/* PM4 packets that set compute registers and launch kernels. */
#include "cp/shader.h"

enum cp_step pm4_run_set_sh_reg(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	u32 n = pm4_tail_dwords(&queue->packet);
	u32 first = VKFD_PM4_SH_BASE + (queue->packet.dw[1] & 0xffff);

	/* Only the compute block is here; another register would be lost silently. */
	if (!n || first < VKFD_COMPUTE_REG_FIRST ||
	    !span_fits(first - VKFD_COMPUTE_REG_FIRST, n, VKFD_COMPUTE_REGS))
		return cp_malformed(run);
	return pm4_tail_read(run, 0, &queue->sh_reg[first - VKFD_COMPUTE_REG_FIRST], n) ?
		       CP_DONE : CP_FAULT;
}

static enum cp_step launch(struct cp_run *run, const u32 *dim, u32 initiator)
{
	struct cp_dispatch launch = { .aql = false };
	u32 code;

	if (!(initiator & VKFD_DISPATCH_SHADER_EN))
		return CP_DONE;
	dispatch_from_registers(&launch.what, run->queue->sh_reg, dim, initiator);
	code = dispatch_check(&launch.what);
	if (code)
		return cp_bad(run, VKFD_QERR_DISPATCH, code);
	launch.nr_groups = dispatch_nr_groups(&launch.what);
	return launch.nr_groups ? cp_dispatch_start(run, &launch) : CP_DONE;
}

enum cp_step pm4_run_dispatch_direct(struct cp_run *run)
{
	const u32 *dw = run->queue->packet.dw;

	return launch(run, dw + 1, dw[4]);
}

/* The form of compute queues: address, then initiator. */
enum cp_step pm4_run_dispatch_indirect(struct cp_run *run)
{
	const u32 *dw = run->queue->packet.dw;
	u32 dim[DISPATCH_DIMS];

	if (!mmu_read(&run->access, cp_addr(dw + 1) & ~3ULL, dim, sizeof(dim)))
		return CP_FAULT;
	return launch(run, dim, dw[3]);
}
