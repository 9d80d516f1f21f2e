// SPDX-License-Identifier: MIT
/*
 * Prefetch in both directions over every kind of memory. Each case checks the
 * data byte for byte and where the pages are, seen from outside the driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"
#include "trace.h"

/* Copies [addr, addr + bytes) by the GPU and compares with the pattern. */
static void gpu_check(struct session *s, const char *addr, size_t bytes, u64 seed)
{
	char *copy = sysmem_alloc(s, (bytes + PAGE - 1) & ~(PAGE - 1));
	struct sdma q;

	sdma_create(&q, s, 0);
	sdma_copy(&q, copy, addr, bytes);
	sdma_run(&q);
	pattern_check(copy, bytes, seed);
	sdma_destroy(&q);
	buffer_free(copy, (bytes + PAGE - 1) & ~(PAGE - 1));
}

/* Memory of @bytes filled with pattern @seed that the GPU may use. */
static char *filled(struct session *s, size_t bytes, bool huge, u64 seed)
{
	char *p = mm_map_kind(bytes, huge);

	pattern_fill(p, bytes, seed);
	gpu_access(s, p, bytes);
	return p;
}

static void prefetch_round_trip_keeps_data(int mode)
{
	const size_t bytes = 4 * MIB;
	u64 word;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 20);
	assert_in_ram(p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	vram_peek(p + 77 * PAGE, &word, sizeof(word));
	assert_true(word == pattern_word(20, 77 * PAGE));
	gpu_check(&s, p, bytes, 20);
	assert_ok(gpu_prefetch(&s, p, bytes, false));
	assert_in_ram(p, bytes);
	pattern_check(p, bytes, 20);
}

static void cpu_touch_returns_only_its_granule(int mode)
{
	const size_t bytes = 4 * HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 21);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	assert_true(*(volatile u64 *)(p + HUGE_BYTES + 5 * PAGE) == pattern_word(21, HUGE_BYTES + 5 * PAGE));
	assert_in_vram(p, HUGE_BYTES);
	assert_in_ram(p + HUGE_BYTES, HUGE_BYTES);
	assert_in_vram(p + 2 * HUGE_BYTES, 2 * HUGE_BYTES);
	pattern_check(p, bytes, 21);
	assert_in_ram(p, bytes);
}

static void cpu_write_lands_after_the_page_came_back(int mode)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 22);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	for (size_t i = 0; i < bytes; i += 37 * PAGE)
		*(u64 *)(p + i) = i;
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	for (size_t i = 0; i < bytes; i += 37 * PAGE) {
		u64 word;

		vram_peek(p + i, &word, sizeof(word));
		assert_int_equal(word, i);
		*(u64 *)(p + i) = pattern_word(22, i);
		assert_ok(gpu_prefetch(&s, p, bytes, true));
	}
	pattern_check(p, bytes, 22);
}

/*
 * Leaves what a previous owner wrote in free VRAM. By SVM memory: that takes
 * VRAM from the bottom, buffers from the top.
 */
static void dirty_vram(struct session *s, size_t bytes)
{
	char *p = mm_map_small(bytes);

	memset(p, 0xdb, bytes);
	gpu_access(s, p, bytes);
	assert_ok(gpu_prefetch(s, p, bytes, true));
	assert_in_vram(p, bytes);
	mm_unmap(p, bytes);
	assert_true(wait_until(!driver_stat(0, "vram", "svm"), 5000));
}

static void prefetch_of_untouched_memory_is_zeroes(int mode)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	char *p, *copy;
	struct sdma q;

	session_start(&s, mode & XNACK);
	dirty_vram(&s, 16 * MIB);
	p = mm_map_kind(bytes, mode & HUGE);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	copy = sysmem_alloc(&s, bytes);
	memset(copy, 1, bytes);
	sdma_create(&q, &s, 0);
	sdma_copy(&q, copy, p, bytes);
	sdma_run(&q);
	bytes_check(copy, bytes, 0);
	bytes_check(p, bytes, 0);
	sdma_destroy(&q);
}

static void prefetch_with_holes_keeps_data_and_zeroes(int mode)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, mode);
	dirty_vram(&s, 16 * MIB);
	p = mm_map_small(bytes);
	for (size_t i = 0; i < bytes; i += 3 * PAGE)
		pattern_fill(p + i, PAGE, i);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	for (size_t i = 0; i < bytes; i += 3 * PAGE)
		assert_in_vram(p + i, PAGE);
	for (size_t i = 0; i < bytes; i += PAGE)
		if (i % (3 * PAGE))
			bytes_check(p + i, PAGE, 0);
		else
			pattern_check(p + i, PAGE, i);
}

