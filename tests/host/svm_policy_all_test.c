// SPDX-License-Identifier: MIT
/*
 * Every situation of three GPUs: the policy against its rules, written a second
 * time as a list of "if this holds, then there", and against what must hold
 * whatever the rules say. Also: every small window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "svm/svm_policy.c"

#define GPUS 3u
#define UNDEFINED KFD_IOCTL_SVM_LOCATION_UNDEFINED
#define SYSTEM KFD_IOCTL_SVM_LOCATION_SYSMEM
#define BYTES 65536u

/* Where a location attribute can point: nowhere, RAM, three GPUs, one that left. */
#define LOCATIONS (GPUS + 3)
static u32 location(unsigned int n)
{
	if (n < GPUS)
		return 100 + n;
	return n == GPUS ? UNDEFINED : n == GPUS + 1 ? SYSTEM : 9999;
}

struct world {
	struct vkfd_svm_gpu_facts gpus[GPUS];
	struct vkfd_svm_values values;
	struct vkfd_svm_situation now;
	unsigned int preferred, prefetch;	/* numbers for location() */
};

/* Bits of a number, taken one after the other. */
static unsigned int take(unsigned int *code, unsigned int kinds)
{
	unsigned int n = *code % kinds;

	*code /= kinds;
	return n;
}

/* Links are mutual, and of three GPUs each pair may have one or not. */
static void set_links(struct world *w, unsigned int links)
{
	static const unsigned int pair[GPUS][2] = { { 0, 1 }, { 1, 2 }, { 0, 2 } };

	for (unsigned int n = 0; n < GPUS; n++)
		w->gpus[n].linked = 1u << n;
	for (unsigned int n = 0; n < GPUS; n++) {
		if (!(links & 1u << n))
			continue;
		w->gpus[pair[n][0]].linked |= 1u << pair[n][1];
		w->gpus[pair[n][1]].linked |= 1u << pair[n][0];
	}
}

/* Situation number @code; false if there are no more. */
static bool world_make(struct world *w, unsigned int code)
{
	unsigned int room;

	*w = (struct world){ 0 };
	w->now.values = &w->values;
	w->now.gpus = w->gpus;
	w->now.nr_gpus = GPUS;
	w->now.bytes = BYTES;
	w->now.slot = take(&code, GPUS);
	w->preferred = take(&code, LOCATIONS);
	w->values.preferred = location(w->preferred);
	w->values.prefetch = UNDEFINED;
	for (unsigned int n = 0; n < GPUS; n++) {
		unsigned int right = take(&code, 3);

		w->values.access |= (right == 1) << n;
		w->values.in_place |= (right == 2) << n;
		w->gpus[n].gpu_id = 100 + n;
	}
	set_links(w, take(&code, 8));
	room = take(&code, 8);
	for (unsigned int n = 0; n < GPUS; n++)
		w->gpus[n].room = room & 1u << n ? BYTES : BYTES - 1;
	w->now.anonymous = take(&code, 2);
	w->now.cpu_home = take(&code, 2);
	w->now.stuck = take(&code, 2);
	w->now.xnack = take(&code, 2);
	w->now.pinned = take(&code, 2);
	return !code;
}

static bool links(const struct world *w, unsigned int a, unsigned int b)
{
	return w->gpus[a].linked & 1u << b;
}

static struct vkfd_svm_decision vram_or_stay(const struct world *w, unsigned int slot)
{
	bool possible = w->now.anonymous && !w->now.stuck && w->gpus[slot].room >= w->now.bytes;

	return (struct vkfd_svm_decision){ possible ? VKFD_SVM_TO_VRAM : VKFD_SVM_STAY,
					   possible ? slot : 0 };
}

/* docs/policy.md, "A GPU faults", top down: the first rule that fits. */
static struct vkfd_svm_decision fault_rules(const struct world *w)
{
	unsigned int self = w->now.slot;
	bool access = w->values.access & 1u << self, in_place = w->values.in_place & 1u << self;

