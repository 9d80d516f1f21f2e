// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: CHECKPOINT
 *
 * Copies the state of a paused process into kernel memory under its lock, and
 * from there to the caller. Each VRAM and GTT buffer becomes a dma-buf in the
 * caller's file table; the numbers are taken before anything is copied out,
 * the files put behind them when nothing can fail any more.
 *
 * Locks: the process lock while gathering; none while copying to user space.
 */
#include <linux/file.h>
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mem/mem_obj.h"
#include "process/buffer.h"
#include "process/criu.h"
#include "process/criu_types.h"
#include "process/process_types.h"
#include "process/queue_types.h"
#include "svm/svm.h"

#define NO_FD	(~0u)

/**
 * struct dump - one CHECKPOINT
 * @counts:  what there must be.
 * @gpu_ids: of the buckets, in the order of SVM's slots.
 * @devices: buckets for the caller.
 * @bos:     buckets for the caller.
 * @files:   dma-buf of each of @bos, counted, or NULL.
 * @pieces:  attributes; scratch.
 * @priv:    private data, and @at, where the next part goes.
 */
struct dump {
	struct vkfd_process *p;
	struct vkfd_criu_counts counts;
	u32 gpu_ids[VKFD_MAX_GPUS];
	struct kfd_criu_device_bucket *devices;
	struct kfd_criu_bo_bucket *bos;
	struct file **files;
	struct vkfd_svm_piece *pieces;
	void *priv, *at;
};

static void *take(struct dump *dump, size_t bytes)
{
	void *part = dump->at;

	dump->at += bytes;
	return part;
}

static int dump_alloc(struct dump *dump)
{
	const struct vkfd_criu_counts *counts = &dump->counts;

	dump->priv = kvzalloc(vkfd_criu_bytes(counts), GFP_KERNEL_ACCOUNT);
	dump->devices = kvcalloc(counts->devices, sizeof(*dump->devices), GFP_KERNEL_ACCOUNT);
	/* One more, so that none is not a failure. */
	dump->bos = kvcalloc(counts->bos + 1, sizeof(*dump->bos), GFP_KERNEL_ACCOUNT);
	dump->files = kvcalloc(counts->bos + 1, sizeof(*dump->files), GFP_KERNEL_ACCOUNT);
	dump->pieces = kvcalloc(counts->pieces + 1, sizeof(*dump->pieces), GFP_KERNEL_ACCOUNT);
	dump->at = dump->priv;
	if (!dump->priv || !dump->devices || !dump->bos || !dump->files || !dump->pieces)
		return -ENOMEM;
	return 0;
}

static void dump_free(struct dump *dump)
{
	u32 i;

	for (i = 0; dump->files && i < dump->counts.bos; i++)
		if (dump->files[i])
			fput(dump->files[i]);
	kvfree(dump->priv);
	kvfree(dump->devices);
	kvfree(dump->bos);
	kvfree(dump->files);
	kvfree(dump->pieces);
}

static u32 gpu_index(const struct dump *dump, u32 gpu_id)
{
	u32 i = 0;

	while (dump->gpu_ids[i] != gpu_id)
		i++;
	return i;
}

static void dump_process(struct dump *dump)
{
	struct vkfd_criu_process *out = take(dump, sizeof(*out));
	struct vkfd_process *p = dump->p;

	*out = (struct vkfd_criu_process) {
		.version = VKFD_CRIU_VERSION,
		.xnack = p->xnack,
		.granularity = vkfd_svm_granularity(p->svm),
		.runtime_enabled = p->runtime_enabled,
		.r_debug = p->r_debug,
		.event_page = p->events.page_handle,
		.page_event = p->events.page_event,
		.nr_queues = dump->counts.queues,
		.nr_events = dump->counts.events,
		.nr_pieces = dump->counts.pieces,
	};
}

