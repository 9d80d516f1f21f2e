// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: the policy, printed
 *
 * Asks the functions of svm_policy.c for each kind of situation and prints their
 * answers as tables, so what is written is what is done. debugfs vkfd/policy
 * prints them in the guest, tools/gen/policy.sh into docs/policy.md. As pure as
 * what it prints: built on the host as well.
 */
#include <linux/kernel.h>
#include <linux/kfd_ioctl.h>

#include "svm_policy.h"
#include "svm_policy_table.h"

/* The situations have three GPUs: that of the question, a linked one, a stranger. */
enum { SELF, LINKED, STRANGER, GPUS };

#define GPU_ID(slot)	(1000u + (slot))
#define GONE_GPU	4711u
#define WINDOW		(2u << 20)
#define LINE_MAX	160

/** struct printer - where lines go */
struct printer {
	void (*line)(void *arg, const char *text);
	void *arg;
};

/** struct wish - a location that an attribute names */
struct wish {
	const char *name;
	u32 location;
};

static const struct wish wishes[] = {
	{ "undefined", KFD_IOCTL_SVM_LOCATION_UNDEFINED },
	{ "RAM", KFD_IOCTL_SVM_LOCATION_SYSMEM },
	{ "this GPU", GPU_ID(SELF) },
	{ "linked GPU", GPU_ID(LINKED) },
	{ "other GPU", GPU_ID(STRANGER) },
	{ "GPU that left", GONE_GPU },
};

/** struct right - what this GPU may do */
struct right {
	const char *name;
	u32 access, in_place;
};

static const struct right rights[] = {
	{ "none", 0, 0 },
	{ "access", BIT(SELF), 0 },
	{ "in place", 0, BIT(SELF) },
};

/** struct memory - what kind of memory it is; a column */
struct memory {
	const char *name;
	bool immovable, cpu_home, pinned;
};

static const struct memory memories[] = {
	{ .name = "can move" },
	{ .name = "cannot move", .immovable = true },
	{ .name = "heap, stack", .cpu_home = true },
	{ .name = "pinned", .pinned = true },
};

/** struct sharing - which GPUs share it with the target of a prefetch; a column */
struct sharing {
	const char *name;
	u32 access, in_place;
};

static const struct sharing sharings[] = {
	{ "nobody", 0, 0 },
	{ "linked, access", BIT(LINKED), 0 },
	{ "linked, in place", 0, BIT(LINKED) },
	{ "other, access", BIT(STRANGER), 0 },
	{ "other, in place", 0, BIT(STRANGER) },
};

static const struct vkfd_svm_gpu_facts gpus[GPUS] = {
	[SELF] = { GPU_ID(SELF), BIT(SELF) | BIT(LINKED), WINDOW, false },
	[LINKED] = { GPU_ID(LINKED), BIT(SELF) | BIT(LINKED), WINDOW, false },
	[STRANGER] = { GPU_ID(STRANGER), BIT(STRANGER), WINDOW, false },
};

static const char *place_name(struct vkfd_svm_decision decision)
{
	switch (decision.place) {
	case VKFD_SVM_STAY:
		return "stay";
	case VKFD_SVM_TO_RAM:
		return "RAM";
	case VKFD_SVM_DENY:
		return "deny";
	case VKFD_SVM_TO_VRAM:
		break;
	}
	switch (decision.slot) {
	case SELF:
		return "VRAM";
	case LINKED:
		return "peer VRAM";
	default:
		return "other VRAM";
	}
}

/* What one of the functions for a GPU's access says. */
typedef struct vkfd_svm_decision (*access_fn)(const struct vkfd_svm_situation *now);

