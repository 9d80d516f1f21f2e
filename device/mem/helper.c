// SPDX-License-Identifier: MIT
/*
 * One job at a time, owned by whoever holds @owner; others copy alone. Each
 * part of a job is one of @left: who takes one of them does the next part, the
 * owner from the front and the helper from the back. So both find in their
 * CPU's cache what they touched last time.
 *
 * A job is over for the helper when @open is false and @inside is false, in
 * this order: the helper sets @inside before it looks at @open, the owner
 * clears @open before it looks at @inside, so one of them sees the other
 * (sequentially consistent accesses). Only the helper sleeps, under @lock.
 */
#include "mem/helper.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define PART	    8u		 /* pieces; 32 KiB of single pages, about 1 us */
#define WORTH_BYTES (256u << 10) /* below, waking costs more than it brings */
#define LOOKS	    2000u	 /* of a helper without a job before it sleeps: some 20 us */

struct mem_helper {
	pthread_mutex_t owner;
	bool usable;		/* owner held: there is a thread, or may be one */
	bool started;		/* owner held */
	pthread_t thread;

	/* The job: written by the owner while @open is false. */
	const struct mem_stream *piece;
	size_t nr;
	bool past_caches;
	atomic_long left;	/* parts that nobody has taken */
	atomic_bool open, inside;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	atomic_bool sleeping;	/* changes under @lock */
	atomic_bool quit;
};

static void relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

static size_t parts_of(const struct mem_helper *helper)
{
	return (helper->nr + PART - 1) / PART;
}

static void copy_part(const struct mem_helper *helper, size_t part)
{
	size_t at = part * PART, left = helper->nr - at;

	mem_stream_copy(helper->piece + at, left < PART ? left : PART, helper->past_caches);
}

static bool take(struct mem_helper *helper)
{
	return atomic_fetch_sub(&helper->left, 1) > 0;
}

/* False: there was no job. */
static bool help(struct mem_helper *helper)
{
	bool open;

	if (!atomic_load(&helper->open))
		return false;
	atomic_store(&helper->inside, true);
	open = atomic_load(&helper->open);
	for (size_t part = open ? parts_of(helper) : 0; part && take(helper);)
		copy_part(helper, --part);
	atomic_store(&helper->inside, false);
	return open;
}

static void sleep_until_job(struct mem_helper *helper)
{
	pthread_mutex_lock(&helper->lock);
	atomic_store(&helper->sleeping, true);
	while (!atomic_load(&helper->open) && !atomic_load(&helper->quit))
		pthread_cond_wait(&helper->wake, &helper->lock);
	atomic_store(&helper->sleeping, false);
	pthread_mutex_unlock(&helper->lock);
}

static void *helper_main(void *opaque)
{
	struct mem_helper *helper = opaque;
	unsigned int looks = 0;

	while (!atomic_load(&helper->quit)) {
		if (help(helper)) {
			looks = 0;
		} else if (++looks < LOOKS) {
			relax();
		} else {
			sleep_until_job(helper);
			looks = 0;
		}
	}
	return NULL;
}

/* Called by the owner with @open set: the helper sees it, or sleeps and is woken. */
static void wake(struct mem_helper *helper)
{
	if (!atomic_load(&helper->sleeping))
		return;
	pthread_mutex_lock(&helper->lock);
	pthread_cond_signal(&helper->wake);
	pthread_mutex_unlock(&helper->lock);
}

static void share(struct mem_helper *helper, const struct mem_stream *piece, size_t nr,
		  bool past_caches)
{
	unsigned int looks = 0;

	helper->piece = piece;
	helper->nr = nr;
	helper->past_caches = past_caches;
	atomic_store(&helper->left, (long)parts_of(helper));
	atomic_store(&helper->open, true);
	wake(helper);
	for (size_t part = 0; take(helper); part++)
		copy_part(helper, part);
	atomic_store(&helper->open, false);
	while (atomic_load(&helper->inside)) {
		/* It may have lost its CPU, to us at worst. */
		if (++looks < LOOKS)
			relax();
		else
			sched_yield();
	}
}

/* Owner held. Here and not at creation: the process has to confine itself first. */
static bool running(struct mem_helper *helper)
{
	if (helper->usable && !helper->started) {
		helper->started = !pthread_create(&helper->thread, NULL, helper_main, helper);
		helper->usable = helper->started;
	}
	return helper->usable;
}

static bool worth_it(const struct mem_stream *piece, size_t nr)
{
	size_t bytes = 0;

	for (size_t i = 0; i < nr && bytes < WORTH_BYTES; i++)
		bytes += piece[i].len;
	return nr > PART && bytes >= WORTH_BYTES;
}

void mem_helper_copy(struct mem_helper *helper, const struct mem_stream *piece, size_t nr,
		     bool past_caches)
{
	if (!worth_it(piece, nr) || pthread_mutex_trylock(&helper->owner)) {
		mem_stream_copy(piece, nr, past_caches);
		return;
	}
	if (running(helper))
		share(helper, piece, nr, past_caches);
	else
		mem_stream_copy(piece, nr, past_caches);
	pthread_mutex_unlock(&helper->owner);
}

struct mem_helper *mem_helper_create(void)
{
	struct mem_helper *helper = calloc(1, sizeof(*helper));

	if (!helper)
		return NULL;
	pthread_mutex_init(&helper->owner, NULL);
	pthread_mutex_init(&helper->lock, NULL);
	pthread_cond_init(&helper->wake, NULL);
	/* On a single CPU there is nobody to help. */
	helper->usable = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	return helper;
}

void mem_helper_destroy(struct mem_helper *helper)
{
	if (!helper)
		return;
	if (helper->started) {
		pthread_mutex_lock(&helper->lock);
		atomic_store(&helper->quit, true);
		pthread_cond_signal(&helper->wake);
		pthread_mutex_unlock(&helper->lock);
		pthread_join(helper->thread, NULL);
	}
	pthread_cond_destroy(&helper->wake);
	pthread_mutex_destroy(&helper->lock);
	pthread_mutex_destroy(&helper->owner);
	free(helper);
}
