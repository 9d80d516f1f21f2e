// SPDX-License-Identifier: MIT
/*
 * More memory in use than a GPU has: by one process, by several, beside buffers,
 * which do not move. Pages give way all the time and no byte is wrong; for none of
 * it TTM takes system memory of its own.
 */
#include <string.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

#define VRAM_BYTES	(64 * MIB)
#define GUEST		"vram=64M"
#define STEP		HUGE_BYTES
#define PROCESSES	4
#define BUFFER_BYTES	(16 * MIB)

/** struct load - a process that goes through its memory @rounds times */
struct load {
	int mode;
	size_t bytes;
	u32 rounds;
};

static bool all_bytes_are(const char *p, size_t bytes, unsigned char value)
{
	return (unsigned char)*p == value && !memcmp(p, p + 1, bytes - 1);
}

static unsigned char value_of(u32 round, size_t at)
{
	return (unsigned char)(round * 31 + at / STEP * 7 + 1);
}

/* Faults bring memory to VRAM; XNACK off, a prefetch does. */
static bool gpu_fills(struct session *s, struct sdma *q, const struct load *l, char *p, u32 round)
{
	for (size_t at = 0; at < l->bytes; at += STEP) {
		if (!s->xnack && gpu_prefetch(s, p + at, STEP, true))
			return false;
		sdma_fill(q, p + at, value_of(round, at) * 0x01010101u, STEP);
		if (!sdma_wait(q, sdma_submit(q), SDMA_MS))
			return false;
	}
	return true;
}

/* By the CPU and by the GPU in turns. */
static bool reads_back(struct sdma *q, const struct load *l, char *p, char *copy, u32 round)
{
	for (size_t at = 0; at < l->bytes; at += STEP) {
		const char *look = p + at;

		if (at / STEP % 2) {
			sdma_copy(q, copy, p + at, STEP);
			if (!sdma_wait(q, sdma_submit(q), SDMA_MS))
				return false;
			look = copy;
		}
		if (!all_bytes_are(look, STEP, value_of(round, at)))
			return false;
	}
	return true;
}

/*
 * Not before all have filled theirs does any read its own back, which brings memory
 * to RAM without an eviction.
 */
static bool meets_others(struct child *c)
{
	if (!c)
		return true;
	child_tell(c, 'f');
	return child_hear(c, 'm');
}

static bool carry(struct session *s, const struct load *l, struct child *c)
{
	char *p = mm_map_kind(l->bytes, l->mode & HUGE), *copy = sysmem_alloc(s, STEP);
	bool right = true;
	struct sdma q;

	sdma_create(&q, s, 0);
	memset(p, 0xee, l->bytes);
	gpu_access(s, p, l->bytes);
	for (u32 round = 0; round < l->rounds && right; round++)
		right = gpu_fills(s, &q, l, p, round) && (round || meets_others(c)) &&
			reads_back(&q, l, p, copy, round);
	sdma_destroy(&q);
	mm_unmap(p, l->bytes);
	return right;
}

/* Those too that were done in another way, because khugepaged wanted the mmap_lock. */
static u64 evictions(void)
{
	return driver_stat(0, "vram", "evictions") + driver_stat(0, "vram", "eviction_failures");
}

static void assert_evicted_since(u64 before, size_t bytes)
{
	/* What did not fit gave way at least once, in pieces of at most 2 MiB. */
	assert_true(evictions() - before >= (bytes - VRAM_BYTES) / HUGE_BYTES);
	assert_int_equal(driver_stat(0, "vram", "eviction_system_allocs"), 0);
}

static void one_process(int mode, size_t bytes)
{
	const struct load l = { mode, bytes, 2 };
	u64 before = evictions();
	struct session s;

	session_start(&s, mode & XNACK);
	assert_true(carry(&s, &l, NULL));
	assert_evicted_since(before, bytes);
}

static void one_process_uses_twice_the_vram(int mode)
{
	one_process(mode, 2 * VRAM_BYTES);
}

static void one_process_uses_four_times_the_vram(int mode)
{
	one_process(mode, 4 * VRAM_BYTES);
}

static int loaded(struct child *c, void *arg)
{
	struct session s;

	child_expect(session_try_start(&s, ((struct load *)arg)->mode & XNACK));
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	child_expect(carry(&s, arg, c));
	return 0;
}

