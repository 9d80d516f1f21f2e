// SPDX-License-Identifier: MIT
/*
 * The kernel and other processes reach into memory that is in VRAM: debuggers,
 * process_vm_readv(), direct I/O, io_uring. Each brings pages to RAM, sees
 * every byte, and what it writes is what the GPU reads afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "area.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"

/* What others touch: across a 2 MiB border, neither end at a page's. */
#define AREA_BYTES	(2 * HUGE_BYTES)
#define PART_AT		(HUGE_BYTES - 5 * PAGE + 256)
#define PART_BYTES	(9 * PAGE)
#define FIRST_PAGE(p)	((p) + ((PART_AT / PAGE) * PAGE))
#define PART_PAGES	(PART_BYTES / PAGE + 1)

/* The rest of the area after somebody looked at, or wrote, the part. */
static void check_rest(struct area *a)
{
	pattern_check(a->p, PART_AT, a->seed);
	for (size_t at = PART_AT + PART_BYTES; at < a->bytes; at += 8)
		assert_true(*(u64 *)(a->p + at) == pattern_word(a->seed, at));
}

/* What others wrote to the part, and nothing else, is what the GPU reads. */
static void gpu_sees_part(struct area *a, unsigned char value)
{
	char *copy = sysmem_alloc(&a->s, a->bytes);

	sdma_copy(&a->q, copy, a->p, a->bytes);
	sdma_run(&a->q);
	bytes_check(copy + PART_AT, PART_BYTES, value);
	pattern_check(copy, PART_AT, a->seed);
	bytes_check(a->p + PART_AT, PART_BYTES, value);
	check_rest(a);
	buffer_free(copy, a->bytes);
}

/* The part's pages were brought to RAM, and are the same bytes there. */
static void assert_part_came(struct area *a)
{
	assert_in_ram(FIRST_PAGE(a->p), PART_PAGES * PAGE);
}

/*
 * A child that reaches into its parent. @reach gets the parent's pid and the
 * address; it reads the part and compares, then writes @value over it.
 */
struct intruder {
	struct area area;
	bool (*reach)(pid_t pid, char *part, char *buffer, bool write);
};

static bool buffer_is_pattern(const char *buffer, u64 seed)
{
	for (size_t at = 0; at < PART_BYTES; at += 8)
		if (*(const u64 *)(buffer + at) != pattern_word(seed, PART_AT + at))
			return false;
	return true;
}

static int intrude(struct child *c, void *arg)
{
	struct intruder *in = arg;
	static char buffer[PART_BYTES] __attribute__((aligned(8)));

	child_expect(child_hear(c, 'r'));
	child_expect(in->reach(getppid(), in->area.p + PART_AT, buffer, false));
	child_expect(buffer_is_pattern(buffer, in->area.seed));
	child_tell(c, 'r');
	child_expect(child_hear(c, 'w'));
	memset(buffer, 0xa7, sizeof(buffer));
	child_expect(in->reach(getppid(), in->area.p + PART_AT, buffer, true));
	child_tell(c, 'w');
	return 0;
}

static void other_process_reaches(int mode, bool (*reach)(pid_t pid, char *part, char *buffer, bool write))
{
	struct intruder in = { .reach = reach };
	struct child c;

	area_start(&in.area, mode, AREA_BYTES, 310);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	child_start(&c, intrude, &in);
	/* The fork has taken nothing home, and shares all. */
	area_to_vram(&in.area);
	child_tell(&c, 'r');
	assert_true(child_hear(&c, 'r'));
	assert_part_came(&in.area);
	area_check(&in.area);
	area_to_vram(&in.area);
	child_tell(&c, 'w');
	assert_true(child_hear(&c, 'w'));
	gpu_sees_part(&in.area, 0xa7);
	assert_child_ok(&c);
	area_stop(&in.area);
}

static bool by_process_vm(pid_t pid, char *part, char *buffer, bool write)
{
	struct iovec here = { buffer, PART_BYTES }, there = { part, PART_BYTES };

	return (write ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			process_vm_readv(pid, &here, 1, &there, 1, 0)) == (ssize_t)PART_BYTES;
}

static void process_vm_reaches_vram_pages(int mode)
{
	other_process_reaches(mode, by_process_vm);
}

