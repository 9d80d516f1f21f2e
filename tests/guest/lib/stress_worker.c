// SPDX-License-Identifier: MIT
/* One process of the stress test: a session, a region, four threads. */
#include "stress.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mm.h"

/* Far from where the kernel puts mappings, so that nothing comes between. */
#define REGION_ADDR	0x200000000000ull
#define REGION_BYTES	(64 * MIB)

static void *thread_main(void *arg)
{
	struct stress_thread *t = arg;

	while (!atomic_load(&t->worker->shared->stop))
		stress_step(t);
	stress_check_all(t);
	return NULL;
}

static bool region_make(struct stress_worker *w)
{
	void *at = (void *)REGION_ADDR;

	w->region = mmap(at, REGION_BYTES, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	return w->region == at;
}

static void thread_make(struct stress_worker *w, struct stress_thread *t, unsigned int number)
{
	t->worker = w;
	t->number = number;
	t->random = w->seed ^ (number + 1) * 0xff51afd7ed558ccdull;
	t->q = &w->queue[number];
	t->bounce = w->bounce[number];
	t->progress = &w->shared->progress[w->number][number];
	stress_areas_make(t);
	for (u32 i = 0; i < STRESS_AREAS; i++)
		stress_gpu_ready(t, &t->area[i]);
}

int stress_worker_main(struct stress_worker *w)
{
	static struct stress_thread threads[STRESS_THREADS];
	pthread_t id[STRESS_THREADS];
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* cmocka's handlers would go on with the parent's test. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	alarm(0);
	if (!session_try_start(&w->session, w->xnack) || !region_make(w))
		child_fail(__FILE__, __LINE__, "session");
	for (i = 0; i < STRESS_THREADS; i++) {
		if (!stress_queue_make(w, i))
			child_fail(__FILE__, __LINE__, "queue");
		w->bounce[i] = sysmem_alloc(&w->session, STRESS_BOUNCE_PAGES * PAGE);
	}
	for (i = 0; i < STRESS_THREADS; i++)
		thread_make(w, &threads[i], i);
	for (i = 0; i < STRESS_THREADS; i++)
		if (pthread_create(&id[i], NULL, thread_main, &threads[i]))
			child_fail(__FILE__, __LINE__, "pthread_create");
	for (i = 0; i < STRESS_THREADS; i++)
		pthread_join(id[i], NULL);
	/* Half of them leave everything to the end of the process. */
	for (i = 0; w->number % 4 < 2 && i < STRESS_THREADS; i++)
		sdma_destroy(&w->queue[i]);
	return 0;
}
