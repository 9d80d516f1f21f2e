// SPDX-License-Identifier: MIT
/* The door to guest RAM against a naive model, at its edges, and under unmaps. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mem/guest.h"

#define PAGE	   4096u
#define PAGES	   48u
#define FILE_PAGES 64u
#define BASE	   0x100000000ull
#define STEPS	   20000

static int ram_file(size_t bytes)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

/* What each bus page means, the slow and obvious way. */
struct page {
	int region; /* 0: none */
	bool reachable, readable, writable;
	unsigned int file_page;
};

struct model {
	struct guest_mem *mem;
	int fd;
	int regions;
	struct page page[PAGES];
	u8 *file; /* our own view of the same memory */
	u8 shadow[FILE_PAGES * PAGE];
};

static unsigned int pick(unsigned int limit)
{
	return (unsigned int)(random() % limit);
}

static void model_map(struct model *model)
{
	unsigned int at = pick(PAGES), count = 1 + pick(8), file_page = pick(FILE_PAGES);
	bool readable = pick(8), writable = pick(4), reachable = pick(8);
	int err, expected = 0;

	if (at + count > PAGES)
		count = PAGES - at;
	for (unsigned int i = at; i < at + count; i++) {
		if (model->page[i].region)
			expected = -EEXIST;
	}
	if (reachable && file_page + count > FILE_PAGES)
		expected = -EINVAL;
	err = guest_mem_map(model->mem, BASE + at * PAGE, (u64)count * PAGE, reachable ? model->fd : -1,
			    file_page * PAGE, readable, writable);
	assert_int_equal(err, expected);
	if (err)
		return;
	model->regions++;
	for (unsigned int i = 0; i < count; i++)
		model->page[at + i] =
			(struct page){ model->regions, reachable, readable, writable, file_page + i };
}

static void model_unmap(struct model *model)
{
	unsigned int at = pick(PAGES), count = 1 + pick(12), found = 0;
	int expected = -ENOENT;

	if (at + count > PAGES)
		count = PAGES - at;
	for (unsigned int i = at; i < at + count; i++)
		found |= model->page[i].region != 0;
	if (found)
		expected = 0;
	if (at && model->page[at].region && model->page[at].region == model->page[at - 1].region)
		expected = -EINVAL;
	if (at + count < PAGES && model->page[at + count].region &&
	    model->page[at + count].region == model->page[at + count - 1].region)
		expected = -EINVAL;
	assert_int_equal(guest_mem_unmap(model->mem, BASE + at * PAGE, (u64)count * PAGE), expected);
	if (!expected)
		memset(&model->page[at], 0, count * sizeof(model->page[0]));
}

static enum mem_status model_status(const struct model *model, u64 offset, size_t len, bool write)
{
	for (u64 at = offset; at < offset + len; at++) {
		const struct page *page = &model->page[at / PAGE];

		if (at / PAGE >= PAGES || !page->region || !page->reachable)
			return MEM_UNMAPPED;
		if (write && !page->writable)
			return MEM_READ_ONLY;
		if (!write && !page->readable)
			return MEM_UNMAPPED;
	}
	return MEM_OK;
}

static u8 *model_byte(struct model *model, u64 offset)
{
	return &model->shadow[model->page[offset / PAGE].file_page * PAGE + offset % PAGE];
}

static void model_access(struct model *model)
{
	static u8 buf[PAGES * PAGE];
	size_t len = pick(8) ? pick(3 * PAGE) : pick(PAGES * PAGE);
	u64 offset = pick(PAGES * PAGE - (unsigned int)len);
	bool write = pick(2);
	enum mem_status status;

	if (write) {
		for (size_t i = 0; i < len; i++)
			buf[i] = (u8)random();
		status = guest_mem_write(model->mem, BASE + offset, buf, len);
	} else {
		status = guest_mem_read(model->mem, BASE + offset, buf, len);
	}
	assert_int_equal(status, model_status(model, offset, len, write));
	if (status != MEM_OK)
		return;
	for (size_t i = 0; write && i < len; i++)
		*model_byte(model, offset + i) = buf[i];
	for (size_t i = 0; !write && i < len; i++)
		assert_int_equal(*model_byte(model, offset + i), buf[i]);
}

/* Pages that alias each other make the byte order visible, so only the status and far copies count. */
static void model_copy(struct model *model)
{
	size_t len = pick(2 * PAGE);
	u64 from = pick(PAGES * PAGE - (unsigned int)len), to = pick(PAGES * PAGE - (unsigned int)len);
	enum mem_status status = guest_mem_copy(model->mem, BASE + to, BASE + from, len);
	enum mem_status expected = model_status(model, from, len, false);

	if (expected == MEM_OK)
		expected = model_status(model, to, len, true);
	assert_int_equal(status, expected);
	if (status == MEM_OK)
		memcpy(model->shadow, model->file, sizeof(model->shadow));
}

