// SPDX-License-Identifier: MIT
/*
 * The file of SMI events: masks, readers beside each other, who sees whom,
 * polling, a full fifo, closing at a bad moment, and bad arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mm.h"
#include "raw.h"
#include "smi.h"

#define FIFO_BYTES 8192

static struct smi smi, other;

static char *filled(struct session *s, size_t bytes)
{
	char *p = mm_map_small(bytes);

	memset(p, 1, bytes);
	gpu_access(s, p, bytes);
	return p;
}

/* @rounds migrations to VRAM and back: two lines each way. */
static void provoke(struct session *s, char *p, int rounds)
{
	while (rounds--) {
		assert_ok(gpu_prefetch(s, p, PAGE, true));
		assert_ok(gpu_prefetch(s, p, PAGE, false));
	}
}

static void mask_selects_and_replaces(int xnack)
{
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, PAGE);
	smi_open(&smi, &s, 0);
	provoke(&s, p, 1);
	smi_read(&smi);
	assert_int_equal(smi.nr, 0);
	for (u32 id = KFD_SMI_EVENT_MIGRATE_START; id <= KFD_SMI_EVENT_MIGRATE_END; id++) {
		smi_enable(smi.fd, KFD_SMI_EVENT_MASK_FROM_INDEX(id));
		provoke(&s, p, 1);
		smi_read(&smi);
		assert_int_equal(smi.nr, 2);
		assert_int_equal(smi_count(&smi, id, p, PAGE), 2);
	}
	/* What is in the fifo stays there. */
	provoke(&s, p, 1);
	smi_enable(smi.fd, 0);
	provoke(&s, p, 1);
	smi_read(&smi);
	assert_int_equal(smi.nr, 2);
}

static void two_readers_get_all_they_asked_for(int xnack)
{
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, PAGE);
	smi_open(&smi, &s, SMI_MIGRATE);
	smi_open(&other, &s, SMI_BIT(MIGRATE_END));
	provoke(&s, p, 10);
	smi_read(&smi);
	smi_read(&other);
	assert_int_equal(smi.nr, 40);
	assert_int_equal(other.nr, 20);
	smi_close(&smi);
	provoke(&s, p, 1);
	smi_read(&other);
	assert_int_equal(other.nr, 2);
}

/* Everything that an effective capability allows is gone after this. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	return !syscall(SYS_capset, &header, none);
}

static bool open_child(struct smi *to, struct session *s, u64 mask)
{
	to->fd = smi_try_open(s->kfd, s->gpu[0].gpu_id);
	return to->fd >= 0 && write(to->fd, &mask, sizeof(mask)) == sizeof(mask);
}

/* arg: bits of what the reader does: drops its privilege, asks for all processes. */
static int reader_in_child(struct child *c, void *arg)
{
	int how = *(int *)arg;
	struct session s;
	size_t foreign = 0;
	char *p;

	child_expect(!(how & 1) || drop_capabilities());
	child_expect(session_try_start(&s, true));
	child_expect(open_child(&smi, &s, SMI_MIGRATE | (how & 2 ? SMI_BIT(ALL_PROCESS) : 0)));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	child_expect(p != MAP_FAILED);
	*p = 1;
	child_tell(c, 'r');
	child_expect(child_hear(c, 'd'));
	child_expect(!gpu_prefetch(&s, p, PAGE, true));
	smi_read(&smi);
	for (size_t i = 0; i < smi.nr; i++)
		foreign += smi.event[i].pid != getpid();
	child_expect(smi.nr - foreign == 2);
	child_expect(foreign == (how == 2 ? 4u : 0u));
	return 0;
}

static void other_processes_are_seen_only_with_privilege_and_the_bit(int how)
{
	struct session s;
	struct child c;
	char *p;

	child_start(&c, reader_in_child, &how);
	assert_true(child_hear(&c, 'r'));
	session_start(&s, true);
	p = filled(&s, PAGE);
	provoke(&s, p, 1);
	child_tell(&c, 'd');
	assert_child_ok(&c);
}

static int acquire_and_leave(struct child *c, void *arg)
{
	struct session s;

	prctl(PR_SET_NAME, "smi:visitor");
	child_expect(session_try_start(&s, true));
	return 0;
}

