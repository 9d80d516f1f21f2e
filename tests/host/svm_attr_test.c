// SPDX-License-Identifier: MIT
/*
 * The attribute tree against examples and against a model: one value per page
 * in an array. The seed of the random test is printed; VKFD_SEED repeats it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "svm/svm_attr.c"

#define PAGE 4096ull
#define UNDEFINED KFD_IOCTL_SVM_LOCATION_UNDEFINED

static const struct vkfd_svm_values fresh = {
	.preferred = UNDEFINED,
	.prefetch = UNDEFINED,
	.flags = KFD_IOCTL_SVM_FLAG_HOST_ACCESS | KFD_IOCTL_SVM_FLAG_COHERENT,
	.granularity = 9,
};

static int set_pages(struct vkfd_svm_attrs *attrs, u64 first, u64 end, u32 type, u32 value)
{
	struct vkfd_svm_change change = { .type = type, .value = value };

	return vkfd_svm_attrs_set(attrs, first * PAGE, end * PAGE, &change, 1, &fresh);
}

static int clear_pages(struct vkfd_svm_attrs *attrs, u64 first, u64 end)
{
	return vkfd_svm_attrs_clear(attrs, first * PAGE, end * PAGE);
}

/* Checks that the tree is exactly these intervals of pages. */
static void expect_pieces(const struct vkfd_svm_attrs *attrs, const u64 (*pages)[2], size_t nr)
{
	const struct vkfd_svm_attr *attr = vkfd_svm_attrs_first(attrs, 0);

	for (size_t i = 0; i < nr; i++, attr = vkfd_svm_attrs_next(attr)) {
		assert_non_null(attr);
		assert_int_equal(attr->piece.start, pages[i][0] * PAGE);
		assert_int_equal(attr->piece.end, pages[i][1] * PAGE);
	}
	assert_null(attr);
	assert_int_equal(attrs->nr_pieces, nr);
}

#define EXPECT_PIECES(attrs, ...)                                                \
	do {                                                                     \
		static const u64 expected[][2] = { __VA_ARGS__ };                \
		expect_pieces(attrs, expected, sizeof(expected) / sizeof(expected[0])); \
	} while (0)

static int setup(void **state)
{
	static struct vkfd_svm_attrs attrs;

	shim_alloc_fail_at = 0;
	vkfd_svm_attrs_init(&attrs);
	*state = &attrs;
	return 0;
}

static int teardown(void **state)
{
	vkfd_svm_attrs_fini(*state);
	return shim_alloc_live != 0;
}

static void attr_split_middle_keeps_both_edges(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_piece piece;

	assert_int_equal(set_pages(attrs, 0, 10, KFD_IOCTL_SVM_ATTR_GRANULARITY, 5), 0);
	assert_int_equal(set_pages(attrs, 4, 6, KFD_IOCTL_SVM_ATTR_GRANULARITY, 3), 0);
	EXPECT_PIECES(attrs, { 0, 4 }, { 4, 6 }, { 6, 10 });
	assert_true(vkfd_svm_attrs_lookup(attrs, 3 * PAGE, &piece));
	assert_int_equal(piece.values.granularity, 5);
	assert_true(vkfd_svm_attrs_lookup(attrs, 4 * PAGE, &piece));
	assert_int_equal(piece.values.granularity, 3);
	assert_true(vkfd_svm_attrs_lookup(attrs, 6 * PAGE, &piece));
	assert_int_equal(piece.values.granularity, 5);
}

static void attr_equal_value_splits_nothing(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;

	assert_int_equal(set_pages(attrs, 0, 10, KFD_IOCTL_SVM_ATTR_GRANULARITY, 5), 0);
	assert_int_equal(set_pages(attrs, 4, 6, KFD_IOCTL_SVM_ATTR_GRANULARITY, 5), 0);
	EXPECT_PIECES(attrs, { 0, 10 });
}

static void attr_equal_neighbours_become_one(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;

	assert_int_equal(set_pages(attrs, 0, 4, KFD_IOCTL_SVM_ATTR_ACCESS, 1), 0);
	assert_int_equal(set_pages(attrs, 8, 12, KFD_IOCTL_SVM_ATTR_ACCESS, 1), 0);
	EXPECT_PIECES(attrs, { 0, 4 }, { 8, 12 });
	assert_int_equal(set_pages(attrs, 4, 8, KFD_IOCTL_SVM_ATTR_ACCESS, 1), 0);
	EXPECT_PIECES(attrs, { 0, 12 });
}

