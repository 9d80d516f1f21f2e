// SPDX-License-Identifier: MIT
/* SVM attributes: KFD's rules for setting, splitting, merging and asking. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu.h"
#include "mm.h"
#include "raw.h"

enum {
	PREFERRED = KFD_IOCTL_SVM_ATTR_PREFERRED_LOC,
	PREFETCH = KFD_IOCTL_SVM_ATTR_PREFETCH_LOC,
	ACCESS = KFD_IOCTL_SVM_ATTR_ACCESS,
	IN_PLACE = KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE,
	NO_ACCESS = KFD_IOCTL_SVM_ATTR_NO_ACCESS,
	SET_FLAGS = KFD_IOCTL_SVM_ATTR_SET_FLAGS,
	CLR_FLAGS = KFD_IOCTL_SVM_ATTR_CLR_FLAGS,
	GRANULARITY = KFD_IOCTL_SVM_ATTR_GRANULARITY,
	RO = KFD_IOCTL_SVM_FLAG_GPU_RO,
	EXEC = KFD_IOCTL_SVM_FLAG_GPU_EXEC,
};

/* A process with 64 untouched pages. */
struct place {
	struct raw r;
	char *p;
	int kfd;
	u32 gpu;
};

static void place_start(struct place *x, bool xnack)
{
	raw_start(&x->r);
	x->kfd = x->r.kfd;
	x->gpu = x->r.gpu.gpu_id;
	assert_int_equal(kfd_xnack(x->kfd, xnack), xnack);
	x->p = mm_map(64 * PAGE);
}

static void assert_defaults(struct place *x, bool xnack, const char *addr, size_t bytes)
{
	assert_int_equal(svm_get(x->kfd, addr, bytes, PREFERRED), SVM_UNDEFINED);
	assert_int_equal(svm_get(x->kfd, addr, bytes, PREFETCH), SVM_UNDEFINED);
	assert_int_equal(svm_get(x->kfd, addr, bytes, GRANULARITY), 9);
	assert_int_equal(svm_get(x->kfd, addr, bytes, SET_FLAGS), SVM_FLAG_DEFAULTS);
	assert_int_equal(svm_get(x->kfd, addr, bytes, CLR_FLAGS), (u32)~SVM_FLAG_DEFAULTS);
	assert_int_equal(svm_get_access(x->kfd, addr, bytes, x->gpu), xnack ? ACCESS : NO_ACCESS);
}

static void get_unregistered_returns_defaults(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	assert_defaults(&x, xnack, x.p, 64 * PAGE);
	/* Asking does not register anything. */
	assert_defaults(&x, xnack, x.p, PAGE);
}

static void set_then_get_returns_what_was_set(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	assert_ok(svm_set(x.kfd, x.p, 8 * PAGE, { PREFERRED, x.gpu }, { GRANULARITY, 5 },
			  { SET_FLAGS, RO | EXEC }, { CLR_FLAGS, KFD_IOCTL_SVM_FLAG_COHERENT },
			  { IN_PLACE, x.gpu }));
	assert_int_equal(svm_get(x.kfd, x.p, 8 * PAGE, PREFERRED), x.gpu);
	assert_int_equal(svm_get(x.kfd, x.p, 8 * PAGE, GRANULARITY), 5);
	assert_int_equal(svm_get(x.kfd, x.p, 8 * PAGE, SET_FLAGS),
			 KFD_IOCTL_SVM_FLAG_HOST_ACCESS | RO | EXEC);
	assert_int_equal(svm_get_access(x.kfd, x.p, 8 * PAGE, x.gpu), IN_PLACE);
	assert_int_equal(svm_get(x.kfd, x.p, 8 * PAGE, PREFETCH), SVM_UNDEFINED);
	assert_defaults(&x, xnack, x.p + 8 * PAGE, 8 * PAGE);
}

static void access_kinds_exclude_each_other(int xnack)
{
	static const u32 kinds[] = { ACCESS, IN_PLACE, NO_ACCESS, ACCESS, NO_ACCESS, IN_PLACE };
	struct place x;

	place_start(&x, xnack);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_ok(svm_set(x.kfd, x.p, 4 * PAGE, { kinds[i], x.gpu }));
		assert_int_equal(svm_get_access(x.kfd, x.p, 4 * PAGE, x.gpu), kinds[i]);
	}
}

