// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: RESTORE
 *
 * Gives a process that has nothing yet the state of a checkpoint: XNACK mode,
 * address spaces, buffers with their handles and mappings, events. What needs
 * memory that is not back yet, queues and SVM attributes, is kept for RESUME.
 *
 * All of it comes from user space: copied once, then checked, then used. The
 * address spaces stay private until nothing can fail any more, so that a call
 * that failed leaves a process that has nothing yet; only the render node files
 * stay the process' own.
 *
 * Locks: the process lock, from the first change to the last; in it the svm,
 * event and buffer locks, and mmap_lock to write the answer.
 * Refuses: what no checkpoint of this driver wrote, GPUs that are not here, a
 * process that has GPU state (all -EINVAL).
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
 * struct restore - one RESTORE
 * @counts:  of everything; the parts below have that many entries.
 * @devices: buckets, copied in, as @bos; @bos go back to the caller.
 * @files:   dma-buf of each of @bos, counted, or NULL.
 * @priv:    private data, copied in; the pointers after it lead into it.
 * @pdds:    GPUs that have their address space, the first @begun of them.
 * @pending: for RESUME.
 */
struct restore {
	struct vkfd_process *p;
	const struct kfd_ioctl_criu_args *args;
	vkfd_criu_claim_fn claim;
	struct vkfd_criu_counts counts;
	struct kfd_criu_device_bucket *devices;
	struct kfd_criu_bo_bucket *bos;
	struct file **files;
	void *priv;
	const struct vkfd_criu_process *process;
	const struct vkfd_criu_device *device;
	const struct vkfd_criu_buffer *buffers;
	const struct vkfd_criu_queue *queues;
	const struct vkfd_criu_event *events;
	const struct vkfd_criu_svm *svm;
	struct vkfd_pdd *pdds[VKFD_MAX_GPUS];
	u32 begun;
	struct vkfd_criu_pending *pending;
};

/* A copy of user space's array, or ERR_PTR; one entry more than there are. */
static void *array_in(u64 user, u32 nr, size_t size)
{
	void *copy = kvcalloc((size_t)nr + 1, size, GFP_KERNEL_ACCOUNT);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(copy, u64_to_user_ptr(user), nr * size))
		return copy;
	kvfree(copy);
	return ERR_PTR(-EFAULT);
}

static int check_args(const struct kfd_ioctl_criu_args *args)
{
	if (!args->num_devices || args->num_devices > VKFD_MAX_GPUS)
		return -EINVAL;
	if (args->priv_data_size < sizeof(struct vkfd_criu_process) ||
	    args->priv_data_size > VKFD_CRIU_MAX_BYTES)
		return -EINVAL;
	if (args->num_bos > args->priv_data_size / sizeof(struct vkfd_criu_buffer))
		return -EINVAL;
	return 0;
}

static int copy_in(struct restore *r)
{
	const struct kfd_ioctl_criu_args *args = r->args;
	void *copy;

	copy = array_in(args->priv_data, args->priv_data_size, 1);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	r->priv = copy;
	copy = array_in(args->devices, args->num_devices, sizeof(*r->devices));
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	r->devices = copy;
	copy = array_in(args->bos, args->num_bos, sizeof(*r->bos));
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	r->bos = copy;
	r->files = kvcalloc(args->num_bos + 1, sizeof(*r->files), GFP_KERNEL_ACCOUNT);
	r->pending = kzalloc_obj(*r->pending, GFP_KERNEL_ACCOUNT);
	return r->files && r->pending ? 0 : -ENOMEM;
}