static void dump_devices(struct dump *dump)
{
	struct vkfd_criu_device *out = take(dump, dump->counts.devices * sizeof(*out));
	u32 i;

	for (i = 0; i < dump->counts.devices; i++) {
		const struct vkfd_pdd *pdd = vkfd_pdd_find(dump->p, dump->gpu_ids[i]);

		dump->devices[i].user_gpu_id = dump->gpu_ids[i];
		dump->devices[i].actual_gpu_id = dump->gpu_ids[i];
		out[i] = (struct vkfd_criu_device) {
			.scratch_va = pdd->scratch_va,
			.tba = pdd->tba,
			.tma = pdd->tma,
			.policy = pdd->policy,
			.alternate_policy = pdd->alternate_policy,
		};
	}
}

/* GPUs on which it is mapped. */
static u32 mapped_set(struct dump *dump, struct vkfd_mem *mem)
{
	struct vkfd_pdd *pdd;
	u32 set = 0;

	list_for_each_entry(pdd, &dump->p->pdds, link)
		if (pdd->vm && vkfd_mem_is_mapped(mem, pdd->vm))
			set |= BIT(gpu_index(dump, pdd->dev->gpu_id));
	return set;
}

static int dump_buffer(struct dump *dump, struct vkfd_pdd *pdd, struct vkfd_mem *mem, u32 i)
{
	const struct vkfd_mem_params *params = vkfd_mem_params(mem);

	dump->bos[i] = (struct kfd_criu_bo_bucket) {
		.addr = params->va,
		.size = params->bytes,
		.offset = vkfd_buffer_kfd_offset(params->kind, pdd->dev->gpu_id) ?:
			  vkfd_mem_mmap_offset(mem),
		.gpu_id = pdd->dev->gpu_id,
		.alloc_flags = params->abi_flags,
		.dmabuf_fd = NO_FD,
	};
	if (!vkfd_mem_gem(mem))
		return 0;
	dump->files[i] = vkfd_mem_export(mem, params->writable);
	if (!IS_ERR(dump->files[i]))
		return 0;
	dump->files[i] = NULL;
	return -ENOMEM;
}

static int dump_buffers(struct dump *dump)
{
	struct vkfd_criu_buffer *out = take(dump, dump->counts.bos * sizeof(*out));
	struct vkfd_buffer *buffer;
	struct vkfd_pdd *pdd;
	unsigned long id;
	u32 i = 0;
	int err;

	list_for_each_entry(pdd, &dump->p->pdds, link) {
		xa_for_each(&pdd->buffers, id, buffer) {
			struct vkfd_mem *mem = vkfd_buffer_mem(buffer);

			out[i].id = id;
			out[i].mapped = mapped_set(dump, mem);
			err = dump_buffer(dump, pdd, mem, i++);
			if (err)
				return err;
		}
	}
	return 0;
}

static void dump_queues(struct dump *dump)
{
	struct vkfd_criu_queue *out = take(dump, dump->counts.queues * sizeof(*out));
	struct vkfd_process *p = dump->p;
	struct vkfd_queue *q;

	mutex_lock(&p->queue_lock);
	list_for_each_entry(q, &p->queues, link) {
		*out = (struct vkfd_criu_queue) {
			.object = VKFD_CRIU_QUEUE,
			.id = q->id,
			.gpu = gpu_index(dump, q->pdd->dev->gpu_id),
			.engine = q->hw.engine,
			.doorbell = q->hw.doorbell,
			.percent = q->percent,
			.priority = q->hw.priority,
			.no_ring = q->no_ring,
			.ring = q->hw.ring,
			.ring_bytes = q->hw.ring_bytes,
			.rptr = q->hw.rptr_va,
			.wptr = q->hw.wptr_va,
		};
		out++;
	}
	mutex_unlock(&p->queue_lock);
}