static void set_middle_splits_and_keeps_both_edges(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	assert_ok(svm_set(x.kfd, x.p, 16 * PAGE, { GRANULARITY, 5 }, { PREFERRED, x.gpu }));
	assert_ok(svm_set(x.kfd, x.p + 4 * PAGE, 4 * PAGE, { GRANULARITY, 3 }));
	assert_int_equal(svm_get(x.kfd, x.p, 4 * PAGE, GRANULARITY), 5);
	assert_int_equal(svm_get(x.kfd, x.p + 4 * PAGE, 4 * PAGE, GRANULARITY), 3);
	assert_int_equal(svm_get(x.kfd, x.p + 8 * PAGE, 8 * PAGE, GRANULARITY), 5);
	/* What was not named stays the same over all three pieces. */
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, PREFERRED), x.gpu);
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, GRANULARITY), 3);
}

static void set_same_over_pieces_merges_the_answer(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	for (int i = 0; i < 16; i++)
		assert_ok(svm_set(x.kfd, x.p + i * PAGE, PAGE, { PREFERRED, i % 2 ? x.gpu : 0 }));
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, PREFERRED), SVM_UNDEFINED);
	assert_ok(svm_set(x.kfd, x.p, 16 * PAGE, { PREFERRED, x.gpu }));
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, PREFERRED), x.gpu);
}

static void get_mixed_returns_the_common_part(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	assert_ok(svm_set(x.kfd, x.p, 8 * PAGE, { PREFERRED, 0 }, { SET_FLAGS, RO }, { ACCESS, x.gpu }));
	assert_ok(svm_set(x.kfd, x.p + 8 * PAGE, 8 * PAGE, { PREFERRED, x.gpu }, { SET_FLAGS, EXEC }, { IN_PLACE, x.gpu }));
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, PREFERRED), SVM_UNDEFINED);
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, SET_FLAGS), SVM_FLAG_DEFAULTS);
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, CLR_FLAGS), (u32)~(SVM_FLAG_DEFAULTS | RO | EXEC));
	assert_int_equal(svm_get_access(x.kfd, x.p, 16 * PAGE, x.gpu), NO_ACCESS);
	/* Pages without a piece are ignored as soon as there is one. */
	assert_int_equal(svm_get(x.kfd, x.p + 8 * PAGE, 32 * PAGE, PREFERRED), x.gpu);
	assert_int_equal(svm_get_access(x.kfd, x.p + 8 * PAGE, 32 * PAGE, x.gpu), IN_PLACE);
}

static void prefetch_location_is_remembered(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	memset(x.p, 1, 4 * PAGE);
	assert_ok(svm_set(x.kfd, x.p, 4 * PAGE, { ACCESS, x.gpu }, { PREFETCH, x.gpu }));
	assert_int_equal(svm_get(x.kfd, x.p, 4 * PAGE, PREFETCH), x.gpu);
	assert_ok(svm_set(x.kfd, x.p, 2 * PAGE, { PREFETCH, 0 }));
	assert_int_equal(svm_get(x.kfd, x.p, 2 * PAGE, PREFETCH), 0);
	assert_int_equal(svm_get(x.kfd, x.p, 4 * PAGE, PREFETCH), SVM_UNDEFINED);
}

static void attributes_apply_in_array_order(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	assert_ok(svm_set(x.kfd, x.p, PAGE, { CLR_FLAGS, 0xffffffae }, { SET_FLAGS, 0x51 }));
	assert_int_equal(svm_get(x.kfd, x.p, PAGE, SET_FLAGS), 0x51);
	assert_ok(svm_set(x.kfd, x.p, PAGE, { SET_FLAGS, RO }, { CLR_FLAGS, RO }, { GRANULARITY, 1 }, { GRANULARITY, 4 }));
	assert_int_equal(svm_get(x.kfd, x.p, PAGE, SET_FLAGS), 0x51);
	assert_int_equal(svm_get(x.kfd, x.p, PAGE, GRANULARITY), 4);
	assert_ok(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 0xff }));
	assert_int_equal(svm_get(x.kfd, x.p, PAGE, GRANULARITY), 0x3f);
}

/* One wrong attribute in the list: none of the list is applied. */
static void set_bad_attribute_applies_nothing(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { 8, 0 }), EINVAL);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { 0xffffffff, 0 }), EINVAL);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { ACCESS, 0xdead }), EINVAL);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { IN_PLACE, 0 }), EINVAL);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { NO_ACCESS, 0xdead }), EINVAL);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { PREFERRED, 0xdead }), EINVAL);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { PREFETCH, 0xdead }), EINVAL);
	assert_errno(svm_set(x.kfd, x.p, PAGE, { GRANULARITY, 3 }, { PREFETCH, SVM_UNDEFINED }), EINVAL);
	assert_defaults(&x, xnack, x.p, PAGE);
	assert_ok(svm_set(x.kfd, x.p, PAGE, { PREFERRED, SVM_UNDEFINED }));
}