/* Where the parts of the private data are; their size must be exactly that of the whole. */
static int lay_out(struct restore *r)
{
	struct vkfd_criu_counts *counts = &r->counts;

	r->process = r->priv;
	if (r->process->version != VKFD_CRIU_VERSION)
		return -EINVAL;
	*counts = (struct vkfd_criu_counts) {
		.devices = r->args->num_devices,
		.bos = r->args->num_bos,
		.queues = r->process->nr_queues,
		.events = r->process->nr_events,
		.pieces = r->process->nr_pieces,
	};
	if (vkfd_criu_bytes(counts) != r->args->priv_data_size ||
	    vkfd_criu_objects(counts) != r->args->num_objects)
		return -EINVAL;
	r->device = (void *)(r->process + 1);
	r->buffers = (void *)(r->device + counts->devices);
	r->queues = (void *)(r->buffers + counts->bos);
	r->events = (void *)(r->queues + counts->queues);
	r->svm = (void *)(r->events + counts->events);
	return 0;
}

static int check_devices(const struct restore *r)
{
	u32 i, other;

	if (r->process->xnack > 1 || r->process->runtime_enabled > 1)
		return -EINVAL;
	for (i = 0; i < r->counts.devices; i++) {
		u32 gpu_id = r->devices[i].actual_gpu_id;

		if (!gpu_id || r->devices[i].user_gpu_id != gpu_id)
			return -EINVAL;
		for (other = 0; other < i; other++)
			if (r->devices[other].actual_gpu_id == gpu_id)
				return -EINVAL;
	}
	return 0;
}

static bool set_is_valid(const struct restore *r, u32 set)
{
	return !(set >> (r->counts.devices - 1) >> 1);
}

/* Index of a gpu_id, or the number of GPUs. */
static u32 gpu_index(const struct restore *r, u32 gpu_id)
{
	u32 i = 0;

	while (i < r->counts.devices && r->devices[i].actual_gpu_id != gpu_id)
		i++;
	return i;
}

static int check_objects(const struct restore *r)
{
	u32 i;

	for (i = 0; i < r->counts.bos; i++)
		if (gpu_index(r, r->bos[i].gpu_id) == r->counts.devices ||
		    !set_is_valid(r, r->buffers[i].mapped))
			return -EINVAL;
	for (i = 0; i < r->counts.queues; i++)
		if (r->queues[i].object != VKFD_CRIU_QUEUE || r->queues[i].no_ring > 1 ||
		    r->queues[i].gpu >= r->counts.devices ||
		    r->queues[i].ring_bytes > U32_MAX)
			return -EINVAL;
	for (i = 0; i < r->counts.events; i++)
		if (!vkfd_criu_event_is_valid(&r->events[i]))
			return -EINVAL;
	for (i = 0; i < r->counts.pieces; i++)
		if (r->svm[i].object != VKFD_CRIU_SVM || r->svm[i].pad)
			return -EINVAL;
	return 0;
}

static int make_pending(struct restore *r)
{
	struct vkfd_criu_pending *pending = r->pending;
	struct vkfd_svm_picture *picture = &pending->picture;
	u32 i;

	for (i = 0; i < r->counts.devices; i++)
		pending->gpu_ids[i] = r->devices[i].actual_gpu_id;
	picture->nr_gpus = r->counts.devices;
	picture->gpu_ids = pending->gpu_ids;
	picture->granularity = r->process->granularity;
	picture->pieces = kvcalloc(r->counts.pieces + 1, sizeof(*picture->pieces),
				   GFP_KERNEL_ACCOUNT);
	pending->queues = kvcalloc(r->counts.queues + 1, sizeof(*pending->queues),
				   GFP_KERNEL_ACCOUNT);
	if (!picture->pieces || !pending->queues)
		return -ENOMEM;
	memcpy(pending->queues, r->queues, r->counts.queues * sizeof(*r->queues));
	pending->nr_queues = r->counts.queues;
	picture->nr = r->counts.pieces;
	for (i = 0; i < r->counts.pieces; i++) {
		const struct vkfd_criu_svm *in = &r->svm[i];

		picture->pieces[i] = (struct vkfd_svm_piece) {
			.start = in->start,
			.end = in->end,
			.values = {
				.preferred = in->preferred,
				.prefetch = in->prefetch,
				.flags = in->flags,
				.access = in->access,
				.in_place = in->in_place,
				.granularity = in->granularity,
			},
		};
	}
	return vkfd_svm_picture_check(picture);
}