static int dump_svm(struct dump *dump)
{
	struct vkfd_criu_svm *out = take(dump, dump->counts.pieces * sizeof(*out));
	long nr = vkfd_svm_pieces(dump->p->svm, dump->pieces, dump->counts.pieces);
	u32 i;

	if (nr < 0)
		return nr;
	/* SVM calls do not take the process lock: it may have changed since it was counted. */
	if (nr != dump->counts.pieces)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		const struct vkfd_svm_values *values = &dump->pieces[i].values;

		out[i] = (struct vkfd_criu_svm) {
			.object = VKFD_CRIU_SVM,
			.preferred = values->preferred,
			.prefetch = values->prefetch,
			.flags = values->flags,
			.granularity = values->granularity,
			.access = values->access,
			.in_place = values->in_place,
			.start = dump->pieces[i].start,
			.end = dump->pieces[i].end,
		};
	}
	return 0;
}

static bool is_expected(const struct dump *dump, const struct kfd_ioctl_criu_args *args)
{
	return args->num_devices == dump->counts.devices && args->num_bos == dump->counts.bos &&
	       args->num_objects == vkfd_criu_objects(&dump->counts) &&
	       args->priv_data_size == vkfd_criu_bytes(&dump->counts);
}

static int gather_locked(struct dump *dump, const struct kfd_ioctl_criu_args *args)
{
	struct vkfd_process *p = dump->p;
	int err;

	lockdep_assert_held(&p->lock);
	if (!p->criu_infos)
		return -EINVAL;
	err = vkfd_criu_count(p, &dump->counts);
	if (err)
		return err;
	if (!is_expected(dump, args))
		return -EINVAL;
	err = dump_alloc(dump);
	if (err)
		return err;
	vkfd_svm_gpu_ids(p->svm, dump->gpu_ids);
	dump_process(dump);
	dump_devices(dump);
	err = dump_buffers(dump);
	if (err)
		return err;
	dump_queues(dump);
	vkfd_criu_events_dump(p, take(dump, dump->counts.events * sizeof(struct vkfd_criu_event)),
			      dump->counts.events);
	return dump_svm(dump);
}

static int fds_reserve(struct dump *dump)
{
	u32 i;
	int fd;

	for (i = 0; i < dump->counts.bos; i++) {
		if (!dump->files[i])
			continue;
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0)
			return fd;
		dump->bos[i].dmabuf_fd = fd;
	}
	return 0;
}

static void fds_end(struct dump *dump, bool install)
{
	u32 i;

	for (i = 0; i < dump->counts.bos; i++) {
		if (dump->bos[i].dmabuf_fd == NO_FD)
			continue;
		if (install) {
			fd_install(dump->bos[i].dmabuf_fd, dump->files[i]);
			dump->files[i] = NULL;
		} else {
			put_unused_fd(dump->bos[i].dmabuf_fd);
		}
	}
}

static int publish(struct dump *dump, const struct kfd_ioctl_criu_args *args)
{
	const struct vkfd_criu_counts *counts = &dump->counts;
	int err = fds_reserve(dump);

	if (!err && (copy_to_user(u64_to_user_ptr(args->devices), dump->devices,
				  counts->devices * sizeof(*dump->devices)) ||
		     copy_to_user(u64_to_user_ptr(args->bos), dump->bos,
				  counts->bos * sizeof(*dump->bos)) ||
		     copy_to_user(u64_to_user_ptr(args->priv_data), dump->priv,
				  vkfd_criu_bytes(counts))))
		err = -EFAULT;
	fds_end(dump, !err);
	return err;
}

/**
 * vkfd_criu_checkpoint() - CHECKPOINT: copy the state of a paused process out
 * @p:    Process.
 * @args: Where to, and the counts and sizes that PROCESS_INFO said.
 *
 * The dma-bufs belong to the caller. The process is not changed and stays paused.
 * Context: May sleep; takes the process lock.
 * Return: 0; -EINVAL not paused, other counts than there are now; -EFAULT; -ENOMEM;
 * -EMFILE; or as vkfd_criu_count().
 */
int vkfd_criu_checkpoint(struct vkfd_process *p, const struct kfd_ioctl_criu_args *args)
{
	struct dump dump = { .p = p };
	int err;

	mutex_lock(&p->lock);
	err = gather_locked(&dump, args);
	mutex_unlock(&p->lock);
	if (!err)
		err = publish(&dump, args);
	dump_free(&dump);
	return err;
}
