// SPDX-License-Identifier: MIT
/* The decision tables of svm_policy.c, row by row, and the fault window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "svm/svm_policy.c"

#define UNDEFINED KFD_IOCTL_SVM_LOCATION_UNDEFINED
#define SYSTEM KFD_IOCTL_SVM_LOCATION_SYSMEM
#define GPU0 1000u
#define GPU1 1001u	/* linked to GPU0 */
#define GPU2 1002u	/* linked to nobody */
#define APU 1003u	/* works in RAM */
#define WINDOW (2u << 20)

static const struct vkfd_svm_gpu_facts gpus[] = {
	{ .gpu_id = GPU0, .linked = 3, .room = 64u << 20 },
	{ .gpu_id = GPU1, .linked = 3, .room = 64u << 20 },
	{ .gpu_id = GPU2, .linked = 4, .room = WINDOW - 1 },
	{ .gpu_id = APU, .linked = 8, .system = true },
};

enum { CAN_MOVE = 0, NOT_ANONYMOUS = 1, CPU_HOME = 2, STUCK = 4 };

struct fault_row {
	const char *why;
	u32 slot, preferred, access, in_place, facts;
	enum vkfd_svm_place place;
	u32 target;
};

static const struct fault_row fault_rows[] = {
	{ "no access", 0, UNDEFINED, 0, 0, CAN_MOVE, VKFD_SVM_DENY, 0 },
	{ "access of another GPU only", 0, UNDEFINED, 2, 4, CAN_MOVE, VKFD_SVM_DENY, 0 },
	{ "preferred here does not give access", 0, GPU0, 0, 0, CAN_MOVE, VKFD_SVM_DENY, 0 },
	{ "access comes here", 0, UNDEFINED, 1, 0, CAN_MOVE, VKFD_SVM_TO_VRAM, 0 },
	{ "access comes here, slot 1", 1, UNDEFINED, 3, 0, CAN_MOVE, VKFD_SVM_TO_VRAM, 1 },
	{ "preferred here", 0, GPU0, 1, 0, CAN_MOVE, VKFD_SVM_TO_VRAM, 0 },
	{ "preferred here, in place", 0, GPU0, 0, 1, CAN_MOVE, VKFD_SVM_TO_VRAM, 0 },
	{ "preferred system", 0, SYSTEM, 1, 0, CAN_MOVE, VKFD_SVM_TO_RAM, 0 },
	{ "preferred system, in place", 0, SYSTEM, 0, 1, CAN_MOVE, VKFD_SVM_TO_RAM, 0 },
	{ "preferred linked peer", 0, GPU1, 1, 0, CAN_MOVE, VKFD_SVM_TO_VRAM, 1 },
	{ "preferred unlinked peer, access", 0, GPU2, 1, 0, CAN_MOVE, VKFD_SVM_TO_VRAM, 0 },
	{ "preferred unlinked peer, in place", 0, GPU2, 0, 1, CAN_MOVE, VKFD_SVM_STAY, 0 },
	{ "preferred GPU that left", 0, 4711, 1, 0, CAN_MOVE, VKFD_SVM_TO_VRAM, 0 },
	{ "in place stays", 0, UNDEFINED, 0, 1, CAN_MOVE, VKFD_SVM_STAY, 0 },
	{ "file mapping stays", 0, UNDEFINED, 1, 0, NOT_ANONYMOUS, VKFD_SVM_STAY, 0 },
	{ "heap and stack stay", 0, UNDEFINED, 1, 0, CPU_HOME, VKFD_SVM_STAY, 0 },
	{ "failed a moment ago", 0, UNDEFINED, 1, 0, STUCK, VKFD_SVM_STAY, 0 },
	{ "an APU works in RAM", 3, UNDEFINED, 8, 0, CAN_MOVE, VKFD_SVM_TO_RAM, 0 },
	{ "whatever it prefers", 3, APU, 8, 0, CAN_MOVE, VKFD_SVM_TO_RAM, 0 },
	{ "whatever is preferred", 3, GPU0, 0, 8, CAN_MOVE, VKFD_SVM_TO_RAM, 0 },
	{ "an APU without access", 3, UNDEFINED, 1, 0, CAN_MOVE, VKFD_SVM_DENY, 0 },
	{ "no room", 2, UNDEFINED, 4, 0, CAN_MOVE, VKFD_SVM_STAY, 0 },
};

static void policy_fault_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fault_rows) / sizeof(fault_rows[0]); i++) {
		const struct fault_row *row = &fault_rows[i];
		struct vkfd_svm_values values = {
			.preferred = row->preferred, .prefetch = UNDEFINED,
			.access = row->access, .in_place = row->in_place, .granularity = 9,
		};
		struct vkfd_svm_situation now = {
			.values = &values, .gpus = gpus, .nr_gpus = 4, .slot = row->slot,
			.bytes = WINDOW, .xnack = true,
			.anonymous = !(row->facts & NOT_ANONYMOUS),
			.cpu_home = row->facts & CPU_HOME, .stuck = row->facts & STUCK,
		};
		struct vkfd_svm_decision got = vkfd_svm_decide_fault(&now);

		if (got.place != row->place || got.slot != row->target)
			fail_msg("%s: place %d slot %u, want %d %u", row->why, got.place,
				 got.slot, row->place, row->target);
	}
}