/* Everything that numbers tell, and the memory for what comes later. */
static int prepare(struct restore *r)
{
	int err = check_args(r->args);

	if (err)
		return err;
	return copy_in(r) ?: lay_out(r) ?: check_devices(r) ?: check_objects(r) ?: make_pending(r);
}

static void restore_free(struct restore *r)
{
	u32 i;

	for (i = 0; r->files && i < r->counts.bos; i++)
		if (r->files[i])
			fput(r->files[i]);
	vkfd_criu_pending_free(r->pending);
	kvfree(r->files);
	kvfree(r->priv);
	kvfree(r->devices);
	kvfree(r->bos);
}

static int check_fresh(struct vkfd_process *p)
{
	struct vkfd_pdd *pdd;
	long pieces;

	lockdep_assert_held(&p->lock);
	if (p->criu_pending || !list_empty(&p->queues) || vkfd_criu_events_count(p) ||
	    p->events.page)
		return -EINVAL;
	list_for_each_entry(pdd, &p->pdds, link)
		if (pdd->vm)
			return -EINVAL;
	pieces = vkfd_svm_pieces(p->svm, NULL, 0);
	return pieces > 0 ? -EINVAL : pieces;
}

static int begin_device(struct restore *r, u32 i)
{
	struct vkfd_pdd *pdd = vkfd_pdd_get(r->p, r->devices[i].actual_gpu_id);
	struct file *file;
	int err;

	if (IS_ERR(pdd))
		return PTR_ERR(pdd);
	if (vkfd_device_is_lost(pdd->dev))
		return -ENODEV;
	file = fget(r->devices[i].drm_fd);
	if (!file)
		return -EINVAL;
	err = r->claim(file, pdd->dev, r->p->pasid);
	if (!err)
		err = vkfd_pdd_vm_begin(pdd, file);
	fput(file);
	if (err)
		return err;
	r->pdds[r->begun++] = pdd;
	return vkfd_pdd_set_trap(pdd, r->device[i].tba, r->device[i].tma);
}

static int begin_devices(struct restore *r)
{
	int err = 0;
	u32 i;

	for (i = 0; i < r->counts.devices && !err; i++)
		err = begin_device(r, i);
	return err;
}

static int map_buffer(struct restore *r, u64 handle, u32 set)
{
	struct vkfd_buffer *buffer = vkfd_buffer_find(r->p, handle);
	int err = 0;
	u32 i;

	for (i = 0; i < r->counts.devices && !err; i++)
		if (set & BIT(i))
			err = vkfd_buffer_map_one(buffer, r->devices[i].actual_gpu_id);
	return err;
}

static int export_buffer(struct restore *r, u32 i, struct vkfd_mem *mem)
{
	int fd;

	if (!vkfd_mem_gem(mem))
		return 0;
	/* Writable in any case: its contents have to be filled in. */
	r->files[i] = vkfd_mem_export(mem, true);
	if (IS_ERR(r->files[i])) {
		r->files[i] = NULL;
		return -ENOMEM;
	}
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	r->bos[i].dmabuf_fd = fd;
	return 0;
}

static int restore_buffer(struct restore *r, u32 i)
{
	struct kfd_criu_bo_bucket *bo = &r->bos[i];
	struct vkfd_pdd *pdd = r->pdds[gpu_index(r, bo->gpu_id)];
	struct vkfd_buffer_result result;
	struct vkfd_mem_params params;
	int err;

	err = vkfd_buffer_params(bo->alloc_flags, bo->addr, bo->size, 0, &params);
	if (!err && params.kind == VKFD_MEM_USERPTR)
		err = -EINVAL;
	if (!err)
		err = vkfd_buffer_restore(pdd, &params, r->buffers[i].id, &result);
	if (err)
		return err;
	bo->restored_offset = vkfd_buffer_kfd_offset(params.kind, bo->gpu_id) ?:
			      result.mmap_offset;
	err = map_buffer(r, result.handle, r->buffers[i].mapped);
	if (err)
		return err;
	return export_buffer(r, i, vkfd_buffer_mem(vkfd_buffer_find(r->p, result.handle)));
}

