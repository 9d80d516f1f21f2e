// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: decide: where shall the page be
 *
 * Pure functions from attributes and facts to a place, called by fault service
 * (svm_fault.c), set (svm_set.c) and restore. They look at nothing but their
 * arguments, so tests/host/svm_policy_test.c walks the whole decision table on
 * the host. The rules are KFD's (best restore and best prefetch location),
 * with two differences: a GPU without access is refused before its preferred
 * location counts, and a migration that cannot succeed (no room, memory that
 * cannot migrate, a window that just failed) is not tried.
 */
#include <linux/kfd_ioctl.h>
#include <linux/minmax.h>

#include "vkfd_hw/pte.h"

#include "svm_policy.h"

#define PAGE_LOG2 12
#define NO_SLOT (~0u)

static unsigned int slot_of(const struct vkfd_svm_situation *now, u32 gpu_id)
{
	unsigned int slot;

	for (slot = 0; slot < now->nr_gpus; slot++)
		if (now->gpus[slot].gpu_id == gpu_id)
			return slot;
	return NO_SLOT;
}

static struct vkfd_svm_decision decide(enum vkfd_svm_place place, unsigned int slot)
{
	return (struct vkfd_svm_decision){ .place = place, .slot = slot };
}

/* VRAM of @slot if the move can succeed, else where the pages are. */
static struct vkfd_svm_decision vram_if_possible(const struct vkfd_svm_situation *now,
						 unsigned int slot)
{
	if (!now->anonymous || now->stuck || now->gpus[slot].room < now->bytes)
		return decide(VKFD_SVM_STAY, 0);
	return decide(VKFD_SVM_TO_VRAM, slot);
}

/**
 * vkfd_svm_decide_fault() - Place for a window that a GPU faulted on
 * @now: Attributes and facts.
 *
 * An APU works in system memory, whatever is preferred. Else preferred location
 * first (this GPU, system memory, a linked GPU), then by kind of access: ACCESS comes to the faulting GPU unless it is pinned,
 * ACCESS_IN_PLACE is mapped where it is. VRAM out of the GPU's reach needs no decision: it is faulted to
 * RAM when its pages are collected.
 *
 * Return: the decision; VKFD_SVM_DENY without any access.
 */
struct vkfd_svm_decision vkfd_svm_decide_fault(const struct vkfd_svm_situation *now)
{
	const struct vkfd_svm_values *values = now->values;
	u32 self = 1u << now->slot;
	unsigned int preferred;

	if (!((values->access | values->in_place) & self))
		return decide(VKFD_SVM_DENY, 0);

	if (values->preferred == KFD_IOCTL_SVM_LOCATION_SYSMEM || now->gpus[now->slot].system)
		return decide(VKFD_SVM_TO_RAM, 0);

	preferred = slot_of(now, values->preferred);
	if (preferred != NO_SLOT && (now->gpus[now->slot].linked & 1u << preferred))
		return vram_if_possible(now, preferred);

	if (now->cpu_home || now->pinned || !(values->access & self))
		return decide(VKFD_SVM_STAY, 0);
	return vram_if_possible(now, now->slot);
}

/* Does each GPU that must be able to use the memory at the same time reach @target's VRAM? */
static bool all_reach(const struct vkfd_svm_situation *now, unsigned int target)
{
	u32 sharers = now->values->in_place;
	unsigned int slot;

	if (!now->xnack)
		sharers |= now->values->access;
	for (slot = 0; slot < now->nr_gpus; slot++)
		if ((sharers & 1u << slot) && !(now->gpus[slot].linked & 1u << target))
			return false;
	return true;
}

/**
 * vkfd_svm_decide_prefetch() - Place that a prefetch shall reach
 * @now: Attributes (the wish is in values->prefetch) and facts; slot and
 *       bytes are not looked at: a prefetch moves what fits.
 *
 * A GPU's VRAM is refused in favour of RAM as soon as a GPU that must be able
 * to use the memory at the same time is not linked to it: those with access in
 * place, and without XNACK all that have any access. To an APU means to RAM.
 *
 * Return: the decision, never VKFD_SVM_DENY.
 */