	if (!access && !in_place)
		return (struct vkfd_svm_decision){ VKFD_SVM_DENY, 0 };
	if (w->values.preferred == SYSTEM)
		return (struct vkfd_svm_decision){ VKFD_SVM_TO_RAM, 0 };
	if (w->preferred < GPUS && links(w, self, w->preferred))
		return vram_or_stay(w, w->preferred);
	if (access && !w->now.cpu_home && !w->now.pinned)
		return vram_or_stay(w, self);
	return (struct vkfd_svm_decision){ VKFD_SVM_STAY, 0 };
}

/* What holds whatever the attributes are. */
static void fault_laws(const struct world *w, struct vkfd_svm_decision got)
{
	u32 rights = w->values.access | w->values.in_place;

	assert_int_equal(got.place == VKFD_SVM_DENY, !(rights & 1u << w->now.slot));
	if (got.place != VKFD_SVM_TO_VRAM)
		return;
	assert_true(got.slot < GPUS && links(w, w->now.slot, got.slot));
	assert_true(w->now.anonymous && !w->now.stuck);
	assert_true(w->gpus[got.slot].room >= w->now.bytes);
}

static void policy_each_fault_follows_the_rules(void **state)
{
	unsigned int code;
	struct world w;

	(void)state;
	for (code = 0; world_make(&w, code); code++) {
		struct vkfd_svm_decision got = vkfd_svm_decide_fault(&w.now);
		struct vkfd_svm_decision want = fault_rules(&w);

		if (got.place != want.place || got.slot != want.slot)
			fail_msg("situation %u: place %d slot %u, want %d %u", code, got.place,
				 got.slot, want.place, want.slot);
		fault_laws(&w, got);
	}
	assert_int_equal(code, 3 * LOCATIONS * 27 * 8 * 8 * 32);
}

/* "A program prefetches": can all that must share it reach the target? */
static struct vkfd_svm_decision prefetch_rules(const struct world *w)
{
	bool reached = w->prefetch < GPUS;

	if (w->values.prefetch == UNDEFINED)
		return (struct vkfd_svm_decision){ VKFD_SVM_STAY, 0 };
	for (unsigned int n = 0; n < GPUS && reached; n++) {
		bool sharer = w->values.in_place & 1u << n ||
			      (!w->now.xnack && w->values.access & 1u << n);

		reached = !sharer || links(w, n, w->prefetch);
	}
	return (struct vkfd_svm_decision){ reached ? VKFD_SVM_TO_VRAM : VKFD_SVM_TO_RAM,
					   reached ? w->prefetch : 0 };
}

static void policy_each_prefetch_follows_the_rules(void **state)
{
	unsigned int code;
	struct world w;

	(void)state;
	for (code = 0; world_make(&w, code); code++) {
		for (w.prefetch = 0; w.prefetch < LOCATIONS; w.prefetch++) {
			struct vkfd_svm_decision got, want;

			w.values.prefetch = location(w.prefetch);
			got = vkfd_svm_decide_prefetch(&w.now);
			want = prefetch_rules(&w);
			if (got.place != want.place || got.slot != want.slot)
				fail_msg("situation %u, to %u: place %d slot %u, want %d %u", code,
					 w.prefetch, got.place, got.slot, want.place, want.slot);
		}
	}
}

/* "A GPU uses RAM a lot": the first rule that fits. */
static struct vkfd_svm_decision hot_rules(const struct world *w)
{
	const struct vkfd_svm_decision stay = { VKFD_SVM_STAY, 0 };
	unsigned int self = w->now.slot, target = self;
	u32 right = 1u << self, sharers = w->values.in_place;

	if (!((w->values.access | w->values.in_place) & right) || w->values.preferred == SYSTEM ||
	    w->now.pinned || w->values.flags)
		return stay;
	if (w->preferred < GPUS && links(w, self, w->preferred))
		target = w->preferred;
	sharers |= w->now.xnack ? 0 : w->values.access;
	for (unsigned int n = 0; n < GPUS; n++)
		if (sharers & 1u << n && !links(w, n, target))
			return stay;
	return vram_or_stay(w, target);
}