static void prefetch_odd_pages_moves_exactly_those(int xnack)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, bytes, false, 23);
	assert_ok(gpu_prefetch(&s, p + 5 * PAGE, 3 * PAGE, true));
	assert_in_ram(p, 5 * PAGE);
	assert_in_vram(p + 5 * PAGE, 3 * PAGE);
	assert_in_ram(p + 8 * PAGE, bytes - 8 * PAGE);
	gpu_check(&s, p, bytes, 23);
	pattern_check(p, bytes, 23);
}

static void prefetch_part_of_huge_page_leaves_the_rest(int xnack)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, bytes, true, 24);
	assert_ok(gpu_prefetch(&s, p + 64 * PAGE, 64 * PAGE, true));
	assert_in_vram(p + 64 * PAGE, 64 * PAGE);
	assert_in_ram(p, 64 * PAGE);
	assert_in_ram(p + 128 * PAGE, bytes - 128 * PAGE);
	pattern_check(p, bytes, 24);
}

static void partially_resident_memory_is_completed(int mode)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 25);
	assert_ok(gpu_prefetch(&s, p, 16 * PAGE, true));
	assert_ok(gpu_prefetch(&s, p + 100 * PAGE, PAGE, true));
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	gpu_check(&s, p, bytes, 25);
	assert_ok(gpu_prefetch(&s, p + 32 * PAGE, 32 * PAGE, false));
	assert_in_vram(p, 32 * PAGE);
	assert_in_ram(p + 32 * PAGE, 32 * PAGE);
	gpu_check(&s, p, bytes, 25);
	pattern_check(p, bytes, 25);
}

static void several_vmas_in_one_prefetch(int xnack)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = mm_map_small(bytes);
	pattern_fill(p, bytes, 26);
	mm_protect(p + 10 * PAGE, 10 * PAGE, PROT_READ);
	mm_protect(p + HUGE_BYTES, 30 * PAGE, PROT_READ | PROT_EXEC);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	gpu_check(&s, p, bytes, 26);
	assert_ok(gpu_prefetch(&s, p, bytes, false));
	assert_in_ram(p, bytes);
	pattern_check(p, bytes, 26);
}

static void read_only_memory_migrates_and_stays_readable(int mode)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = mm_map_kind(bytes, mode & HUGE);
	pattern_fill(p, bytes, 27);
	mm_protect(p, bytes, PROT_READ);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	gpu_check(&s, p, bytes, 27);
	pattern_check(p, bytes, 27);
	mm_protect(p, bytes, PROT_READ | PROT_WRITE);
	p[0] = 1;
}

/* What cannot migrate stays in RAM and works there. */
static void file_mapping_stays_in_ram(int mode)
{
	const size_t bytes = MIB;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = mm_map_file(bytes, true);
	pattern_fill(p, bytes, 28);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_ram(p, bytes);
	gpu_check(&s, p, bytes, 28);
	pattern_check(p, bytes, 28);
}

static void private_file_pages_stay_correct(int xnack)
{
	const size_t bytes = MIB;
	char path[] = "/tmp/vkfd-private.XXXXXX", *p, *back;
	struct session s;
	int fd = mkstemp(path);

	session_start(&s, xnack);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	back = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pattern_fill(back, bytes, 29);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	unlink(path);
	/* Half of it copied on write: anonymous pages in a file mapping. */
	pattern_fill(p, bytes / 2, 30);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	gpu_check(&s, p, bytes / 2, 30);
	pattern_check(p, bytes / 2, 30);
	assert_int_equal(*(u64 *)(p + bytes / 2), pattern_word(29, bytes / 2));
	pattern_check(back, bytes, 29);
}

static void shared_anonymous_memory_stays_in_ram(int xnack)
{
	const size_t bytes = MIB;
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, xnack);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pattern_fill(p, bytes, 31);
	gpu_access(&s, p, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_ram(p, bytes);
	sdma_create(&q, &s, 0);
	sdma_fill(&q, p, 0x31313131, PAGE);
	sdma_run(&q);
	bytes_check(p, PAGE, 0x31);
	sdma_destroy(&q);
}

static void pinned_page_stays_its_neighbours_move(int mode)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	u64 frame;
	char *p;
	int pin;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, false, 32);
	pin = mm_pin(p + 100 * PAGE, PAGE);
	frame = residency_ram_frame(p + 100 * PAGE);
	assert_int_not_equal(frame, 0);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, 100 * PAGE);
	assert_int_equal(residency_ram_frame(p + 100 * PAGE), frame);
	assert_in_vram(p + 101 * PAGE, bytes - 101 * PAGE);
	gpu_check(&s, p, bytes, 32);
	mm_unpin(pin);
	pattern_check(p, bytes, 32);
}

