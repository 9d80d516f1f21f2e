// SPDX-License-Identifier: MIT
/* Memory in the shapes that the kernel's mm gives it, and other processes. */
#include "mm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

void *mm_map(size_t bytes)
{
	void *addr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		fail_test("mmap of %zu bytes: %s", bytes, strerror(errno));
	return addr;
}

void *mm_map_kind(size_t bytes, bool huge)
{
	char *addr = mm_map(bytes + HUGE_BYTES);
	char *aligned = (char *)(((uintptr_t)addr + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));

	if (aligned > addr)
		munmap(addr, (size_t)(aligned - addr));
	if (aligned < addr + HUGE_BYTES)
		munmap(aligned + bytes, (size_t)(addr + HUGE_BYTES - aligned));
	if (madvise(aligned, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		fail_test("madvise: %s", strerror(errno));
	return aligned;
}

void *mm_map_huge(size_t bytes)
{
	return mm_map_kind(bytes, true);
}

void *mm_map_small(size_t bytes)
{
	return mm_map_kind(bytes, false);
}

void *mm_map_file(size_t bytes, bool shared)
{
	char path[] = "/tmp/vkfd-test.XXXXXX";
	int fd = mkstemp(path);
	void *addr;

	if (fd < 0 || unlink(path) || ftruncate(fd, (off_t)bytes))
		fail_test("temporary file: %s", strerror(errno));
	addr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (addr == MAP_FAILED)
		fail_test("mmap of a file: %s", strerror(errno));
	close(fd);
	return addr;
}

void mm_unmap(void *addr, size_t bytes)
{
	if (munmap(addr, bytes))
		fail_test("munmap: %s", strerror(errno));
}

void mm_protect(void *addr, size_t bytes, int prot)
{
	if (mprotect(addr, bytes, prot))
		fail_test("mprotect: %s", strerror(errno));
}

int mm_pin(void *addr, size_t bytes)
{
	struct io_uring_params params = { 0 };
	struct iovec iov = { addr, bytes };
	int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0)
		fail_test("io_uring_setup: %s", strerror(errno));
	if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &iov, 1))
		fail_test("io_uring_register: %s", strerror(errno));
	return fd;
}

void mm_unpin(int pin)
{
	syscall(SYS_io_uring_register, pin, IORING_UNREGISTER_BUFFERS, NULL, 0);
	close(pin);
}

/* Writes the header of a swap area (version 1) to @dev and turns it on. */
static bool swap_make(const char *dev, u32 pages)
{
	static char page[PAGE];
	const u32 version_last[] = { 1, pages - 1, 0 };
	int fd = open(dev, O_RDWR | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	memcpy(page + 1024, version_last, sizeof(version_last));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	ok = pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE && !fsync(fd);
	close(fd);
	return ok && (!swapon(dev, 0) || errno == EBUSY);
}

static bool swap_is_on(const char *dev)
{
	char line[256];
	bool found = false;
	FILE *f = fopen("/proc/swaps", "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, dev, strlen(dev));
	if (f)
		fclose(f);
	return found;
}

static bool swap_ready(void)
{
	const char size[] = "67108864";
	int fd;
	bool ok;

	if (swap_is_on("/dev/zram0"))
		return true;
	if (access("/dev/zram0", F_OK) && system("modprobe zram num_devices=1 2>/dev/null"))
		return false;
	fd = open("/sys/block/zram0/disksize", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, size, sizeof(size) - 1) > 0 || errno == EBUSY;
	close(fd);
	return ok && wait_until(!access("/dev/zram0", F_OK), 2000) && swap_make("/dev/zram0", 16384);
}

bool mm_swap_out(void *addr, size_t bytes)
{
	static bool ready;

	if (!ready)
		ready = swap_ready();
	return ready && !madvise(addr, bytes, MADV_PAGEOUT);
}

void child_start(struct child *c, int (*fn)(struct child *c, void *arg), void *arg)
{
	int down[2], up[2];

	fflush(stdout);
	fflush(stderr);
	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
		fail_test("pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid < 0)
		fail_test("fork: %s", strerror(errno));
	if (!c->pid) {
		close(down[1]);
		close(up[0]);
		c->to_child = up[1];	/* seen from here: to the parent */
		c->from_child = down[0];
		alarm(60 * harness_slow());
		_exit(fn(c, arg));
	}
	close(down[0]);
	close(up[1]);
	c->to_child = down[1];
	c->from_child = up[0];
}

void child_tell(struct child *c, char byte)
{
	if (write(c->to_child, &byte, 1) != 1)
		fprintf(stderr, "the other process is gone: %s\n", strerror(errno));
}

bool child_hear(struct child *c, char byte)
{
	char heard;

	return read(c->from_child, &heard, 1) == 1 && heard == byte;
}

bool child_heard(struct child *c)
{
	struct pollfd fd = { .fd = c->from_child, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

int child_join(struct child *c)
{
	int status = -1;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(c->to_child);
	close(c->from_child);
	return status;
}

void assert_child_ok(struct child *c)
{
	int status = child_join(c);

	if (status)
		fail_test("the child ended with %s %d", WIFEXITED(status) ? "status" : "signal",
			  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

void child_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: child: %s\n", file, line, what);
	fflush(stderr);
	_exit(1);
}

int signal_of(void (*fn)(void *arg), void *arg)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail_test("fork: %s", strerror(errno));
	if (!pid) {
		/* cmocka's handlers would turn the signal into a failed test. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		fn(arg);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static sigjmp_buf bus_error_seen;

static void bus_error(int sig)
{
	siglongjmp(bus_error_seen, sig);
}

void assert_bus_error(volatile char *p)
{
	int sig = sigsetjmp(bus_error_seen, 1);

	if (!sig) {
		signal(SIGBUS, bus_error);
		*p = 1;
		fail_test("%p can be written", (void *)(uintptr_t)p);
	}
	signal(SIGBUS, SIG_DFL);
	assert_int_equal(sig, SIGBUS);
}
