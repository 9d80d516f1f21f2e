// SPDX-License-Identifier: MIT
/*
 * The CPU's side of the execution oracle: work items are calls, one after the
 * other, or threads where they meet at barriers.
 */
#include <pthread.h>
#include <stdlib.h>

#include "isa/fake_kernels.h"

/* Kernels are written for another compiler's warnings. */
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#include "tests/kernels/integer.c"
#include "tests/kernels/float.c"
#include "tests/kernels/memory.c"
#include "tests/kernels/flow.c"
#include "tests/kernels/group.c"

#define MAX_ITEMS 256u

static _Thread_local struct {
	u32 lid, group, round;
} self;

static pthread_barrier_t meeting;
/* Two tables in turn: one is read while the next is filled. */
static u32 exchanged[2][MAX_ITEMS];

u32 host_lid(void)
{
	return self.lid;
}

u32 host_group(void)
{
	return self.group;
}

void host_barrier(void)
{
	pthread_barrier_wait(&meeting);
}

const u32 *host_exchange(u32 value)
{
	u32 *table = exchanged[self.round++ % 2];

	table[self.lid] = value;
	host_barrier();
	return table + self.lid / 64 * 64;
}

u64 host_ballot(u32 flag)
{
	const u32 *lanes = host_exchange(flag);
	u64 mask = 0;

	for (u32 n = 0; n < 64; n++)
		mask |= (u64)(lanes[n] != 0) << n;
	return mask;
}

struct item {
	const struct fake_kernel *kernel;
	u32 *in, *out;
	u32 lid, group;
};

static void *item_run(void *arg)
{
	const struct item *item = arg;

	self.lid = item->lid;
	self.group = item->group;
	self.round = 0;
	item->kernel->run(item->in, item->out);
	return NULL;
}

static void group_meet(struct item item)
{
	static struct item items[MAX_ITEMS];
	static pthread_t thread[MAX_ITEMS];

	pthread_barrier_init(&meeting, NULL, item.kernel->size);
	for (u32 n = 0; n < item.kernel->size; n++) {
		items[n] = item;
		items[n].lid = n;
		if (pthread_create(&thread[n], NULL, item_run, &items[n]))
			abort();
	}
	for (u32 n = 0; n < item.kernel->size; n++)
		pthread_join(thread[n], NULL);
	pthread_barrier_destroy(&meeting);
}

void fake_kernel_run(const struct fake_kernel *kernel, u32 *in, u32 *out)
{
	struct item item = { kernel, in, out, 0, 0 };

	for (item.group = 0; item.group < kernel->groups; item.group++) {
		if (kernel->meet) {
			group_meet(item);
			continue;
		}
		for (item.lid = 0; item.lid < kernel->size; item.lid++)
			item_run(&item);
	}
}

const struct fake_kernel fake_kernels[] = {
#define K(name, size, groups, meet) { #name, size, groups, meet, name },
#include "tests/kernels/list.h"
#undef K
};

const unsigned int fake_nr_kernels = sizeof(fake_kernels) / sizeof(fake_kernels[0]);
