// SPDX-License-Identifier: MIT
/*
 * vkfd-top: what it prints is what is there, by numbers that others count; it
 * draws on a terminal of any size and gives it back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "gpu.h"
#include "mm.h"
#include "residency.h"
#include "sdma.h"
#include "smi.h"

#define TOP "/vkfd/build/tools/vkfd-top"

/* The output of `vkfd-top --once`; the caller frees it. */
static char *top_once(void)
{
	FILE *f = popen(TOP " --once --interval 0.2", "re");
	size_t room = 1 << 20, len;
	char *text = f ? malloc(room) : NULL;

	if (!text)
		fail_test("cannot run " TOP ": %s", strerror(errno));
	len = fread(text, 1, room - 1, f);
	text[len] = '\0';
	assert_int_equal(pclose(f), 0);
	print_message("%s", text);
	return text;
}

/* The line that begins with @head, or a failure. */
static const char *line_of(const char *text, const char *head)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, head, strlen(head)))
			return line;
	}
	fail_test("no line '%s...' in the output of vkfd-top", head);
}

/* Number behind the word @name in a line. */
static double value_of(const char *line, const char *name)
{
	char word[64];
	const char *end = strchr(line, '\n'), *at;

	snprintf(word, sizeof(word), " %s ", name);
	at = strstr(line, word);
	if (!at || (end && at > end))
		fail_test("no '%s' in: %.200s", name, line);
	return strtod(at + strlen(word), NULL);
}

static const char *my_line(const char *text)
{
	char head[32];

	snprintf(head, sizeof(head), "process %d ", getpid());
	return line_of(text, head);
}

/* The line of the area that is exactly [addr, addr + bytes). */
static const char *area_line(const char *text, const void *addr, size_t bytes)
{
	unsigned long start = (unsigned long)addr;
	char head[80];

	snprintf(head, sizeof(head), "area %d %lx-%lx ", getpid(), start, start + bytes);
	return line_of(text, head);
}

static void assert_area(const char *text, const void *addr, size_t bytes)
{
	const char *line = area_line(text, addr, bytes);
	struct residency r;

	residency_count(addr, bytes, &r);
	assert_int_equal((u64)value_of(line, "pages"), bytes / PAGE);
	assert_int_equal((u64)value_of(line, "ram"), r.ram);
	assert_int_equal((u64)value_of(line, "vram"), r.vram[0]);
}

static void once_says_where_pages_are(int xnack)
{
	const size_t bytes = 4 * MIB;
	const char *line;
	struct session s;
	char *p, *text, gpu[32];

	session_start(&s, xnack);
	p = mm_map_small(bytes);
	memset(p, 1, bytes / 2);
	assert_ok(svm_set(s.kfd, p, bytes, { KFD_IOCTL_SVM_ATTR_ACCESS, s.gpu[0].gpu_id }));
	assert_ok(gpu_prefetch(&s, p, bytes / 4, true));
	assert_in_vram(p, bytes / 4);

	text = top_once();
	/* The prefetch split the attributes. */
	assert_area(text, p, bytes / 4);
	assert_area(text, p + bytes / 4, bytes - bytes / 4);
	line = my_line(text);
	assert_non_null(strstr(line, xnack ? " xnack on " : " xnack off "));
	assert_int_equal((u64)value_of(line, "page_in"), process_counter(&s, "page_in"));
	assert_int_equal((u64)value_of(line, "page_out"), process_counter(&s, "page_out"));
	assert_int_equal((u64)value_of(line, "faults"), process_counter(&s, "faults"));
	snprintf(gpu, sizeof(gpu), "gpu %u ", s.gpu[0].gpu_id);
	line = line_of(text, gpu);
	assert_int_equal((u64)value_of(line, "vram_total"), driver_stat(0, "vram", "total"));
	assert_int_equal((u64)value_of(line, "vram_svm"), driver_stat(0, "vram", "svm"));
	assert_int_equal((u64)value_of(line, "evictions"), driver_stat(0, "vram", "evictions"));
	free(text);
	mm_unmap(p, bytes);
	session_stop(&s);
}

