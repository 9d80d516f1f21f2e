// SPDX-License-Identifier: MIT
/* Programs that misbehave, die at bad moments or meet a broken engine. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "area.h"
#include "gpu.h"
#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "raw.h"
#include "residency.h"
#include "sdma.h"

/* Copies back and forth until told to stop, and checks each copy. */
static int careful_process(struct child *c, void *arg)
{
	char *p = mm_map_small(HUGE_BYTES), *copy;
	struct session s;
	struct sdma q;
	u64 rounds;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	copy = sysmem_alloc(&s, HUGE_BYTES);
	child_tell(c, 'r');
	for (rounds = 0; rounds < 25; rounds++) {
		pattern_fill(p, HUGE_BYTES, rounds);
		sdma_copy(&q, copy, p, HUGE_BYTES);
		child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
		child_expect(pattern_mismatch(copy, HUGE_BYTES, rounds) == PATTERN_OK);
	}
	return 0;
}

static void garbage_stream_hurts_nobody_else(int arg)
{
	struct child c;
	struct session s;
	u32 junk[512];

	child_start(&c, careful_process, NULL);
	assert_true(child_hear(&c, 'r'));
	session_start(&s, true);
	for (int i = 0; i < 20; i++) {
		struct sdma q;

		sdma_create(&q, &s, 0);
		for (size_t w = 0; w < ARRAY_LEN(junk); w++)
			junk[w] = (u32)harness_random();
		/* Half of them begin with packets that exist. */
		for (size_t w = 0; i % 2 && w < ARRAY_LEN(junk); w += 7)
			junk[w] = (u32)(harness_random() % 18) | (u32)(harness_random() % 3) << 8;
		sdma_raw(&q, junk, ARRAY_LEN(junk));
		sdma_submit(&q);
		sdma_wait(&q, q.seq, 20);
		assert_hsa(hsaKmtDestroyQueue(q.res.QueueId));
	}
	assert_child_ok(&c);
}

static void endless_poll_starves_nobody(int arg)
{
	enum { NR = 4 };
	volatile u32 *never;
	struct sdma q[NR];
	struct session s;
	struct child c;

	child_start(&c, careful_process, NULL);
	assert_true(child_hear(&c, 'r'));
	session_start(&s, true);
	never = sysmem_alloc(&s, PAGE);
	for (int i = 0; i < NR; i++) {
		sdma_create(&q[i], &s, 0);
		sdma_poll(&q[i], never, SDMA_EQ, 1);
		sdma_submit(&q[i]);
	}
	assert_child_ok(&c);
	for (int i = 0; i < NR; i++) {
		assert_false(sdma_done(&q[i], 1));
		sdma_destroy(&q[i]);
	}
}

static void write_pointer_beyond_the_ring_stops_the_queue(int arg)
{
	u64 errors;
	struct session s;
	struct sdma q;

	session_start(&s, false);
	errors = device_stat(0, VKFD_STAT_QUEUE_ERRORS);
	sdma_create(&q, &s, 0);
	*(volatile u64 *)q.res.Queue_write_ptr_aql = 1ull << 40;
	*(volatile u64 *)q.res.Queue_DoorBell_aql = 1ull << 40;
	assert_true(wait_until(device_stat(0, VKFD_STAT_QUEUE_ERRORS) == errors + 1, SDMA_MS));
	assert_hsa(hsaKmtDestroyQueue(q.res.QueueId));
}

static void doorbells_without_a_queue_do_nothing(int arg)
{
	u64 unused;
	struct session s;
	struct sdma q;
	volatile u64 *frame;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	frame = (u64 *)((uintptr_t)q.res.Queue_DoorBell_aql & ~(PAGE - 1));
	unused = device_stat(0, VKFD_STAT_DOORBELLS_UNUSED);
	for (int i = 0; i < 512; i += 16)
		if (&frame[i] != (volatile u64 *)q.res.Queue_DoorBell_aql)
			frame[i] = harness_random();
	assert_true(wait_until(device_stat(0, VKFD_STAT_DOORBELLS_UNUSED) > unused, 5000));
	sdma_run(&q);
	sdma_destroy(&q);
}

static int loop_until_killed(struct child *c, void *arg)
{
	struct session s;
	struct sdma q;
	char *p = mm_map_huge(2 * HUGE_BYTES);

	child_expect(session_try_start(&s, *(int *)arg));
	sdma_create(&q, &s, 0);
	gpu_access(&s, p, 2 * HUGE_BYTES);
	child_tell(c, 'l');
	for (u32 i = 0;; i++) {
		sdma_fill(&q, p, i, 2 * HUGE_BYTES);
		sdma_submit(&q);
	}
}

static void kill_during_copies_frees_the_engine(int xnack)
{
	struct child c[3], careful;

	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		child_start(&c[i], loop_until_killed, &xnack);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		assert_true(child_hear(&c[i], 'l'));
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		kill(c[i].pid, SIGKILL);
		child_join(&c[i]);
	}
	child_start(&careful, careful_process, NULL);
	assert_true(child_hear(&careful, 'r'));
	assert_child_ok(&careful);
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos"), 10000));
}

