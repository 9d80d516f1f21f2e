// SPDX-License-Identifier: MIT
/*
 * The kernel's fault injection, systematically: /proc/thread-self/fail-nth lets
 * the nth of all allocations (slab, page, copy from or to user space) of a
 * thread fail, whatever the probabilities in debugfs say.
 */
#include "failnth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug/"
/* More allocations than any operation here has. */
#define NTH_MAX 4000u

static int nth_fd = -1;

static const struct {
	const char *file, *value;
} settings[] = {
	/* Also allocations that may wait for memory, and user pages; silently. */
	{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
	{ DEBUGFS "failslab/verbose", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUGFS "fail_page_alloc/min-order", "0" },
	{ DEBUGFS "fail_page_alloc/verbose", "0" },
	{ DEBUGFS "fail_usercopy/verbose", "0" },
};

static void configure(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip_test("no fault injection in this kernel: %s: %s", file, strerror(errno));
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		fail_test("%s: %s", file, strerror(errno));
	close(fd);
}

void failnth_start(void)
{
	/* A forked child is another thread: its own file. */
	if (nth_fd >= 0)
		close(nth_fd);
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		skip_test("no fault injection in this kernel: fail-nth: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		configure(settings[i].file, settings[i].value);
}

void failnth_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, (size_t)len, 0) != len)
		abort();
}

bool failnth_disarm(void)
{
	char text[16] = "";
	ssize_t len = pread(nth_fd, text, sizeof(text) - 1, 0);

	/* Both copies here count too. One that fails was the nth: then none was before. */
	if (len < 0 && errno == EFAULT)
		return false;
	if (len <= 0 || (pwrite(nth_fd, "0", 1, 0) != 1 && errno != EFAULT))
		abort();
	return !strtoul(text, NULL, 10);
}

static bool is_expected(const struct failnth_op *op, int err)
{
	return err == -ENOMEM || (op->also && err == -op->also);
}

/* One round with the @nth allocation failing; false: there was none. */
static bool round_of(const struct failnth_op *op, void *arg, unsigned int nth,
		     struct failnth_count *count)
{
	bool injected;
	int err;

	if (op->before)
		op->before(arg);
	failnth_arm(nth);
	err = op->call(arg);
	injected = failnth_disarm();
	if (err && !injected)
		fail_test("%s: %s without a failure (after %u)", op->name, strerror_neg(err), nth - 1);
	if (err && !is_expected(op, err))
		fail_test("%s: %s when allocation %u fails", op->name, strerror_neg(err), nth);
	if (injected && err)
		count->failed++;
	else if (injected)
		count->absorbed++;
	if (err)
		op->unchanged(arg);
	if (err || (injected && op->advisory)) {
		err = op->call(arg);
		if (err)
			fail_test("%s: again after failure %u: %s", op->name, nth, strerror_neg(err));
	}
	op->done(arg);
	if (op->undo)
		op->undo(arg);
	return injected;
}

struct failnth_count failnth_run(const struct failnth_op *op, void *arg)
{
	struct failnth_count count = { 0 };
	u64 start = now_ns();
	unsigned int nth = 1;

	/* One whole round first: caches and tables that stay are there afterwards. */
	round_of(op, arg, 0, &count);
	count = (struct failnth_count){ 0 };
	while (round_of(op, arg, nth, &count))
		if (++nth > NTH_MAX)
			fail_test("%s: %u allocations and no end", op->name, NTH_MAX);
	printf("%s: %u allocations, %u calls failed, %u did without, %llu ms\n", op->name, nth - 1,
	       count.failed, count.absorbed, (unsigned long long)(now_ns() - start) / 1000000);
	return count;
}

void failnth_each(const struct failnth_op *ops, size_t nr, void *arg)
{
	for (size_t i = 0; i < nr; i++) {
		struct failnth_count count = failnth_run(&ops[i], arg);

		if (!count.failed && !count.absorbed)
			fail_test("%s: nothing was failed", ops[i].name);
	}
}