struct vkfd_svm_decision vkfd_svm_decide_prefetch(const struct vkfd_svm_situation *now)
{
	const struct vkfd_svm_values *values = now->values;
	unsigned int target;

	if (values->prefetch == KFD_IOCTL_SVM_LOCATION_UNDEFINED)
		return decide(VKFD_SVM_STAY, 0);
	if (values->prefetch == KFD_IOCTL_SVM_LOCATION_SYSMEM)
		return decide(VKFD_SVM_TO_RAM, 0);

	target = slot_of(now, values->prefetch);
	if (target == NO_SLOT || now->gpus[target].system || !all_reach(now, target))
		return decide(VKFD_SVM_TO_RAM, 0);
	return decide(VKFD_SVM_TO_VRAM, target);
}

/**
 * vkfd_svm_decide_hot() - Place for RAM that a GPU uses a lot
 * @now: Attributes and facts; slot is the GPU whose counter reported.
 *
 * To the preferred GPU if it is linked, else to the one that uses it, but only if
 * all GPUs reach it there that must. What was asked to be in RAM stays, and so does
 * what thrashes, and what queues cannot run without.
 *
 * Return: VKFD_SVM_STAY or VKFD_SVM_TO_VRAM.
 */
struct vkfd_svm_decision vkfd_svm_decide_hot(const struct vkfd_svm_situation *now)
{
	const struct vkfd_svm_values *values = now->values;
	unsigned int preferred = slot_of(now, values->preferred), target = now->slot;

	if (!((values->access | values->in_place) & 1u << now->slot) || now->pinned ||
	    values->preferred == KFD_IOCTL_SVM_LOCATION_SYSMEM ||
	    (values->flags & KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED))
		return decide(VKFD_SVM_STAY, 0);
	if (preferred != NO_SLOT && (now->gpus[now->slot].linked & 1u << preferred))
		target = preferred;
	return all_reach(now, target) ? vram_if_possible(now, target) : decide(VKFD_SVM_STAY, 0);
}

/**
 * vkfd_svm_required() - GPUs on which memory must be mapped at all times
 * @values: Attributes.
 * @xnack:  XNACK mode.
 *
 * Without XNACK a GPU cannot fault, so everything it may touch is mapped;
 * with XNACK only what is marked ALWAYS_MAPPED.
 *
 * Return: set of slots.
 */
u32 vkfd_svm_required(const struct vkfd_svm_values *values, bool xnack)
{
	if (xnack && !(values->flags & KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED))
		return 0;
	return values->access | values->in_place;
}

/**
 * vkfd_svm_window() - Aligned block around an address, inside bounds
 * @addr:        Page-aligned address, @low <= @addr < @high.
 * @granularity: log2 of the block's 4 KiB pages; may be more than 64 bits hold.
 * @low:         Lower bound.
 * @high:        Upper bound, exclusive.
 * @start:       Out.
 * @end:         Out, exclusive.
 */
void vkfd_svm_window(u64 addr, u32 granularity, u64 low, u64 high, u64 *start, u64 *end)
{
	u64 mask;

	*start = low;
	*end = high;
	if (granularity >= 64 - PAGE_LOG2)
		return;

	mask = (1ULL << (granularity + PAGE_LOG2)) - 1;
	*start = max(addr & ~mask, low);
	/* The last byte cannot wrap, its successor could. */
	*end = min(addr | mask, high - 1) + 1;
}

/**
 * vkfd_svm_permissions() - PTE bits that attributes and VMA allow
 * @flags:    KFD_IOCTL_SVM_FLAG_*.
 * @writable: The VMA may be written.
 *
 * Return: permission and valid bits of a PTE.
 */
u64 vkfd_svm_permissions(u32 flags, bool writable)
{
	u64 bits = VKFD_PTE_VALID | VKFD_PTE_READABLE;

	if (writable && !(flags & KFD_IOCTL_SVM_FLAG_GPU_RO))
		bits |= VKFD_PTE_WRITEABLE;
	if (flags & KFD_IOCTL_SVM_FLAG_GPU_EXEC)
		bits |= VKFD_PTE_EXECUTABLE;
	return bits;
}
