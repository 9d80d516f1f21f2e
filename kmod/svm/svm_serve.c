// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: serve: one retry fault
 *
 * Resolve, decide, place, map, acknowledge. The steps of one attempt run under
 * &vkfd_svm.lock; whatever moved meanwhile (munmap, mprotect, fork, migration)
 * shows at the commit of svm_map.c and starts a new attempt, a bounded number
 * of times. Migration is tried in the first attempt only and its failure is no
 * error: the page is mapped where it is.
 *
 * Memory without attributes is served as if it had the defaults, outside
 * buffers. Reported to the process are: no access, no permission, a buffer
 * that is not mapped on this GPU, and no memory at all. The last only on the
 * second report, and none of them for a report older than the last munmap(),
 * mprotect() or denial of access: that may be an echo, so the access is replayed
 * to see whether it faults anew.
 *
 * Called by the worker of svm_fault.c alone, so &vkfd_svm_faults.wild needs no
 * lock. An acknowledge (svm_ack.c) covers the whole window that was mapped.
 */
#include <linux/kfd_ioctl.h>
#include <linux/timekeeping.h>

#include "core/device.h"
#include "core/trace.h"
#include "mem/mem_mgr.h"
#include "mem/mem_migrate.h"
#include "mmu/mmu_vm.h"
#include "svm.h"
#include "svm_ack.h"
#include "svm_attr.h"
#include "svm_fault.h"
#include "svm_gc.h"
#include "svm_map.h"
#include "svm_range.h"
#include "svm_set.h"
#include "svm_thrash.h"
#include "svm_turn.h"
#include "svm_types.h"

#define SERVE_TRIES 4
/* So often in a row a page is mapped and faults again before it gets a turn. */
#define AGAIN_MAX 3
/* Reports of addresses without memory before even new ones are believed. */
#define WILD_STREAK 64

/** struct service - one fault on its way */
struct service {
	struct vkfd_svm *svm;
	struct vkfd_svm_fault_entry *entry;
	struct vkfd_svm_piece piece;	/* attributes, or defaults and the hole's bounds */
	struct vkfd_svm_vma vma;	/* clipped to the piece */
	u64 start, end;			/* window: migrated and mapped as one */
	bool registered;
	bool placed;			/* migration was tried */
	bool moved;			/* and moved something */
	bool told;			/* the process heard that service began */
	u64 since;			/* when it began, boot time in ns */
	const char *how;
};

/* No memory at an address. Return: -EFAULT if that is certain, else 0. */
static int note_wild(struct vkfd_svm_faults *faults, u64 va, unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < VKFD_SVM_WILD; i++)
		if (faults->wild[i].va == va && (faults->wild[i].slots & BIT(slot)))
			return -EFAULT;
	if (++faults->wild_streak > WILD_STREAK)
		return -EFAULT;
	i = faults->wild_next++ % VKFD_SVM_WILD;
	faults->wild[i].va = va;
	faults->wild[i].slots = BIT(slot);
	return 0;
}

static void forget_wild(struct vkfd_svm_faults *faults)
{
	if (faults->wild_streak)
		memset(faults->wild, 0, sizeof(faults->wild));
	faults->wild_streak = 0;
}

/* A PTE that allows the access makes the report a duplicate. */
static bool is_duplicate(const struct service *job)
{
	const struct vkfd_fault *fault = &job->entry->fault;
	u64 need = VKFD_PTE_VALID | VKFD_PTE_READABLE;

	if (fault->write)
		need |= VKFD_PTE_WRITEABLE;
	if (fault->execute)
		need |= VKFD_PTE_EXECUTABLE;
	return vkfd_vm_is_mapped(job->svm->gpus[job->entry->slot].vm, fault->va, need);
}

static int check_permission(const struct service *job)
{
	const struct vkfd_fault *fault = &job->entry->fault;

	if (job->vma.special || !job->vma.readable)
		return -EPERM;
	return fault->write && !job->vma.writable ? -EPERM : 0;
}

