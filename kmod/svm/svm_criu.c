// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: attributes on their way to another process
 *
 * Checkpoint copies the attribute tree out, piece by piece: preferred and
 * prefetch location, flags, granularity, the access of each GPU. Restore checks
 * such a picture, which comes back from user space, and applies it as one set:
 * every piece, or none. Contents are not our business: whoever checkpoints
 * reads the memory as the CPU does, which brings it to RAM, and fills it in
 * before the picture is applied. What had a prefetch location is prefetched
 * there again, as KFD does; other pages wait in RAM for the first fault.
 *
 * Called by process/. Takes &vkfd_svm.lock, in it mmap_lock.
 */
#include <linux/kfd_ioctl.h>
#include <linux/sched/signal.h>

#include "core/device.h"
#include "svm_criu.h"
#include "svm_gc.h"
#include "svm_set.h"
#include "svm_types.h"

/* Five of the piece itself, one for each GPU. */
#define CHANGES_PER_PIECE	(5 + VKFD_SVM_MAX_GPUS)

/**
 * vkfd_svm_gpu_ids() - The GPUs of the process
 * @svm: SVM state.
 * @ids: Out: VKFD_SVM_MAX_GPUS entries, by slot.
 *
 * Context: May sleep; takes &vkfd_svm.lock.
 * Return: how many there are.
 */
unsigned int vkfd_svm_gpu_ids(struct vkfd_svm *svm, u32 *ids)
{
	unsigned int slot;

	mutex_lock(&svm->lock);
	for (slot = 0; slot < svm->nr_gpus; slot++)
		ids[slot] = svm->gpus[slot].dev->gpu_id;
	mutex_unlock(&svm->lock);
	return slot;
}

/** vkfd_svm_granularity() - Of memory without attributes. Context: may sleep, svm lock. */
u32 vkfd_svm_granularity(struct vkfd_svm *svm)
{
	u32 granularity;

	mutex_lock(&svm->lock);
	granularity = svm->granularity;
	mutex_unlock(&svm->lock);
	return granularity;
}

/**
 * vkfd_svm_pieces() - Copy the attribute tree
 * @svm:  SVM state.
 * @out:  The first @room pieces, in address order; NULL if @room is 0.
 * @room: Entries that fit.
 *
 * Attributes of memory that was unmapped are not in it.
 *
 * Context: May sleep; takes &vkfd_svm.lock.
 * Return: how many pieces there are, or -ENOMEM.
 */
long vkfd_svm_pieces(struct vkfd_svm *svm, struct vkfd_svm_piece *out, unsigned long room)
{
	const struct vkfd_svm_attr *attr;
	unsigned long i = 0;
	long ret;

	mutex_lock(&svm->lock);
	ret = vkfd_svm_gc_run(svm);
	if (ret)
		goto out_unlock;
	attr = vkfd_svm_attrs_first(&svm->attrs, 0);
	for (; attr && i < room; attr = vkfd_svm_attrs_next(attr))
		out[i++] = attr->piece;
	ret = svm->attrs.nr_pieces;
out_unlock:
	mutex_unlock(&svm->lock);
	return ret;
}

static bool location_is_known(const struct vkfd_svm_picture *picture, u32 location)
{
	u32 i;

	if (location == KFD_IOCTL_SVM_LOCATION_SYSMEM ||
	    location == KFD_IOCTL_SVM_LOCATION_UNDEFINED)
		return true;
	for (i = 0; i < picture->nr_gpus; i++)
		if (picture->gpu_ids[i] == location)
			return true;
	return false;
}

static bool piece_is_valid(const struct vkfd_svm_picture *picture,
			   const struct vkfd_svm_piece *piece)
{
	const struct vkfd_svm_values *values = &piece->values;
	u32 slots = picture->nr_gpus ? ~0u >> (32 - picture->nr_gpus) : 0;

	if (!piece->start || piece->start >= piece->end || piece->end > VKFD_SVM_LIMIT ||
	    !PAGE_ALIGNED(piece->start | piece->end))
		return false;
	if (values->access & values->in_place || (values->access | values->in_place) & ~slots)
		return false;
	return values->granularity <= VKFD_SVM_GRANULARITY_CAP &&
	       location_is_known(picture, values->preferred) &&
	       location_is_known(picture, values->prefetch);
}

/**
 * vkfd_svm_picture_check() - Is this what a checkpoint could have written?
 * @picture: From user space, as to @granularity and @pieces.
 *
 * Context: Any; looks at nothing else.
 * Return: 0, or -EINVAL a piece is not in order, or names what is not there.
 */