static void get_bad_attribute_is_einval(int arg)
{
	struct kfd_ioctl_svm_attribute bad[] = {
		{ IN_PLACE, 0 }, { NO_ACCESS, 0 }, { 8, 0 }, { ACCESS, 0xdead }, { ACCESS, 0 },
	};
	struct place x;

	place_start(&x, false);
	bad[0].value = bad[1].value = x.gpu;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_errno(kfd_svm(x.kfd, KFD_IOCTL_SVM_OP_GET_ATTR, x.p, PAGE, &bad[i], 1), EINVAL);
}

static void bad_interval_is_refused(int arg)
{
	struct kfd_ioctl_svm_attribute a = { GRANULARITY, 3 };
	void *io;
	struct place x;

	place_start(&x, false);
	for (u32 op = KFD_IOCTL_SVM_OP_SET_ATTR; op <= KFD_IOCTL_SVM_OP_GET_ATTR; op++) {
		assert_errno(kfd_svm(x.kfd, op, x.p + 1, PAGE, &a, 1), EINVAL);
		assert_errno(kfd_svm(x.kfd, op, x.p, PAGE + 1, &a, 1), EINVAL);
		assert_errno(kfd_svm(x.kfd, op, x.p, 0, &a, 1), EINVAL);
		assert_errno(kfd_svm(x.kfd, op, NULL, PAGE, &a, 1), EINVAL);
		assert_errno(kfd_svm(x.kfd, op, (void *)PAGE, PAGE, &a, 1), EFAULT);
		assert_true(kfd_svm(x.kfd, op, x.p, ~0xfffull, &a, 1) < 0);
		assert_true(kfd_svm(x.kfd, op, (void *)~0xfffull, PAGE, &a, 1) < 0);
	}
	assert_errno(kfd_svm(x.kfd, 2, x.p, PAGE, &a, 1), EINVAL);
	io = mmap(NULL, KFD_DOORBELL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, x.kfd,
		  (off_t)KFD_MMAP_DOORBELL(x.gpu));
	assert_ptr_not_equal(io, MAP_FAILED);
	assert_errno(kfd_svm(x.kfd, KFD_IOCTL_SVM_OP_SET_ATTR, io, PAGE, &a, 1), EFAULT);
	assert_defaults(&x, false, x.p, 64 * PAGE);
}

static void list_longer_than_the_argument_is_einval(int arg)
{
	struct {
		struct kfd_ioctl_svm_args args;
		struct kfd_ioctl_svm_attribute attrs[2];
	} a = { { .size = PAGE, .op = KFD_IOCTL_SVM_OP_SET_ATTR }, { { GRANULARITY, 3 } } };
	struct place x;

	place_start(&x, false);
	a.args.start_addr = (u64)(uintptr_t)x.p;
	a.args.nattr = 2;
	assert_errno(kfd_ioctl_sized(x.kfd, 0x20, sizeof(a.args) + 8, &a), EINVAL);
	a.args.nattr = 0xffffffff;
	assert_errno(kfd_ioctl_sized(x.kfd, 0x20, sizeof(a), &a), EINVAL);
	a.args.nattr = 0x20000001;	/* times 8 is 8 in 32 bits */
	assert_errno(kfd_ioctl_sized(x.kfd, 0x20, sizeof(a), &a), EINVAL);
	assert_defaults(&x, false, x.p, PAGE);
}

static void set_over_a_hole_is_efault_and_applies_nothing(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	mm_unmap(x.p + 8 * PAGE, PAGE);
	assert_errno(svm_set(x.kfd, x.p, 16 * PAGE, { GRANULARITY, 3 }), EFAULT);
	assert_defaults(&x, xnack, x.p, 8 * PAGE);
	assert_defaults(&x, xnack, x.p + 9 * PAGE, 8 * PAGE);
}

static void set_over_several_vmas_is_one_interval(int xnack)
{
	struct place x;

	place_start(&x, xnack);
	mm_protect(x.p + 4 * PAGE, 4 * PAGE, PROT_READ);
	mm_protect(x.p + 12 * PAGE, 4 * PAGE, PROT_READ | PROT_EXEC);
	assert_ok(svm_set(x.kfd, x.p, 20 * PAGE, { GRANULARITY, 6 }));
	assert_int_equal(svm_get(x.kfd, x.p, 20 * PAGE, GRANULARITY), 6);
}