static void processes_that_come_and_go_are_told(int arg)
{
	struct session s;
	struct child c;

	session_start(&s, true);
	smi_open(&smi, &s, SMI_PROCESS);
	child_start(&c, acquire_and_leave, NULL);
	assert_child_ok(&c);
	assert_true(wait_until((smi_more(&smi), smi.nr == 2), 20000));
	assert_int_equal(smi.event[0].id, KFD_SMI_EVENT_PROCESS_START);
	assert_int_equal(smi.event[1].id, KFD_SMI_EVENT_PROCESS_END);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(smi.event[i].pid, c.pid);
		assert_string_equal(smi.event[i].name, "smi:visitor");
	}
}

/* Nobody waits for a reader that does not read; what it gets are whole lines. */
static void full_fifo_drops_and_blocks_nobody(int xnack)
{
	char text[2 * FIFO_BYTES];
	struct smi_event event;
	size_t lines = 0;
	struct session s;
	ssize_t got;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, PAGE);
	smi_open(&smi, &s, SMI_MIGRATE);
	smi_open(&other, &s, 0);
	provoke(&s, p, 100);
	smi_enable(other.fd, SMI_MIGRATE);
	provoke(&s, p, 1);
	got = read(smi.fd, text, sizeof(text) - 1);
	assert_true(got > FIFO_BYTES - KFD_SMI_EVENT_MSG_SIZE && got <= FIFO_BYTES);
	text[got] = '\0';
	for (char *line = text, *end; *line; line = end, lines++) {
		char one[KFD_SMI_EVENT_MSG_SIZE + 1] = "";

		end = strchr(line, '\n');
		assert_non_null(end);
		end++;
		assert_in_range(end - line, 10, KFD_SMI_EVENT_MSG_SIZE);
		memcpy(one, line, (size_t)(end - line));
		assert_true(smi_parse(one, &event));
		/* In turns, but at the end, where the shorter line may fit alone. */
		if (lines < FIFO_BYTES / KFD_SMI_EVENT_MSG_SIZE)
			assert_int_equal(event.id, lines % 2 ? KFD_SMI_EVENT_MIGRATE_END :
					 KFD_SMI_EVENT_MIGRATE_START);
		assert_int_equal(event.start, (u64)(uintptr_t)p);
	}
	assert_in_range(lines, FIFO_BYTES / KFD_SMI_EVENT_MSG_SIZE, 399);
	/* The other reader lost nothing, and this one goes on. */
	smi_read(&other);
	assert_int_equal(other.nr, 4);
	provoke(&s, p, 1);
	smi_read(&smi);
	assert_int_equal(smi.nr, 4);
}

static short poll_now(int fd, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, ms) == 1 ? poller.revents : 0;
}

static void *wait_for_event(void *arg)
{
	return (void *)(intptr_t)poll_now(*(int *)arg, 20000);
}

static void poll_wakes_when_there_is_something(int xnack)
{
	pthread_t thread;
	struct session s;
	void *result;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, PAGE);
	smi_open(&smi, &s, SMI_MIGRATE);
	assert_int_equal(poll_now(smi.fd, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &smi.fd), 0);
	provoke(&s, p, 1);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_int_equal((intptr_t)result, POLLIN);
	assert_int_equal(poll_now(smi.fd, 0), POLLIN);
	smi_read(&smi);
	assert_int_equal(poll_now(smi.fd, 0), 0);
}

static volatile bool over;

static void *read_without_end(void *arg)
{
	char text[300];

	while (!over) {
		int fd = *(volatile int *)arg;

		poll_now(fd, 1);
		if (read(fd, text, sizeof(text)) < 0 && errno != EAGAIN && errno != EBADF)
			return arg;
	}
	return NULL;
}

/* Files come and go while another thread reads them and a third makes events. */
static void close_while_reading_is_safe(int xnack)
{
	pthread_t reader[2];
	volatile int fd = -1;
	struct session s;
	void *result;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, PAGE);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, read_without_end, (void *)&fd), 0);
	for (int i = 0; i < 60; i++) {
		int next = smi_try_open(s.kfd, s.gpu[0].gpu_id), last = fd;

		assert_true(next >= 0);
		smi_enable(next, SMI_SVM);
		fd = next;
		if (last >= 0)
			close(last);
		provoke(&s, p, 1);
	}
	over = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(reader[i], &result), 0);
		assert_null(result);
	}
	close(fd);
}