/* Unregistered memory: defaults, and clear of buffers. */
static int resolve_default(struct service *job)
{
	struct vkfd_svm *svm = job->svm;
	u64 va = job->entry->fault.va;

	vkfd_svm_default_values(svm, &job->piece.values);
	vkfd_svm_window(va, job->piece.values.granularity, job->vma.start, job->vma.end,
			&job->start, &job->end);
	if (!svm->ops->overlaps_buffer(svm->owner, job->start, job->end))
		return 0;
	job->start = va;
	job->end = va + PAGE_SIZE;
	job->vma.start = job->start;
	job->vma.end = job->end;
	return svm->ops->overlaps_buffer(svm->owner, job->start, job->end) ? -EFAULT : 0;
}

/* What is at the address, and which window is served with it? */
static int resolve(struct service *job)
{
	struct vkfd_svm *svm = job->svm;
	u64 va = job->entry->fault.va;
	int err = vkfd_svm_vma_find(svm, va, va + PAGE_SIZE, &job->vma);

	if (err)
		return err;
	err = check_permission(job);
	if (err)
		return err;
	job->registered = vkfd_svm_attrs_lookup(&svm->attrs, va, &job->piece);
	vkfd_svm_vma_clip(&job->vma, &job->piece);
	if (!job->registered)
		return resolve_default(job);
	vkfd_svm_window(va, job->piece.values.granularity, job->vma.start, job->vma.end,
			&job->start, &job->end);
	return 0;
}

/* Advisory: pages that do not move are mapped where they are. */
static int place(struct service *job, const struct vkfd_svm_decision *decision)
{
	struct vkfd_svm *svm = job->svm;
	struct vkfd_migrate_result result = {};
	int err = 0;

	if (decision->place == VKFD_SVM_TO_VRAM)
		err = vkfd_migrate_to_vram(svm->gpus[decision->slot].dev, svm->gpusvm.mm,
					   job->start, job->end, VKFD_MIGRATE_GPU_FAULT, &result);
	else if (decision->place == VKFD_SVM_TO_RAM)
		err = vkfd_migrate_to_ram(svm->gpusvm.mm, job->start, job->end,
					  VKFD_MIGRATE_GPU_FAULT, &result);
	if (result.moved) {
		if (decision->place == VKFD_SVM_TO_VRAM && !job->moved)
			vkfd_svm_thrash_moved(svm, job->start, job->end);
		job->how = "migrated";
		job->moved = true;
	}
	job->placed = true;
	return err == -ENODEV && vkfd_device_is_lost(svm->gpus[job->entry->slot].dev) ? err : 0;
}

/* The access is allowed and will be served: that is news, once an attempt. */
static void tell(struct service *job)
{
	const struct vkfd_svm_fault_entry *entry = job->entry;
	struct vkfd_svm *svm = job->svm;

	if (!job->told)
		svm->ops->fault_begin(svm->owner, svm->gpus[entry->slot].dev, entry->fault.va,
				      entry->fault.write, job->since);
	job->told = true;
}

static int decide_and_place(struct service *job, struct vkfd_svm_decision *decision)
{
	struct vkfd_svm *svm = job->svm;
	struct vkfd_svm_gpu_facts gpus[VKFD_SVM_MAX_GPUS];
	const struct vkfd_svm_situation now = {
		.values = &job->piece.values,
		.gpus = gpus,
		.nr_gpus = svm->nr_gpus,
		.slot = job->entry->slot,
		.bytes = job->end - job->start,
		.xnack = svm->xnack,
		.anonymous = job->vma.anonymous,
		.cpu_home = !job->registered && job->vma.cpu_home,
		.stuck = job->placed || job->entry->tries,
		.pinned = vkfd_svm_thrash_pinned(svm, job->start, job->end),
	};

	vkfd_svm_gpu_facts(svm, gpus);
	*decision = vkfd_svm_decide_fault(&now);
	if (decision->place == VKFD_SVM_DENY)
		return -EACCES;
	tell(job);
	return job->placed ? 0 : place(job, decision);
}

