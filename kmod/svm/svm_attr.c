// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: remember: the attribute tree
 *
 * What user space asked for, and nothing else: no pages, no mappings, no GPU
 * state. Disjoint pieces in a red-black tree sorted by address; pages without
 * a piece have the defaults. Two neighbours never have equal values, so the
 * tree is as small as the request allows and its shape does not depend on the
 * order of the calls.
 *
 * Called by set, get, fault service, restore and the garbage collector, all
 * under &vkfd_svm.lock; this file is pure (no kernel state, built for the host
 * by tests/host) and therefore leaves the locking to them. Only the locations
 * for migration news are asked without it, under a lock of the tree's own.
 *
 * A change allocates every node that it may need before it touches the tree:
 * it happens whole or not at all. What follows it outside the tree may fail;
 * for that there is a picture of an interval, taken before, that can be put
 * back without memory. Arguments are validated by svm_set.c.
 */
#include <linux/errno.h>
#include <linux/kfd_ioctl.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "svm_attr.h"

static struct vkfd_svm_attr *attr_of(struct rb_node *node)
{
	return rb_entry(node, struct vkfd_svm_attr, rb);
}

static bool values_equal(const struct vkfd_svm_values *a, const struct vkfd_svm_values *b)
{
	return a->preferred == b->preferred && a->prefetch == b->prefetch &&
	       a->flags == b->flags && a->access == b->access &&
	       a->in_place == b->in_place && a->granularity == b->granularity;
}

/* The piece that holds @addr, else the first one above, else NULL. */
static struct vkfd_svm_attr *attr_first(const struct vkfd_svm_attrs *attrs, u64 addr)
{
	struct rb_node *node = attrs->root.rb_node;
	struct vkfd_svm_attr *best = NULL;