static bool by_proc_mem(pid_t pid, char *part, char *buffer, bool write)
{
	char path[32];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write ? pwrite(fd, buffer, PART_BYTES, (off_t)part) : pread(fd, buffer, PART_BYTES, (off_t)part);
	close(fd);
	return done == (ssize_t)PART_BYTES;
}

static void proc_mem_reaches_vram_pages(int mode)
{
	other_process_reaches(mode, by_proc_mem);
}

/* Word by word, with the tracee stopped. */
static bool by_ptrace(pid_t pid, char *part, char *buffer, bool write)
{
	bool ok = !ptrace(PTRACE_SEIZE, pid, NULL, NULL) && !ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) &&
		  waitpid(pid, NULL, __WALL) == pid;

	for (size_t at = 0; ok && at < PART_BYTES; at += sizeof(long)) {
		long *word = (long *)(buffer + at);

		errno = 0;
		if (write)
			ok = !ptrace(PTRACE_POKEDATA, pid, part + at, *word);
		else
			*word = ptrace(PTRACE_PEEKDATA, pid, part + at, NULL);
		ok = ok && !errno;
	}
	return !ptrace(PTRACE_DETACH, pid, NULL, NULL) && ok;
}

static void debugger_reaches_vram_pages(int mode)
{
	other_process_reaches(mode, by_ptrace);
}

/* struct disk - a block device of 8 MiB in RAM; @fd is for direct I/O */
struct disk {
	int fd;
	char number[16];
};

static void disk_start(struct disk *d)
{
	char path[64];
	int control;

	if (access("/dev/zram0", F_OK) && system("modprobe zram num_devices=1 2>/dev/null"))
		skip_test("this kernel has no zram to do direct I/O with");
	memset(d, 0, sizeof(*d));
	control = open("/sys/class/zram-control/hot_add", O_RDONLY | O_CLOEXEC);
	if (control < 0 || read(control, d->number, sizeof(d->number) - 1) <= 0)
		fail_test("zram's hot_add: %s", strerror(errno));
	close(control);
	snprintf(path, sizeof(path), "/sys/block/zram%d/disksize", atoi(d->number));
	control = open(path, O_WRONLY | O_CLOEXEC);
	if (control < 0 || write(control, "8388608", 7) != 7)
		fail_test("%s: %s", path, strerror(errno));
	close(control);
	snprintf(path, sizeof(path), "/dev/zram%d", atoi(d->number));
	if (!wait_until(!access(path, F_OK), 2000))
		fail_test("%s did not appear", path);
	d->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (d->fd < 0)
		fail_test("%s: %s", path, strerror(errno));
}

/* A closed io_uring gives its last reference on the disk back later, by a worker. */
static void disk_stop(struct disk *d)
{
	int control = open("/sys/class/zram-control/hot_remove", O_WRONLY | O_CLOEXEC);

	close(d->fd);
	if (control < 0 ||
	    !wait_until(write(control, d->number, strlen(d->number)) > 0 || errno != EBUSY, 20000))
		fail_test("zram's hot_remove: %s", strerror(errno));
	close(control);
}

/* From VRAM to the device, and back over other bytes in VRAM. */
static void direct_io_reaches_vram_pages(int mode)
{
	struct area a;
	struct disk d;

	disk_start(&d);
	area_start(&a, mode, AREA_BYTES, 320);
	assert_int_equal(pwrite(d.fd, a.p, a.bytes, 0), a.bytes);
	assert_in_ram(a.p, a.bytes);
	memset(a.p, 0, a.bytes);
	area_to_vram(&a);
	assert_int_equal(pread(d.fd, a.p, a.bytes, 0), a.bytes);
	assert_in_ram(a.p, a.bytes);
	area_check(&a);
	area_to_vram(&a);
	area_check(&a);
	disk_stop(&d);
	area_stop(&a);
}

/* struct ring - an io_uring of one entry */
struct ring {
	int fd;
	char *sq, *cq;
	struct io_uring_sqe *sqe;
	struct io_uring_params params;
};