static int restore_buffers(struct restore *r)
{
	int err = 0;
	u32 i;

	for (i = 0; i < r->counts.bos && !err; i++)
		err = restore_buffer(r, i);
	return err;
}

static void fds_end(struct restore *r, bool install)
{
	u32 i;

	for (i = 0; i < r->counts.bos; i++) {
		if (r->bos[i].dmabuf_fd == NO_FD)
			continue;
		if (install) {
			fd_install(r->bos[i].dmabuf_fd, r->files[i]);
			r->files[i] = NULL;
		} else {
			put_unused_fd(r->bos[i].dmabuf_fd);
		}
	}
}

static void configure(struct vkfd_pdd *pdd, const struct vkfd_criu_device *device)
{
	pdd->scratch_va = device->scratch_va;
	pdd->policy = device->policy;
	pdd->alternate_policy = device->alternate_policy;
}

/* From here on nothing fails: slots for all GPUs are free, the process had none. */
static void commit(struct restore *r)
{
	struct vkfd_process *p = r->p;
	u32 i;

	for (i = 0; i < r->begun; i++) {
		configure(r->pdds[i], &r->device[i]);
		WARN_ON(vkfd_pdd_vm_publish(r->pdds[i]));
	}
	p->runtime_enabled = r->process->runtime_enabled;
	p->r_debug = r->process->r_debug;
	p->criu_pending = r->pending;
	r->pending = NULL;
	fds_end(r, true);
}

static void undo(struct restore *r, bool xnack_before)
{
	fds_end(r, false);
	vkfd_criu_events_drop(r->p);
	vkfd_buffers_release(r->p);
	while (r->begun)
		vkfd_pdd_vm_abort(r->pdds[--r->begun]);
	/* There is nothing that it could fail to map. */
	vkfd_process_set_xnack_locked(r->p, xnack_before);
}

static int restore_locked(struct restore *r)
{
	struct vkfd_process *p = r->p;
	bool xnack_before = p->xnack;
	u32 i;
	int err = check_fresh(p);

	lockdep_assert_held(&p->lock);
	if (err)
		return err;
	for (i = 0; i < r->counts.bos; i++)
		r->bos[i].dmabuf_fd = NO_FD;
	err = vkfd_process_set_xnack_locked(p, r->process->xnack) ?: begin_devices(r) ?:
	      restore_buffers(r) ?:
	      vkfd_criu_events_restore(p, r->process->event_page, r->process->page_event,
				       r->events, r->counts.events);
	if (!err && copy_to_user(u64_to_user_ptr(r->args->bos), r->bos,
				 r->counts.bos * sizeof(*r->bos)))
		err = -EFAULT;
	if (err)
		undo(r, xnack_before);
	else
		commit(r);
	return err;
}

/**
 * vkfd_criu_restore() - RESTORE: all but what needs the process' memory
 * @p:     Process without GPU state.
 * @args:  What CHECKPOINT said, with drm_fd in each device bucket.
 * @claim: Makes a render node's file the process' own.
 *
 * On return restored_offset and dmabuf_fd (the caller's) of each buffer are set;
 * VRAM is zero.
 * Context: May sleep; takes the process lock.
 * Return: 0; -EINVAL see DOC; -EFAULT, -ENOMEM, -EMFILE; -ENODEV a GPU is lost;
 * -ENOSPC it has no context left; -EPERM a GPU cannot retry.
 */
int vkfd_criu_restore(struct vkfd_process *p, const struct kfd_ioctl_criu_args *args,
		      vkfd_criu_claim_fn claim)
{
	struct restore r = { .p = p, .args = args, .claim = claim };
	int err = prepare(&r);

	if (!err) {
		mutex_lock(&p->lock);
		err = restore_locked(&r);
		mutex_unlock(&p->lock);
	}
	restore_free(&r);
	return err;
}