/* Up to eight pieces; the first that the model refuses ends the batch. */
static void model_batch(struct model *model)
{
	static u8 buf[8][3 * PAGE];
	struct guest_piece piece[8];
	size_t nr = pick(9), done, i;
	const struct guest_batch batch = { .piece = piece, .nr = nr, .large = pick(2) };
	bool write = pick(2);
	enum mem_status status, expected = MEM_OK;

	for (i = 0; i < nr; i++) {
		piece[i].len = pick(4) ? PAGE : pick(3 * PAGE);
		piece[i].bus = BASE + (pick(4) ? pick(PAGES - 3) * PAGE : pick((PAGES - 3) * PAGE));
		piece[i].host = buf[i];
		memset(buf[i], (int)random(), piece[i].len);
	}
	status = write ? guest_mem_write_batch(model->mem, &batch, &done) :
			 guest_mem_read_batch(model->mem, &batch, &done);
	for (i = 0; i < nr; i++) {
		u64 offset = piece[i].bus - BASE;

		expected = model_status(model, offset, piece[i].len, write);
		if (expected != MEM_OK)
			break;
		for (size_t n = 0; write && n < piece[i].len; n++)
			*model_byte(model, offset + n) = buf[i][n];
		for (size_t n = 0; !write && n < piece[i].len; n++)
			assert_int_equal(*model_byte(model, offset + n), buf[i][n]);
	}
	assert_int_equal(done, i);
	assert_int_equal(status, i < nr ? expected : MEM_OK);
}

static void guest_random_operations_match_naive_model(void **state)
{
	static struct model model;

	(void)state;
	srandom(7);
	model.mem = guest_mem_create();
	model.fd = ram_file(sizeof(model.shadow));
	model.file = mmap(NULL, sizeof(model.shadow), PROT_READ, MAP_SHARED, model.fd, 0);
	for (int i = 0; i < STEPS; i++) {
		switch (pick(6)) {
		case 0:
			model_map(&model);
			break;
		case 1:
			model_unmap(&model);
			break;
		case 2:
			model_copy(&model);
			break;
		case 3:
			model_batch(&model);
			break;
		default:
			model_access(&model);
			break;
		}
		if (i % 256 == 0)
			assert_memory_equal(model.file, model.shadow, sizeof(model.shadow));
	}
	assert_memory_equal(model.file, model.shadow, sizeof(model.shadow));
	munmap(model.file, sizeof(model.shadow));
	guest_mem_destroy(model.mem);
	close(model.fd);
}

static void guest_numbers_that_wrap_are_refused(void **state)
{
	struct guest_mem *mem = guest_mem_create();
	int fd = ram_file(16 * PAGE);
	u8 buf[64];
	u64 value;

	(void)state;
	assert_int_equal(guest_mem_map(mem, ~0ull & ~0xfffull, 2 * PAGE, fd, 0, true, true), -EINVAL);
	assert_int_equal(guest_mem_map(mem, 0, 0, fd, 0, true, true), -EINVAL);
	assert_int_equal(guest_mem_map(mem, 1, PAGE, fd, 0, true, true), -EINVAL);
	assert_int_equal(guest_mem_map(mem, 0, PAGE, fd, ~0xfffull, true, true), -EINVAL);
	assert_int_equal(guest_mem_map(mem, 0, 17 * PAGE, fd, 0, true, true), -EINVAL);
	/* The last page of the address space is a page like any other. */
	assert_int_equal(guest_mem_map(mem, ~0xfffull, PAGE, fd, 0, true, true), 0);
	assert_int_equal(guest_mem_read(mem, ~0ull - 63, buf, 64), MEM_OK);
	assert_int_equal(guest_mem_read(mem, ~0ull - 62, buf, 64), MEM_UNMAPPED);
	assert_int_equal(guest_mem_read(mem, ~0ull, buf, 2), MEM_UNMAPPED);
	assert_int_equal(guest_mem_copy(mem, ~0ull - 1, ~0xfffull, 4), MEM_UNMAPPED);
	assert_int_equal(guest_mem_load(mem, ~7ull, &value, 8), MEM_OK);
	assert_int_equal(guest_mem_unmap(mem, ~0xfffull, PAGE), 0);
	assert_int_equal(guest_mem_unmap(mem, ~0xfffull, 2 * PAGE), -EINVAL);
	guest_mem_destroy(mem);
	close(fd);
}

