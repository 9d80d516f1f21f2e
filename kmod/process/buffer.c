// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: buffers of a process
 *
 * Owns the handles of ALLOC_MEMORY_OF_GPU: which buffer is which, on which GPUs
 * it is mapped, which addresses it takes, and which queues need it. The memory
 * itself belongs to mem/.
 *
 * Every address range of a buffer, GPU side and, for user memory, CPU side, is
 * in one interval tree, so that SVM memory and buffers exclude each other: each
 * side publishes its range first and looks at the other afterwards.
 *
 * Locks: the process lock for everything; &vkfd_process.buffer_lock, a leaf, in
 * addition to change the tree, so that SVM can look without the process lock.
 * Refuses: addresses outside the GPU's address space (-EINVAL) or in use by SVM
 * (-EADDRINUSE); two buffers at one address of one GPU (-EINVAL); to unmap or
 * free what a queue uses (-EBUSY) or the event page (-EPERM).
 */
#include <linux/bits.h>
#include <linux/file.h>
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>

#include "mmu/mmu_vm.h"
#include "process/buffer.h"
#include "process/process_types.h"
#include "svm/svm.h"
#include "vkfd_hw/addr.h"

/* Far above any client; bounds what handles without memory behind can cost. */
#define VKFD_MAX_BUFFERS	BIT(20)

struct vkfd_span {
	struct interval_tree_node it;
	struct vkfd_buffer *buffer;
};

/** struct vkfd_buffer - one handle */
struct vkfd_buffer {
	struct vkfd_pdd *pdd;	/* GPU it was allocated on */
	struct vkfd_mem *mem;
	u32 id;
	/* Addresses on the GPUs; on the CPU, if user memory is mapped elsewhere. */
	struct vkfd_span gpu, cpu;
	/* Queues (and the event page) that must not lose it. */
	unsigned int holds;
};

static struct drm_file *pdd_drm_file(struct vkfd_pdd *pdd)
{
	return pdd->file->private_data;
}

/* Asked for as VRAM, which is what KFD counts; where an APU's buffer is, does not matter. */
static bool counts_as_vram(const struct vkfd_mem_params *params)
{
	return params->abi_flags & KFD_IOC_ALLOC_MEM_FLAGS_VRAM;
}

static bool has_render_mmap(struct vkfd_buffer *buffer)
{
	enum vkfd_mem_kind kind = vkfd_mem_params(buffer->mem)->kind;

	return kind == VKFD_MEM_VRAM || kind == VKFD_MEM_GTT;
}

static void span_insert(struct vkfd_process *p, struct vkfd_buffer *buffer,
			struct vkfd_span *span, u64 start, u64 bytes)
{
	lockdep_assert_held(&p->buffer_lock);
	span->buffer = buffer;
	span->it.start = start;
	span->it.last = start + bytes - 1;
	interval_tree_insert(&span->it, &p->buffer_tree);
}

static void spans_insert(struct vkfd_process *p, struct vkfd_buffer *buffer,
			 const struct vkfd_mem_params *params)
{
	spin_lock(&p->buffer_lock);
	if (params->va)
		span_insert(p, buffer, &buffer->gpu, params->va, params->bytes);
	if (params->kind == VKFD_MEM_USERPTR && params->user_addr != params->va)
		span_insert(p, buffer, &buffer->cpu, params->user_addr, params->bytes);
	spin_unlock(&p->buffer_lock);
}

static void spans_remove(struct vkfd_process *p, struct vkfd_buffer *buffer)
{
	spin_lock(&p->buffer_lock);
	if (buffer->gpu.buffer)
		interval_tree_remove(&buffer->gpu.it, &p->buffer_tree);
	if (buffer->cpu.buffer)
		interval_tree_remove(&buffer->cpu.it, &p->buffer_tree);
	spin_unlock(&p->buffer_lock);
}

/**
 * vkfd_buffer_overlaps() - Does a buffer live in [start, end)?
 * @owner: The process.
 * @start: First byte.
 * @end: Byte after the last.
 *
 * Context: Any sleeping context; takes a leaf spinlock only.
 * Return: true if some buffer has an address there, mapped or not.
 */
bool vkfd_buffer_overlaps(void *owner, u64 start, u64 end)
{
	struct vkfd_process *p = owner;
	bool overlaps;

	spin_lock(&p->buffer_lock);
	overlaps = interval_tree_iter_first(&p->buffer_tree, start, end - 1);
	spin_unlock(&p->buffer_lock);
	return overlaps;
}

static bool svm_overlaps(struct vkfd_process *p, const struct vkfd_mem_params *params)
{
	if (params->va && vkfd_svm_overlaps(p->svm, params->va, params->va + params->bytes))
		return true;
	return params->kind == VKFD_MEM_USERPTR && params->user_addr != params->va &&
	       vkfd_svm_overlaps(p->svm, params->user_addr, params->user_addr + params->bytes);
}

