/* SPDX-License-Identifier: MIT */
#ifndef GUEST_HARNESS_H
#define GUEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "vkfd_hw/types.h"

#define PAGE	4096ul
#define MIB	(1024ul * 1024)
#define HUGE_BYTES (2 * MIB)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct guest_test - one named case
 * @tags: what the guest must offer, e.g. "gpus=2 vram=64M"; NULL: the default guest.
 */
struct guest_test {
	const char *name;
	void (*run)(int arg);
	int arg;
	const char *tags;
};

#define TEST(fn)		{ #fn, fn, 0, NULL }
#define TEST_TAGS(fn, tags)	{ #fn, fn, 0, tags }
#define TEST_ARG(name, fn, arg)	{ name, fn, arg, NULL }
/* The argument of @fn says whether XNACK is on. */
#define TEST_XNACK(fn)		{ #fn "_xnack_on", fn, 1, NULL }, { #fn "_xnack_off", fn, 0, NULL }

/* Bits of the argument of a case in all modes; @fn chooses its memory by mm_map_kind(). */
enum { XNACK = 1, HUGE = 2 };
#define TEST_MODES(fn)                                                       \
	{ #fn "_4k_xnack_on", fn, XNACK, NULL }, { #fn "_4k_xnack_off", fn, 0, NULL }, \
	{ #fn "_2m_xnack_on", fn, XNACK | HUGE, NULL }, { #fn "_2m_xnack_off", fn, HUGE, NULL }

/**
 * harness_main() - main() of a suite: `--list`, or one test by name
 *
 * Return: 0 passed, 1 failed, 2 wrong use; a skipped test exits with 4.
 */
int harness_main(int argc, char **argv, const struct guest_test *tests, size_t nr);
#define HARNESS_MAIN(tests)                                                  \
	int main(int argc, char **argv)                                      \
	{                                                                    \
		return harness_main(argc, argv, tests, ARRAY_LEN(tests));    \
	}

/** skip_test() - end the process as skipped; the reason is the last line */
void skip_test(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/** fail_test() - fail with a message; only in the test's own process */
void fail_test(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/** harness_random() - 64 random bits; the seed is printed at first use, VKFD_SEED sets it */
u64 harness_random(void);
/** harness_slow() - by how much deadlines are stretched (debug kernel) */
unsigned int harness_slow(void);

u64 now_ns(void);

struct deadline {
	u64 end_ns;
	unsigned int polls;
};

/** deadline_in() - @ms from now on the stock kernel, more on the debug kernel */
struct deadline deadline_in(unsigned int ms);
/** deadline_poll() - false if it is over; otherwise lets others run for a moment */
bool deadline_poll(struct deadline *d);

/* Polls @cond until it holds or @ms are over; its value is whether it held. */
#define wait_until(cond, ms)                                                 \
	({                                                                   \
		struct deadline wait_d = deadline_in(ms);                    \
		bool wait_ok;                                                \
		while (!(wait_ok = !!(cond)) && deadline_poll(&wait_d))      \
			;                                                    \
		wait_ok || (cond);                                           \
	})

/* For calls that return 0 or -errno. */
#define assert_ok(call)                                                      \
	do {                                                                 \
		int ok_err = (call);                                         \
		if (ok_err)                                                  \
			fail_test("%s:%d: %s: %s", __FILE__, __LINE__, #call, \
				  strerror_neg(ok_err));                     \
	} while (0)
#define assert_errno(call, errno_wanted)                                     \
	do {                                                                 \
		int en_err = (call);                                         \
		if (en_err != -(errno_wanted))                               \
			fail_test("%s:%d: %s: %s, expected %s", __FILE__,    \
				  __LINE__, #call, strerror_neg(en_err),     \
				  strerror_neg(-(errno_wanted)));            \
	} while (0)
const char *strerror_neg(int err);

#endif