static int process_until_told(struct child *c, void *arg)
{
	struct session s;

	child_expect(session_try_start(&s, false));
	child_tell(c, 's');
	child_expect(child_hear(c, 'e'));
	return 0;
}

/* Each maps the same page of registers; the DMA API's checks count that as a leak beyond seven. */
static void many_processes_map_the_same_registers(int arg)
{
	struct child c[10];

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		child_start(&c[i], process_until_told, NULL);
		assert_true(child_hear(&c[i], 's'));
	}
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		child_tell(&c[i], 'e');
		assert_child_ok(&c[i]);
	}
}

/* Sends @fd through @socket. */
static int send_fd(int socket, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(socket, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

static int owner_sends_and_dies(struct child *c, void *arg)
{
	char *p = mm_map_huge(HUGE_BYTES);
	struct session s;
	struct sdma q;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	sdma_fill(&q, p, 1, HUGE_BYTES);
	child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
	child_expect(!send_fd(*(int *)arg, s.kfd));
	return 0;
}

/* The descriptor outlives its process: nothing of the process may. */
static void descriptor_passed_to_another_process_is_useless(int arg)
{
	struct kfd_ioctl_get_version_args args;
	int pair[2], fd;
	struct child c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	child_start(&c, owner_sends_and_dies, &pair[1]);
	fd = receive_fd(pair[0]);
	assert_true(fd >= 0);
	assert_errno(kfd_ioctl(fd, AMDKFD_IOC_GET_VERSION, &args), EBADF);
	assert_child_ok(&c);
	assert_errno(kfd_ioctl(fd, AMDKFD_IOC_GET_VERSION, &args), EBADF);
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos") && !driver_stat(0, "vram", "bos"), 10000));
	close(fd);
}

static int exec_with_everything_running(struct child *c, void *arg)
{
	char *p = mm_map_huge(2 * HUGE_BYTES);
	struct session s;
	struct sdma q;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	for (u32 i = 0; i < 50; i++)
		sdma_fill(&q, p, i, 2 * HUGE_BYTES);
	sdma_kick(&q);
	execl("/bin/true", "true", NULL);
	return 1;
}

static void exec_in_the_middle_frees_everything(int arg)
{
	struct child c;

	for (int i = 0; i < 3; i++) {
		child_start(&c, exec_with_everything_running, NULL);
		assert_child_ok(&c);
	}
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos") && !driver_stat(0, "vram", "bos"), 10000));
}

static int open_and_leave(struct child *c, void *arg)
{
	for (int i = 0; i < 20; i++) {
		int fd = kfd_open();

		child_expect(fd >= 0);
		child_expect(kfd_xnack(fd, i % 2) == i % 2);
		if (i % 3)
			close(fd);
	}
	return 0;
}

static void open_fork_exit_storm_mixes_no_process(int arg)
{
	struct child c[8];
	int fd = kfd_open();

	assert_int_equal(kfd_xnack(fd, 1), 1);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < ARRAY_LEN(c); i++)
			child_start(&c[i], open_and_leave, NULL);
		for (size_t i = 0; i < ARRAY_LEN(c); i++)
			assert_child_ok(&c[i]);
		assert_int_equal(kfd_xnack(fd, -1), 1);
	}
}

static void *ioctl_storm(void *arg)
{
	struct raw *r = arg;
	u64 handle, offset;

	for (int i = 0; i < 100; i++) {
		u64 va = RAW_VA + (u64)(unsigned int)(gettid() % 64) * 64 * MIB;

		offset = 0;
		if (kfd_alloc(r->kfd, r->gpu.gpu_id, va, 64 * 1024, RAW_VRAM, &offset, &handle))
			continue;
		kfd_map(r->kfd, handle, r->gpu.gpu_id);
		kfd_unmap(r->kfd, handle, r->gpu.gpu_id);
		kfd_free(r->kfd, handle);
	}
	return NULL;
}

static int storm_process(struct child *c, void *arg)
{
	pthread_t thread[6];
	struct raw r;

	raw_start(&r);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		child_expect(!pthread_create(&thread[i], NULL, ioctl_storm, &r));
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		pthread_join(thread[i], NULL);
	return 0;
}

static void threads_allocate_and_free_at_once(int arg)
{
	struct child c;

	child_start(&c, storm_process, NULL);
	assert_child_ok(&c);
	assert_true(wait_until(!driver_stat(0, "vram", "bos") && !driver_stat(0, "vram", "used"), 5000));
}

/* M7: a failed copy is an error of that migration; the memory stays right. */
static void failed_copy_to_vram_leaves_memory_in_ram(int xnack)
{
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 90);
	gpu_access(&s, p, HUGE_BYTES);
	driver_poke(0, "fail_copies", "1");
	gpu_prefetch(&s, p, HUGE_BYTES, true);
	pattern_check(p, HUGE_BYTES, 90);
	driver_poke(0, "fail_copies", "0");
	assert_ok(gpu_prefetch(&s, p, HUGE_BYTES, true));
	assert_in_vram(p, HUGE_BYTES);
	pattern_check(p, HUGE_BYTES, 90);
}