/*
 * A child that makes pages go round until it is killed. New memory each time:
 * what bounces is pinned sooner or later.
 */
static int mover(struct child *c, void *arg)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	struct sdma q;
	char *p;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	child_tell(c, 'r');
	for (;;) {
		p = mm_map_small(bytes);
		memset(p, 1, bytes);
		sdma_fill(&q, p, 0x11, bytes);	/* GPU faults, pages go to VRAM */
		sdma_run(&q);
		((volatile char *)p)[0]++;	/* CPU fault, back to RAM */
		mm_unmap(p, bytes);
	}
	return 0;
}

static void once_says_why_pages_move(int unused)
{
	struct child c;
	char *text, head[32];

	child_start(&c, mover, NULL);
	child_hear(&c, 'r');
	snprintf(head, sizeof(head), "process %d ", c.pid);
	/* A look may begin or end between the parts of one fault: ask for one that saw all. */
	for (struct deadline d = deadline_in(20000);;) {
		text = top_once();
		if (value_of(line_of(text, "faults_s"), "write") > 0 &&
		    value_of(line_of(text, "faults_s"), "migrated") > 0 &&
		    value_of(line_of(text, "migrations_s"), "gpu_fault") > 0 &&
		    value_of(line_of(text, "migrations_s"), "cpu_fault") > 0 &&
		    value_of(line_of(text, "migrated_pages_s"), "gpu_fault") > 0 &&
		    value_of(line_of(text, head), "faults_s") > 0)
			break;
		if (!deadline_poll(&d))
			fail_test("vkfd-top saw no faults with migration both ways:\n%s", text);
		free(text);
	}
	assert_true(value_of(line_of(text, "faults_s"), "violation") == 0);
	assert_true(value_of(line_of(text, "migrations_s"), "eviction") == 0);
	assert_int_equal((int)value_of(line_of(text, head), "queues"), 1);
	free(text);
	kill(c.pid, SIGKILL);
	child_join(&c);
}

/* stats_<gpu_id>/evicted_ms of this process. */
static u64 evicted_ms(struct session *s)
{
	unsigned long long value;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/kfd/kfd/proc/%d/stats_%u/evicted_ms", getpid(),
		 s->gpu[0].gpu_id);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &value) != 1)
		fail_test("%s: %s", path, strerror(errno));
	fclose(f);
	return value;
}

/* Without XNACK the queues stop whenever mapped memory goes; the clock runs only then. */
static void evicted_ms_counts_stopped_queues(int unused)
{
	const size_t bytes = MIB;
	u64 before, after, start;
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, false);
	p = mm_map_small(bytes);
	memset(p, 1, bytes);
	sdma_create(&q, &s, 0);
	gpu_access(&s, p, bytes);
	sdma_fill(&q, p, 1, bytes);
	sdma_run(&q);
	before = evicted_ms(&s);
	start = now_ns();
	for (int i = 0; i < 8; i++) {
		assert_int_equal(madvise(p, bytes, MADV_DONTNEED), 0);
		/* Runs only when what went is mapped again. */
		sdma_fill(&q, p, 1, bytes);
		sdma_run(&q);
	}
	after = evicted_ms(&s);
	assert_true(after > before);
	assert_true(after - before <= (now_ns() - start) / 1000000 + 1);
	sdma_nop(&q, 100);
	sdma_run(&q);
	assert_int_equal(evicted_ms(&s), after);
	sdma_destroy(&q);
	mm_unmap(p, bytes);
	session_stop(&s);
}

/** struct terminal - vkfd-top on a pseudo terminal; @seen is what it drew */
struct terminal {
	int fd;
	pid_t pid;
	char seen[1 << 16];
	size_t len;
};

static void terminal_child(const char *pts, const char *term)
{
	int fd;

	setsid();
	fd = open(pts, O_RDWR);	/* becomes the controlling terminal */
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	setenv("TERM", term, 1);
	execl(TOP, TOP, "--interval", "0.3", (char *)NULL);
	_exit(127);
}