/* Maps the range of @addr; *next is its end. */
static int map_at(struct service *job, u64 addr, u64 *next)
{
	struct vkfd_svm *svm = job->svm;
	struct vkfd_svm_range *range = vkfd_svm_range_get(svm, addr, job->start, job->end,
							  &job->vma);
	int err;

	if (IS_ERR(range))
		return PTR_ERR(range);
	err = vkfd_svm_map_range(svm, range, &job->piece, &job->vma, BIT(job->entry->slot));
	*next = drm_gpusvm_range_end(&range->base);
	return err;
}

/*
 * A page that nobody can have (a guard page, one beyond a file's end) must not keep
 * its neighbours from the GPU: the access is served alone. False: it is alone.
 */
static bool narrow(struct service *job)
{
	u64 va = job->entry->fault.va;
	struct vkfd_svm_range *range = vkfd_svm_range_find(job->svm, va);

	if (!range || drm_gpusvm_range_size(&range->base) == PAGE_SIZE)
		return false;
	vkfd_svm_range_drop(job->svm, range);
	job->start = va;
	job->end = va + PAGE_SIZE;
	job->vma.start = job->start;
	job->vma.end = job->end;
	return true;
}

/* The faulting range must be mapped; the rest of the window as far as it goes. */
static int map_window(struct service *job)
{
	u64 va = job->entry->fault.va, addr, next;
	int err = map_at(job, va, &next);

	if (err == -EFAULT && narrow(job))
		err = map_at(job, va, &next);
	if (err)
		return err;
	for (addr = job->start; addr < job->end; addr = next)
		if (map_at(job, addr, &next) || READ_ONCE(job->svm->faults.closed))
			break;
	return 0;
}

/* What mapping took back to RAM, because it was not writable, moves once more. */
static int map_in_place(struct service *job, const struct vkfd_svm_decision *decision)
{
	u64 unshared = job->svm->unshared;
	int err = map_window(job);

	if (err || decision->place != VKFD_SVM_TO_VRAM || job->svm->unshared == unshared)
		return err;
	err = place(job, decision);
	return err ?: map_window(job);
}

static int serve_once(struct service *job)
{
	struct vkfd_svm_decision decision;
	struct vkfd_svm *svm = job->svm;
	int err;

	lockdep_assert_held(&svm->lock);
	err = vkfd_svm_gc_run(svm);
	if (err)
		return err;
	if (is_duplicate(job)) {
		job->start = job->entry->fault.va;
		job->end = job->start + PAGE_SIZE;
		job->how = "duplicate";
		return 0;
	}
	err = resolve(job);
	if (err)
		return err;
	err = decide_and_place(job, &decision);
	return err ?: map_in_place(job, &decision);
}

/* Counts how often this page was mapped in a row, without use to its access. */
static void note_mapped(const struct service *job)
{
	struct vkfd_svm_faults *faults = &job->svm->faults;
	u64 va = job->entry->fault.va;

	if (faults->again.va != va || faults->again.slot != job->entry->slot)
		faults->again.times = 0;
	faults->again.va = va;
	faults->again.slot = job->entry->slot;
	faults->again.times++;
}

/* Overtaken all the time, or mapped and taken away before the access could run? */
static unsigned int times_lost(const struct service *job)
{
	const struct vkfd_svm_faults *faults = &job->svm->faults;
	unsigned int tries = job->entry->tries;

	/* Or CPU and GPU use it by turns: a longer turn would only keep the CPU waiting. */
	if (!tries && faults->again.times >= AGAIN_MAX &&
	    faults->again.va == job->entry->fault.va && faults->again.slot == job->entry->slot)
		return 1;
	return tries;
}

static int serve_bounded(struct service *job)
{
	int err, tries = SERVE_TRIES;

	mutex_lock(&job->svm->lock);
	vkfd_svm_turn_want(job->svm, times_lost(job));
	do {
		err = job->svm->xnack ? serve_once(job) : -EACCES;
	} while (err == -EAGAIN && --tries);
	vkfd_svm_turn_want(job->svm, 0);
	mutex_unlock(&job->svm->lock);
	if (!err)
		note_mapped(job);
	return err;
}