static void short_reads_lose_nothing(int arg)
{
	char text[1024], whole[1024];
	struct session s;
	size_t len = 0;
	ssize_t got;
	char *p;

	session_start(&s, true);
	p = filled(&s, PAGE);
	smi_open(&smi, &s, SMI_MIGRATE);
	smi_open(&other, &s, SMI_MIGRATE);
	provoke(&s, p, 2);
	got = read(other.fd, whole, sizeof(whole));
	assert_true(got > 0);
	while (len < (size_t)got) {
		ssize_t part = read(smi.fd, text + len, 7);

		assert_in_range(part, 1, 7);
		len += (size_t)part;
	}
	assert_int_equal(len, got);
	assert_memory_equal(text, whole, len);
	assert_int_equal(read(smi.fd, text, 7), -1);
	assert_int_equal(errno, EAGAIN);
}

static void bad_arguments_have_their_errors(int arg)
{
	void *volatile nowhere = (void *)8;
	u64 mask = SMI_MIGRATE;
	char text[256];
	struct session s;
	char *p;

	session_start(&s, true);
	p = filled(&s, PAGE);
	assert_int_equal(smi_try_open(s.kfd, 0), -EINVAL);
	assert_int_equal(smi_try_open(s.kfd, 0xffffffff), -EINVAL);
	smi_open(&smi, &s, 0);
	for (size_t bytes = 0; bytes < sizeof(mask); bytes++) {
		assert_int_equal(write(smi.fd, &mask, bytes), -1);
		assert_int_equal(errno, EFAULT);
	}
	assert_int_equal(write(smi.fd, nowhere, sizeof(mask)), -1);
	assert_int_equal(errno, EFAULT);
	provoke(&s, p, 1);
	assert_int_equal(read(smi.fd, text, sizeof(text)), -1);
	assert_int_equal(errno, EAGAIN);
	/* A long write is a mask as well; bits without an event are ignored. */
	assert_int_equal(write(smi.fd, (u64[]){ ~0ull, 0 }, 16), 8);
	smi_enable(smi.fd, mask);
	provoke(&s, p, 1);
	assert_int_equal(read(smi.fd, nowhere, 100), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(lseek(smi.fd, 0, SEEK_SET), 0);
	assert_int_equal(ioctl(smi.fd, AMDKFD_IOC_GET_VERSION, text), -1);
	assert_int_equal(errno, ENOTTY);
}

static void descriptors_that_run_out_are_an_error(int arg)
{
	struct session s;
	int fd = 0, nr = 0;

	session_start(&s, true);
	while ((fd = smi_try_open(s.kfd, s.gpu[0].gpu_id)) >= 0)
		nr++;
	assert_int_equal(fd, -EMFILE);
	assert_in_range(nr, 10, 100000);
}

/* The file needs neither an address space on the GPU nor /dev/kfd to stay open. */
static void file_outlives_the_descriptor_of_the_driver(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	struct session s;
	int kfd;
	char *p;

	kfd_nodes(nodes);
	kfd = kfd_open();
	assert_true(kfd >= 0);
	smi.fd = smi_try_open(kfd, nodes[0].gpu_id);
	assert_true(smi.fd >= 0);
	smi_enable(smi.fd, SMI_MIGRATE | SMI_PROCESS);
	close(kfd);
	session_start(&s, true);
	p = filled(&s, PAGE);
	provoke(&s, p, 1);
	smi_read(&smi);
	assert_int_equal(smi.nr, 5);
	assert_int_equal(smi.event[0].id, KFD_SMI_EVENT_PROCESS_START);
	assert_int_equal(smi.event[0].pid, getpid());
}

static const struct guest_test tests[] = {
	TEST_XNACK(mask_selects_and_replaces),
	TEST_XNACK(two_readers_get_all_they_asked_for),
	TEST_ARG("other_processes_are_hidden_from_the_privileged", other_processes_are_seen_only_with_privilege_and_the_bit, 0),
	TEST_ARG("other_processes_are_hidden_from_the_unprivileged", other_processes_are_seen_only_with_privilege_and_the_bit, 1),
	TEST_ARG("other_processes_are_seen_by_the_privileged_that_ask", other_processes_are_seen_only_with_privilege_and_the_bit, 2),
	TEST_ARG("other_processes_are_hidden_from_the_unprivileged_that_ask", other_processes_are_seen_only_with_privilege_and_the_bit, 3),
	TEST(processes_that_come_and_go_are_told),
	TEST_XNACK(full_fifo_drops_and_blocks_nobody),
	TEST_XNACK(poll_wakes_when_there_is_something),
	TEST_XNACK(close_while_reading_is_safe),
	TEST(short_reads_lose_nothing),
	TEST(bad_arguments_have_their_errors),
	TEST(descriptors_that_run_out_are_an_error),
	TEST(file_outlives_the_descriptor_of_the_driver),
};
HARNESS_MAIN(tests)