static void ring_start(struct ring *r)
{
	struct io_uring_params *p = &r->params;

	memset(p, 0, sizeof(*p));
	r->fd = (int)syscall(SYS_io_uring_setup, 1, p);
	if (r->fd < 0)
		fail_test("io_uring_setup: %s", strerror(errno));
	r->sq = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
	if (r->sq == MAP_FAILED || r->cq == MAP_FAILED || r->sqe == MAP_FAILED)
		fail_test("io_uring's rings: %s", strerror(errno));
}

/* One request from submission to completion; its result. */
static int ring_do(struct ring *r, const struct io_uring_sqe *sqe)
{
	u32 *tail = (u32 *)(r->sq + r->params.sq_off.tail);
	u32 *head = (u32 *)(r->cq + r->params.cq_off.head);
	const struct io_uring_cqe *cqe = (void *)(r->cq + r->params.cq_off.cqes);
	u32 mask = *(u32 *)(r->cq + r->params.cq_off.ring_mask);
	int result;

	r->sqe[0] = *sqe;
	((u32 *)(r->sq + r->params.sq_off.array))[*tail & *(u32 *)(r->sq + r->params.sq_off.ring_mask)] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		fail_test("io_uring_enter: %s", strerror(errno));
	result = cqe[*head & mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static int ring_io(struct ring *r, int fd, void *p, size_t bytes, bool write, bool fixed)
{
	struct io_uring_sqe sqe = {
		.opcode = fixed ? (write ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED) :
				  (write ? IORING_OP_WRITE : IORING_OP_READ),
		.fd = fd, .addr = (uintptr_t)p, .len = (u32)bytes,
	};

	return ring_do(r, &sqe);
}

static void io_uring_reaches_vram_pages(int mode)
{
	struct ring r;
	struct area a;
	struct disk d;

	disk_start(&d);
	ring_start(&r);
	area_start(&a, mode, AREA_BYTES, 330);
	assert_int_equal(ring_io(&r, d.fd, a.p, a.bytes, true, false), a.bytes);
	memset(a.p, 0, a.bytes);
	area_to_vram(&a);
	assert_int_equal(ring_io(&r, d.fd, a.p, a.bytes, false, false), a.bytes);
	assert_in_ram(a.p, a.bytes);
	area_check(&a);
	close(r.fd);
	disk_stop(&d);
	area_stop(&a);
}

/* A registered buffer is pinned: it stays in RAM, and the GPU works there. */
static void registered_buffer_is_shared_with_the_gpu(int mode)
{
	struct iovec iov;
	struct ring r;
	struct area a;
	struct disk d;

	disk_start(&d);
	ring_start(&r);
	area_start(&a, mode, HUGE_BYTES, 340);
	iov = (struct iovec){ a.p, a.bytes };
	assert_int_equal(syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_BUFFERS, &iov, 1), 0);
	assert_in_ram(a.p, a.bytes);
	gpu_write(&a, a.p + PAGE, 3 * PAGE, 0x3c);
	assert_int_equal(ring_io(&r, d.fd, a.p, a.bytes, true, true), a.bytes);
	gpu_write(&a, a.p, a.bytes, 0);
	/* The device writes the pages that were pinned; the GPU must see those. */
	assert_int_equal(ring_io(&r, d.fd, a.p, a.bytes, false, true), a.bytes);
	assert_in_ram(a.p, a.bytes);
	bytes_check(a.p + PAGE, 3 * PAGE, 0x3c);
	pattern_check(a.p, PAGE, 340);
	assert_int_equal(syscall(SYS_io_uring_register, r.fd, IORING_UNREGISTER_BUFFERS, NULL, 0), 0);
	close(r.fd);
	disk_stop(&d);
	pattern_fill(a.p, a.bytes, 340);
	area_to_vram(&a);
	area_check(&a);
	area_stop(&a);
}

static const struct guest_test tests[] = {
	TEST_MODES(process_vm_reaches_vram_pages),
	TEST_MODES(proc_mem_reaches_vram_pages),
	TEST_MODES(debugger_reaches_vram_pages),
	TEST_MODES(direct_io_reaches_vram_pages),
	TEST_MODES(io_uring_reaches_vram_pages),
	TEST_MODES(registered_buffer_is_shared_with_the_gpu),
};
HARNESS_MAIN(tests)
