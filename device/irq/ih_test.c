// SPDX-License-Identifier: MIT
/* The interrupt ring's protocol, seen from a driver that plays fair and one that does not. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "irq/ih.h"

#define BUS	0x10000000ULL
#define RAM	(1u << 20)
#define RING	4096u
#define ENTRIES	(RING / VKFD_IH_ENTRY_BYTES)
#define WPTR	0x8000u
#define RPTR	0x8040u

struct world {
	int fd;
	u8 *ram;
	struct guest_mem *guest;
	struct counters counters;
	struct gpu_clock clock;
	struct ih *ih;
	_Atomic u32 raised;
	_Atomic u32 error_info;
};

static void on_raise(void *opaque)
{
	struct world *w = opaque;

	atomic_fetch_add(&w->raised, 1);
}

static void on_error(void *opaque, enum vkfd_hw_error error, u32 info)
{
	struct world *w = opaque;

	assert_int_equal(error, VKFD_ERR_IH_MEMORY);
	atomic_store(&w->error_info, info);
}

static const struct ih_ops ops = { on_raise, on_error };
static const struct ih_ring ring = { BUS, RING, BUS + WPTR, BUS + RPTR };

static int setup(void **state)
{
	static struct world w;
	struct ih_config config = { .counters = &w.counters, .clock = &w.clock, .node = 3,
				    .ops = &ops, .opaque = &w };

	memset(&w, 0, sizeof(w));
	w.fd = memfd_create("ih-test", 0);
	assert_int_equal(ftruncate(w.fd, RAM), 0);
	w.ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, w.fd, 0);
	w.guest = guest_mem_create();
	assert_int_equal(guest_mem_map(w.guest, BUS, RAM, w.fd, 0, true, true), 0);
	config.guest = w.guest;
	w.ih = ih_create(&config);
	assert_non_null(w.ih);
	assert_true(ih_enable(w.ih, &ring));
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	ih_destroy(w->ih);
	guest_mem_destroy(w->guest);
	munmap(w->ram, RAM);
	close(w->fd);
	return 0;
}

static _Atomic u64 *pointer(struct world *w, u32 offset)
{
	return (_Atomic u64 *)(void *)(w->ram + offset);
}

static bool post(struct world *w, u32 number)
{
	struct ih_event event = { .client = 8, .source = 224, .ctx = 5, .pasid = 0x8009,
				  .data = { number } };

	return ih_post(w->ih, &event);
}

static struct vkfd_ih_entry *slot(struct world *w, u64 at)
{
	return (struct vkfd_ih_entry *)(void *)(w->ram + at % RING);
}

static void pause_ms(int ms)
{
	struct timespec t = { 0, ms * 1000000L };

	nanosleep(&t, NULL);
}

static void entry_has_all_fields(void **state)
{
	struct world *w = *state;
	struct vkfd_ih_entry *entry = slot(w, 0);

	assert_true(post(w, 42));
	assert_int_equal(atomic_load(pointer(w, WPTR)), 32);
	assert_int_equal(entry->header, 8 | 224 << 8 | 5 << 24);
	assert_int_equal(entry->pasid, 0x8009 | 3 << 16);
	assert_int_equal(entry->data[0], 42);
	assert_true(entry->timestamp_lo || entry->timestamp_hi);
	assert_int_equal(entry->timestamp_hi >> 16, 0);
}

static void interrupt_only_when_driver_had_emptied_ring(void **state)
{
	struct world *w = *state;

	post(w, 0);
	assert_int_equal(w->raised, 1);
	post(w, 1);
	post(w, 2);
	assert_int_equal(w->raised, 1);
	atomic_store(pointer(w, RPTR), 64);
	post(w, 3);
	assert_int_equal(w->raised, 1);
	atomic_store(pointer(w, RPTR), 128);
	post(w, 4);
	assert_int_equal(w->raised, 2);
}

static void full_ring_keeps_order_and_loses_nothing(void **state)
{
	struct world *w = *state;
	u32 posted = 0, seen = 0;

	while (post(w, posted))
		posted++;
	assert_true(posted > ENTRIES);
	assert_int_equal(atomic_load(pointer(w, WPTR)), RING);
	while (seen < posted) {
		u64 wptr = atomic_load(pointer(w, WPTR));

		for (u64 at = seen * 32ULL; at < wptr; at += 32)
			assert_int_equal(slot(w, at)->data[0], seen++);
		atomic_store(pointer(w, RPTR), seen * 32ULL);
		pause_ms(1);
	}
	assert_true(post(w, posted));
	assert_int_equal(counter_get(&w->counters, VKFD_STAT_IH_ENTRIES), posted + 1);
	assert_int_equal(counter_get(&w->counters, VKFD_STAT_IH_FULL), posted - ENTRIES);
}

/* A driver that follows the rule never sleeps on a non-empty ring. */
struct consumer {
	struct world *w;
	u32 total;
	u32 seen;
};

