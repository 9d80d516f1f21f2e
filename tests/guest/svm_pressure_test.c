// SPDX-License-Identifier: MIT
/*
 * System memory that is broken into pieces, limited by a cgroup, or on several
 * nodes. Pages in VRAM still come home; who takes more than its limit pays for
 * it, and nobody else is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "area.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "work.h"

#define HUGEPAGES	"/proc/sys/vm/nr_hugepages"
/* One page in so many stays where it is: no piece of 2 MiB without one. */
#define PIN_STEP	64
#define HOG_BYTES	(128 * MIB)

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* The number behind @key in a file of "key number" lines, or -1. */
static long long read_number(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	long long number = -1;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), "%*[: ]%lld", &number) == 1)
			break;
	if (f)
		fclose(f);
	return number;
}

static long long oom_kills(void)
{
	return read_number("/proc/vmstat", "oom_kill");
}

/* Asks for a huge page, as a 2 MiB page in VRAM that comes home does. */
static bool huge_page_can_be_had(void)
{
	long long failed = read_number("/proc/vmstat", "thp_fault_fallback");
	char *p = mm_map_huge(HUGE_BYTES);

	*p = 1;
	mm_unmap(p, HUGE_BYTES);
	return read_number("/proc/vmstat", "thp_fault_fallback") == failed;
}

/* Reserves all memory that comes in pieces of 2 MiB; the reserve is never touched. */
static void reserve_huge_pieces(void)
{
	child_expect(!write_text(HUGEPAGES, "100000"));
}

static void release_huge_pieces(void)
{
	assert_ok(write_text(HUGEPAGES, "0"));
}

/* Pins one page in PIN_STEP of [p, p + HOG_BYTES), for the life of the process. */
static void pin_some(char *p)
{
	static struct iovec iov[HOG_BYTES / PAGE / PIN_STEP];
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	for (size_t i = 0; i < ARRAY_LEN(iov); i++)
		iov[i] = (struct iovec){ p + i * PIN_STEP * PAGE, PAGE };
	child_expect(fd >= 0);
	child_expect(!syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, iov, ARRAY_LEN(iov)));
}

/* Leaves free memory only in pieces of less than 2 MiB that cannot be joined. */
static void break_memory(void)
{
	char *hog = mm_map_small(HOG_BYTES);

	memset(hog, 1, HOG_BYTES);
	pin_some(hog);
	reserve_huge_pieces();
	for (size_t at = 0; at < HOG_BYTES; at += PIN_STEP * PAGE)
		child_expect(!madvise(hog + at + PAGE, (PIN_STEP - 1) * PAGE, MADV_DONTNEED));
}

struct pressure {
	int mode;
	bool touch;	/* the CPU brings the pages back, not eviction */
};

static int come_home_in_pieces(struct child *c, void *arg)
{
	struct pressure *p = arg;
	struct area a;

	area_start(&a, p->mode, 16 * MIB, 600);
	break_memory();
	/* What compaction still puts together goes as well. */
	child_expect(wait_until((reserve_huge_pieces(), !huge_page_can_be_had()), 20000));
	if (p->touch)
		child_expect(pattern_mismatch(a.p, a.bytes, 600) == PATTERN_OK);
	else
		driver_poke(0, "evict", "1");
	child_expect(residency_vram(a.p, a.bytes) == 0);
	child_expect(pattern_mismatch(a.p, a.bytes, 600) == PATTERN_OK);
	sdma_destroy(&a.q);
	return 0;
}

static void pages_come_home(int mode, bool touch)
{
	struct pressure p = { mode, touch };
	long long kills = oom_kills();
	struct child c;
	int status;

	child_start(&c, come_home_in_pieces, &p);
	status = child_join(&c);
	release_huge_pieces();
	assert_int_equal(status, 0);
	assert_int_equal(oom_kills(), kills);
	assert_vram_is_free();
}

static void eviction_works_in_broken_memory(int mode)
{
	pages_come_home(mode, false);
}

static void cpu_faults_work_in_broken_memory(int mode)
{
	pages_come_home(mode, true);
}

#define CGROUPS "/tmp/vkfd-cgroups"
#define GROUP	CGROUPS "/limited"

static void group_start(const char *limit)
{
	mkdir(CGROUPS, 0755);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL) && errno != EBUSY)
		skip_test("no cgroup2: %s", strerror(errno));
	assert_ok(write_text(CGROUPS "/cgroup.subtree_control", "+memory"));
	assert_true(!mkdir(GROUP, 0755) || errno == EEXIST);
	assert_ok(write_text(GROUP "/memory.max", limit));
}

static void group_stop(void)
{
	if (!wait_until(!rmdir(GROUP) || errno == ENOENT, 5000))
		fail_test("the cgroup stays: %s", strerror(errno));
	umount2(CGROUPS, MNT_DETACH);
}

static u64 group_bytes(void)
{
	FILE *f = fopen(GROUP "/memory.current", "re");
	unsigned long long bytes = 0;

	if (!f || fscanf(f, "%llu", &bytes) != 1)
		fail_test(GROUP "/memory.current cannot be read");
	fclose(f);
	return bytes;
}