static const char *access_answer(access_fn decide, const struct right *right,
				 const struct wish *preferred, const struct memory *memory)
{
	const struct vkfd_svm_values values = {
		.preferred = preferred->location,
		.prefetch = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
		.access = right->access,
		.in_place = right->in_place,
	};
	const struct vkfd_svm_situation now = {
		.values = &values,
		.gpus = gpus,
		.nr_gpus = GPUS,
		.slot = SELF,
		.bytes = WINDOW,
		.xnack = true,
		.anonymous = !memory->immovable,
		.cpu_home = memory->cpu_home,
		.pinned = memory->pinned,
	};

	return place_name(decide(&now));
}

static const char *prefetch_answer(const struct wish *wish, const struct sharing *sharing,
				   bool xnack)
{
	const struct vkfd_svm_values values = {
		.preferred = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
		.prefetch = wish->location,
		.access = sharing->access,
		.in_place = sharing->in_place,
	};
	const struct vkfd_svm_situation now = {
		.values = &values,
		.gpus = gpus,
		.nr_gpus = GPUS,
		.xnack = xnack,
		.anonymous = true,
	};

	return place_name(vkfd_svm_decide_prefetch(&now));
}

static void access_row(const struct printer *to, access_fn decide, const struct right *right,
		       const struct wish *preferred)
{
	char text[LINE_MAX];
	unsigned int i;
	int len = scnprintf(text, sizeof(text), "| %s | %s |", right->name, preferred->name);

	for (i = 0; i < ARRAY_SIZE(memories); i++)
		len += scnprintf(text + len, sizeof(text) - len, " %s |",
				 access_answer(decide, right, preferred, &memories[i]));
	to->line(to->arg, text);
}

static void access_table(const struct printer *to, access_fn decide)
{
	char text[LINE_MAX];
	unsigned int i, j;
	int len = scnprintf(text, sizeof(text), "| GPU's right | preferred |");

	for (i = 0; i < ARRAY_SIZE(memories); i++)
		len += scnprintf(text + len, sizeof(text) - len, " %s |", memories[i].name);
	to->line(to->arg, text);
	to->line(to->arg, "|---|---|---|---|---|---|");
	for (i = 0; i < ARRAY_SIZE(rights); i++)
		for (j = 0; j < ARRAY_SIZE(wishes); j++)
			access_row(to, decide, &rights[i], &wishes[j]);
}

static void prefetch_row(const struct printer *to, const struct wish *wish, bool xnack)
{
	char text[LINE_MAX];
	unsigned int i;
	int len = scnprintf(text, sizeof(text), "| %s | %s |", wish->name, xnack ? "on" : "off");

	for (i = 0; i < ARRAY_SIZE(sharings); i++)
		len += scnprintf(text + len, sizeof(text) - len, " %s |",
				 prefetch_answer(wish, &sharings[i], xnack));
	to->line(to->arg, text);
}

static void prefetch_table(const struct printer *to)
{
	char text[LINE_MAX];
	unsigned int i;
	int len = scnprintf(text, sizeof(text), "| prefetch to | XNACK |");

	for (i = 0; i < ARRAY_SIZE(sharings); i++)
		len += scnprintf(text + len, sizeof(text) - len, " %s |", sharings[i].name);
	to->line(to->arg, text);
	to->line(to->arg, "|---|---|---|---|---|---|---|");
	for (i = 0; i < ARRAY_SIZE(wishes); i++) {
		prefetch_row(to, &wishes[i], true);
		prefetch_row(to, &wishes[i], false);
	}
}

/**
 * vkfd_svm_policy_print() - Print one decision table
 * @table: Which.
 * @line:  Called for each line, without a newline.
 * @arg:   Its first argument.
 */
void vkfd_svm_policy_print(enum vkfd_svm_policy_table table,
			   void (*line)(void *arg, const char *text), void *arg)
{
	const struct printer to = { line, arg };

	switch (table) {
	case VKFD_SVM_TABLE_FAULT:
		access_table(&to, vkfd_svm_decide_fault);
		break;
	case VKFD_SVM_TABLE_PREFETCH:
		prefetch_table(&to);
		break;
	case VKFD_SVM_TABLE_HOT:
		access_table(&to, vkfd_svm_decide_hot);
		break;
	}
}