	while (node) {
		struct vkfd_svm_attr *attr = attr_of(node);

		if (attr->piece.end > addr) {
			best = attr;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static struct vkfd_svm_attr *attr_next(const struct vkfd_svm_attr *attr)
{
	struct rb_node *node = rb_next(&attr->rb);

	return node ? attr_of(node) : NULL;
}

static void attr_insert(struct vkfd_svm_attrs *attrs, struct vkfd_svm_attr *new)
{
	struct rb_node **link = &attrs->root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (new->piece.start < attr_of(parent)->piece.start)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&new->rb, parent, link);
	rb_insert_color(&new->rb, &attrs->root);
	attrs->nr_pieces++;
}

static void attr_erase(struct vkfd_svm_attrs *attrs, struct vkfd_svm_attr *attr)
{
	rb_erase(&attr->rb, &attrs->root);
	attrs->nr_pieces--;
	kfree(attr);
}

static void spares_free(struct vkfd_svm_attr *spares)
{
	while (spares) {
		struct vkfd_svm_attr *next = spares->spare;

		kfree(spares);
		spares = next;
	}
}

/* A chain of @nr empty nodes, or NULL with nothing allocated. */
static struct vkfd_svm_attr *spares_alloc(unsigned long nr)
{
	struct vkfd_svm_attr *spares = NULL;

	while (nr--) {
		struct vkfd_svm_attr *attr = kzalloc_obj(*attr);

		if (!attr) {
			spares_free(spares);
			return NULL;
		}
		attr->spare = spares;
		spares = attr;
	}
	return spares;
}

static struct vkfd_svm_attr *spare_take(struct vkfd_svm_attr **spares)
{
	struct vkfd_svm_attr *attr = *spares;

	*spares = attr->spare;
	attr->spare = NULL;
	return attr;
}

/* Runs of pages inside [start, end) that have no piece. */
static unsigned long count_gaps(const struct vkfd_svm_attrs *attrs, u64 start, u64 end)
{
	const struct vkfd_svm_attr *attr = attr_first(attrs, start);
	unsigned long gaps = 0;

	while (start < end && attr && attr->piece.start < end) {
		if (attr->piece.start > start)
			gaps++;
		start = attr->piece.end;
		attr = attr_next(attr);
	}
	return start < end ? gaps + 1 : gaps;
}

/* Cuts the piece that has @addr in its middle, if there is one. */
static void split_at(struct vkfd_svm_attrs *attrs, u64 addr, struct vkfd_svm_attr **spares)
{
	struct vkfd_svm_attr *head = attr_first(attrs, addr), *tail;

	if (!head || head->piece.start >= addr)
		return;
	tail = spare_take(spares);
	tail->piece = head->piece;
	tail->piece.start = addr;
	head->piece.end = addr;
	attr_insert(attrs, tail);
}

/* Joins equal neighbours from the piece before @start to the one at @end. */
static void coalesce(struct vkfd_svm_attrs *attrs, u64 start, u64 end)
{
	struct vkfd_svm_attr *attr = attr_first(attrs, start ? start - 1 : 0), *next;

	while (attr && attr->piece.start < end) {
		next = attr_next(attr);
		if (next && next->piece.start == attr->piece.end &&
		    values_equal(&next->piece.values, &attr->piece.values)) {
			attr->piece.end = next->piece.end;
			attr_erase(attrs, next);
		} else {
			attr = next;
		}
	}
}

/* One attribute in KFD's terms; kinds of access exclude each other per GPU. */
static void apply_one(struct vkfd_svm_values *values, const struct vkfd_svm_change *change)
{
	u32 value = change->value;

	switch (change->type) {
	case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
		values->preferred = value;
		break;
	case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
		values->prefetch = value;
		break;
	case KFD_IOCTL_SVM_ATTR_ACCESS:
		values->access |= 1u << value;
		values->in_place &= ~(1u << value);
		break;
	case KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE:
		values->access &= ~(1u << value);
		values->in_place |= 1u << value;
		break;
	case KFD_IOCTL_SVM_ATTR_NO_ACCESS:
		values->access &= ~(1u << value);
		values->in_place &= ~(1u << value);
		break;
	case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
		values->flags |= value;
		break;
	case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
		values->flags &= ~value;
		break;
	case KFD_IOCTL_SVM_ATTR_GRANULARITY:
		values->granularity = min(value, VKFD_SVM_GRANULARITY_CAP);
		break;
	}
}

/* The piece that starts at @pos; a new one with @fresh values fills a gap. */
static struct vkfd_svm_attr *piece_at(struct vkfd_svm_attrs *attrs, u64 pos, u64 end,
				      const struct vkfd_svm_values *fresh,
				      struct vkfd_svm_attr **spares)
{
	struct vkfd_svm_attr *attr = attr_first(attrs, pos), *new;

	if (attr && attr->piece.start == pos)
		return attr;

	new = spare_take(spares);
	new->piece.start = pos;
	new->piece.end = attr ? min(attr->piece.start, end) : end;
	new->piece.values = *fresh;
	attr_insert(attrs, new);
	return new;
}

/**
 * vkfd_svm_attrs_init() - Make an empty tree
 * @attrs: The tree.
 */
void vkfd_svm_attrs_init(struct vkfd_svm_attrs *attrs)
{
	mutex_init(&attrs->lock);
	attrs->root = RB_ROOT;
	attrs->nr_pieces = 0;
	attrs->cleared = 0;
}

/**
 * vkfd_svm_attrs_fini() - Free every piece
 * @attrs: The tree; empty afterwards.
 */
void vkfd_svm_attrs_fini(struct vkfd_svm_attrs *attrs)
{
	struct rb_node *node;

	while ((node = rb_first(&attrs->root)))
		attr_erase(attrs, attr_of(node));
	mutex_destroy(&attrs->lock);
}

/**
 * vkfd_svm_attrs_set() - Apply attributes, in order, to an interval
 * @attrs:      Attribute tree of the process.
 * @start:      First byte, page aligned.
 * @end:        End, page aligned, above @start.
 * @changes:    Validated attributes.
 * @nr_changes: How many; 0 only makes the pages registered.
 * @fresh:      Values of pages that had no piece, before @changes.
 *
 * On failure the tree is exactly as it was. Touches no pages and no mappings.
 *
 * Context: Process context, may sleep. Caller holds the lock of the tree.
 * Return: 0, or -ENOMEM.
 */
int vkfd_svm_attrs_set(struct vkfd_svm_attrs *attrs, u64 start, u64 end,
		       const struct vkfd_svm_change *changes, unsigned int nr_changes,
		       const struct vkfd_svm_values *fresh)
{
	/* Two for the edges, one for each gap. */
	struct vkfd_svm_attr *spares = spares_alloc(2 + count_gaps(attrs, start, end));
	struct vkfd_svm_attr *attr;
	unsigned int i;
	u64 pos;

	if (!spares)
		return -ENOMEM;

	mutex_lock(&attrs->lock);
	split_at(attrs, start, &spares);
	split_at(attrs, end, &spares);
	for (pos = start; pos < end; pos = attr->piece.end) {
		attr = piece_at(attrs, pos, end, fresh, &spares);
		for (i = 0; i < nr_changes; i++)
			apply_one(&attr->piece.values, &changes[i]);
	}
	coalesce(attrs, start, end);
	mutex_unlock(&attrs->lock);
	spares_free(spares);
	return 0;
}

/**
 * vkfd_svm_attrs_clear() - Forget an interval (its memory was unmapped)
 * @attrs: Attribute tree of the process.
 * @start: First byte, page aligned.
 * @end:   End, page aligned.
 *
 * Context: Process context, may sleep. Caller holds the lock of the tree.
 * Return: 0, or -ENOMEM with the tree unchanged (a hole in a piece needs a node).
 */
int vkfd_svm_attrs_clear(struct vkfd_svm_attrs *attrs, u64 start, u64 end)
{
	struct vkfd_svm_attr *attr = attr_first(attrs, start), *next, *spares = NULL;

	if (attr && attr->piece.start < start && attr->piece.end > end) {
		spares = spares_alloc(1);
		if (!spares)
			return -ENOMEM;
	}
	attrs->cleared++;
	mutex_lock(&attrs->lock);
	if (spares)
		split_at(attrs, end, &spares);
	for (; attr && attr->piece.start < end; attr = next) {
		next = attr_next(attr);
		if (attr->piece.start < start)
			attr->piece.end = start;
		else if (attr->piece.end > end)
			attr->piece.start = end;
		else
			attr_erase(attrs, attr);
	}
	mutex_unlock(&attrs->lock);
	return 0;
}

static unsigned long count_pieces(const struct vkfd_svm_attrs *attrs, u64 start, u64 end)
{
	const struct vkfd_svm_attr *attr;
	unsigned long nr = 0;

	for (attr = attr_first(attrs, start); attr && attr->piece.start < end;
	     attr = attr_next(attr))
		nr++;
	return nr;
}

/**
 * vkfd_svm_attrs_save() - Take a picture of an interval
 * @attrs: Attribute tree of the process.
 * @start: First byte, page aligned.
 * @end:   End, page aligned.
 * @saved: Out; goes to vkfd_svm_attrs_put_back() or vkfd_svm_attrs_forget().
 *
 * Context: Process context, may sleep. Caller holds the lock of the tree.
 * Return: 0, or -ENOMEM.
 */
int vkfd_svm_attrs_save(const struct vkfd_svm_attrs *attrs, u64 start, u64 end,
			struct vkfd_svm_saved *saved)
{
	const struct vkfd_svm_attr *attr = attr_first(attrs, start);
	struct vkfd_svm_attr *copy;

	saved->start = start;
	saved->end = end;
	saved->cleared = attrs->cleared;
	saved->nr = count_pieces(attrs, start, end);
	/* One for each piece; two for cutting what will be there at the edges. */
	saved->nodes = spares_alloc(2 + saved->nr);
	if (!saved->nodes)
		return -ENOMEM;
	for (copy = saved->nodes; attr && attr->piece.start < end; attr = attr_next(attr)) {
		copy->piece = attr->piece;
		copy->piece.start = max(attr->piece.start, start);
		copy->piece.end = min(attr->piece.end, end);
		copy = copy->spare;
	}
	saved->blank = copy;
	return 0;
}

/**
 * vkfd_svm_attrs_put_back() - Make an interval what it was
 * @attrs: Attribute tree of the process.
 * @saved: The picture; used up.
 *
 * Needs no memory. If some of the process' memory was unmapped since, nothing
 * happens: its attributes must not come back.
 *
 * Context: Process context. Caller holds the lock of the tree.
 * Return: true if the interval is as it was.
 */
bool vkfd_svm_attrs_put_back(struct vkfd_svm_attrs *attrs, struct vkfd_svm_saved *saved)
{
	struct vkfd_svm_attr *attr, *next, *copy = saved->nodes;

	if (attrs->cleared != saved->cleared) {
		vkfd_svm_attrs_forget(saved);
		return false;
	}
	mutex_lock(&attrs->lock);
	split_at(attrs, saved->start, &saved->blank);
	split_at(attrs, saved->end, &saved->blank);
	attr = attr_first(attrs, saved->start);
	for (; attr && attr->piece.start < saved->end; attr = next) {
		next = attr_next(attr);
		attr_erase(attrs, attr);
	}
	/* Not to the end of the chain: its last two are @blank, and in use. */
	for (; saved->nr; saved->nr--) {
		next = copy->spare;
		copy->spare = NULL;
		attr_insert(attrs, copy);
		copy = next;
	}
	coalesce(attrs, saved->start, saved->end);
	mutex_unlock(&attrs->lock);
	spares_free(saved->blank);
	return true;
}

/**
 * vkfd_svm_attrs_forget() - A picture is not needed any more
 * @saved: The picture.
 */
void vkfd_svm_attrs_forget(struct vkfd_svm_saved *saved)
{
	spares_free(saved->nodes);
}

/**
 * vkfd_svm_attrs_first() - Find the piece that holds @addr, or the next one
 * @attrs: Attribute tree of the process.
 * @addr:  Address.
 *
 * Return: the piece, valid until the tree changes, or NULL.
 */
const struct vkfd_svm_attr *vkfd_svm_attrs_first(const struct vkfd_svm_attrs *attrs, u64 addr)
{
	return attr_first(attrs, addr);
}

/**
 * vkfd_svm_attrs_next() - Following piece in address order
 * @attr: A piece.
 *
 * Return: the piece, or NULL.
 */
const struct vkfd_svm_attr *vkfd_svm_attrs_next(const struct vkfd_svm_attr *attr)
{
	return attr_next(attr);
}

/**
 * vkfd_svm_attrs_lookup() - What does the tree say of one address?
 * @attrs: Attribute tree of the process.
 * @addr:  Address.
 * @piece: Out: the piece that holds @addr; without one, the bounds of the hole
 *         around @addr, values untouched.
 *
 * Return: true if there is a piece.
 */
bool vkfd_svm_attrs_lookup(const struct vkfd_svm_attrs *attrs, u64 addr,
			   struct vkfd_svm_piece *piece)
{
	struct vkfd_svm_attr *attr = attr_first(attrs, addr);
	struct rb_node *before;

	if (attr && attr->piece.start <= addr) {
		*piece = attr->piece;
		return true;
	}
	before = attr ? rb_prev(&attr->rb) : rb_last(&attrs->root);
	piece->start = before ? attr_of(before)->piece.end : 0;
	piece->end = attr ? attr->piece.start : U64_MAX;
	return false;
}

/**
 * vkfd_svm_attrs_locations() - Where shall the page at @addr be?
 * @attrs:     Attribute tree of the process.
 * @addr:      Address.
 * @prefetch:  Out: location of the last prefetch.
 * @preferred: Out: preferred location; both UNDEFINED without a piece.
 *
 * Context: May sleep; needs no lock, takes the tree's own.
 */
void vkfd_svm_attrs_locations(struct vkfd_svm_attrs *attrs, u64 addr, u32 *prefetch, u32 *preferred)
{
	const struct vkfd_svm_attr *attr;

	*prefetch = KFD_IOCTL_SVM_LOCATION_UNDEFINED;
	*preferred = KFD_IOCTL_SVM_LOCATION_UNDEFINED;
	mutex_lock(&attrs->lock);
	attr = attr_first(attrs, addr);
	if (attr && attr->piece.start <= addr) {
		*prefetch = attr->piece.values.prefetch;
		*preferred = attr->piece.values.preferred;
	}
	mutex_unlock(&attrs->lock);
}

static u32 common_location(u32 so_far, u32 value, bool first)
{
	return first || so_far == value ? value : KFD_IOCTL_SVM_LOCATION_UNDEFINED;
}

/**
 * vkfd_svm_attrs_summarize() - KFD's answer to a get over an interval
 * @attrs: Attribute tree of the process.
 * @start: First byte, page aligned.
 * @end:   End, page aligned.
 * @sum:   Out.
 *
 * Pages without a piece do not count as long as any page has one.
 */
void vkfd_svm_attrs_summarize(const struct vkfd_svm_attrs *attrs, u64 start, u64 end,
			      struct vkfd_svm_summary *sum)
{
	const struct vkfd_svm_attr *attr = attr_first(attrs, start);
	bool first = true;

	*sum = (struct vkfd_svm_summary){
		.preferred = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
		.prefetch = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
		.access = ~0u,
		.in_place = ~0u,
		.flags_all = ~0u,
		.granularity = 0xff,
	};
	for (; attr && attr->piece.start < end; attr = attr_next(attr)) {
		const struct vkfd_svm_values *values = &attr->piece.values;

		sum->any = true;
		sum->preferred = common_location(sum->preferred, values->preferred, first);
		sum->prefetch = common_location(sum->prefetch, values->prefetch, first);
		sum->access &= values->access;
		sum->in_place &= values->in_place;
		sum->flags_all &= values->flags;
		sum->flags_any |= values->flags;
		sum->granularity = min(sum->granularity, values->granularity);
		first = false;
	}
}
