// SPDX-License-Identifier: MIT
/*
 * Eight processes of four threads each do random SVM operations to memory whose
 * every byte is known (lib/stress*.c), half of them with XNACK, on a GPU with
 * less VRAM than they use. This file starts, watches and kills them, and looks
 * at what is left in the end.
 *
 * VKFD_SEED=n repeats the choices, VKFD_STRESS_SECONDS=n sets the time.
 */
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "residency.h"

/* A thread without a step for so long hangs; a step waits for the GPU up to 40 s. */
#define STUCK_MS	90000u
/* For the last steps and the final check of all pages. */
#define END_MS		120000u

static const char *const op_names[] = {
#define STRESS_NAME(name, weight) #name,
	STRESS_OPS(STRESS_NAME)
#undef STRESS_NAME
};

/** struct slot - a process and its successors */
struct slot {
	struct stress_worker worker;
	pid_t pid;
	unsigned int generation;
	u64 kill_at;		/* steps of all its threads */
	u64 seen[STRESS_THREADS];
	struct deadline stuck[STRESS_THREADS];
};

/** struct stress - the whole test */
struct stress {
	struct stress_shared *shared;
	struct slot slot[STRESS_PROCESSES];
	u64 seed, random;
	unsigned int kills;
};

static u64 next_random(struct stress *s, u64 limit)
{
	u64 z = (s->random += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	return (z ^ (z >> 31)) % limit;
}

static u64 slot_steps(const struct stress *s, const struct slot *slot)
{
	u64 steps = 0;

	for (unsigned int t = 0; t < STRESS_THREADS; t++)
		steps += atomic_load(&s->shared->progress[slot->worker.number][t].steps);
	return steps;
}

static void slot_start(struct stress *s, struct slot *slot)
{
	slot->worker.seed = s->seed + ((u64)slot->worker.number << 32) + ((u64)slot->generation++ << 48);
	memset(s->shared->progress[slot->worker.number], 0, sizeof(s->shared->progress[0]));
	slot->kill_at = 20 + next_random(s, 300);
	for (unsigned int t = 0; t < STRESS_THREADS; t++) {
		slot->seen[t] = 0;
		slot->stuck[t] = deadline_in(STUCK_MS);
	}
	fflush(stdout);
	slot->pid = fork();
	if (slot->pid < 0)
		fail_test("fork: %s", strerror(errno));
	if (!slot->pid)
		_exit(stress_worker_main(&slot->worker));
}

static void kill_all(struct stress *s)
{
	for (unsigned int i = 0; i < STRESS_PROCESSES; i++)
		if (s->slot[i].pid > 0)
			kill(s->slot[i].pid, SIGKILL);
	for (unsigned int i = 0; i < STRESS_PROCESSES; i++)
		if (s->slot[i].pid > 0)
			waitpid(s->slot[i].pid, NULL, 0);
}

/* Where blocked and running tasks are goes to the kernel log. */
static void show_tasks(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && (write(fd, "w", 1) != 1 || write(fd, "l", 1) != 1))
		perror("sysrq-trigger");
	close(fd);
}

/* Each thread must get on with it, whatever the others do. */
static void slot_watch(struct stress *s, struct slot *slot)
{
	for (unsigned int t = 0; t < STRESS_THREADS; t++) {
		struct stress_progress *progress = &s->shared->progress[slot->worker.number][t];
		u64 steps = atomic_load(&progress->steps);
		const struct stress_step *last = &progress->history[(steps - 1) % ARRAY_LEN(progress->history)];

		if (steps != slot->seen[t]) {
			slot->seen[t] = steps;
			slot->stuck[t] = deadline_in(STUCK_MS);
		}
		if (now_ns() < slot->stuck[t].end_ns)
			continue;
		show_tasks();
		fprintf(stderr, "error: process %u (pid %d) thread %u hangs in step %llu: %s area %u pages %u+%u\n",
			slot->worker.number, slot->pid, t, (unsigned long long)steps,
			steps ? op_names[last->op] : "start", last->area, last->first, last->nr);
		kill_all(s);
		fail_test("no progress");
	}
}