static void attr_set_over_gaps_fills_them_with_fresh_values(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_piece piece;

	assert_int_equal(set_pages(attrs, 2, 4, KFD_IOCTL_SVM_ATTR_GRANULARITY, 1), 0);
	assert_int_equal(set_pages(attrs, 6, 8, KFD_IOCTL_SVM_ATTR_GRANULARITY, 2), 0);
	assert_int_equal(set_pages(attrs, 0, 10, KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 7), 0);
	EXPECT_PIECES(attrs, { 0, 2 }, { 2, 4 }, { 4, 6 }, { 6, 8 }, { 8, 10 });
	assert_true(vkfd_svm_attrs_lookup(attrs, 5 * PAGE, &piece));
	assert_int_equal(piece.values.granularity, 9);
	assert_int_equal(piece.values.preferred, 7);
}

static void attr_access_kinds_exclude_each_other(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_piece piece;

	assert_int_equal(set_pages(attrs, 0, 1, KFD_IOCTL_SVM_ATTR_ACCESS, 2), 0);
	assert_int_equal(set_pages(attrs, 0, 1, KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, 2), 0);
	assert_true(vkfd_svm_attrs_lookup(attrs, 0, &piece));
	assert_int_equal(piece.values.access, 0);
	assert_int_equal(piece.values.in_place, 4);
	assert_int_equal(set_pages(attrs, 0, 1, KFD_IOCTL_SVM_ATTR_ACCESS, 2), 0);
	assert_true(vkfd_svm_attrs_lookup(attrs, 0, &piece));
	assert_int_equal(piece.values.access, 4);
	assert_int_equal(piece.values.in_place, 0);
	assert_int_equal(set_pages(attrs, 0, 1, KFD_IOCTL_SVM_ATTR_NO_ACCESS, 2), 0);
	assert_true(vkfd_svm_attrs_lookup(attrs, 0, &piece));
	assert_int_equal(piece.values.access | piece.values.in_place, 0);
}

static void attr_changes_apply_in_order(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_piece piece;
	static const struct vkfd_svm_change clear_set[] = {
		{ KFD_IOCTL_SVM_ATTR_CLR_FLAGS, 0xffffffae },
		{ KFD_IOCTL_SVM_ATTR_SET_FLAGS, 0x51 },
		{ KFD_IOCTL_SVM_ATTR_GRANULARITY, 0xff },
	};

	assert_int_equal(vkfd_svm_attrs_set(attrs, 0, PAGE, clear_set, 3, &fresh), 0);
	assert_true(vkfd_svm_attrs_lookup(attrs, 0, &piece));
	assert_int_equal(piece.values.flags, 0x51);
	assert_int_equal(piece.values.granularity, 0x3f);
}

static void attr_no_change_registers_pages(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;

	assert_int_equal(vkfd_svm_attrs_set(attrs, PAGE, 3 * PAGE, NULL, 0, &fresh), 0);
	EXPECT_PIECES(attrs, { 1, 3 });
}

static void attr_clear_middle_head_tail_and_all(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;

	assert_int_equal(set_pages(attrs, 0, 16, KFD_IOCTL_SVM_ATTR_ACCESS, 0), 0);
	assert_int_equal(clear_pages(attrs, 6, 8), 0);
	EXPECT_PIECES(attrs, { 0, 6 }, { 8, 16 });
	assert_int_equal(clear_pages(attrs, 0, 2), 0);
	EXPECT_PIECES(attrs, { 2, 6 }, { 8, 16 });
	assert_int_equal(clear_pages(attrs, 14, 20), 0);
	EXPECT_PIECES(attrs, { 2, 6 }, { 8, 14 });
	assert_int_equal(clear_pages(attrs, 5, 9), 0);
	EXPECT_PIECES(attrs, { 2, 5 }, { 9, 14 });
	assert_int_equal(clear_pages(attrs, 0, 100), 0);
	assert_null(vkfd_svm_attrs_first(attrs, 0));
}