int vkfd_svm_picture_check(const struct vkfd_svm_picture *picture)
{
	u64 end = 0;
	unsigned long i;

	if (picture->granularity > VKFD_SVM_GRANULARITY_MAX ||
	    picture->nr_gpus > VKFD_SVM_MAX_GPUS)
		return -EINVAL;
	for (i = 0; i < picture->nr; i++) {
		if (picture->pieces[i].start < end ||
		    !piece_is_valid(picture, &picture->pieces[i]))
			return -EINVAL;
		end = picture->pieces[i].end;
	}
	return 0;
}

static u32 access_of(const struct vkfd_svm_values *values, unsigned int slot)
{
	if (values->access & BIT(slot))
		return KFD_IOCTL_SVM_ATTR_ACCESS;
	return values->in_place & BIT(slot) ? KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE :
					      KFD_IOCTL_SVM_ATTR_NO_ACCESS;
}

/* Changes that give a page these values, whatever it had. Return: how many. */
static u32 changes_of(const struct vkfd_svm_values *values, u32 nr_gpus,
		      struct vkfd_svm_change *changes)
{
	unsigned int slot;
	u32 n = 0;

	changes[n++] = (struct vkfd_svm_change){ KFD_IOCTL_SVM_ATTR_CLR_FLAGS, ~0u };
	changes[n++] = (struct vkfd_svm_change){ KFD_IOCTL_SVM_ATTR_SET_FLAGS, values->flags };
	changes[n++] = (struct vkfd_svm_change){ KFD_IOCTL_SVM_ATTR_GRANULARITY,
						 values->granularity };
	changes[n++] = (struct vkfd_svm_change){ KFD_IOCTL_SVM_ATTR_PREFERRED_LOC,
						 values->preferred };
	changes[n++] = (struct vkfd_svm_change){ KFD_IOCTL_SVM_ATTR_PREFETCH_LOC,
						 values->prefetch };
	for (slot = 0; slot < nr_gpus; slot++)
		changes[n++] = (struct vkfd_svm_change){ access_of(values, slot), slot };
	return n;
}

static int pieces_check_memory(struct vkfd_svm *svm, const struct vkfd_svm_picture *picture)
{
	unsigned long i;
	int err = 0;

	lockdep_assert_held(&svm->lock);
	for (i = 0; i < picture->nr && !err; i++) {
		const struct vkfd_svm_piece *piece = &picture->pieces[i];

		vkfd_svm_gc_expect(svm, piece->start, piece->end);
		err = vkfd_svm_check_memory(svm, piece->start, piece->end);
	}
	return err;
}

static int pieces_set(struct vkfd_svm *svm, const struct vkfd_svm_picture *picture)
{
	struct vkfd_svm_change changes[CHANGES_PER_PIECE];
	unsigned long i;
	int err = 0;

	for (i = 0; i < picture->nr && !err; i++) {
		const struct vkfd_svm_piece *piece = &picture->pieces[i];
		u32 nr = changes_of(&piece->values, picture->nr_gpus, changes);

		err = vkfd_svm_set_changes(svm, piece->start, piece->end, changes, nr);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	}
	return err;
}

static int apply_locked(struct vkfd_svm *svm, const struct vkfd_svm_picture *picture)
{
	struct vkfd_svm_saved saved;
	u64 start, end;
	int err;

	lockdep_assert_held(&svm->lock);
	err = vkfd_svm_gc_run(svm) ?: pieces_check_memory(svm, picture);
	if (err || !picture->nr)
		return err;
	start = picture->pieces[0].start;
	end = picture->pieces[picture->nr - 1].end;
	err = vkfd_svm_attrs_save(&svm->attrs, start, end, &saved);
	if (err)
		return err;
	err = pieces_set(svm, picture);
	if (err)
		vkfd_svm_set_undo(svm, start, end, &saved);
	else
		vkfd_svm_attrs_forget(&saved);
	return err;
}

/**
 * vkfd_svm_picture_apply() - Give a process the attributes of another one
 * @svm:     SVM state. Its first GPUs are those of the picture.
 * @picture: Checked.
 *
 * All of it, or nothing but that pages may have moved. What has a prefetch
 * location is there on return, as far as it could be brought.
 *
 * Context: May sleep; also for another process than the caller's, which keeps
 * its mm alive. Takes &vkfd_svm.lock and mmap_lock.
 * Return: 0, or as vkfd_svm_set_attrs(): -EFAULT memory is missing,
 * -EADDRINUSE, -ENOMEM, -ENODEV, -EINTR.
 */
int vkfd_svm_picture_apply(struct vkfd_svm *svm, const struct vkfd_svm_picture *picture)
{
	int err;

	mutex_lock(&svm->lock);
	err = apply_locked(svm, picture);
	if (!err)
		svm->granularity = picture->granularity;
	mutex_unlock(&svm->lock);
	return err;
}
