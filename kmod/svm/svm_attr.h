/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_ATTR_H
#define VKFD_SVM_ATTR_H

#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/* KFD caps granularity here; it is stored as is and never used as a shift beyond 51. */
#define VKFD_SVM_GRANULARITY_CAP 0x3fu

/**
 * struct vkfd_svm_values - everything KFD's SVM attributes say of one page
 * @preferred:   Location where it shall live.
 * @prefetch:    Location of the last prefetch.
 * @flags:       KFD_IOCTL_SVM_FLAG_*.
 * @access:      Slots of GPUs that may use it.
 * @in_place:    Slots of GPUs that may use it where it is; no bit of @access.
 * @granularity: log2 of the 4 KiB pages that a fault moves.
 *
 * Locations are gpu_ids, 0 for system memory, or
 * KFD_IOCTL_SVM_LOCATION_UNDEFINED. Bit n of a set is slot n.
 */
struct vkfd_svm_values {
	u32 preferred;
	u32 prefetch;
	u32 flags;
	u32 access;
	u32 in_place;
	u32 granularity;
};

/**
 * struct vkfd_svm_change - one attribute of a set call
 * @type:  KFD_IOCTL_SVM_ATTR_*.
 * @value: as in the ioctl, except that the access kinds name a GPU slot.
 */
struct vkfd_svm_change {
	u32 type;
	u32 value;
};

/** struct vkfd_svm_piece - [start, end), page aligned, with its values */
struct vkfd_svm_piece {
	u64 start, end;
	struct vkfd_svm_values values;
};

/** struct vkfd_svm_attr - one piece in the tree; private to svm_attr.c but for reading */
struct vkfd_svm_attr {
	struct rb_node rb;
	struct vkfd_svm_attr *spare;
	struct vkfd_svm_piece piece;
};

/** struct vkfd_svm_attrs - what one process asked for; guarded by its owner */
struct vkfd_svm_attrs {
	/*
	 * Guards the tree against vkfd_svm_attrs_locations() alone, which is
	 * called where the owner's lock cannot be taken. A leaf; nothing is
	 * allocated under it.
	 */
	struct mutex lock;
	struct rb_root root;
	unsigned long nr_pieces;
	/* How often attributes went because their memory was unmapped. */
	u64 cleared;
};

/**
 * struct vkfd_svm_saved - picture of an interval of the tree
 * @cleared: of the tree at that time.
 * @nr:      pieces.
 * @nodes:   chain of that many copies, then @blank.
 * @blank:   two empty nodes.
 */
struct vkfd_svm_saved {
	u64 start, end;
	u64 cleared;
	unsigned long nr;
	struct vkfd_svm_attr *nodes;
	struct vkfd_svm_attr *blank;
};

/** struct vkfd_svm_summary - what is common to all pieces of an interval */
struct vkfd_svm_summary {
	bool any;		/* false: no piece, the rest says nothing */
	u32 preferred;		/* UNDEFINED if they differ */
	u32 prefetch;
	u32 access;		/* slots that every piece has */
	u32 in_place;
	u32 flags_all;		/* AND */
	u32 flags_any;		/* OR */
	u32 granularity;	/* smallest */
};

void vkfd_svm_attrs_init(struct vkfd_svm_attrs *attrs);
void vkfd_svm_attrs_fini(struct vkfd_svm_attrs *attrs);
int vkfd_svm_attrs_set(struct vkfd_svm_attrs *attrs, u64 start, u64 end,
		       const struct vkfd_svm_change *changes, unsigned int nr_changes,
		       const struct vkfd_svm_values *fresh);
int vkfd_svm_attrs_save(const struct vkfd_svm_attrs *attrs, u64 start, u64 end,
			struct vkfd_svm_saved *saved);
bool vkfd_svm_attrs_put_back(struct vkfd_svm_attrs *attrs, struct vkfd_svm_saved *saved);
void vkfd_svm_attrs_forget(struct vkfd_svm_saved *saved);
int vkfd_svm_attrs_clear(struct vkfd_svm_attrs *attrs, u64 start, u64 end);
const struct vkfd_svm_attr *vkfd_svm_attrs_first(const struct vkfd_svm_attrs *attrs, u64 addr);
const struct vkfd_svm_attr *vkfd_svm_attrs_next(const struct vkfd_svm_attr *attr);
bool vkfd_svm_attrs_lookup(const struct vkfd_svm_attrs *attrs, u64 addr,
			   struct vkfd_svm_piece *piece);
void vkfd_svm_attrs_locations(struct vkfd_svm_attrs *attrs, u64 addr, u32 *prefetch,
			      u32 *preferred);
void vkfd_svm_attrs_summarize(const struct vkfd_svm_attrs *attrs, u64 start, u64 end,
			      struct vkfd_svm_summary *sum);

#endif