static void attr_lookup_in_hole_gives_its_bounds(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_piece piece;

	assert_false(vkfd_svm_attrs_lookup(attrs, PAGE, &piece));
	assert_int_equal(piece.start, 0);
	assert_true(piece.end == U64_MAX);
	assert_int_equal(set_pages(attrs, 2, 4, KFD_IOCTL_SVM_ATTR_ACCESS, 0), 0);
	assert_int_equal(set_pages(attrs, 8, 9, KFD_IOCTL_SVM_ATTR_ACCESS, 0), 0);
	assert_false(vkfd_svm_attrs_lookup(attrs, 4 * PAGE, &piece));
	assert_int_equal(piece.start, 4 * PAGE);
	assert_int_equal(piece.end, 8 * PAGE);
	assert_false(vkfd_svm_attrs_lookup(attrs, 9 * PAGE, &piece));
	assert_int_equal(piece.start, 9 * PAGE);
	assert_true(piece.end == U64_MAX);
}

static void attr_summary_of_mixed_values(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_summary sum;

	vkfd_svm_attrs_summarize(attrs, 0, 100 * PAGE, &sum);
	assert_false(sum.any);

	assert_int_equal(set_pages(attrs, 0, 4, KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 5), 0);
	assert_int_equal(set_pages(attrs, 4, 8, KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 6), 0);
	assert_int_equal(set_pages(attrs, 2, 8, KFD_IOCTL_SVM_ATTR_ACCESS, 1), 0);
	assert_int_equal(set_pages(attrs, 0, 8, KFD_IOCTL_SVM_ATTR_ACCESS, 3), 0);
	assert_int_equal(set_pages(attrs, 2, 3, KFD_IOCTL_SVM_ATTR_SET_FLAGS, 8), 0);
	assert_int_equal(set_pages(attrs, 7, 8, KFD_IOCTL_SVM_ATTR_GRANULARITY, 2), 0);
	vkfd_svm_attrs_summarize(attrs, 0, 100 * PAGE, &sum);
	assert_true(sum.any);
	assert_int_equal(sum.preferred, UNDEFINED);
	assert_int_equal(sum.prefetch, UNDEFINED);
	assert_int_equal(sum.access, 1u << 3);
	assert_int_equal(sum.flags_all, fresh.flags);
	assert_int_equal(sum.flags_any, fresh.flags | 8);
	assert_int_equal(sum.granularity, 2);
	vkfd_svm_attrs_summarize(attrs, 4 * PAGE, 7 * PAGE, &sum);
	assert_int_equal(sum.preferred, 6);
	assert_int_equal(sum.access, 1u << 3 | 1u << 1);
}

/* Fails each allocation of a call in turn; the tree must not change. */
static void attr_failed_allocation_changes_nothing(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	int err = -ENOMEM;

	assert_int_equal(set_pages(attrs, 2, 6, KFD_IOCTL_SVM_ATTR_GRANULARITY, 1), 0);
	assert_int_equal(set_pages(attrs, 8, 12, KFD_IOCTL_SVM_ATTR_GRANULARITY, 2), 0);
	for (long nth = 1; err; nth++) {
		shim_alloc_fail_at = nth;
		err = set_pages(attrs, 0, 10, KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 3);
		shim_alloc_fail_at = 0;
		if (err)
			EXPECT_PIECES(attrs, { 2, 6 }, { 8, 12 });
		assert_true(nth < 10);
	}
	EXPECT_PIECES(attrs, { 0, 2 }, { 2, 6 }, { 6, 8 }, { 8, 10 }, { 10, 12 });
	shim_alloc_fail_at = 1;
	assert_int_equal(clear_pages(attrs, 3, 4), -ENOMEM);
	shim_alloc_fail_at = 0;
	EXPECT_PIECES(attrs, { 0, 2 }, { 2, 6 }, { 6, 8 }, { 8, 10 }, { 10, 12 });
}

static void attr_put_back_does_not_revive_unmapped_memory(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_saved saved;

	assert_int_equal(set_pages(attrs, 2, 8, KFD_IOCTL_SVM_ATTR_GRANULARITY, 1), 0);
	assert_int_equal(vkfd_svm_attrs_save(attrs, 0, 10 * PAGE, &saved), 0);
	assert_int_equal(set_pages(attrs, 0, 10, KFD_IOCTL_SVM_ATTR_GRANULARITY, 2), 0);
	assert_int_equal(clear_pages(attrs, 4, 6), 0);
	assert_false(vkfd_svm_attrs_put_back(attrs, &saved));
	EXPECT_PIECES(attrs, { 0, 4 }, { 6, 10 });
}

