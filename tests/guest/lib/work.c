// SPDX-License-Identifier: MIT
/* Processes that use a GPU while something happens to it. */
#include "work.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pattern.h"
#include "residency.h"

u32 hardware_event(struct session *s)
{
	struct kfd_ioctl_create_event_args args = { .event_type = KFD_IOC_EVENT_HW_EXCEPTION };

	assert_ok(kfd_ioctl(s->kfd, AMDKFD_IOC_CREATE_EVENT, &args));
	return args.event_id;
}

struct kfd_hsa_hw_exception_data hardware_event_get(struct session *s, u32 id)
{
	struct kfd_event_data data = { .event_id = id };
	struct kfd_ioctl_wait_events_args args = {
		.events_ptr = (u64)(uintptr_t)&data, .num_events = 1, .timeout = 5000,
	};

	assert_ok(kfd_ioctl(s->kfd, AMDKFD_IOC_WAIT_EVENTS, &args));
	assert_int_equal(args.wait_result, KFD_IOC_WAIT_RESULT_COMPLETE);
	return data.hw_exception_data;
}

/* A new process uses the GPU in both directions. */
static int newcomer(struct child *c, void *arg)
{
	char *p = mm_map_small(WORK_BYTES);
	struct session s;
	struct sdma q;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	pattern_fill(p, WORK_BYTES, 7);
	child_expect(!gpu_prefetch(&s, p, WORK_BYTES, true));
	sdma_write1(&q, p, 1);
	child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
	child_expect(*(volatile u32 *)p == 1);
	*(u64 *)p = pattern_word(7, 0);
	child_expect(pattern_mismatch(p, WORK_BYTES, 7) == PATTERN_OK);
	return 0;
}

void assert_newcomer_works(void)
{
	struct child c;

	child_start(&c, newcomer, NULL);
	assert_child_ok(&c);
}

void assert_vram_is_free(void)
{
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos") && !driver_stat(0, "vram", "bos") &&
			       !driver_stat(0, "vram", "used"), 10000));
}

void work_start(struct work *w, int xnack)
{
	session_start(&w->s, xnack);
	sdma_create(&w->q, &w->s, 0);
	w->ram = mm_map_small(WORK_BYTES);
	w->vram = mm_map_small(WORK_BYTES);
	w->buffer = vram_alloc(&w->s, WORK_BYTES);
	pattern_fill(w->ram, WORK_BYTES, 1);
	pattern_fill(w->vram, WORK_BYTES, 2);
	pattern_fill(w->buffer, WORK_BYTES, 3);
	gpu_access(&w->s, w->ram, WORK_BYTES);
	gpu_access(&w->s, w->vram, WORK_BYTES);
	assert_ok(gpu_prefetch(&w->s, w->vram, WORK_BYTES, true));
	sdma_run(&w->q);
}

void touch(void *arg)
{
	*(volatile char *)arg = 1;
}

/* Buffers outlive a reset with VRAM kept, the queue does not. */
static bool queue_again(struct sdma *q)
{
	hsaKmtDestroyQueue(q->res.QueueId);
	memset(&q->res, 0, sizeof(q->res));
	q->wptr = 0;
	q->seq = 0;
	*q->fence = 0;
	return wait_until(hsaKmtCreateQueue(q->session->gpu[0].node, HSA_QUEUE_SDMA, 100,
					    HSA_QUEUE_PRIORITY_NORMAL, q->ring, q->ring_bytes,
					    NULL, &q->res) == HSAKMT_STATUS_SUCCESS, 5000);
}

/* VRAM was lost: a page that was in there says so. */
static void end_well(int sig)
{
	_exit(0);
}

/*
 * Copies both ways by the driver and by a queue, checks every byte, and makes a
 * new queue when a reset took the old one. Refusals are no errors, wrong bytes are.
 */
static int load(struct child *c, void *arg)
{
	char *p = mm_map_small(WORK_BYTES), *copy = mm_map_small(WORK_BYTES);
	struct load *l = arg;
	struct session s;
	struct sdma q;

	if (l->doomed)
		signal(SIGBUS, end_well);
	child_expect(session_try_start(&s, l->xnack));
	gpu_access(&s, p, WORK_BYTES);
	gpu_access(&s, copy, WORK_BYTES);
	sdma_create(&q, &s, 0);
	for (u64 round = 1; !child_heard(c); round++) {
		bool alive;

		pattern_fill(p, WORK_BYTES, round);
		gpu_prefetch(&s, p, WORK_BYTES, true);
		sdma_copy(&q, copy, p, WORK_BYTES);
		/* Nobody does anything to the GPU before the first round. */
		alive = sdma_wait(&q, sdma_submit(&q), *l->rounds ? 300 : SDMA_MS);
		child_expect(pattern_mismatch(p, WORK_BYTES, round) == PATTERN_OK);
		child_expect(!alive || pattern_mismatch(copy, WORK_BYTES, round) == PATTERN_OK);
		if (l->doomed && !alive)
			break;
		child_expect(alive || queue_again(&q));
		*l->rounds += alive;
	}
	return 0;
}

void load_start(struct load_pair *pair, int xnack, bool doomed, volatile u64 *rounds)
{
	for (size_t i = 0; i < ARRAY_LEN(pair->child); i++) {
		rounds[i] = 0;
		pair->load[i] = (struct load){ xnack, doomed, &rounds[i] };
		child_start(&pair->child[i], load, &pair->load[i]);
	}
	assert_true(wait_until(rounds[0] && rounds[1], 20000));
}

volatile u64 *shared_words(void)
{
	volatile u64 *words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				   -1, 0);

	assert_ptr_not_equal(words, MAP_FAILED);
	return words;
}