static void policy_each_hot_block_follows_the_rules(void **state)
{
	unsigned int code;
	struct world w;

	(void)state;
	for (code = 0; world_make(&w, code); code++) {
		for (unsigned int mapped = 0; mapped < 2; mapped++) {
			struct vkfd_svm_decision got, want;

			w.values.flags = mapped ? KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED : 0;
			got = vkfd_svm_decide_hot(&w.now);
			want = hot_rules(&w);
			if (got.place != want.place || got.slot != want.slot)
				fail_msg("situation %u: place %d slot %u, want %d %u", code, got.place,
					 got.slot, want.place, want.slot);
		}
	}
}

/* "A GPU that works in RAM": nothing moves to it, and the others decide as if it were full. */
static void policy_an_apu_works_in_ram(void **state)
{
	struct world w;

	(void)state;
	for (unsigned int code = 0; world_make(&w, code); code++) {
		unsigned int apu = (w.now.slot + code % 2) % GPUS;
		bool right = (w.values.access | w.values.in_place) & 1u << w.now.slot;
		struct vkfd_svm_decision got, want;

		w.gpus[apu].system = true;
		w.gpus[apu].room = 0;
		got = vkfd_svm_decide_fault(&w.now);
		want = fault_rules(&w);
		if (apu == w.now.slot)
			want = (struct vkfd_svm_decision){ right ? VKFD_SVM_TO_RAM : VKFD_SVM_DENY, 0 };
		assert_int_equal(got.place, want.place);
		assert_int_equal(got.slot, want.slot);
		got = vkfd_svm_decide_hot(&w.now);
		assert_true(got.place != VKFD_SVM_TO_VRAM || got.slot != apu);
		for (w.prefetch = 0; w.prefetch < GPUS; w.prefetch++) {
			w.values.prefetch = location(w.prefetch);
			got = vkfd_svm_decide_prefetch(&w.now);
			want = prefetch_rules(&w);
			assert_int_equal(got.place, w.prefetch == apu ? VKFD_SVM_TO_RAM : want.place);
		}
	}
}

static void policy_each_small_window_is_the_aligned_block_inside_its_bounds(void **state)
{
	const u64 page = 4096, pages = 40;

	(void)state;
	for (u64 low = 0; low < pages; low++)
		for (u64 high = low + 1; high <= pages; high++)
			for (u64 at = low; at < high; at++)
				for (u32 g = 0; g < 7; g++) {
					u64 block = at >> g << g, start, end;

					vkfd_svm_window(at * page, g, low * page, high * page, &start, &end);
					assert_int_equal(start, (block > low ? block : low) * page);
					block += 1u << g;
					assert_int_equal(end, (block < high ? block : high) * page);
				}
}

static void policy_permissions_of_all_flags(void **state)
{
	(void)state;
	for (u32 flags = 0; flags < 256; flags++)
		for (int writable = 0; writable < 2; writable++) {
			u64 bits = vkfd_svm_permissions(flags, writable);
			bool exec = flags & KFD_IOCTL_SVM_FLAG_GPU_EXEC;
			bool ro = flags & KFD_IOCTL_SVM_FLAG_GPU_RO;

			assert_true(bits & VKFD_PTE_VALID && bits & VKFD_PTE_READABLE);
			assert_int_equal(!!(bits & VKFD_PTE_WRITEABLE), writable && !ro);
			assert_int_equal(!!(bits & VKFD_PTE_EXECUTABLE), exec);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_each_fault_follows_the_rules),
		cmocka_unit_test(policy_each_prefetch_follows_the_rules),
		cmocka_unit_test(policy_each_hot_block_follows_the_rules),
		cmocka_unit_test(policy_an_apu_works_in_ram),
		cmocka_unit_test(policy_each_small_window_is_the_aligned_block_inside_its_bounds),
		cmocka_unit_test(policy_permissions_of_all_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