static void attr_failed_picture_takes_nothing(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	struct vkfd_svm_saved saved;

	assert_int_equal(set_pages(attrs, 2, 8, KFD_IOCTL_SVM_ATTR_GRANULARITY, 1), 0);
	for (long nth = 1; nth <= 3; nth++) {
		shim_alloc_fail_at = nth;
		assert_int_equal(vkfd_svm_attrs_save(attrs, 0, 10 * PAGE, &saved), -ENOMEM);
	}
	shim_alloc_fail_at = 0;
	assert_int_equal(vkfd_svm_attrs_save(attrs, 0, 10 * PAGE, &saved), 0);
	vkfd_svm_attrs_forget(&saved);
	EXPECT_PIECES(attrs, { 2, 8 });
}

static void attr_ends_of_the_address_space(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	u64 top = (1ull << 47) / PAGE;

	assert_int_equal(set_pages(attrs, 0, 1, KFD_IOCTL_SVM_ATTR_ACCESS, 0), 0);
	assert_int_equal(set_pages(attrs, top - 1, top, KFD_IOCTL_SVM_ATTR_ACCESS, 0), 0);
	assert_int_equal(clear_pages(attrs, 1, top - 1), 0);
	EXPECT_PIECES(attrs, { 0, 1 }, { (1ull << 35) - 1, 1ull << 35 });
}

/* ---- random operations against one value per page ---- */

#define MODEL_PAGES 200u
#define MODEL_STEPS 1000000u

struct model_page {
	bool present;
	struct vkfd_svm_values values;
};

static struct model_page model[MODEL_PAGES];
static u64 random_state;

static u32 random_below(u32 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 32) % limit;
}

static struct vkfd_svm_change random_change(void)
{
	/* Few values, so that neighbours are often equal. */
	static const u32 locations[] = { 0, UNDEFINED, 77 };
	struct vkfd_svm_change change = { .type = random_below(8) };

	switch (change.type) {
	case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
	case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
		change.value = locations[random_below(3)];
		break;
	case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
	case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
		change.value = 1u << random_below(3);
		break;
	case KFD_IOCTL_SVM_ATTR_GRANULARITY:
		change.value = random_below(2) ? 9 : 4;
		break;
	default:
		change.value = random_below(2);
	}
	return change;
}

/* Written apart from apply_one() on purpose: bits as KFD documents them. */
static void model_apply(struct vkfd_svm_values *v, struct vkfd_svm_change c)
{
	u32 bit = 1u << (c.value & 31);

	if (c.type == 0)
		v->preferred = c.value;
	else if (c.type == 1)
		v->prefetch = c.value;
	else if (c.type == 5)
		v->flags |= c.value;
	else if (c.type == 6)
		v->flags &= ~c.value;
	else if (c.type == 7)
		v->granularity = c.value;
	else {
		v->access = c.type == 2 ? v->access | bit : v->access & ~bit;
		v->in_place = c.type == 3 ? v->in_place | bit : v->in_place & ~bit;
	}
}

static void model_set(u32 first, u32 end, const struct vkfd_svm_change *changes, u32 nr)
{
	for (u32 page = first; page < end; page++) {
		if (!model[page].present)
			model[page].values = fresh;
		model[page].present = true;
		for (u32 i = 0; i < nr; i++)
			model_apply(&model[page].values, changes[i]);
	}
}

static void check_tree(const struct vkfd_svm_attrs *attrs)
{
	const struct vkfd_svm_attr *attr = vkfd_svm_attrs_first(attrs, 0);
	u32 page = 0;

	for (; attr; attr = vkfd_svm_attrs_next(attr)) {
		u32 first = attr->piece.start / PAGE, end = attr->piece.end / PAGE;

		assert_true(first < end && end <= MODEL_PAGES);
		for (; page < first; page++)
			assert_false(model[page].present);
		/* Minimal: an equal neighbour would have been joined. */
		if (first && model[first - 1].present)
			assert_memory_not_equal(&model[first - 1].values, &attr->piece.values,
						sizeof(attr->piece.values));
		for (; page < end; page++) {
			assert_true(model[page].present);
			assert_memory_equal(&model[page].values, &attr->piece.values,
					    sizeof(attr->piece.values));
		}
	}
	for (; page < MODEL_PAGES; page++)
		assert_false(model[page].present);
}

static u32 model_location(u32 first, u32 end, size_t field)
{
	u32 common = UNDEFINED;
	bool any = false;

	for (u32 page = first; page < end; page++) {
		u32 value = *(u32 *)((char *)&model[page].values + field);

		if (!model[page].present)
			continue;
		if (any && value != common)
			return UNDEFINED;
		common = value;
		any = true;
	}
	return common;
}

