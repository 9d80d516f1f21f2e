// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: the fault queue
 *
 * Takes retry faults from the interrupt thread and has them served one after
 * the other by a worker (svm_serve.c). Entries are preallocated, so that the
 * interrupt thread never waits for memory, and a page is queued once per GPU.
 * Faults that do not fit are not remembered: when the queue has run empty, all
 * parked accesses of those GPUs are told to run again and report anew. So a
 * storm costs time, never an access.
 *
 * A fault that cannot be served now waits with a growing delay. Without memory
 * for it, it becomes a violation after FAULT_RETRIES rounds. One that was
 * overtaken by the CPU side is no error of the program, whatever the CPU side
 * does: it waits less, goes first (svm_turn.c), and only when even that did not
 * help for OVERTAKEN_MAX is it reported, because nothing is retried for ever.
 *
 * Locks: &vkfd_svm_faults.lock, a leaf, guards the lists. The worker holds no
 * lock between entries. Refuses everything once closed.
 */
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "core/device.h"
#include "engine/eng_ih.h"
#include "mmu/mmu_vm.h"
#include "svm.h"
#include "svm_ack.h"
#include "svm_fault.h"
#include "svm_types.h"

#define FAULT_RETRIES	14	/* 1 ms doubling to 500 ms: about 3.5 s */
#define FAULT_DELAY_MS	1
#define FAULT_DELAY_MAX_MS 500
#define OVERTAKEN_DELAY_MAX_MS 16
#define OVERTAKEN_MAX	(60 * HZ)
/* Entries served before the worker lets others run. */
#define FAULT_BUDGET	64

static int slot_of(const struct vkfd_svm *svm, const struct vkfd_device *dev)
{
	unsigned int slot;

	for (slot = 0; slot < svm->nr_gpus; slot++)
		if (svm->gpus[slot].dev == dev)
			return slot;
	return -1;
}

static struct vkfd_svm_fault_entry *find_waiting(struct vkfd_svm_faults *faults,
						 unsigned int slot, u64 va)
{
	struct vkfd_svm_fault_entry *entry;

	lockdep_assert_held(&faults->lock);
	hash_for_each_possible(faults->by_va, entry, same_va, va >> PAGE_SHIFT)
		if (entry->slot == slot && entry->fault.va == va)
			return entry;
	return NULL;
}

/* Called with the queue lock. */
static void enqueue(struct vkfd_svm_faults *faults, unsigned int slot,
		    const struct vkfd_fault *fault)
{
	struct vkfd_svm_fault_entry *entry = find_waiting(faults, slot, fault->va);

	faults->counts.reported++;
	if (entry) {
		faults->counts.merged++;
		entry->fault.write |= fault->write;
		entry->fault.execute |= fault->execute;
		entry->fault.ih_ptr = max(entry->fault.ih_ptr, fault->ih_ptr);
		return;
	}
	entry = list_first_entry_or_null(&faults->unused, struct vkfd_svm_fault_entry, link);
	if (!entry) {
		faults->lost |= BIT(slot);
		faults->counts.lost++;
		return;
	}
	entry->fault = *fault;
	entry->slot = slot;
	entry->tries = 0;
	entry->due = jiffies;
	entry->since = jiffies;
	list_move_tail(&entry->link, &faults->waiting);
	hash_add(faults->by_va, &entry->same_va, fault->va >> PAGE_SHIFT);
}

/**
 * vkfd_svm_fault() - A GPU reported a fault of this process
 * @svm:   SVM state.
 * @dev:   The GPU.
 * @fault: Copied.
 *
 * A fault without retry is a violation at once: permissions, or XNACK off.
 *
 * Context: Interrupt thread; does not wait for memory or for service.
 */
void vkfd_svm_fault(struct vkfd_svm *svm, struct vkfd_device *dev, const struct vkfd_fault *fault)
{
	struct vkfd_svm_faults *faults = &svm->faults;
	int slot = slot_of(svm, dev);
	bool wake;

	if (slot < 0)
		return;
	if (!fault->retry) {
		if (!READ_ONCE(faults->closed))
			svm->ops->violation(svm->owner, dev, fault);
		return;
	}
	spin_lock(&faults->lock);
	if (!faults->closed)
		enqueue(faults, slot, fault);
	wake = !faults->closed && !faults->serving;
	spin_unlock(&faults->lock);
	if (wake)
		mod_delayed_work(vkfd_svm_wq, &faults->work, 0);
}

