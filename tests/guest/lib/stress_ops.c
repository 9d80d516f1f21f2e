// SPDX-License-Identifier: MIT
/* What the CPU side does in the stress test: system calls and plain accesses. */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	void (*run)(struct stress_thread *t);
	u32 weight;
} ops[] = {
#define STRESS_ROW(name, weight) { stress_##name, weight },
	STRESS_OPS(STRESS_ROW)
#undef STRESS_ROW
};

void stress_step(struct stress_thread *t)
{
	struct stress_progress *progress = t->progress;
	u64 nr = atomic_load(&progress->steps);
	u32 total = 0, op;
	u64 at;

	for (op = 0; op < ARRAY_LEN(ops); op++)
		total += ops[op].weight;
	at = stress_random(t, total);
	for (op = 0; at >= ops[op].weight; op++)
		at -= ops[op].weight;
	progress->history[nr % ARRAY_LEN(progress->history)] = (struct stress_step){ .op = op };
	atomic_store(&progress->steps, nr + 1);
	ops[op].run(t);
	atomic_fetch_add(&t->worker->shared->count[op], 1);
}

void stress_cpu_write(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);

	stress_write(t, &s);
}

void stress_cpu_read(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);

	stress_check(t, &s, s.p, "the CPU");
}

/* As ptrace would: get_user_pages on memory that may be in VRAM. */
void stress_vm_read(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_BOUNCE_PAGES);
	struct iovec to = { t->bounce, s.bytes }, from = { s.p, s.bytes };

	memset(t->bounce, 0xa5, s.bytes);
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)s.bytes)
		stress_fail(t, "process_vm_readv: %s", strerror(errno));
	stress_check(t, &s, t->bounce, "process_vm_readv");
}

void stress_prefetch(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);
	u32 to = stress_random(t, 3) ? t->worker->session.gpu[0].gpu_id : 0;

	stress_set(t, &s, KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, to);
}

/* Never NO_ACCESS or GPU_RO: the GPU uses all areas all the time. */
void stress_set_attr(struct stress_thread *t)
{
	static const u32 flags[] = { KFD_IOCTL_SVM_FLAG_COHERENT, KFD_IOCTL_SVM_FLAG_GPU_EXEC,
				     KFD_IOCTL_SVM_FLAG_GPU_READ_MOSTLY,
				     KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED };
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);
	u32 gpu_id = t->worker->session.gpu[0].gpu_id;
	u32 flag = flags[stress_random(t, ARRAY_LEN(flags))];

	switch (stress_random(t, 5)) {
	case 0:
		stress_set(t, &s, KFD_IOCTL_SVM_ATTR_PREFERRED_LOC,
			   (u32[]){ 0, gpu_id, SVM_UNDEFINED }[stress_random(t, 3)]);
		break;
	case 1:
		stress_set(t, &s, KFD_IOCTL_SVM_ATTR_GRANULARITY, (u32)stress_random(t, 12));
		break;
	case 2:
		stress_set(t, &s, KFD_IOCTL_SVM_ATTR_SET_FLAGS, flag);
		break;
	case 3:
		stress_set(t, &s, KFD_IOCTL_SVM_ATTR_CLR_FLAGS, flag);
		break;
	default:
		stress_set(t, &s, stress_random(t, 2) ? KFD_IOCTL_SVM_ATTR_ACCESS :
							KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, gpu_id);
	}
	/* The first attribute made the pages registered; without XNACK that is not access. */
}

void stress_get_attr(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);

	stress_get(t, &s);
}

void stress_dontneed(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);

	if (madvise(s.p, s.bytes, MADV_DONTNEED))
		stress_fail(t, "MADV_DONTNEED: %s", strerror(errno));
	stress_expect_zero(&s);
}

/* Advice that keeps contents; collapsing may fail, paging out may do nothing. */
void stress_advise(struct stress_thread *t)
{
	static const int advice[] = { MADV_HUGEPAGE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_COLLAPSE, MADV_COLLAPSE,
				      MADV_PAGEOUT, MADV_COLD, MADV_POPULATE_READ, MADV_POPULATE_WRITE };
	int what = advice[stress_random(t, ARRAY_LEN(advice))];
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);

	if (what == MADV_COLLAPSE || what == MADV_HUGEPAGE)
		s = stress_part(s.area, 0, s.area->pages);
	if (madvise(s.p, s.bytes, what) && what != MADV_COLLAPSE)
		stress_fail(t, "madvise %d of %p, %zu bytes: %s", what, (void *)s.p, s.bytes, strerror(errno));
}