static void check_summary(const struct vkfd_svm_attrs *attrs, u32 first, u32 end)
{
	struct vkfd_svm_summary sum, want = {
		.access = ~0u, .in_place = ~0u, .flags_all = ~0u, .granularity = 0xff,
	};

	for (u32 page = first; page < end; page++) {
		const struct vkfd_svm_values *v = &model[page].values;

		if (!model[page].present)
			continue;
		want.any = true;
		want.access &= v->access;
		want.in_place &= v->in_place;
		want.flags_all &= v->flags;
		want.flags_any |= v->flags;
		if (v->granularity < want.granularity)
			want.granularity = v->granularity;
	}
	vkfd_svm_attrs_summarize(attrs, first * PAGE, end * PAGE, &sum);
	assert_int_equal(sum.any, want.any);
	assert_int_equal(sum.access, want.access);
	assert_int_equal(sum.in_place, want.in_place);
	assert_int_equal(sum.flags_all, want.flags_all);
	assert_int_equal(sum.flags_any, want.flags_any);
	assert_int_equal(sum.granularity, want.granularity);
	assert_int_equal(sum.preferred, model_location(first, end, 0));
	assert_int_equal(sum.prefetch, model_location(first, end, sizeof(u32)));
}

/* A set that is taken back, without memory: the tree is what the model still is. */
static void set_and_put_back(struct vkfd_svm_attrs *attrs, u32 first, u32 end,
			     const struct vkfd_svm_change *changes, u32 nr)
{
	struct vkfd_svm_saved saved;

	assert_int_equal(vkfd_svm_attrs_save(attrs, first * PAGE, end * PAGE, &saved), 0);
	assert_int_equal(vkfd_svm_attrs_set(attrs, first * PAGE, end * PAGE, changes, nr, &fresh), 0);
	shim_alloc_fail_at = 1;
	assert_true(vkfd_svm_attrs_put_back(attrs, &saved));
	shim_alloc_fail_at = 0;
}

static void random_step(struct vkfd_svm_attrs *attrs)
{
	u32 first = random_below(MODEL_PAGES);
	u32 end = first + 1 + random_below(MODEL_PAGES - first);
	struct vkfd_svm_change changes[4];
	u32 nr = random_below(5);

	switch (random_below(6)) {
	case 0:
		assert_int_equal(clear_pages(attrs, first, end), 0);
		for (u32 page = first; page < end; page++)
			model[page].present = false;
		break;
	case 1:
		check_summary(attrs, first, end);
		break;
	default:
		if (random_below(3)) /* mostly short */
			end = first + 1 + random_below(end - first > 8 ? 8 : end - first);
		for (u32 i = 0; i < nr; i++)
			changes[i] = random_change();
		if (!random_below(3)) {
			set_and_put_back(attrs, first, end, changes, nr);
			break;
		}
		assert_int_equal(vkfd_svm_attrs_set(attrs, first * PAGE, end * PAGE, changes, nr,
						    &fresh), 0);
		model_set(first, end, changes, nr);
	}
}

static void attr_random_operations_match_the_model(void **state)
{
	struct vkfd_svm_attrs *attrs = *state;
	const char *given = getenv("VKFD_SEED");

	random_state = given ? strtoull(given, NULL, 0) : (u64)time(NULL) * 2654435761u + 1;
	random_state |= 1; /* xorshift must not start at 0 */
	print_message("# seed 0x%llx (VKFD_SEED repeats it)\n", (unsigned long long)random_state);
	for (u32 step = 0; step < MODEL_STEPS; step++) {
		random_step(attrs);
		check_tree(attrs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attr_split_middle_keeps_both_edges, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_equal_value_splits_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_equal_neighbours_become_one, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_set_over_gaps_fills_them_with_fresh_values,
						setup, teardown),
		cmocka_unit_test_setup_teardown(attr_access_kinds_exclude_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_changes_apply_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_no_change_registers_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_clear_middle_head_tail_and_all, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_lookup_in_hole_gives_its_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_summary_of_mixed_values, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_failed_allocation_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_put_back_does_not_revive_unmapped_memory,
						setup, teardown),
		cmocka_unit_test_setup_teardown(attr_failed_picture_takes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_ends_of_the_address_space, setup, teardown),
		cmocka_unit_test_setup_teardown(attr_random_operations_match_the_model, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
