// SPDX-License-Identifier: MIT
/*
 * DOC: SDMA packets
 *
 * One row per packet: everything the engine, its tests and the manual know
 * about its shape. A packet without a row stops the queue that sent it.
 */
#include "sdma/sdma_priv.h"

static u32 nop_tail(const u32 *dw)
{
	return VKFD_SDMA_NOP_COUNT(dw[0]);
}

static u32 write_tail(const u32 *dw)
{
	return (dw[3] & VKFD_SDMA_WRITE_COUNT_MASK) + 1;
}

#define BROADCAST ((u32)VKFD_SDMA_COPY_BROADCAST)

/* clang-format off */
static const struct sdma_packet_type packets[] = {
	/* op, sub, privileged, dwords, mask, match, name, tail, run */
	{ VKFD_SDMA_NOP, 0, false, 1, 0, 0, "NOP", nop_tail, sdma_run_nop },
	{ VKFD_SDMA_COPY, VKFD_SDMA_SUB_COPY_LINEAR, false, 7, BROADCAST, 0,
	  "COPY_LINEAR", NULL, sdma_run_copy },
	{ VKFD_SDMA_COPY, VKFD_SDMA_SUB_COPY_LINEAR, false, 9, BROADCAST, BROADCAST,
	  "COPY_BROADCAST", NULL, sdma_run_broadcast },
	{ VKFD_SDMA_COPY, VKFD_SDMA_SUB_COPY_RECT, false, 13, 0, 0,
	  "COPY_RECT", NULL, sdma_run_rect },
	{ VKFD_SDMA_WRITE, 0, false, 4, 0, 0, "WRITE", write_tail, sdma_run_write },
	{ VKFD_SDMA_INDIRECT, 0, false, 6, 0, 0, "INDIRECT", NULL, sdma_run_indirect },
	{ VKFD_SDMA_FENCE, 0, false, 4, 0, 0, "FENCE", NULL, sdma_run_fence },
	{ VKFD_SDMA_TRAP, 0, false, 2, 0, 0, "TRAP", NULL, sdma_run_trap },
	{ VKFD_SDMA_POLL_REGMEM, 0, false, 6, 0, 0, "POLL_REGMEM", NULL, sdma_run_poll },
	{ VKFD_SDMA_COND_EXE, 0, false, 5, 0, 0, "COND_EXE", NULL, sdma_run_cond_exe },
	{ VKFD_SDMA_ATOMIC, 0, false, 8, 0, 0, "ATOMIC", NULL, sdma_run_atomic },
	{ VKFD_SDMA_CONST_FILL, 0, false, 5, 0, 0, "CONST_FILL", NULL, sdma_run_fill },
	{ VKFD_SDMA_PTEPDE, VKFD_SDMA_SUB_PTEPDE_GEN, true, 10, 0, 0,
	  "PTEPDE_GEN", NULL, sdma_run_ptepde },
	{ VKFD_SDMA_TIMESTAMP, VKFD_SDMA_SUB_TIMESTAMP_GLOBAL, false, 3, 0, 0,
	  "TIMESTAMP_GLOBAL", NULL, sdma_run_timestamp },
	{ VKFD_SDMA_SRBM_WRITE, 0, true, 3, 0, 0, "SRBM_WRITE", NULL, sdma_run_srbm },
};
/* clang-format on */

#define NR_PACKETS (sizeof(packets) / sizeof(packets[0]))

const struct sdma_packet_type *sdma_packet_row(unsigned int n)
{
	return n < NR_PACKETS ? &packets[n] : NULL;
}

const struct sdma_packet_type *sdma_packet_find(u32 header)
{
	for (unsigned int n = 0; n < NR_PACKETS; n++) {
		const struct sdma_packet_type *type = &packets[n];

		if (type->op == VKFD_SDMA_OP(header) && type->sub == VKFD_SDMA_SUB(header) &&
		    (header & type->mask) == type->match)
			return type;
	}
	return NULL;
}