static int moves_to_and_fro(struct child *c, void *arg)
{
	int mode = *(int *)arg;
	struct area a;
	u64 home;

	child_expect(!write_text(GROUP "/cgroup.procs", "0"));
	area_start(&a, mode, 16 * MIB, 620);
	child_expect(group_bytes() >= a.bytes);
	child_expect(pattern_mismatch(a.p, a.bytes, 620) == PATTERN_OK);
	home = group_bytes();
	for (unsigned int i = 0; i < 4; i++) {
		child_expect(!gpu_prefetch(&a.s, a.p, a.bytes, true));
		child_expect(residency_vram(a.p, a.bytes) == a.bytes / PAGE);
		/* VRAM is charged as RAM is: who has a limit cannot leave it behind by moving. */
		child_expect(group_bytes() >= a.bytes);
		child_expect(pattern_mismatch(a.p, a.bytes, 620) == PATTERN_OK);
	}
	child_expect(group_bytes() <= home + 4 * MIB);
	sdma_destroy(&a.q);
	return 0;
}

/* The charge of a page follows it, and is paid back once. */
static void moving_pages_keeps_their_charge(int mode)
{
	struct child c;

	group_start("64M");
	child_start(&c, moves_to_and_fro, &mode);
	assert_child_ok(&c);
	if (!wait_until(group_bytes() < MIB, 10000))
		fail_test("%llu bytes are still charged", (unsigned long long)group_bytes());
	group_stop();
	assert_vram_is_free();
}

static int touches_too_much(struct child *c, void *arg)
{
	const size_t bytes = 128 * MIB;
	struct session s;
	struct sdma q;
	char *p;

	child_expect(!write_text(GROUP "/cgroup.procs", "0"));
	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_small(bytes);
	child_expect(!svm_set(s.kfd, p, bytes, { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, s.gpu[0].gpu_id }));
	child_tell(c, 'r');
	for (size_t at = 0; at < bytes; at += MIB)
		sdma_fill(&q, p + at, 1, MIB);
	sdma_submit(&q);
	/* Killed in here, or left with a fault that is never served. */
	return sdma_wait(&q, q.seq, 30000) ? 1 : 0;
}

/* A GPU that touches more than its process may have: that process pays, no other. */
static void gpu_beyond_the_limit_hurts_only_its_process(int arg)
{
	struct child c;
	struct area a;
	int status;

	area_start(&a, XNACK, HUGE_BYTES, 630);
	group_start("48M");
	child_start(&c, touches_too_much, NULL);
	assert_true(child_hear(&c, 'r'));
	status = child_join(&c);
	assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	/* Whoever was killed was in the group. */
	assert_int_equal(read_number(GROUP "/memory.events", "oom_kill"), WIFSIGNALED(status) ? 1 : 0);
	area_check(&a);
	group_stop();
	assert_newcomer_works();
	area_stop(&a);
}

static int node_of(void *p)
{
	int node = -1;

	if (syscall(SYS_move_pages, 0, 1ul, &p, NULL, &node, 0))
		fail_test("move_pages: %s", strerror(errno));
	return node;
}

/* What is bound to a node comes back to that node. */
static void pages_return_to_their_node(int mode)
{
	struct area a = { .bytes = 2 * HUGE_BYTES, .seed = 640 };

	session_start(&a.s, mode & XNACK);
	sdma_create(&a.q, &a.s, 0);
	for (unsigned long node = 0; node < 2; node++) {
		unsigned long mask = 1ul << node;

		a.p = mm_map_kind(a.bytes, mode & HUGE);
		if (syscall(SYS_mbind, a.p, a.bytes, MPOL_BIND, &mask, 8 * sizeof(mask), 0))
			fail_test("mbind: %s", strerror(errno));
		pattern_fill(a.p, a.bytes, a.seed);
		gpu_access(&a.s, a.p, a.bytes);
		area_to_vram(&a);
		area_check(&a);
		for (size_t at = 0; at < a.bytes; at += 16 * PAGE)
			assert_int_equal(node_of(a.p + at), node);
		area_to_vram(&a);
		/* Eviction goes by page number: it has no policy to ask, and takes any node. */
		driver_poke(0, "evict", "1");
		assert_in_ram(a.p, a.bytes);
		pattern_check(a.p, a.bytes, a.seed);
		mm_unmap(a.p, a.bytes);
	}
	sdma_destroy(&a.q);
}

#define NUMA_TAGS "numa=2 long=debug"
#define BROKEN_TAGS "long=debug"

static const struct guest_test tests[] = {
	TEST_MODES(moving_pages_keeps_their_charge),
	TEST(gpu_beyond_the_limit_hurts_only_its_process),
	{ "eviction_works_in_broken_memory_2m_xnack_on", eviction_works_in_broken_memory, XNACK | HUGE, BROKEN_TAGS },
	{ "eviction_works_in_broken_memory_2m_xnack_off", eviction_works_in_broken_memory, HUGE, BROKEN_TAGS },
	{ "cpu_faults_work_in_broken_memory_2m_xnack_on", cpu_faults_work_in_broken_memory, XNACK | HUGE, BROKEN_TAGS },
	{ "cpu_faults_work_in_broken_memory_2m_xnack_off", cpu_faults_work_in_broken_memory, HUGE, BROKEN_TAGS },
	{ "pages_return_to_their_node_4k_xnack_on", pages_return_to_their_node, XNACK, NUMA_TAGS },
	{ "pages_return_to_their_node_4k_xnack_off", pages_return_to_their_node, 0, NUMA_TAGS },
	{ "pages_return_to_their_node_2m_xnack_on", pages_return_to_their_node, XNACK | HUGE, NUMA_TAGS },
	{ "pages_return_to_their_node_2m_xnack_off", pages_return_to_their_node, HUGE, NUMA_TAGS },
};
HARNESS_MAIN(tests)
