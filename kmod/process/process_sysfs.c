// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: what a process shows of itself
 *
 * sysfs, /sys/class/kfd/kfd/proc/<pid>/: pasid, vram_<gpu_id> (bytes of VRAM in
 * buffers and SVM memory), counters_<gpu_id>/{faults,page_in,page_out} (pages of 4 KiB),
 * stats_<gpu_id>/evicted_ms (how long its queues were stopped).
 * debugfs, kfd/proc/<pid>/: svm_ranges, svm_policy, faults (svm/ writes
 * them) and queues.
 *
 * The roots are made by uapi/ and handed down. A process without files still
 * works: every failure here only means that something is not shown. Removing a
 * file waits for its readers, so show functions may use the process freely.
 *
 * Locks: roots_lock around creation and removal of the roots; queue lock to
 * list queues and to tell how long they stood still.
 */
#include <linux/debugfs.h>
#include <linux/kobject.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/xarray.h>

#include "process/process.h"
#include "process/process_types.h"
#include "process/queue_types.h"
#include "svm/svm.h"

static DEFINE_MUTEX(roots_lock);
/* Which pids have files; a pid may stand for two processes around exec. */
static DEFINE_XARRAY(shown);
static struct kobject *sysfs_root;
static struct dentry *debugfs_root;

/** struct vkfd_proc_dir - a directory that shows numbers; a process' owns two per GPU below it */
struct vkfd_proc_dir {
	struct kobject kobj;
	struct vkfd_process *p;
	struct vkfd_pdd *pdd;		/* of a GPU's directory */
	struct list_head gpus, link;
	struct attribute vram;		/* in the parent, named after the GPU */
	char vram_name[16];
};

static ssize_t proc_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct vkfd_proc_dir *dir = container_of(kobj, struct vkfd_proc_dir, kobj), *gpu;
	struct vkfd_pdd_counters *counters = dir->pdd ? &dir->pdd->counters : NULL;
	u64 value = dir->p->pasid;

	if (counters) {
		if (!strcmp(attr->name, "faults"))
			value = atomic64_read(&counters->faults);
		else if (!strcmp(attr->name, "page_in"))
			value = atomic64_read(&counters->page_in);
		else if (!strcmp(attr->name, "page_out"))
			value = atomic64_read(&counters->page_out);
		else
			value = div_u64(vkfd_queues_evicted_ns(dir->p), NSEC_PER_MSEC);
	} else if (strcmp(attr->name, "pasid")) {
		gpu = container_of(attr, struct vkfd_proc_dir, vram);
		value = atomic64_read(&gpu->pdd->counters.vram_bytes) +
			vkfd_svm_vram_bytes(dir->p->svm, gpu->pdd->dev);
	}
	return sysfs_emit(buf, "%llu\n", value);
}

static void proc_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct vkfd_proc_dir, kobj));
}

static const struct sysfs_ops proc_sysfs_ops = { .show = proc_show };

static struct attribute pasid_attr = { .name = "pasid", .mode = 0444 };
static struct attribute *process_attrs[] = { &pasid_attr, NULL };
ATTRIBUTE_GROUPS(process);

static struct attribute faults_attr = { .name = "faults", .mode = 0444 };
static struct attribute page_in_attr = { .name = "page_in", .mode = 0444 };
static struct attribute page_out_attr = { .name = "page_out", .mode = 0444 };
static struct attribute *counters_attrs[] = {
	&faults_attr, &page_in_attr, &page_out_attr, NULL
};
ATTRIBUTE_GROUPS(counters);

static struct attribute evicted_attr = { .name = "evicted_ms", .mode = 0444 };
static struct attribute *stats_attrs[] = { &evicted_attr, NULL };
ATTRIBUTE_GROUPS(stats);

static const struct kobj_type process_ktype = {
	.release = proc_release,
	.sysfs_ops = &proc_sysfs_ops,
	.default_groups = process_groups,
};

static const struct kobj_type counters_ktype = {
	.release = proc_release,
	.sysfs_ops = &proc_sysfs_ops,
	.default_groups = counters_groups,
};

static const struct kobj_type stats_ktype = {
	.release = proc_release,
	.sysfs_ops = &proc_sysfs_ops,
	.default_groups = stats_groups,
};

static struct vkfd_proc_dir *dir_alloc(struct vkfd_process *p, struct vkfd_pdd *pdd)
{
	struct vkfd_proc_dir *dir = kzalloc_obj(*dir, GFP_KERNEL);

	if (!dir)
		return NULL;
	dir->p = p;
	dir->pdd = pdd;
	INIT_LIST_HEAD(&dir->gpus);
	return dir;
}