/* One pinned page of a 2 MiB page: the whole page may stay, the data is right. */
static void pinned_huge_page_stays_correct(int xnack)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	u64 frame;
	char *p;
	int pin;

	session_start(&s, xnack);
	p = filled(&s, bytes, true, 33);
	pin = mm_pin(p + 3 * PAGE, PAGE);
	frame = residency_ram_frame(p + 3 * PAGE);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_int_equal(residency_ram_frame(p + 3 * PAGE), frame);
	assert_in_vram(p + HUGE_BYTES, HUGE_BYTES);
	gpu_check(&s, p, bytes, 33);
	mm_unpin(pin);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	pattern_check(p, bytes, 33);
}

static void swapped_out_pages_are_brought_in(int xnack)
{
	const size_t bytes = 64 * PAGE;
	struct residency r;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, bytes, false, 34);
	if (!mm_swap_out(p + 16 * PAGE, 16 * PAGE))
		skip_test("this kernel has no zram to swap to");
	residency_count(p, bytes, &r);
	if (!r.swap)
		skip_test("the kernel did not swap the pages out");
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_in_vram(p, bytes);
	pattern_check(p, bytes, 34);
}

static void mlocked_memory_migrates(int xnack)
{
	const size_t bytes = 256 * PAGE;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, bytes, false, 35);
	assert_int_equal(mlock(p, bytes), 0);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	gpu_check(&s, p, bytes, 35);
	assert_int_equal(munlock(p, bytes), 0);
	pattern_check(p, bytes, 35);
}

static void partial_munmap_keeps_the_rest(int mode)
{
	static const size_t cut[][2] = { { 0, 100 }, { 200, 10 }, { 500, 12 } };
	const size_t bytes = HUGE_BYTES;
	struct session s;

	session_start(&s, mode & XNACK);
	for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
		char *p = filled(&s, bytes, mode & HUGE, 36);
		size_t from = cut[i][0] * PAGE, to = from + cut[i][1] * PAGE;

		assert_ok(gpu_prefetch(&s, p, bytes, true));
		assert_in_vram(p, bytes);
		mm_unmap(p + from, to - from);
		if (from)
			gpu_check(&s, p, from, 36);
		for (size_t at = 0; at < bytes; at += PAGE)
			if (at < from || at >= to)
				assert_int_equal(*(volatile u64 *)(p + at + 8), pattern_word(36, at + 8));
		munmap(p, bytes);
	}
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos"), 5000));
}

static void repeated_round_trips_keep_data_and_leak_nothing(int mode)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 37);
	for (u64 i = 0; i < (harness_slow() > 1 ? 6 : 12); i++) {
		assert_ok(gpu_prefetch(&s, p, bytes, true));
		if (i % 3 == 0)
			assert_in_vram(p, bytes);
		if (i % 2)
			assert_ok(gpu_prefetch(&s, p, bytes, false));
		pattern_check(p, bytes, 37 + i);
		pattern_fill(p, bytes, 38 + i);
	}
	assert_in_ram(p, bytes);
	assert_true(wait_until(!driver_stat(0, "vram", "svm"), 5000));
}

static void second_prefetch_moves_nothing(int mode)
{
	const size_t bytes = HUGE_BYTES;
	struct session s;
	struct trace t;
	size_t copies;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 39);
	trace_start(&t);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	copies = trace_count(&t, "vkfd_copy", "dir=to_vram", NULL, 0);
	assert_true(copies > 0);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_int_equal(trace_count(&t, "vkfd_copy", "dir=to_vram", NULL, 0), copies);
	assert_int_equal(trace_count(&t, "vkfd_copy", "dir=to_ram", NULL, 0), 0);
	trace_stop(&t);
	assert_in_vram(p, bytes);
}

static void trace_names_the_triggers(int mode)
{
	const size_t bytes = HUGE_BYTES;
	char to_gpu[64], from_gpu[64];
	struct session s;
	struct trace t;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 40);
	snprintf(to_gpu, sizeof(to_gpu), "to=%u trigger=0 err=0", s.gpu[0].gpu_id);
	snprintf(from_gpu, sizeof(from_gpu), "from=%u to=0 trigger=2", s.gpu[0].gpu_id);
	trace_start(&t);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_true(trace_count(&t, "vkfd_migrate_end", to_gpu, p, bytes) >= 1);
	assert_int_equal(trace_count(&t, "vkfd_migrate_end", from_gpu, p, bytes), 0);
	pattern_check(p, bytes, 40);
	assert_true(trace_count(&t, "vkfd_migrate_end", from_gpu, p, bytes) >= 1);
	trace_stop(&t);
}

