// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem/helper.h"

#define PAGE   4096u
#define PAGES  256u
#define ROUNDS 60
#define USERS  3

/* One user's memory: pages of @src go to @dst in reverse order. */
struct user {
	struct mem_helper *helper;
	unsigned int number;
	uint8_t src[PAGES * PAGE], dst[PAGES * PAGE];
	struct mem_stream piece[PAGES];
	unsigned int wrong;
};

static void user_round(struct user *user, unsigned int round)
{
	/* Some of the batches are too small to share, some end inside a part. */
	size_t nr = round % 3 ? PAGES - round % 13 : 1 + round % 40;

	for (size_t i = 0; i < nr; i++) {
		memset(user->src + i * PAGE, (int)(round + i * 7 + user->number), PAGE);
		user->piece[i] = (struct mem_stream){ user->dst + (nr - 1 - i) * PAGE,
						      user->src + i * PAGE, PAGE };
	}
	mem_helper_copy(user->helper, user->piece, nr, round % 2);
	for (size_t i = 0; i < nr; i++)
		user->wrong += !!memcmp(user->dst + (nr - 1 - i) * PAGE, user->src + i * PAGE,
					PAGE);
	/* Whoever still worked for us would now be found writing. */
	memset(user->dst, 0, nr * PAGE);
	memset(user->piece, 0, sizeof(user->piece));
	for (size_t i = 0; i < nr * PAGE; i += PAGE)
		user->wrong += user->dst[i] != 0;
	/* Now and then the helper has the time to fall asleep. */
	if (round % 16 == 5)
		usleep(2000);
}

static void *user_main(void *opaque)
{
	for (unsigned int round = 0; round < ROUNDS; round++)
		user_round(opaque, round);
	return NULL;
}

static void helper_copies_for_many_at_once(void **state)
{
	static struct user user[USERS];
	struct mem_helper *helper = mem_helper_create();
	pthread_t thread[USERS];

	(void)state;
	assert_non_null(helper);
	for (unsigned int i = 0; i < USERS; i++) {
		user[i].helper = helper;
		user[i].number = i;
		assert_int_equal(pthread_create(&thread[i], NULL, user_main, &user[i]), 0);
	}
	for (unsigned int i = 0; i < USERS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(user[i].wrong, 0);
	}
	mem_helper_destroy(helper);
}

/* Two parts of 2 MiB: the helper, woken late, ends last in most rounds. */
static void helper_is_done_when_the_copy_returns(void **state)
{
	enum { NR = 16, LEN = 256 << 10 };
	static uint8_t src[NR * LEN], dst[NR * LEN];
	struct mem_helper *helper = mem_helper_create();
	struct mem_stream piece[NR];

	(void)state;
	assert_non_null(helper);
	for (size_t i = 0; i < NR; i++)
		piece[i] = (struct mem_stream){ dst + i * LEN, src + i * LEN, LEN };
	for (int round = 0; round < ROUNDS; round++) {
		memset(src, round, sizeof(src));
		mem_helper_copy(helper, piece, NR, false);
		/* From the back: that is where the helper works. */
		for (size_t i = NR; i-- > 0;)
			assert_int_equal(dst[(i + 1) * LEN - 1], (uint8_t)round);
	}
	mem_helper_destroy(helper);
}

static void helper_ends_at_once_awake_asleep_or_unused(void **state)
{
	static struct user user;

	(void)state;
	mem_helper_destroy(mem_helper_create());
	mem_helper_destroy(NULL);
	for (unsigned int pause = 0; pause <= 5000; pause += 2500) {
		user.helper = mem_helper_create();
		assert_non_null(user.helper);
		user_round(&user, 1);
		usleep(pause);
		mem_helper_destroy(user.helper);
		assert_int_equal(user.wrong, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(helper_copies_for_many_at_once),
		cmocka_unit_test(helper_is_done_when_the_copy_returns),
		cmocka_unit_test(helper_ends_at_once_awake_asleep_or_unused),
	};

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