static int svm_ranges_show(struct seq_file *m, void *unused)
{
	struct vkfd_process *p = m->private;

	vkfd_svm_show(p->svm, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(svm_ranges);

static int svm_policy_show(struct seq_file *m, void *unused)
{
	struct vkfd_process *p = m->private;

	vkfd_svm_policy_show(p->svm, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(svm_policy);

static int faults_show(struct seq_file *m, void *unused)
{
	struct vkfd_process *p = m->private;

	vkfd_svm_faults_show(p->svm, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(faults);

static int queues_show(struct seq_file *m, void *unused)
{
	static const char *const types[] = { "pm4", "sdma", "aql", "sdma_xgmi" };
	struct vkfd_process *p = m->private;
	struct vkfd_queue *q;

	mutex_lock(&p->queue_lock);
	seq_printf(m, "evicted %u\n", p->evicted);
	list_for_each_entry(q, &p->queues, link)
		seq_printf(m,
			   "queue %u gpu %u type %s engine %u number %u doorbell %u ring 0x%llx+0x%llx percent %u runs %u%s%s%s\n",
			   q->id, q->pdd->dev->gpu_id, types[q->hw.type & 3], q->hw.engine,
			   q->hw.queue, q->hw.doorbell, q->hw.ring, q->hw.ring_bytes, q->percent,
			   q->hw.percent, q->dead ? " dead" : "", q->no_ring ? " no_ring" : "",
			   q->pdd->stopped ? " stopped" : "");
	mutex_unlock(&p->queue_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(queues);

static void debugfs_add(struct vkfd_process *p, const char *name)
{
	p->debugfs = debugfs_create_dir(name, debugfs_root);
	debugfs_create_file("svm_ranges", 0400, p->debugfs, p, &svm_ranges_fops);
	debugfs_create_file("svm_policy", 0400, p->debugfs, p, &svm_policy_fops);
	debugfs_create_file("faults", 0400, p->debugfs, p, &faults_fops);
	debugfs_create_file("queues", 0400, p->debugfs, p, &queues_fops);
}

/** vkfd_process_is_shown() - Has a process of this pid files? Context: any. */
bool vkfd_process_is_shown(pid_t pid)
{
	return xa_load(&shown, pid);
}

/**
 * vkfd_process_sysfs_add() - Show a new process
 * @p: Process.
 *
 * Context: May sleep. A clash of names (the old process of the same pid is
 * still being torn down) means no files.
 */
void vkfd_process_sysfs_add(struct vkfd_process *p)
{
	struct vkfd_proc_dir *dir = NULL;
	char name[12];

	if (xa_insert(&shown, p->pid, p, GFP_KERNEL))
		return;
	p->shown = true;
	snprintf(name, sizeof(name), "%d", p->pid);
	mutex_lock(&roots_lock);
	if (sysfs_root)
		dir = dir_alloc(p, NULL);
	if (dir && kobject_init_and_add(&dir->kobj, &process_ktype, sysfs_root, "%s", name)) {
		kobject_put(&dir->kobj);
		dir = NULL;
	}
	p->sysfs = dir;
	if (debugfs_root)
		debugfs_add(p, name);
	mutex_unlock(&roots_lock);
}

/* A directory <name>_<gpu_id>, or NULL. */
static struct vkfd_proc_dir *gpu_dir_add(struct vkfd_pdd *pdd, const struct kobj_type *type,
					 const char *name)
{
	struct vkfd_proc_dir *parent = pdd->p->sysfs;
	struct vkfd_proc_dir *dir = parent ? dir_alloc(pdd->p, pdd) : NULL;

	if (!dir)
		return NULL;
	if (kobject_init_and_add(&dir->kobj, type, &parent->kobj, "%s_%u", name,
				 pdd->dev->gpu_id)) {
		kobject_put(&dir->kobj);
		return NULL;
	}
	list_add(&dir->link, &parent->gpus);
	return dir;
}

/** vkfd_process_sysfs_add_gpu() - Show a GPU the process acquired. Process lock held. */
void vkfd_process_sysfs_add_gpu(struct vkfd_pdd *pdd)
{
	struct vkfd_proc_dir *dir;

	lockdep_assert_held(&pdd->p->lock);
	gpu_dir_add(pdd, &stats_ktype, "stats");
	dir = gpu_dir_add(pdd, &counters_ktype, "counters");
	if (!dir)
		return;
	snprintf(dir->vram_name, sizeof(dir->vram_name), "vram_%u", pdd->dev->gpu_id);
	sysfs_attr_init(&dir->vram);
	dir->vram.name = dir->vram_name;
	dir->vram.mode = 0444;
	/* Removed with the parent directory. */
	if (sysfs_create_file(&pdd->p->sysfs->kobj, &dir->vram))
		dir->vram.name = NULL;
}

static void sysfs_remove(struct vkfd_process *p)
{
	struct vkfd_proc_dir *dir, *next;

	list_for_each_entry_safe(dir, next, &p->sysfs->gpus, link) {
		if (dir->vram.name)
			sysfs_remove_file(&p->sysfs->kobj, &dir->vram);
		list_del(&dir->link);
		kobject_del(&dir->kobj);
		kobject_put(&dir->kobj);
	}
	kobject_del(&p->sysfs->kobj);
	kobject_put(&p->sysfs->kobj);
	p->sysfs = NULL;
}

/** vkfd_process_sysfs_remove() - Hide a process; teardown, before anything is freed */
void vkfd_process_sysfs_remove(struct vkfd_process *p)
{
	debugfs_remove_recursive(p->debugfs);
	p->debugfs = NULL;
	if (p->sysfs)
		sysfs_remove(p);
	if (p->shown)
		xa_erase(&shown, p->pid);
}

/**
 * vkfd_process_set_roots() - Where processes show themselves
 * @sysfs_proc:   Directory for sysfs, NULL before it goes.
 * @debugfs_proc: The same in debugfs.
 *
 * Context: Module init before the first open, and exit after the last teardown.
 */
void vkfd_process_set_roots(struct kobject *sysfs_proc, struct dentry *debugfs_proc)
{
	mutex_lock(&roots_lock);
	sysfs_root = sysfs_proc;
	debugfs_root = debugfs_proc;
	mutex_unlock(&roots_lock);
}