/**
 * vkfd_svm_refuse() - Tell the process that an access cannot be served
 * @svm:   SVM state.
 * @entry: The fault; flags that say why are already in it.
 *
 * The access stays parked; destroying its queue drops it.
 *
 * Context: Worker, no locks held.
 */
void vkfd_svm_refuse(struct vkfd_svm *svm, struct vkfd_svm_fault_entry *entry)
{
	svm->ops->violation(svm->owner, svm->gpus[entry->slot].dev, &entry->fault);
}

/* Reported before a right was taken away: the access may be over or fail no more. */
static bool is_stale(struct vkfd_svm *svm, const struct vkfd_svm_fault_entry *entry)
{
	return entry->fault.ih_ptr < (u64)atomic64_read(&svm->gpus[entry->slot].checkpoint);
}

/* Replays the access alone, to see whether it still faults. */
static enum vkfd_svm_served replay(struct service *job)
{
	u64 va = job->entry->fault.va;

	job->how = "stale";
	vkfd_svm_ack(job->svm, job->entry->slot, va, va + PAGE_SIZE);
	return VKFD_SVM_SERVED;
}

static enum vkfd_svm_served violate(struct service *job)
{
	if (is_stale(job->svm, job->entry))
		return replay(job);
	job->how = "violation";
	vkfd_svm_refuse(job->svm, job->entry);
	return VKFD_SVM_REFUSED;
}

static enum vkfd_svm_served finish(struct service *job, int err)
{
	struct vkfd_svm_fault_entry *entry = job->entry;
	struct vkfd_svm *svm = job->svm;

	switch (err) {
	case 0:
		forget_wild(&svm->faults);
		vkfd_svm_ack(svm, entry->slot, job->start, job->end);
		return VKFD_SVM_SERVED;
	case -EAGAIN:
	case -EBUSY:
		job->how = "overtaken";
		return VKFD_SVM_OVERTAKEN;
	case -ENOMEM:
	case -EINTR:
		job->how = "later";
		return VKFD_SVM_LATER;
	case -ESRCH:
	case -ENODEV:
		job->how = "dropped";
		return VKFD_SVM_DROPPED;
	case -ENOENT:
		return note_wild(&svm->faults, entry->fault.va, entry->slot) ? violate(job) :
									       replay(job);
	case -EPERM:
		entry->fault.not_present = !job->vma.readable;
		entry->fault.read_only = job->vma.readable;
		return violate(job);
	default:
		return violate(job);
	}
}

/**
 * vkfd_svm_serve() - Serve one retry fault
 * @svm:   SVM state.
 * @entry: The fault, owned by the caller.
 *
 * Context: Worker, may sleep; takes &vkfd_svm.lock.
 * Return: what became of it; VKFD_SVM_LATER and VKFD_SVM_OVERTAKEN leave the
 * access parked.
 */
enum vkfd_svm_served vkfd_svm_serve(struct vkfd_svm *svm, struct vkfd_svm_fault_entry *entry)
{
	struct vkfd_svm_gpu *gpu = &svm->gpus[entry->slot];
	struct service job = {
		.svm = svm,
		.entry = entry,
		.how = "mapped",
		.since = ktime_get_boottime_ns(),
	};
	enum vkfd_svm_served served;
	u64 va = entry->fault.va;
	int err;

	trace_vkfd_fault_begin(gpu->dev->gpu_id, svm->pasid, va, entry->fault.write, true);
	err = serve_bounded(&job);
	/* Before the access may go on: who waits for it finds the news. */
	if (job.told)
		svm->ops->fault_end(svm->owner, gpu->dev, va, job.moved);
	served = finish(&job, err);
	/* What loses races does not wait for company. */
	if (times_lost(&job))
		vkfd_svm_acks_send(svm);
	vkfd_svm_turn_end(svm, served == VKFD_SVM_SERVED ? VKFD_SVM_GRACE_US : 0);
	trace_vkfd_fault_done(gpu->dev->gpu_id, svm->pasid, va, job.how, err);
	return served;
}