static u64 free_ram(void)
{
	struct sysinfo info;

	assert_int_equal(sysinfo(&info), 0);
	return (u64)info.freeram * info.mem_unit;
}

/* Each failure had pages ready that the bytes should have gone to. */
static void failed_copy_to_ram_gives_its_memory_back(int xnack)
{
	enum { ROUNDS = 64 };
	struct session s;
	u64 before, after;
	char *p;

	session_start(&s, xnack);
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 91);
	gpu_access(&s, p, HUGE_BYTES);
	assert_ok(gpu_prefetch(&s, p, HUGE_BYTES, true));
	before = free_ram();
	for (int i = 0; i < ROUNDS; i++) {
		driver_poke(0, "fail_copies", "1");
		gpu_prefetch(&s, p, HUGE_BYTES, false);
		assert_in_vram(p, HUGE_BYTES);
	}
	after = free_ram();
	driver_poke(0, "fail_copies", "0");
	if (after + ROUNDS / 2 * HUGE_BYTES < before)
		fail_test("%llu MiB of RAM are gone", (unsigned long long)((before - after) / MIB));
	pattern_check(p, HUGE_BYTES, 91);
}

static void failed_queue_set_up_is_an_error_and_leaks_nothing(int arg)
{
	struct raw_queue q;
	struct raw r;

	raw_start(&r);
	raw_queue_prepare(&r, &q, 4096);
	driver_poke(0, "fail_kiq", "1");
	assert_true(raw_queue_create(&r, &q) < 0);
	assert_ok(raw_queue_create(&r, &q));
	assert_ok(raw_queue_destroy(&r, q.args.queue_id));
	raw_queue_free(&r, &q);
}

static void touch(void *arg)
{
	*(volatile char *)arg = 1;
}

/* What rmmod asks for. Nobody loses anything by it, also not once the process goes on. */
static void unload_under_a_live_process_is_refused(int mode)
{
	struct area a;

	area_start(&a, mode, HUGE_BYTES, 74);
	errno = 0;
	assert_int_equal(syscall(SYS_delete_module, "vkfd", O_NONBLOCK), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	gpu_write(&a, a.p, PAGE, 0x74);
	assert_int_equal(a.p[PAGE - 1], 0x74);
	pattern_fill(a.p, a.bytes, 74);
	area_check(&a);
	area_stop(&a);
}

/* M7: the kernel's engine hangs: bounded waits, errors, dead queues, no hung task. */
static void engine_hang_ends_in_errors_not_in_a_hung_task(int arg)
{
	struct session s;
	struct sdma q;
	char *p, *other;
	u64 start;
	int err;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mm_map_small(HUGE_BYTES);
	other = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 91);
	memset(other, 1, HUGE_BYTES);
	assert_ok(gpu_prefetch(&s, other, HUGE_BYTES, true));
	gpu_stays_lost();
	driver_poke(0, "hang_copies", "1");
	start = now_ns();
	err = gpu_prefetch(&s, p, HUGE_BYTES, true);
	assert_true(now_ns() - start < 60ull * 1000000000 * harness_slow());
	assert_true(err == 0 || err == -ENODEV || err == -EIO);
	/* What was in RAM is still right; what was in VRAM is lost, loudly. */
	pattern_check(p, HUGE_BYTES, 91);
	assert_int_not_equal(driver_stat(0, "state", "lost"), 0);
	assert_int_equal(signal_of(touch, other), SIGBUS);
	sdma_write1(&q, p, 1);
	assert_false(sdma_wait(&q, sdma_submit(&q), 200));
	/* New work is refused; what is there can be taken down. */
	assert_errno(gpu_prefetch(&s, p, HUGE_BYTES, true), ENODEV);
	hsaKmtDestroyQueue(q.res.QueueId);
	mm_unmap(p, HUGE_BYTES);
	mm_unmap(other, HUGE_BYTES);
	gpu_revive();
}

static const struct guest_test tests[] = {
	TEST(garbage_stream_hurts_nobody_else),
	TEST(endless_poll_starves_nobody),
	TEST(write_pointer_beyond_the_ring_stops_the_queue),
	TEST(doorbells_without_a_queue_do_nothing),
	TEST_XNACK(kill_during_copies_frees_the_engine),
	TEST(many_processes_map_the_same_registers),
	TEST(descriptor_passed_to_another_process_is_useless),
	TEST(exec_in_the_middle_frees_everything),
	TEST(open_fork_exit_storm_mixes_no_process),
	TEST(threads_allocate_and_free_at_once),
	TEST_XNACK(failed_copy_to_vram_leaves_memory_in_ram),
	TEST_ARG("failed_copy_to_ram_gives_its_memory_back_xnack_on", failed_copy_to_ram_gives_its_memory_back, 1),
	TEST(failed_queue_set_up_is_an_error_and_leaks_nothing),
	TEST_XNACK(unload_under_a_live_process_is_refused),
	TEST(engine_hang_ends_in_errors_not_in_a_hung_task),
};
HARNESS_MAIN(tests)