/* Other memory at the same address: by unmapping first, or in one step. */
void stress_unmap(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_OWN_PAGES);
	bool in_one = stress_random(t, 2);

	if (stress_random(t, 2))
		s = stress_part(s.area, 0, s.area->pages);
	if (!in_one && munmap(s.p, s.bytes))
		stress_fail(t, "munmap: %s", strerror(errno));
	if (mmap(s.p, s.bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | (in_one ? MAP_FIXED : MAP_FIXED_NOREPLACE), -1, 0) != s.p)
		stress_fail(t, "mmap at %p: %s", (void *)s.p, strerror(errno));
	stress_areas_forget(t, &s);
	stress_gpu_ready(t, s.area);
}

/* To the other place, off by one page, and the old place reserved again. */
void stress_mremap(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, 1);
	struct stress_area *area = s.area;
	size_t bytes = area->pages * PAGE;
	char *from = area->p, *to = area->place[from == area->place[0]];
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (stress_random(t, 2) ? MREMAP_DONTUNMAP : 0);

	/* As one VMA, where the kernel lets them merge. */
	if (madvise(from, bytes, MADV_HUGEPAGE))
		stress_fail(t, "MADV_HUGEPAGE: %s", strerror(errno));
	if (mremap(from, bytes, bytes, flags, to) != to)
		stress_fail(t, "mremap from %p to %p, flags %d: %s", (void *)from, (void *)to, flags,
			    strerror(errno));
	if (mmap(from, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		 (flags & MREMAP_DONTUNMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE), -1, 0) != from)
		stress_fail(t, "reserving %p: %s", (void *)from, strerror(errno));
	area->p = to;
	memset(area->attr, 0, area->pages * sizeof(*area->attr));
	stress_gpu_ready(t, area);
}

static void protect(struct stress_thread *t, struct stress_span *s, int prot)
{
	if (mprotect(s->p, s->bytes, prot))
		stress_fail(t, "mprotect: %s", strerror(errno));
}

void stress_read_only(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_BOUNCE_PAGES);

	protect(t, &s, PROT_READ);
	if (stress_random(t, 2))
		stress_gpu_check(t, &s);
	if (stress_random(t, 2))
		stress_check(t, &s, s.p, "the CPU");
	protect(t, &s, PROT_READ | PROT_WRITE);
	if (stress_random(t, 2))
		stress_gpu_check(t, &s);
}

void stress_no_access(struct stress_thread *t)
{
	struct stress_span s = stress_span(t, STRESS_BOUNCE_PAGES);

	protect(t, &s, PROT_NONE);
	stress_get_attr(t);
	if (stress_random(t, 2))
		stress_prefetch(t);
	protect(t, &s, PROT_READ | PROT_WRITE);
	stress_gpu_check(t, &s);
}

/* In the child: what it sees is what the areas held when it was forked. */
static void forked_child(struct stress_thread *t)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (u64 i = 2 + stress_random(t, 4); i; i--) {
		struct stress_span s = stress_span(t, 64);

		stress_check(t, &s, s.p, "a forked child");
		stress_write(t, &s);
		stress_check(t, &s, s.p, "a forked child, of its own bytes,");
		if (!stress_random(t, 4))
			stress_dontneed(t);
	}
	_exit(0);
}

void stress_fork(struct stress_thread *t)
{
	static void (*const meanwhile[])(struct stress_thread *t) = {
		stress_cpu_write, stress_gpu_fill, stress_gpu_copy, stress_gpu_add, stress_prefetch, stress_dontneed,
	};
	int status = -1;
	pid_t pid = fork();

	if (pid < 0)
		stress_fail(t, "fork: %s", strerror(errno));
	if (!pid)
		forked_child(t);
	for (u64 i = stress_random(t, 4); i; i--)
		meanwhile[stress_random(t, ARRAY_LEN(meanwhile))](t);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		stress_fail(t, "the forked child ended with %s %d", WIFEXITED(status) ? "status" : "signal",
			    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* What is in VRAM now to RAM. Pages on the move may keep it from that for too long. */
void stress_evict(struct stress_thread *t)
{
	int fd = open(t->worker->evict, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		stress_fail(t, "%s: %s", t->worker->evict, strerror(errno));
	if (write(fd, "1", 1) != 1 && errno != EBUSY)
		stress_fail(t, "evict: %s", strerror(errno));
	close(fd);
}

void stress_check_all(struct stress_thread *t)
{
	for (u32 i = 0; i < STRESS_AREAS; i++) {
		struct stress_area *area = &t->area[i];
		struct stress_span all = stress_part(area, 0, area->pages);

		stress_get(t, &all);
		for (u32 at = 0; at < area->pages; at += STRESS_BOUNCE_PAGES) {
			u32 left = area->pages - at;
			struct stress_span s = stress_part(area, at, left < STRESS_BOUNCE_PAGES ? left :
										   STRESS_BOUNCE_PAGES);

			stress_gpu_check(t, &s);
		}
		stress_check(t, &all, all.p, "the CPU at the end");
	}
}