struct prefetch_row {
	const char *why;
	u32 prefetch, access, in_place;
	bool xnack;
	enum vkfd_svm_place place;
	u32 target;
};

static const struct prefetch_row prefetch_rows[] = {
	{ "none asked", UNDEFINED, 1, 0, true, VKFD_SVM_STAY, 0 },
	{ "system", SYSTEM, 1, 0, true, VKFD_SVM_TO_RAM, 0 },
	{ "own GPU", GPU0, 1, 0, true, VKFD_SVM_TO_VRAM, 0 },
	{ "own GPU, nobody has access", GPU0, 0, 0, false, VKFD_SVM_TO_VRAM, 0 },
	{ "linked sharer in place", GPU1, 0, 1, true, VKFD_SVM_TO_VRAM, 1 },
	{ "unlinked sharer in place", GPU0, 0, 4, true, VKFD_SVM_TO_RAM, 0 },
	{ "unlinked sharer with access, XNACK", GPU0, 4, 0, true, VKFD_SVM_TO_VRAM, 0 },
	{ "unlinked sharer with access, no XNACK", GPU0, 4, 0, false, VKFD_SVM_TO_RAM, 0 },
	{ "linked sharer with access, no XNACK", GPU0, 2, 0, false, VKFD_SVM_TO_VRAM, 0 },
	{ "GPU that left", 4711, 1, 0, true, VKFD_SVM_TO_RAM, 0 },
	{ "an APU has no VRAM", APU, 8, 0, true, VKFD_SVM_TO_RAM, 0 },
};

static void policy_prefetch_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(prefetch_rows) / sizeof(prefetch_rows[0]); i++) {
		const struct prefetch_row *row = &prefetch_rows[i];
		struct vkfd_svm_values values = {
			.preferred = UNDEFINED, .prefetch = row->prefetch,
			.access = row->access, .in_place = row->in_place,
		};
		struct vkfd_svm_situation now = {
			.values = &values, .gpus = gpus, .nr_gpus = 4, .xnack = row->xnack,
			.anonymous = true,
		};
		struct vkfd_svm_decision got = vkfd_svm_decide_prefetch(&now);

		if (got.place != row->place || got.slot != row->target)
			fail_msg("%s: place %d slot %u, want %d %u", row->why, got.place,
				 got.slot, row->place, row->target);
	}
}

static void policy_required_follows_mode_and_flag(void **state)
{
	struct vkfd_svm_values values = { .access = 1, .in_place = 4 };

	(void)state;
	assert_int_equal(vkfd_svm_required(&values, false), 5);
	assert_int_equal(vkfd_svm_required(&values, true), 0);
	values.flags = KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED;
	assert_int_equal(vkfd_svm_required(&values, true), 5);
	assert_int_equal(vkfd_svm_required(&values, false), 5);
}

static void expect_window(u64 addr, u32 granularity, u64 low, u64 high, u64 start, u64 end)
{
	u64 got_start, got_end;

	vkfd_svm_window(addr, granularity, low, high, &got_start, &got_end);
	assert_true(got_start == start);
	assert_true(got_end == end);
}

static void policy_window_is_aligned_and_clamped(void **state)
{
	const u64 top = 1ull << 47;

	(void)state;
	expect_window(0x345000, 0, 0, top, 0x345000, 0x346000);
	expect_window(0x345000, 9, 0, top, 0x200000, 0x400000);
	expect_window(0x345000, 9, 0x300000, 0x350000, 0x300000, 0x350000);
	expect_window(0x345000, 14, 0, top, 0, 0x4000000);
	expect_window(0x345000, 0x1b, 0, top, 0, 1ull << 39);
	expect_window(0x345000, 0x3f, 0x1000, top, 0x1000, top);
	expect_window(0x345000, 51, 0x1000, top, 0x1000, top);
	expect_window(0x345000, 52, 0x1000, top, 0x1000, top);
	expect_window(top - 0x1000, 9, 0, top, top - 0x200000, top);
	expect_window(-0x1000ull, 9, 0, ~0ull, -0x200000ull, ~0ull);
}

static void policy_permissions_need_vma_and_flags(void **state)
{
	const u64 read = VKFD_PTE_VALID | VKFD_PTE_READABLE;

	(void)state;
	assert_true(vkfd_svm_permissions(0, false) == read);
	assert_true(vkfd_svm_permissions(0, true) == (read | VKFD_PTE_WRITEABLE));
	assert_true(vkfd_svm_permissions(KFD_IOCTL_SVM_FLAG_GPU_RO, true) == read);
	assert_true(vkfd_svm_permissions(KFD_IOCTL_SVM_FLAG_GPU_EXEC, false) ==
		    (read | VKFD_PTE_EXECUTABLE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_fault_table),
		cmocka_unit_test(policy_prefetch_table),
		cmocka_unit_test(policy_required_follows_mode_and_flag),
		cmocka_unit_test(policy_window_is_aligned_and_clamped),
		cmocka_unit_test(policy_permissions_need_vma_and_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