static void *consume(void *opaque)
{
	struct consumer *c = opaque;
	u32 handled = 0;

	for (int idle = 0; c->seen < c->total && idle < 4000;) {
		u32 raised = atomic_load(&c->w->raised);

		if (raised == handled) {
			idle++;
			pause_ms(1);
			continue;
		}
		idle = 0;
		handled = raised;
		for (u64 at = c->seen * 32ULL; at < atomic_load(pointer(c->w, WPTR)); at += 32) {
			assert_int_equal(slot(c->w, at)->data[0], c->seen);
			c->seen++;
			atomic_store(pointer(c->w, RPTR), c->seen * 32ULL);
		}
	}
	return NULL;
}

static void interrupts_alone_wake_a_fair_driver(void **state)
{
	struct world *w = *state;
	struct consumer consumer = { w, 20000, 0 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, consume, &consumer), 0);
	for (u32 i = 0; i < consumer.total; i++) {
		while (!post(w, i))
			pause_ms(1);
	}
	pthread_join(thread, NULL);
	assert_int_equal(consumer.seen, consumer.total);
}

static void impossible_read_pointer_stops_ring(void **state)
{
	static const u64 bad[] = { 64, 1, ~0ULL, 1ULL << 63 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct world *w = *state;

		atomic_store(pointer(w, RPTR), 0);
		assert_true(ih_enable(w->ih, &ring));
		atomic_store(&w->error_info, 0);
		atomic_store(pointer(w, RPTR), bad[i]);
		assert_true(post(w, 0));
		assert_int_not_equal(atomic_load(&w->error_info), 0);
		/* Dropped, not crashed. */
		assert_true(post(w, 1));
	}
}

static void withdrawn_memory_is_an_error(void **state)
{
	struct world *w = *state;

	guest_mem_unmap_all(w->guest);
	assert_true(post(w, 0));
	assert_int_not_equal(atomic_load(&w->error_info), 0);
}

static void unacceptable_rings_are_refused(void **state)
{
	struct world *w = *state;
	struct ih_ring bad[] = {
		{ BUS, 2048, BUS + WPTR, BUS + RPTR },	 { BUS, 0, BUS + WPTR, BUS + RPTR },
		{ BUS, 12288, BUS + WPTR, BUS + RPTR },	 { BUS, 1 << 25, BUS + WPTR, BUS + RPTR },
		{ BUS + 8, 4096, BUS + WPTR, BUS + RPTR }, { BUS, 4096, BUS + WPTR + 4, BUS + RPTR },
		{ BUS, 4096, BUS + WPTR, BUS + RPTR + 1 }, { ~4095ULL, 4096, BUS + WPTR, BUS },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ih_enable(w->ih, &bad[i]));
	assert_true(post(w, 0));
	assert_int_equal(ih_wptr(w->ih), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(entry_has_all_fields),
		CASE(interrupt_only_when_driver_had_emptied_ring),
		CASE(full_ring_keeps_order_and_loses_nothing),
		CASE(interrupts_alone_wake_a_fair_driver),
		CASE(impossible_read_pointer_stops_ring),
		CASE(withdrawn_memory_is_an_error),
		CASE(unacceptable_rings_are_refused),
	};

	return cmocka_run_group_tests_name("ih", tests, NULL, NULL);
}