static void several(int mode, size_t bytes)
{
	struct load l = { mode, bytes / PROCESSES, 2 };
	struct child c[PROCESSES];
	u64 before = evictions();

	for (int i = 0; i < PROCESSES; i++)
		child_start(&c[i], loaded, &l);
	for (int i = 0; i < PROCESSES; i++)
		assert_true(child_hear(&c[i], 'r'));
	for (int i = 0; i < PROCESSES; i++)
		child_tell(&c[i], 'g');
	for (int i = 0; i < PROCESSES; i++)
		assert_true(child_hear(&c[i], 'f'));
	for (int i = 0; i < PROCESSES; i++)
		child_tell(&c[i], 'm');
	for (int i = 0; i < PROCESSES; i++)
		assert_child_ok(&c[i]);
	assert_evicted_since(before, bytes);
}

static void several_processes_use_twice_the_vram(int mode)
{
	several(mode, 2 * VRAM_BYTES);
}

static void several_processes_use_four_times_the_vram(int mode)
{
	several(mode, 4 * VRAM_BYTES);
}

/* A buffer takes its VRAM from SVM memory, keeps it, and gives it back. */
static void buffers_come_and_go_beside_svm_memory(int mode)
{
	struct load l = { mode, 2 * VRAM_BYTES, 2 };
	u64 before = evictions();
	struct session s;
	struct child c;
	char *buffer;
	u64 seed = 0;

	child_start(&c, loaded, &l);
	assert_true(child_hear(&c, 'r'));
	session_start(&s, mode & XNACK);
	child_tell(&c, 'g');
	child_tell(&c, 'm');
	assert_true(wait_until(evictions() > before, 60000));
	for (; seed < 8; seed++) {
		u64 done = evictions();

		buffer = vram_alloc(&s, BUFFER_BYTES);
		pattern_fill(buffer, BUFFER_BYTES, seed);
		/* The other goes on around it, or has ended meanwhile. */
		(void)wait_until(evictions() > done + 4, 500);
		pattern_check(buffer, BUFFER_BYTES, seed);
		buffer_free(buffer, BUFFER_BYTES);
	}
	assert_child_ok(&c);
	assert_evicted_since(before, l.bytes);
}

/* A case may take the debug kernel a minute, so most of them run there by name. */
#define BY_NAME		GUEST " long=debug"

static const struct guest_test tests[] = {
	{ "one_process_uses_twice_the_vram_4k_xnack_on", one_process_uses_twice_the_vram, XNACK, BY_NAME },
	{ "one_process_uses_twice_the_vram_4k_xnack_off", one_process_uses_twice_the_vram, 0, BY_NAME },
	{ "one_process_uses_twice_the_vram_2m_xnack_on", one_process_uses_twice_the_vram, XNACK | HUGE,
	  BY_NAME },
	{ "one_process_uses_twice_the_vram_2m_xnack_off", one_process_uses_twice_the_vram, HUGE, BY_NAME },
	{ "one_process_uses_four_times_the_vram_2m_xnack_on", one_process_uses_four_times_the_vram, XNACK | HUGE,
	  BY_NAME },
	{ "one_process_uses_four_times_the_vram_2m_xnack_off", one_process_uses_four_times_the_vram, HUGE, BY_NAME },
	{ "several_processes_use_twice_the_vram_4k_xnack_on", several_processes_use_twice_the_vram, XNACK, BY_NAME },
	{ "several_processes_use_twice_the_vram_4k_xnack_off", several_processes_use_twice_the_vram, 0, BY_NAME },
	{ "several_processes_use_twice_the_vram_2m_xnack_on", several_processes_use_twice_the_vram, XNACK | HUGE,
	  BY_NAME },
	{ "several_processes_use_twice_the_vram_2m_xnack_off", several_processes_use_twice_the_vram, HUGE, GUEST },
	{ "several_processes_use_four_times_the_vram_2m_xnack_on", several_processes_use_four_times_the_vram,
	  XNACK | HUGE, BY_NAME },
	{ "several_processes_use_four_times_the_vram_2m_xnack_off", several_processes_use_four_times_the_vram, HUGE,
	  BY_NAME },
	{ "buffers_come_and_go_beside_svm_memory_4k_xnack_on", buffers_come_and_go_beside_svm_memory, XNACK, BY_NAME },
	{ "buffers_come_and_go_beside_svm_memory_4k_xnack_off", buffers_come_and_go_beside_svm_memory, 0, BY_NAME },
	{ "buffers_come_and_go_beside_svm_memory_2m_xnack_on", buffers_come_and_go_beside_svm_memory, XNACK | HUGE,
	  BY_NAME },
	{ "buffers_come_and_go_beside_svm_memory_2m_xnack_off", buffers_come_and_go_beside_svm_memory, HUGE, BY_NAME },
};
HARNESS_MAIN(tests)
