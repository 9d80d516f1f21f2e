// SPDX-License-Identifier: MIT
/*
 * What the GPU does in the stress test: by the thread's own SDMA queue. While
 * packets run, the thread itself disturbs them with operations that change
 * neither contents nor permissions.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pattern.h"
#include "raw.h"

#define RING_BYTES 16384u
#define BUFFER_BYTES (STRESS_BOUNCE_PAGES * PAGE)

/* 8 x 4 queues: both kinds of SDMA engine are needed. */
bool stress_queue_make(struct stress_worker *w, unsigned int thread)
{
	HSA_QUEUE_TYPE type = thread % 2 ? HSA_QUEUE_SDMA_XGMI : HSA_QUEUE_SDMA;

	/* The queues of a process that was killed go a little later than the process. */
	return wait_until(sdma_try_create_type(&w->queue[thread], &w->session, 0, type, RING_BYTES), 20000);
}

static void file_print(const char *path)
{
	char text[4096];
	ssize_t bytes;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	bytes = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (bytes < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	else
		fprintf(stderr, "%.*s", (int)bytes, text);
	close(fd);
}

/* To the kernel's log: the stacks of who waits, also killably, which is never a hung task. */
static void blocked_print(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "w", 1) != 1)
		fprintf(stderr, "/proc/sysrq-trigger: %s\n", strerror(errno));
	close(fd);
}

/*
 * Does a queue stand, and why: evicted, stopped by a violation, or waiting for a page?
 * Twice, because a fault that is served in vain again and again looks alive too.
 */
static void queues_print(const struct stress_thread *t)
{
	static const char *const of_process[] = { "queues", "faults" };
	static const char *const of_gpu[] = { "counters", "errors", "ih_wptr" };
	char path[64];

	blocked_print();
	for (int i = 0; i < 2; i++) {
		if (i)
			sleep(2);
		for (size_t n = 0; n < ARRAY_LEN(of_process); n++) {
			snprintf(path, sizeof(path), "/sys/kernel/debug/kfd/proc/%d/%s", getpid(),
				 of_process[n]);
			file_print(path);
		}
		for (size_t n = 0; n < ARRAY_LEN(of_gpu); n++) {
			snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/%s",
				 t->worker->session.gpu[0].gpu_id, of_gpu[n]);
			file_print(path);
		}
	}
}

void stress_gpu_wait(struct stress_thread *t, const char *what)
{
	struct sdma *q = t->q;
	u32 seq = sdma_submit(q);

	if (sdma_wait(q, seq, 2 * SDMA_MS))
		return;
	queues_print(t);
	stress_fail(t, "%s: queue %llu did not get to fence %u: fence %u, rptr 0x%llx, wptr 0x%llx", what,
		    (unsigned long long)q->res.QueueId, seq, *q->fence, (unsigned long long)sdma_rptr(q),
		    (unsigned long long)q->wptr);
}

void stress_gpu_ready(struct stress_thread *t, struct stress_area *area)
{
	struct stress_span all = stress_part(area, 0, area->pages);

	if (!t->worker->xnack)
		stress_set(t, &all, KFD_IOCTL_SVM_ATTR_ACCESS, t->worker->session.gpu[0].gpu_id);
}

/* Hands the packets to the GPU and gets in its way. */
static void run_disturbed(struct stress_thread *t, const char *what)
{
	sdma_kick(t->q);
	for (u64 i = stress_random(t, 3); i; i--) {
		switch (stress_random(t, 4)) {
		case 0:
			stress_prefetch(t);
			break;
		case 1:
			stress_advise(t);
			break;
		case 2:
			stress_set_attr(t);
			break;
		default:
			stress_get_attr(t);
		}
	}
	stress_gpu_wait(t, what);
}

void stress_gpu_fill(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);
	u32 value = (u32)stress_random(t, 1ull << 32);
	u64 word = (u64)value << 32 | value;

	sdma_fill(t->q, s.p, value, s.bytes);
	for (u32 i = s.first; i < s.first + s.nr; i++)
		s.area->page[i] = (struct stress_page){ word, word, true };
	run_disturbed(t, "fill");
}

void stress_gpu_copy(struct stress_thread *t)
{
	struct stress_span from = stress_span(t, STRESS_OWN_PAGES), to;
	struct stress_area *area;
	u32 nr = from.nr;

	do {
		area = &t->area[stress_random(t, STRESS_AREAS)];
	} while (area == from.area);
	nr = nr < area->pages ? nr : area->pages;
	to = stress_part(area, (u32)stress_random(t, area->pages - nr + 1), nr);
	sdma_copy(t->q, to.p, from.p, to.bytes);
	memcpy(&area->page[to.first], &from.area->page[from.first], nr * sizeof(*area->page));
	run_disturbed(t, "copy");
}

void stress_gpu_add(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, 32);

	for (u32 i = 0; i < s.nr; i++) {
		u64 value = stress_random(t, ~0ull);

		sdma_add64(t->q, s.p + (i + 1) * PAGE - sizeof(u64), value);
		s.area->page[s.first + i].last += value;
	}
	run_disturbed(t, "atomic add");
}

void stress_gpu_check(struct stress_thread *t, struct stress_span *s)
{
	/* What an earlier copy left must not pass for this one's result. */
	memset(t->bounce, 0xa5, s->bytes);
	sdma_copy(t->q, t->bounce, s->p, s->bytes);
	stress_gpu_wait(t, "copy out");
	stress_check(t, s, t->bounce, "the GPU");
}

void stress_gpu_read(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_BOUNCE_PAGES);

	memset(t->bounce, 0xa5, s.bytes);
	sdma_copy(t->q, t->bounce, s.p, s.bytes);
	run_disturbed(t, "copy out");
	stress_check(t, &s, t->bounce, "the GPU");
}

/* A VRAM buffer that competes with SVM memory; what it holds must stay too. */
void stress_gpu_buffer(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_BOUNCE_PAGES);
	u64 va = RAW_VA + t->number * 64 * MIB, handle, offset = 0;
	struct session *session = &t->worker->session;
	u32 gpu_id = session->gpu[0].gpu_id;
	int err;

	err = kfd_alloc(session->kfd, gpu_id, va, BUFFER_BYTES, RAW_VRAM, &offset, &handle);
	if (err == -ENOMEM)
		return;		/* full of other buffers and of pages on the move */
	if (err)
		stress_fail(t, "a buffer in VRAM: %s", strerror_neg(err));
	err = kfd_map(session->kfd, handle, gpu_id);
	if (err)
		stress_fail(t, "mapping a buffer: %s", strerror_neg(err));
	memset(t->bounce, 0xa5, s.bytes);
	sdma_copy(t->q, (void *)(uintptr_t)va, s.p, s.bytes);
	run_disturbed(t, "copy to a buffer");
	sdma_copy(t->q, t->bounce, (void *)(uintptr_t)va, s.bytes);
	stress_gpu_wait(t, "copy from a buffer");
	stress_check(t, &s, t->bounce, "a buffer");
	err = kfd_unmap(session->kfd, handle, gpu_id) ?: kfd_free(session->kfd, handle);
	if (err)
		stress_fail(t, "freeing a buffer: %s", strerror_neg(err));
}

void stress_new_queue(struct stress_thread *t)
{
	sdma_destroy(t->q);
	if (!stress_queue_make(t->worker, t->number))
		stress_fail(t, "no new queue");
}