static void guest_failed_access_changes_nothing(void **state)
{
	struct guest_mem *mem = guest_mem_create();
	int fd = ram_file(4 * PAGE);
	u8 ones[3 * PAGE], seen[2 * PAGE], zeros[2 * PAGE] = { 0 };

	(void)state;
	memset(ones, 1, sizeof(ones));
	assert_int_equal(guest_mem_map(mem, 0, PAGE, fd, 0, true, true), 0);
	assert_int_equal(guest_mem_map(mem, PAGE, PAGE, fd, PAGE, true, true), 0);
	assert_int_equal(guest_mem_write(mem, 0, ones, 3 * PAGE), MEM_UNMAPPED);
	assert_int_equal(guest_mem_read(mem, 0, seen, 2 * PAGE), MEM_OK);
	assert_memory_equal(seen, zeros, sizeof(seen));
	assert_int_equal(guest_mem_write(mem, 0, ones, 2 * PAGE), MEM_OK);
	assert_int_equal(guest_mem_copy(mem, PAGE, 0, 2 * PAGE), MEM_UNMAPPED);
	guest_mem_destroy(mem);
	close(fd);
}

static void guest_words_need_size_and_alignment(void **state)
{
	struct guest_mem *mem = guest_mem_create();
	int fd = ram_file(2 * PAGE);
	struct mem_atomic add = { .op = 47, .src = ~0ull };
	struct mem_atomic unknown = { .op = 60 };
	u64 value = 0;

	(void)state;
	assert_int_equal(guest_mem_map(mem, 0, PAGE, fd, 0, true, true), 0);
	assert_int_equal(guest_mem_map(mem, PAGE, PAGE, fd, PAGE, true, false), 0);
	assert_int_equal(guest_mem_store(mem, 8, 5, 8), MEM_OK);
	assert_int_equal(guest_mem_atomic(mem, 8, &add, 8), MEM_OK);
	assert_int_equal(add.old, 5);
	assert_int_equal(guest_mem_load(mem, 8, &value, 8), MEM_OK);
	assert_int_equal(value, 4);
	assert_int_equal(guest_mem_store(mem, 12, 0xffffffff1ull, 4), MEM_OK);
	assert_int_equal(guest_mem_load(mem, 12, &value, 4), MEM_OK);
	assert_int_equal(value, 0xfffffff1);
	assert_int_equal(guest_mem_load(mem, 4, &value, 8), MEM_UNMAPPED);
	assert_int_equal(guest_mem_load(mem, 8, &value, 2), MEM_UNMAPPED);
	assert_int_equal(guest_mem_store(mem, 2, 0, 4), MEM_UNMAPPED);
	assert_int_equal(guest_mem_store(mem, PAGE, 0, 4), MEM_READ_ONLY);
	assert_int_equal(guest_mem_atomic(mem, PAGE, &add, 8), MEM_READ_ONLY);
	assert_int_equal(guest_mem_atomic(mem, 8, &unknown, 8), MEM_UNMAPPED);
	guest_mem_destroy(mem);
	close(fd);
}

/* Four threads copy while the fifth takes the memory away and gives it back. */
#define RACE_THREADS 4
#define RACE_BYTES   (8u << 20)

struct race {
	struct guest_mem *mem;
	atomic_bool stop;
	atomic_uint next;
	atomic_ulong ok, refused;
};

static void *race_copies(void *arg)
{
	struct race *race = arg;
	u64 own = (u64)(atomic_fetch_add(&race->next, 1)) * (RACE_BYTES / 8);
	unsigned int round = 0;

	while (!atomic_load(&race->stop)) {
		size_t len = round++ % 16 ? PAGE : RACE_BYTES / 16;
		enum mem_status status = guest_mem_copy(race->mem, own + RACE_BYTES / 2, own, len);

		assert_true(status == MEM_OK || status == MEM_UNMAPPED || status == MEM_GONE);
		atomic_fetch_add(status == MEM_OK ? &race->ok : &race->refused, 1);
	}
	return NULL;
}

static void guest_unmap_waits_for_copies(void **state)
{
	static struct race race;
	pthread_t thread[RACE_THREADS];
	int fd = ram_file(RACE_BYTES);
	struct timespec start, now;

	(void)state;
	race.mem = guest_mem_create();
	for (int i = 0; i < RACE_THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, race_copies, &race), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		const struct timespec pause = { 0, 200000 };

		assert_int_equal(guest_mem_map(race.mem, 0, RACE_BYTES, fd, 0, true, true), 0);
		nanosleep(&pause, NULL);
		assert_int_equal(guest_mem_unmap(race.mem, 0, RACE_BYTES), 0);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < start.tv_sec + 2);
	atomic_store(&race.stop, true);
	for (int i = 0; i < RACE_THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_true(atomic_load(&race.ok) > 0);
	assert_true(atomic_load(&race.refused) > 0);
	guest_mem_destroy(race.mem);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guest_random_operations_match_naive_model),
		cmocka_unit_test(guest_numbers_that_wrap_are_refused),
		cmocka_unit_test(guest_failed_access_changes_nothing),
		cmocka_unit_test(guest_words_need_size_and_alignment),
		cmocka_unit_test(guest_unmap_waits_for_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