/* The first entry that is due; or NULL, and jiffies until one will be. */
static struct vkfd_svm_fault_entry *first_due(struct vkfd_svm_faults *faults, unsigned long *wait)
{
	struct vkfd_svm_fault_entry *entry;
	unsigned long now = jiffies;

	lockdep_assert_held(&faults->lock);
	*wait = MAX_JIFFY_OFFSET;
	list_for_each_entry(entry, &faults->waiting, link) {
		if (time_after_eq(now, entry->due)) {
			*wait = 0;
			return entry;
		}
		*wait = min(*wait, entry->due - now);
	}
	return NULL;
}

static struct vkfd_svm_fault_entry *pop_due(struct vkfd_svm_faults *faults)
{
	struct vkfd_svm_fault_entry *due;
	unsigned long wait;

	spin_lock(&faults->lock);
	due = first_due(faults, &wait);
	if (due) {
		list_del_init(&due->link);
		hash_del(&due->same_va);
	}
	spin_unlock(&faults->lock);
	return due;
}

/* From here on new faults wake the worker; for those that came before it wakes itself. */
static void rest(struct vkfd_svm_faults *faults)
{
	unsigned long wait;

	spin_lock(&faults->lock);
	faults->serving = false;
	first_due(faults, &wait);
	if (!list_empty(&faults->waiting) && !faults->closed)
		queue_delayed_work(vkfd_svm_wq, &faults->work, wait);
	spin_unlock(&faults->lock);
}

static void entry_free(struct vkfd_svm_faults *faults, struct vkfd_svm_fault_entry *entry)
{
	spin_lock(&faults->lock);
	list_add(&entry->link, &faults->unused);
	spin_unlock(&faults->lock);
}

static void entry_defer(struct vkfd_svm_faults *faults, struct vkfd_svm_fault_entry *entry,
			unsigned int max_ms)
{
	unsigned int ms = min(FAULT_DELAY_MS << min(entry->tries, 9u), max_ms);

	entry->due = jiffies + msecs_to_jiffies(ms);
	entry->tries++;
	spin_lock(&faults->lock);
	list_add_tail(&entry->link, &faults->waiting);
	hash_add(faults->by_va, &entry->same_va, entry->fault.va >> PAGE_SHIFT);
	spin_unlock(&faults->lock);
}

static void serve_entry(struct vkfd_svm *svm, struct vkfd_svm_fault_entry *entry)
{
	enum vkfd_svm_served served = vkfd_svm_serve(svm, entry);

	spin_lock(&svm->faults.lock);
	svm->faults.counts.served[served]++;
	spin_unlock(&svm->faults.lock);
	if (served == VKFD_SVM_LATER && entry->tries < FAULT_RETRIES) {
		entry_defer(&svm->faults, entry, FAULT_DELAY_MAX_MS);
		return;
	}
	if (served == VKFD_SVM_OVERTAKEN &&
	    time_before(jiffies, entry->since + OVERTAKEN_MAX)) {
		entry_defer(&svm->faults, entry, OVERTAKEN_DELAY_MAX_MS);
		return;
	}
	if (served == VKFD_SVM_LATER || served == VKFD_SVM_OVERTAKEN)
		vkfd_svm_refuse(svm, entry);
	entry_free(&svm->faults, entry);
}

/* Lets all parked accesses of GPUs that reported too much run again. */
static void replay_lost(struct vkfd_svm *svm)
{
	struct vkfd_svm_faults *faults = &svm->faults;
	unsigned int slot;
	u32 lost;

	spin_lock(&faults->lock);
	lost = list_empty(&faults->waiting) ? faults->lost : 0;
	faults->lost &= ~lost;
	spin_unlock(&faults->lock);
	for_each_slot(slot, lost)
		vkfd_svm_ack(svm, slot, 0, VKFD_GPUVM_LIMIT + 1);
	vkfd_svm_acks_send(svm);
}

static void drop_all(struct vkfd_svm_faults *faults)
{
	spin_lock(&faults->lock);
	list_splice_init(&faults->waiting, &faults->unused);
	hash_init(faults->by_va);
	faults->lost = 0;
	spin_unlock(&faults->lock);
}