static void bytes_that_move_are_counted_by_the_device(int arg)
{
	const size_t bytes = 2 * HUGE_BYTES;
	u64 vram, system;
	struct session s;
	char *p;

	session_start(&s, true);
	p = filled(&s, bytes, true, 41);
	vram = device_stat(0, VKFD_STAT_VRAM_WRITE_BYTES);
	system = device_stat(0, VKFD_STAT_SYSTEM_READ_BYTES);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	assert_true(device_stat(0, VKFD_STAT_VRAM_WRITE_BYTES) - vram >= bytes);
	assert_true(device_stat(0, VKFD_STAT_SYSTEM_READ_BYTES) - system >= bytes);
}

/* Page table walks of the GPU while it fills 2 MiB of 4 KiB pages that came to VRAM in such pieces. */
static u64 walks_of(struct session *s, struct sdma *q, size_t piece)
{
	char *p = filled(s, HUGE_BYTES, false, 43);
	u64 walks;

	for (size_t at = 0; at < HUGE_BYTES; at += piece)
		assert_ok(gpu_prefetch(s, p + at, piece, true));
	assert_in_vram(p, HUGE_BYTES);
	walks = device_stat(0, VKFD_STAT_TLB_MISSES);
	sdma_fill(q, p, 0x2b2b2b2b, HUGE_BYTES);
	sdma_run(q);
	walks = device_stat(0, VKFD_STAT_TLB_MISSES) - walks;
	bytes_check(p, HUGE_BYTES, 0x2b);
	mm_unmap(p, HUGE_BYTES);
	return walks;
}

/* What lies together in VRAM is one translation: 64 KiB as a fragment, 2 MiB as a leaf. */
static void contiguous_memory_takes_few_translations(int xnack)
{
	const u64 others = 16; /* of the ring, the fence, and the pointers */
	struct session s;
	struct sdma q;

	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	sdma_run(&q);
	assert_true(walks_of(&s, &q, 64 * 1024) <= HUGE_BYTES / (64 * 1024) + others);
	assert_true(walks_of(&s, &q, HUGE_BYTES) <= 1 + others);
	sdma_destroy(&q);
}

/* Twice as much as there is: pages give way, every byte stays right. */
static void overcommit_keeps_every_byte(int mode)
{
	const size_t bytes = 128 * MIB, step = HUGE_BYTES;
	struct session s;
	size_t moved;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE, 42);
	for (size_t at = 0; at < bytes; at += step)
		assert_ok(gpu_prefetch(&s, p + at, step, true));
	moved = residency_vram(p, bytes);
	assert_true(moved * PAGE >= 32 * MIB);
	assert_true(moved * PAGE <= 64 * MIB);
	pattern_check(p, bytes, 42);
}

static const struct guest_test tests[] = {
	TEST_MODES(prefetch_round_trip_keeps_data),
	TEST_MODES(cpu_touch_returns_only_its_granule),
	TEST_MODES(cpu_write_lands_after_the_page_came_back),
	TEST_MODES(prefetch_of_untouched_memory_is_zeroes),
	TEST_XNACK(prefetch_with_holes_keeps_data_and_zeroes),
	TEST_XNACK(prefetch_odd_pages_moves_exactly_those),
	TEST_XNACK(prefetch_part_of_huge_page_leaves_the_rest),
	TEST_MODES(partially_resident_memory_is_completed),
	TEST_XNACK(several_vmas_in_one_prefetch),
	TEST_MODES(read_only_memory_migrates_and_stays_readable),
	TEST_XNACK(file_mapping_stays_in_ram),
	TEST_XNACK(private_file_pages_stay_correct),
	TEST_XNACK(shared_anonymous_memory_stays_in_ram),
	TEST_XNACK(pinned_page_stays_its_neighbours_move),
	TEST_XNACK(pinned_huge_page_stays_correct),
	TEST_XNACK(swapped_out_pages_are_brought_in),
	TEST_XNACK(mlocked_memory_migrates),
	TEST_MODES(partial_munmap_keeps_the_rest),
	TEST_MODES(repeated_round_trips_keep_data_and_leak_nothing),
	TEST_MODES(second_prefetch_moves_nothing),
	TEST_MODES(trace_names_the_triggers),
	TEST(bytes_that_move_are_counted_by_the_device),
	TEST_XNACK(contiguous_memory_takes_few_translations),
	{ "overcommit_keeps_every_byte_4k", overcommit_keeps_every_byte, XNACK, "vram=64M" },
	{ "overcommit_keeps_every_byte_2m", overcommit_keeps_every_byte, XNACK | HUGE, "vram=64M" },
};
HARNESS_MAIN(tests)
