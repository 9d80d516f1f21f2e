/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_RBTREE_H
#define SHIM_LINUX_RBTREE_H

#include <stddef.h>

/*
 * The kernel's rbtree interface over a plain binary search tree: same results,
 * no balance. Enough to test code that uses the tree, not the tree.
 */
struct rb_node {
	struct rb_node *parent, *rb_left, *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT ((struct rb_root){ NULL })
#define rb_entry(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node){ .parent = parent };
	*link = node;
}

static inline void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	(void)node;
	(void)root;
}

static inline struct rb_node *rb_leftmost(struct rb_node *node)
{
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static inline struct rb_node *rb_rightmost(struct rb_node *node)
{
	while (node && node->rb_right)
		node = node->rb_right;
	return node;
}

static inline struct rb_node *rb_first(const struct rb_root *root)
{
	return rb_leftmost(root->rb_node);
}

static inline struct rb_node *rb_last(const struct rb_root *root)
{
	return rb_rightmost(root->rb_node);
}

static inline struct rb_node *rb_next(const struct rb_node *node)
{
	if (node->rb_right)
		return rb_leftmost(node->rb_right);
	while (node->parent && node == node->parent->rb_right)
		node = node->parent;
	return node->parent;
}

static inline struct rb_node *rb_prev(const struct rb_node *node)
{
	if (node->rb_left)
		return rb_rightmost(node->rb_left);
	while (node->parent && node == node->parent->rb_left)
		node = node->parent;
	return node->parent;
}

/* Puts @new (may be NULL) where @old hangs. */
static inline void rb_transplant(struct rb_root *root, struct rb_node *old, struct rb_node *new)
{
	if (!old->parent)
		root->rb_node = new;
	else if (old->parent->rb_left == old)
		old->parent->rb_left = new;
	else
		old->parent->rb_right = new;
	if (new)
		new->parent = old->parent;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *heir;

	if (!node->rb_left || !node->rb_right) {
		rb_transplant(root, node, node->rb_left ? node->rb_left : node->rb_right);
		return;
	}
	heir = rb_leftmost(node->rb_right);
	if (heir->parent != node) {
		rb_transplant(root, heir, heir->rb_right);
		heir->rb_right = node->rb_right;
		heir->rb_right->parent = heir;
	}
	rb_transplant(root, node, heir);
	heir->rb_left = node->rb_left;
	heir->rb_left->parent = heir;
}

#endif