/* A worker that ended by itself has failed; what it said is in the log. */
static void slot_check(struct stress *s, struct slot *slot)
{
	int status;

	if (waitpid(slot->pid, &status, WNOHANG) != slot->pid)
		return;
	slot->pid = 0;
	kill_all(s);
	fail_test("process %u generation %u ended with %s %d", slot->worker.number, slot->generation,
		  WIFEXITED(status) ? "status" : "signal",
		  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void slot_kill(struct stress *s, struct slot *slot)
{
	kill(slot->pid, SIGKILL);
	waitpid(slot->pid, NULL, 0);
	s->kills++;
	slot_start(s, slot);
}

static void run_for(struct stress *s, u64 seconds)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	u64 end = now_ns() + seconds * 1000000000ull;
	unsigned int i;

	while (now_ns() < end) {
		for (i = 0; i < STRESS_PROCESSES; i++) {
			slot_check(s, &s->slot[i]);
			slot_watch(s, &s->slot[i]);
			if (slot_steps(s, &s->slot[i]) >= s->slot[i].kill_at)
				slot_kill(s, &s->slot[i]);
		}
		nanosleep(&moment, NULL);
	}
}

static void end_all(struct stress *s)
{
	struct deadline end = deadline_in(END_MS);
	unsigned int left = STRESS_PROCESSES;
	int status;

	atomic_store(&s->shared->stop, true);
	while (left) {
		for (unsigned int i = 0; i < STRESS_PROCESSES; i++) {
			if (!s->slot[i].pid || waitpid(s->slot[i].pid, &status, WNOHANG) <= 0)
				continue;
			s->slot[i].pid = 0;
			left--;
			if (!status)
				continue;
			kill_all(s);
			fail_test("process %u ended with status 0x%x", i, status);
		}
		if (left && !deadline_poll(&end)) {
			show_tasks();
			kill_all(s);
			fail_test("%u processes do not end", left);
		}
	}
}

static u64 vram(const char *name)
{
	return driver_stat(0, "vram", name);
}

static void report(const struct stress *s)
{
	printf("pages checked %llu, kills %u, pages in %llu, out %llu, evictions %llu, failed %llu\n",
	       atomic_load(&s->shared->pages_checked), s->kills, (unsigned long long)vram("page_in"),
	       (unsigned long long)vram("page_out"), (unsigned long long)vram("evictions"),
	       (unsigned long long)vram("eviction_failures"));
	for (unsigned int op = 0; op < STRESS_NR_OPS; op++)
		printf("%s%s %llu", op ? ", " : "", op_names[op], atomic_load(&s->shared->count[op]));
	printf("\n");
}

/* Everything that was there to be done was done, and nothing is left of it. */
static void assert_clean(struct stress *s, u64 used, u64 sysmem)
{
	for (unsigned int op = 0; op < STRESS_NR_OPS; op++)
		if (!atomic_load(&s->shared->count[op]))
			fail_test("no %s in the whole test", op_names[op]);
	assert_true(vram("evictions") > 0);
	assert_int_equal(vram("eviction_system_allocs"), 0);
	if (!wait_until(!vram("svm_bos") && !vram("svm") && !vram("bos") && vram("used") <= used &&
			vram("sysmem_used") <= sysmem, 20000))
		fail_test("left behind: svm_bos %llu, svm bytes %llu, bos %llu, used %llu (before %llu), sysmem %llu (before %llu)",
			  (unsigned long long)vram("svm_bos"), (unsigned long long)vram("svm"),
			  (unsigned long long)vram("bos"), (unsigned long long)vram("used"),
			  (unsigned long long)used, (unsigned long long)vram("sysmem_used"),
			  (unsigned long long)sysmem);
}

static void slot_init(struct stress *s, unsigned int number)
{
	struct stress_worker *worker = &s->slot[number].worker;
	struct kfd_node nodes[MAX_GPUS];

	kfd_nodes(nodes);
	worker->shared = s->shared;
	worker->number = number;
	worker->xnack = number % 2 == 0;
	snprintf(worker->evict, sizeof(worker->evict), "/sys/kernel/debug/vkfd/%u/evict", nodes[0].gpu_id);
}

/*
 * khugepaged runs with nice 19 and holds a process' mmap_lock for writing meanwhile.
 * Beside all these threads it would get a thousandth of a processor, and on the
 * debug kernel the process would wait for it longer than hung_task allows.
 */
static void khugepaged_gets_time(void)
{
	FILE *f = popen("pidof khugepaged", "re");
	int pid = 0;

	if (!f || fscanf(f, "%d", &pid) != 1 || setpriority(PRIO_PROCESS, (id_t)pid, 0))
		fail_test("khugepaged (pid %d) cannot be given time: %s", pid, strerror(errno));
	pclose(f);
}

static void random_operations_of_many_processes(int seconds)
{
	const char *text = getenv("VKFD_STRESS_SECONDS");
	u64 used = vram("used"), sysmem = vram("sysmem_used");
	struct stress s = { .kills = 0 };

	if (text && *text)
		seconds = atoi(text);
	khugepaged_gets_time();
	/* Beyond this, the threads' own watch is what ends a hang. */
	alarm((unsigned int)seconds + (2 * STUCK_MS + END_MS) / 1000 * harness_slow());
	s.shared = mmap(NULL, sizeof(*s.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s.shared, MAP_FAILED);
	s.seed = s.random = harness_random();
	for (unsigned int i = 0; i < STRESS_PROCESSES; i++) {
		slot_init(&s, i);
		slot_start(&s, &s.slot[i]);
	}
	run_for(&s, (u64)seconds);
	end_all(&s);
	report(&s);
	assert_clean(&s, used, sysmem);
}

static const struct guest_test tests[] = {
	{ "random_operations_of_many_processes", random_operations_of_many_processes, 120,
	  "vram=64M long timeout=500" },
	{ "random_operations_for_20_minutes", random_operations_of_many_processes, 1200,
	  "vram=64M long timeout=1600" },
};
HARNESS_MAIN(tests)