static void terminal_start(struct terminal *t, const char *term, unsigned short rows,
			   unsigned short cols)
{
	struct winsize size = { .ws_row = rows, .ws_col = cols };

	t->len = 0;
	t->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->fd < 0 || grantpt(t->fd) || unlockpt(t->fd) || ioctl(t->fd, TIOCSWINSZ, &size))
		fail_test("no pseudo terminal: %s", strerror(errno));
	t->pid = fork();
	if (!t->pid)
		terminal_child(ptsname(t->fd), term);
}

/* True once it has drawn @text behind what was seen up to @from. */
static bool terminal_shows(struct terminal *t, const char *text, size_t from)
{
	struct pollfd in = { .fd = t->fd, .events = POLLIN };
	ssize_t got;

	if (poll(&in, 1, 50) > 0 && t->len < sizeof(t->seen) - 1) {
		got = read(t->fd, t->seen + t->len, sizeof(t->seen) - 1 - t->len);
		if (got > 0)
			t->len += (size_t)got;
	}
	t->seen[t->len] = '\0';
	return strstr(t->seen + from, text);
}

static void terminal_expect(struct terminal *t, const char *text, size_t from)
{
	if (!wait_until(terminal_shows(t, text, from), 20000))
		fail_test("vkfd-top does not draw '%s', but: %s", text, t->seen + from);
}

static bool has_ended(struct terminal *t, int *status)
{
	terminal_shows(t, "", 0);
	return waitpid(t->pid, status, WNOHANG) == t->pid;
}

static void terminal_end(struct terminal *t)
{
	int status = -1;

	if (!wait_until(has_ended(t, &status), 20000))
		fail_test("vkfd-top does not end");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(t->fd);
}

static void draws_processes_until_q(int unused)
{
	static struct terminal t;
	struct session s;
	char *p, pid[16];

	session_start(&s, true);
	p = mm_map_small(HUGE_BYTES);
	memset(p, 1, HUGE_BYTES);
	assert_ok(gpu_prefetch(&s, p, HUGE_BYTES, true));
	terminal_start(&t, "vt100", 24, 80);
	terminal_expect(&t, "vkfd top", 0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	terminal_expect(&t, pid, 0);
	terminal_expect(&t, "vvvvvvvvvvvvvvvvvvvv", 0);
	assert_int_equal(write(t.fd, "q", 1), 1);
	terminal_end(&t);
	mm_unmap(p, HUGE_BYTES);
	session_stop(&s);
}

static void follows_a_new_size(int unused)
{
	struct winsize small = { .ws_row = 10, .ws_col = 40 };
	static struct terminal t;
	size_t from;

	terminal_start(&t, "vt100", 24, 80);
	terminal_expect(&t, "up/down process", 0);
	from = t.len;
	assert_int_equal(ioctl(t.fd, TIOCSWINSZ, &small), 0);
	kill(t.pid, SIGWINCH);
	/* Drawn anew, cut after 40 columns. */
	terminal_expect(&t, "vkfd top", from);
	assert_false(terminal_shows(&t, "up/down process", from));
	/* A serial line: the terminal answers where its corner is. */
	from = t.len;
	assert_int_equal(write(t.fd, "r", 1), 1);
	terminal_expect(&t, "\033[6n", from);
	assert_int_equal(write(t.fd, "\033[30;100R", 9), 9);
	terminal_expect(&t, "up/down process", from);
	kill(t.pid, SIGTERM);
	terminal_end(&t);
}

static void prints_text_on_a_dumb_terminal(int unused)
{
	static struct terminal t;

	terminal_start(&t, "dumb", 24, 80);
	terminal_expect(&t, "sample interval_s", 0);
	assert_null(strchr(t.seen, '\033'));
	assert_int_equal(write(t.fd, "\003", 1), 1);	/* Ctrl-C */
	terminal_end(&t);
}

static const struct guest_test tests[] = {
	TEST_XNACK(once_says_where_pages_are),
	TEST(once_says_why_pages_move),
	TEST(evicted_ms_counts_stopped_queues),
	TEST(draws_processes_until_q),
	TEST(follows_a_new_size),
	TEST(prints_text_on_a_dumb_terminal),
};
HARNESS_MAIN(tests)