static void fault_work(struct work_struct *work)
{
	struct vkfd_svm *svm = container_of(to_delayed_work(work), struct vkfd_svm, faults.work);
	struct vkfd_svm_faults *faults = &svm->faults;
	struct vkfd_svm_fault_entry *entry;
	int budget = FAULT_BUDGET;

	/* Not of a dead address space: its queues are being destroyed. */
	if (!mmget_not_zero(svm->gpusvm.mm)) {
		drop_all(faults);
		return;
	}
	spin_lock(&faults->lock);
	faults->serving = true;
	spin_unlock(&faults->lock);
	while (budget-- && !READ_ONCE(faults->closed)) {
		entry = pop_due(faults);
		if (!entry)
			break;
		serve_entry(svm, entry);
		vkfd_svm_acks_age(svm);
	}
	vkfd_svm_acks_send(svm);
	replay_lost(svm);
	rest(faults);
	mmput_async(svm->gpusvm.mm);
}

/**
 * vkfd_svm_faults_checkpoint() - A right that GPUs had is being taken away
 * @svm: SVM state.
 *
 * A fault that is reported by now may be an echo: its access went through with
 * a neighbour's fault, and the program, which has seen it done, ends the right.
 * Such a report is no violation until the access faults anew.
 *
 * Context: Any, also in a notifier. Before munmap(), mprotect() or a set that
 * denies access returns to the program.
 */
void vkfd_svm_faults_checkpoint(struct vkfd_svm *svm)
{
	unsigned int slot;

	for (slot = 0; slot < svm->nr_gpus; slot++)
		atomic64_set(&svm->gpus[slot].checkpoint, vkfd_ih_wptr(svm->gpus[slot].dev));
}

/**
 * vkfd_svm_faults_show() - The lines of debugfs kfd/proc/<pid>/faults
 * @svm: SVM state.
 * @m:   Output.
 *
 * Numbers since the process opened the GPU, then what waits. An entry in service is
 * not among those: work that is under way without one that waits serves the last.
 *
 * Context: Any.
 */
void vkfd_svm_faults_show(struct vkfd_svm *svm, struct seq_file *m)
{
	static const char *const outcomes[VKFD_SVM_NR_SERVED] = {
		[VKFD_SVM_SERVED] = "served",	[VKFD_SVM_LATER] = "later",
		[VKFD_SVM_OVERTAKEN] = "overtaken", [VKFD_SVM_REFUSED] = "refused",
		[VKFD_SVM_DROPPED] = "dropped",
	};
	struct vkfd_svm_faults *faults = &svm->faults;
	const struct vkfd_svm_fault_entry *entry;
	unsigned int i;

	spin_lock(&faults->lock);
	seq_printf(m, "reported %llu\nmerged %llu\nlost %llu\n", faults->counts.reported,
		   faults->counts.merged, faults->counts.lost);
	for (i = 0; i < ARRAY_SIZE(outcomes); i++)
		seq_printf(m, "%s %llu\n", outcomes[i], faults->counts.served[i]);
	seq_printf(m, "serving %u\n", faults->serving);
	list_for_each_entry(entry, &faults->waiting, link)
		seq_printf(m, "waits 0x%llx gpu %u %s tries %u ms %u\n", entry->fault.va,
			   svm->gpus[entry->slot].dev->gpu_id,
			   entry->fault.write ? "write" : "read", entry->tries,
			   jiffies_to_msecs(jiffies - entry->since));
	spin_unlock(&faults->lock);
}

/** vkfd_svm_faults_init() - Part of vkfd_svm_create(). Return: 0 or -ENOMEM. */
int vkfd_svm_faults_init(struct vkfd_svm *svm)
{
	struct vkfd_svm_faults *faults = &svm->faults;
	unsigned int i;

	faults->entries = kvzalloc_objs(*faults->entries, VKFD_SVM_FAULTS, GFP_KERNEL_ACCOUNT);
	if (!faults->entries)
		return -ENOMEM;
	spin_lock_init(&faults->lock);
	INIT_LIST_HEAD(&faults->waiting);
	INIT_LIST_HEAD(&faults->unused);
	hash_init(faults->by_va);
	for (i = 0; i < VKFD_SVM_FAULTS; i++)
		list_add_tail(&faults->entries[i].link, &faults->unused);
	INIT_DELAYED_WORK(&faults->work, fault_work);
	return 0;
}

/**
 * vkfd_svm_faults_fini() - Take no faults any more, wait for the one in service
 * @svm: SVM state.
 *
 * Context: May sleep. The caller keeps vkfd_svm_fault() from starting afterwards.
 */
void vkfd_svm_faults_fini(struct vkfd_svm *svm)
{
	struct vkfd_svm_faults *faults = &svm->faults;

	spin_lock(&faults->lock);
	faults->closed = true;
	spin_unlock(&faults->lock);
	cancel_delayed_work_sync(&faults->work);
	kvfree(faults->entries);
}