static void munmap_forgets_attributes(int xnack)
{
	struct place x;
	char *again;

	place_start(&x, xnack);
	assert_ok(svm_set(x.kfd, x.p, 64 * PAGE, { GRANULARITY, 3 }, { IN_PLACE, x.gpu }));
	mm_unmap(x.p + 16 * PAGE, 16 * PAGE);
	again = mmap(x.p + 16 * PAGE, 16 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(again, x.p + 16 * PAGE);
	assert_defaults(&x, xnack, again, 16 * PAGE);
	assert_int_equal(svm_get(x.kfd, x.p, 16 * PAGE, GRANULARITY), 3);
	assert_int_equal(svm_get(x.kfd, x.p + 32 * PAGE, 32 * PAGE, GRANULARITY), 3);
}

static void mremap_forgets_attributes_at_the_old_place(int xnack)
{
	struct place x;
	char *room, *moved;

	place_start(&x, xnack);
	memset(x.p, 7, 8 * PAGE);
	room = mm_map(8 * PAGE);
	assert_ok(svm_set(x.kfd, x.p, 8 * PAGE, { GRANULARITY, 3 }));
	moved = mremap(x.p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	assert_ptr_equal(moved, room);
	assert_defaults(&x, xnack, moved, 8 * PAGE);
	assert_ptr_equal(mmap(x.p, 8 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), x.p);
	assert_defaults(&x, xnack, x.p, 8 * PAGE);
}

static void xnack_switch_keeps_attributes(int arg)
{
	struct place x;

	place_start(&x, false);
	assert_ok(svm_set(x.kfd, x.p, 8 * PAGE, { GRANULARITY, 4 }, { IN_PLACE, x.gpu }));
	assert_int_equal(kfd_xnack(x.kfd, 1), 1);
	assert_int_equal(svm_get(x.kfd, x.p, 8 * PAGE, GRANULARITY), 4);
	assert_int_equal(svm_get_access(x.kfd, x.p, 8 * PAGE, x.gpu), IN_PLACE);
	assert_int_equal(svm_get_access(x.kfd, x.p + 8 * PAGE, PAGE, x.gpu), ACCESS);
	assert_int_equal(kfd_xnack(x.kfd, 0), 0);
	assert_int_equal(svm_get_access(x.kfd, x.p + 8 * PAGE, PAGE, x.gpu), NO_ACCESS);
}

static void libhsakmt_speaks_in_node_numbers(int arg)
{
	HSA_SVM_ATTRIBUTE set[] = { { HSA_SVM_ATTR_PREFERRED_LOC, 0 }, { HSA_SVM_ATTR_ACCESS, 0 } };
	HSA_SVM_ATTRIBUTE get[] = { { HSA_SVM_ATTR_PREFERRED_LOC, 0 }, { HSA_SVM_ATTR_ACCESS, 0 } };
	struct session s;
	void *p;

	session_start(&s, false);
	p = mm_map(4 * PAGE);
	set[0].value = set[1].value = get[1].value = s.gpu[0].node;
	assert_hsa(hsaKmtSVMSetAttr(p, 4 * PAGE, 2, set));
	assert_hsa(hsaKmtSVMGetAttr(p, 4 * PAGE, 2, get));
	assert_int_equal(get[0].value, s.gpu[0].node);
	assert_int_equal(get[1].type, HSA_SVM_ATTR_ACCESS);
	assert_int_equal(svm_get(s.kfd, p, PAGE, PREFERRED), s.gpu[0].gpu_id);
}

/* The same rules, naively: one value per page. */
enum { MODEL_PAGES = 48 };
struct model_page {
	bool piece;
	u32 preferred, flags, granularity, access;
};

static void model_set(struct model_page *m, u32 first, u32 nr, bool xnack, u32 type, u32 value)
{
	for (u32 i = first; i < first + nr; i++) {
		if (!m[i].piece)
			m[i] = (struct model_page){ true, SVM_UNDEFINED, SVM_FLAG_DEFAULTS, 9,
						    xnack ? ACCESS : NO_ACCESS };
		if (type == PREFERRED)
			m[i].preferred = value;
		else if (type == GRANULARITY)
			m[i].granularity = value;
		else if (type == SET_FLAGS)
			m[i].flags |= value;
		else if (type == CLR_FLAGS)
			m[i].flags &= ~value;
		else
			m[i].access = type;
	}
}

/* What GET must answer for all of [first, first + nr). */
static struct model_page model_get(const struct model_page *m, u32 first, u32 nr, bool xnack, u32 *or_flags)
{
	struct model_page out = { false, SVM_UNDEFINED, SVM_FLAG_DEFAULTS, 9, xnack ? ACCESS : NO_ACCESS };

	*or_flags = SVM_FLAG_DEFAULTS;
	for (u32 i = first; i < first + nr; i++) {
		if (!m[i].piece)
			continue;
		if (!out.piece) {
			out = m[i];
			*or_flags = m[i].flags;
			continue;
		}
		out.preferred = out.preferred == m[i].preferred ? out.preferred : SVM_UNDEFINED;
		out.flags &= m[i].flags;
		*or_flags |= m[i].flags;
		out.granularity = m[i].granularity < out.granularity ? m[i].granularity : out.granularity;
		out.access = out.access == m[i].access ? out.access : NO_ACCESS;
	}
	return out;
}

static void model_compare(struct place *x, const struct model_page *m, bool xnack)
{
	u32 first = (u32)(harness_random() % MODEL_PAGES);
	u32 nr = 1 + (u32)(harness_random() % (MODEL_PAGES - first));
	char *addr = x->p + first * PAGE;
	u32 or_flags;
	struct model_page want = model_get(m, first, nr, xnack, &or_flags);

	assert_int_equal(svm_get(x->kfd, addr, nr * PAGE, PREFERRED), want.preferred);
	assert_int_equal(svm_get(x->kfd, addr, nr * PAGE, GRANULARITY), want.granularity);
	assert_int_equal(svm_get(x->kfd, addr, nr * PAGE, SET_FLAGS), want.flags);
	assert_int_equal(svm_get(x->kfd, addr, nr * PAGE, CLR_FLAGS), ~or_flags);
	assert_int_equal(svm_get_access(x->kfd, addr, nr * PAGE, x->gpu), want.access);
}

static void random_sets_match_a_page_by_page_model(int xnack)
{
	static const u32 types[] = { PREFERRED, GRANULARITY, SET_FLAGS, CLR_FLAGS, ACCESS, IN_PLACE, NO_ACCESS };
	struct model_page model[MODEL_PAGES] = { { false } };
	struct place x;

	place_start(&x, xnack);
	for (int i = 0; i < 400; i++) {
		u32 first = (u32)(harness_random() % MODEL_PAGES);
		u32 nr = 1 + (u32)(harness_random() % (MODEL_PAGES - first));
		u32 type = types[harness_random() % ARRAY_LEN(types)];
		u32 value = (u32)(harness_random() % 16);

		if (type == PREFERRED)
			value = (u32[]){ 0, x.gpu, SVM_UNDEFINED }[value % 3];
		else if (type == SET_FLAGS || type == CLR_FLAGS)
			value = 1u << (2 + value % 4);	/* not HOST_ACCESS, not COHERENT, not ALWAYS_MAPPED */
		else if (type != GRANULARITY)
			value = x.gpu;
		assert_ok(svm_set(x.kfd, x.p + first * PAGE, nr * PAGE, { type, value }));
		model_set(model, first, nr, xnack, type, value);
		model_compare(&x, model, xnack);
	}
}

static const struct guest_test tests[] = {
	TEST_XNACK(get_unregistered_returns_defaults),
	TEST_XNACK(set_then_get_returns_what_was_set),
	TEST_XNACK(access_kinds_exclude_each_other),
	TEST_XNACK(set_middle_splits_and_keeps_both_edges),
	TEST_XNACK(set_same_over_pieces_merges_the_answer),
	TEST_XNACK(get_mixed_returns_the_common_part),
	TEST_XNACK(prefetch_location_is_remembered),
	TEST_XNACK(attributes_apply_in_array_order),
	TEST_XNACK(set_bad_attribute_applies_nothing),
	TEST(get_bad_attribute_is_einval),
	TEST(bad_interval_is_refused),
	TEST(list_longer_than_the_argument_is_einval),
	TEST_XNACK(set_over_a_hole_is_efault_and_applies_nothing),
	TEST_XNACK(set_over_several_vmas_is_one_interval),
	TEST_XNACK(munmap_forgets_attributes),
	TEST_XNACK(mremap_forgets_attributes_at_the_old_place),
	TEST(xnack_switch_keeps_attributes),
	TEST(libhsakmt_speaks_in_node_numbers),
	TEST_XNACK(random_sets_match_a_page_by_page_model),
};
HARNESS_MAIN(tests)