/* The number it has already, which must be free; any, if it has none. */
static int buffer_number(struct vkfd_buffer *buffer)
{
	struct xa_limit limit = XA_LIMIT(1, VKFD_MAX_BUFFERS);

	if (buffer->id)
		limit = XA_LIMIT(buffer->id, buffer->id);
	return xa_alloc(&buffer->pdd->buffers, &buffer->id, buffer, limit, GFP_KERNEL_ACCOUNT);
}

/* Memory, number and mmap permission of a buffer whose spans are published. */
static int buffer_back(struct vkfd_buffer *buffer, const struct vkfd_mem_params *params)
{
	struct vkfd_pdd *pdd = buffer->pdd;
	int err;

	if (svm_overlaps(pdd->p, params))
		return -EADDRINUSE;
	err = vkfd_mem_alloc(pdd->dev, params, &buffer->mem);
	if (err)
		return err;
	if (has_render_mmap(buffer)) {
		err = vkfd_mem_mmap_allow(buffer->mem, pdd_drm_file(pdd));
		if (err)
			goto err_mem;
	}
	err = buffer_number(buffer);
	if (err)
		goto err_mmap;
	return 0;

err_mmap:
	if (has_render_mmap(buffer))
		vkfd_mem_mmap_revoke(buffer->mem, pdd_drm_file(pdd));
err_mem:
	vkfd_mem_put(buffer->mem);
	return err == -EBUSY || err == -ENOSPC ? -ENOMEM : err;
}

static int buffer_alloc_locked(struct vkfd_pdd *pdd, const struct vkfd_mem_params *params, u32 id,
			       struct vkfd_buffer_result *out)
{
	struct vkfd_buffer *buffer = kzalloc_obj(*buffer, GFP_KERNEL_ACCOUNT);
	int err;

	lockdep_assert_held(&pdd->p->lock);
	if (!buffer)
		return -ENOMEM;
	buffer->pdd = pdd;
	buffer->id = id;
	spans_insert(pdd->p, buffer, params);
	err = buffer_back(buffer, params);
	if (err) {
		spans_remove(pdd->p, buffer);
		kfree(buffer);
		return err;
	}
	if (counts_as_vram(params))
		atomic64_add(params->bytes, &pdd->counters.vram_bytes);
	out->handle = VKFD_HANDLE(pdd->dev->gpu_id, buffer->id);
	out->mmap_offset = has_render_mmap(buffer) ? vkfd_mem_mmap_offset(buffer->mem) : 0;
	return 0;
}

static bool range_is_valid(u64 start, u64 bytes, u64 lowest)
{
	u64 limit = VKFD_GPUVM_LIMIT + 1;

	return IS_ALIGNED(start, PAGE_SIZE) && start >= lowest && bytes <= limit &&
	       start <= limit - bytes;
}

static int params_check(const struct vkfd_mem_params *params)
{
	if (!params->bytes || !IS_ALIGNED(params->bytes, PAGE_SIZE))
		return -EINVAL;
	if (params->va && !range_is_valid(params->va, params->bytes, VKFD_GPUVM_BASE))
		return -EINVAL;
	if (params->kind == VKFD_MEM_USERPTR &&
	    !range_is_valid(params->user_addr, params->bytes, PAGE_SIZE))
		return -EINVAL;
	return 0;
}

/**
 * vkfd_buffer_alloc() - ALLOC_MEMORY_OF_GPU
 * @p:      Process.
 * @gpu_id: GPU that owns the memory or the doorbell frame.
 * @params: What to make; the doorbell frame is filled in here.
 * @out:    Handle and mmap offset.
 *
 * Context: May sleep; takes the process lock, in it svm and mmap locks.
 * Return: 0, -EINVAL, -ENODEV no address space on that GPU, -EADDRINUSE SVM
 * memory lives there, -ENOMEM, -EFAULT user memory is not there.
 */
int vkfd_buffer_alloc(struct vkfd_process *p, u32 gpu_id, struct vkfd_mem_params *params,
		      struct vkfd_buffer_result *out)
{
	struct vkfd_pdd *pdd;
	int err = params_check(params);

	if (err)
		return err;
	mutex_lock(&p->lock);
	pdd = vkfd_pdd_get(p, gpu_id);
	if (IS_ERR(pdd)) {
		err = PTR_ERR(pdd);
	} else if (!pdd->vm || vkfd_device_is_lost(pdd->dev)) {
		err = -ENODEV;
	} else {
		params->doorbell_frame = vkfd_vm_ctx(pdd->vm);
		err = buffer_alloc_locked(pdd, params, 0, out);
	}
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_buffer_restore() - Make a buffer that a checkpoint described
 * @pdd:    GPU, with address space; the process lock is held.
 * @params: What to make; the doorbell frame is filled in here.
 * @id:     Its number.
 * @out:    Handle and mmap offset.
 *
 * Return: As vkfd_buffer_alloc(); -EINVAL the number is out of range or taken.
 */
int vkfd_buffer_restore(struct vkfd_pdd *pdd, struct vkfd_mem_params *params, u32 id,
			struct vkfd_buffer_result *out)
{
	int err = params_check(params);

	if (!err && (!id || id > VKFD_MAX_BUFFERS || xa_load(&pdd->buffers, id)))
		err = -EINVAL;
	if (err)
		return err;
	params->doorbell_frame = vkfd_vm_ctx(pdd->vm);
	return buffer_alloc_locked(pdd, params, id, out);
}

/**
 * vkfd_buffer_find() - Buffer of a handle
 * @p: Process.
 * @handle: Buffer, as user space names it.
 *
 * Context: Caller holds the process lock.
 * Return: The buffer, valid while the lock is held, or NULL.
 */
struct vkfd_buffer *vkfd_buffer_find(struct vkfd_process *p, u64 handle)
{
	struct vkfd_pdd *pdd = vkfd_pdd_find(p, VKFD_HANDLE_GPU(handle));

	return pdd ? xa_load(&pdd->buffers, VKFD_HANDLE_ID(handle)) : NULL;
}

/** vkfd_buffer_mem() - Memory of a buffer. Return: not counted. */
struct vkfd_mem *vkfd_buffer_mem(struct vkfd_buffer *buffer)
{
	return buffer->mem;
}

static void buffer_destroy(struct vkfd_buffer *buffer)
{
	struct vkfd_pdd *pdd = buffer->pdd, *other;
	const struct vkfd_mem_params *params = vkfd_mem_params(buffer->mem);

	lockdep_assert_held(&pdd->p->lock);
	list_for_each_entry(other, &pdd->p->pdds, link)
		if (other->vm && vkfd_mem_is_mapped(buffer->mem, other->vm))
			vkfd_mem_unmap(buffer->mem, other->vm);
	if (has_render_mmap(buffer))
		vkfd_mem_mmap_revoke(buffer->mem, pdd_drm_file(pdd));
	if (counts_as_vram(params))
		atomic64_sub(params->bytes, &pdd->counters.vram_bytes);
	xa_erase(&pdd->buffers, buffer->id);
	spans_remove(pdd->p, buffer);
	vkfd_mem_put(buffer->mem);
	kfree(buffer);
}

/**
 * vkfd_buffer_free() - FREE_MEMORY_OF_GPU: unmap everywhere and let go
 * @p: Process.
 * @handle: Buffer, as user space names it.
 *
 * Context: May sleep; takes the process lock.
 * Return: 0, -EINVAL no such buffer, -EPERM the event page, -EBUSY a queue uses it.
 */
int vkfd_buffer_free(struct vkfd_process *p, u64 handle)
{
	struct vkfd_buffer *buffer;
	int err = 0;

	mutex_lock(&p->lock);
	buffer = vkfd_buffer_find(p, handle);
	if (!buffer)
		err = -EINVAL;
	else if (p->events.page_handle == handle)
		err = -EPERM;
	else if (buffer->holds)
		err = -EBUSY;
	else
		buffer_destroy(buffer);
	mutex_unlock(&p->lock);
	return err;
}

/* Would mapping on the GPU overwrite another buffer there? */
static bool va_is_taken(struct vkfd_buffer *buffer, struct vkfd_pdd *pdd)
{
	struct rb_root_cached *tree = &pdd->p->buffer_tree;
	unsigned long start = buffer->gpu.it.start, last = buffer->gpu.it.last;
	struct interval_tree_node *it;

	lockdep_assert_held(&pdd->p->lock);
	for (it = interval_tree_iter_first(tree, start, last); it;
	     it = interval_tree_iter_next(it, start, last)) {
		struct vkfd_span *span = container_of(it, struct vkfd_span, it);

		if (span->buffer != buffer && span == &span->buffer->gpu && span->buffer->mem &&
		    vkfd_mem_is_mapped(span->buffer->mem, pdd->vm))
			return true;
	}
	return false;
}

/** vkfd_buffer_map_one() - vkfd_buffer_map() on one GPU. Process lock held. */
int vkfd_buffer_map_one(struct vkfd_buffer *buffer, u32 gpu_id)
{
	struct vkfd_pdd *pdd = vkfd_pdd_get(buffer->pdd->p, gpu_id);

	if (IS_ERR(pdd))
		return PTR_ERR(pdd);
	if (!pdd->vm || vkfd_device_is_lost(pdd->dev))
		return -ENODEV;
	if (!buffer->gpu.buffer || va_is_taken(buffer, pdd))
		return -EINVAL;
	return vkfd_mem_map(buffer->mem, pdd->vm);
}

static int buffer_unmap_one(struct vkfd_buffer *buffer, u32 gpu_id)
{
	struct vkfd_pdd *pdd = vkfd_pdd_find(buffer->pdd->p, gpu_id);

	if (!pdd || !pdd->vm)
		return -EINVAL;
	if (!vkfd_mem_is_mapped(buffer->mem, pdd->vm))
		return 0;
	return vkfd_mem_unmap(buffer->mem, pdd->vm);
}

/**
 * vkfd_buffer_map() - MAP_MEMORY_TO_GPU
 * @p:      Process.
 * @handle: Buffer.
 * @gpus:   gpu_ids.
 * @count:  Length of @gpus.
 * @done:   In: how many were done by earlier calls; out: how many are.
 *
 * Context: May sleep; takes the process lock.
 * Return: 0, -ENOMEM no such buffer (KFD's choice) or no memory, -EINVAL no
 * such GPU, no address, or another buffer is mapped there; -ENODEV;
 * -EOPNOTSUPP the GPU cannot reach that memory.
 */
int vkfd_buffer_map(struct vkfd_process *p, u64 handle, const u32 *gpus, u32 count, u32 *done)
{
	struct vkfd_buffer *buffer;
	int err = 0;

	mutex_lock(&p->lock);
	buffer = vkfd_buffer_find(p, handle);
	if (!buffer)
		err = -ENOMEM;
	while (!err && *done < count) {
		err = vkfd_buffer_map_one(buffer, gpus[*done]);
		if (!err)
			++*done;
	}
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_buffer_unmap() - UNMAP_MEMORY_FROM_GPU; arguments as vkfd_buffer_map()
 * @p: Process.
 * @handle: Buffer, as user space names it.
 * @gpus: gpu_ids.
 * @count: How many there are.
 * @done: In and out: how many GPUs are done.
 *
 * Context: May sleep; takes the process lock.
 * Return: 0, -ENOMEM no such buffer, -EINVAL no such GPU, -EBUSY a queue uses it.
 */
int vkfd_buffer_unmap(struct vkfd_process *p, u64 handle, const u32 *gpus, u32 count, u32 *done)
{
	struct vkfd_buffer *buffer;
	int err = 0;

	mutex_lock(&p->lock);
	buffer = vkfd_buffer_find(p, handle);
	if (!buffer)
		err = -ENOMEM;
	else if (buffer->holds)
		err = -EBUSY;
	while (!err && *done < count) {
		err = buffer_unmap_one(buffer, gpus[*done]);
		if (!err)
			++*done;
	}
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_buffer_hold() - Keep the buffer behind a queue's address
 * @pdd:   GPU of the queue; the process lock is held.
 * @va:    First byte.
 * @bytes: Length, > 0.
 *
 * Until vkfd_buffer_unhold() it can neither be unmapped nor freed.
 * Return: The one buffer that has all of it mapped on this GPU, or NULL.
 */
struct vkfd_buffer *vkfd_buffer_hold(struct vkfd_pdd *pdd, u64 va, u64 bytes)
{
	struct rb_root_cached *tree = &pdd->p->buffer_tree;
	struct interval_tree_node *it;

	lockdep_assert_held(&pdd->p->lock);
	if (!bytes || va + bytes - 1 < va)
		return NULL;
	for (it = interval_tree_iter_first(tree, va, va + bytes - 1); it;
	     it = interval_tree_iter_next(it, va, va + bytes - 1)) {
		struct vkfd_span *span = container_of(it, struct vkfd_span, it);
		struct vkfd_buffer *buffer = span->buffer;

		if (span == &buffer->gpu && it->start <= va && it->last >= va + bytes - 1 &&
		    vkfd_mem_is_mapped(buffer->mem, pdd->vm)) {
			buffer->holds++;
			return buffer;
		}
	}
	return NULL;
}

/** vkfd_buffer_unhold() - Undo vkfd_buffer_hold(); NULL is fine. Process lock held. */
void vkfd_buffer_unhold(struct vkfd_buffer *buffer)
{
	if (!buffer)
		return;
	lockdep_assert_held(&buffer->pdd->p->lock);
	buffer->holds--;
}

/** vkfd_buffers_release() - Free every buffer; queues are gone. Process lock held. */
void vkfd_buffers_release(struct vkfd_process *p)
{
	struct vkfd_buffer *buffer;
	struct vkfd_pdd *pdd;
	unsigned long id;

	lockdep_assert_held(&p->lock);
	list_for_each_entry(pdd, &p->pdds, link) {
		xa_for_each(&pdd->buffers, id, buffer)
			buffer_destroy(buffer);
	}
}
