// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: directories of the topology tree
 *
 * Owns the kobject types of the tree: plain directories, leaves with a
 * `properties` file, and nodes with `gpu_id`, `name` and `properties`. Contents
 * are fixed when a directory is made, so showing them needs no lock; topology.c
 * replaces directories when something changes.
 *
 * Format, which libhsakmt parses strictly: "name value\n", value unsigned
 * decimal, one page at most.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "uapi/topology_int.h"

static struct vkfd_topo_dir *to_dir(struct kobject *kobj)
{
	return container_of(kobj, struct vkfd_topo_dir, kobj);
}

static void dir_release(struct kobject *kobj)
{
	kfree(to_dir(kobj));
}

static ssize_t properties_show(struct vkfd_topo_dir *dir, char *buf)
{
	int i, len = 0;

	for (i = 0; i < dir->props.count; i++)
		len += sysfs_emit_at(buf, len, "%s %llu\n", dir->props.prop[i].name,
				     dir->props.prop[i].value);
	if (!dir->props.siblings)
		return len;
	/* One "1" a CU, commas between; this line must be the last. */
	len += sysfs_emit_at(buf, len, "sibling_map ");
	for (i = 0; i < dir->props.siblings; i++)
		len += sysfs_emit_at(buf, len, i ? ",1" : "1");
	return len + sysfs_emit_at(buf, len, "\n");
}

static struct attribute properties_attr = { .name = "properties", .mode = 0444 };
static struct attribute gpu_id_attr = { .name = "gpu_id", .mode = 0444 };
static struct attribute name_attr = { .name = "name", .mode = 0444 };

static ssize_t dir_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct vkfd_topo_dir *dir = to_dir(kobj);

	if (attr == &gpu_id_attr)
		return sysfs_emit(buf, "%u\n", dir->gpu_id);
	if (attr == &name_attr)
		return sysfs_emit(buf, "%s\n", dir->name);
	return properties_show(dir, buf);
}

static const struct sysfs_ops dir_sysfs_ops = { .show = dir_show };

static struct attribute *leaf_attrs[] = { &properties_attr, NULL };
ATTRIBUTE_GROUPS(leaf);
static struct attribute *node_attrs[] = { &gpu_id_attr, &name_attr, &properties_attr, NULL };
ATTRIBUTE_GROUPS(node);

static const struct kobj_type plain_ktype = { .release = dir_release };
static const struct kobj_type leaf_ktype = {
	.release = dir_release,
	.sysfs_ops = &dir_sysfs_ops,
	.default_groups = leaf_groups,
};

static const struct kobj_type node_ktype = {
	.release = dir_release,
	.sysfs_ops = &dir_sysfs_ops,
	.default_groups = node_groups,
};

static struct vkfd_topo_dir *dir_add(struct list_head *list, struct kobject *parent,
				     const struct kobj_type *type, const char *name,
				     const struct vkfd_topo_dir *content)
{
	struct vkfd_topo_dir *dir = kzalloc_obj(*dir, GFP_KERNEL);
	int err;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	if (content) {
		dir->gpu_id = content->gpu_id;
		dir->name = content->name;
		dir->props = content->props;
	}
	err = kobject_init_and_add(&dir->kobj, type, parent, "%s", name);
	if (err) {
		kobject_put(&dir->kobj);
		return ERR_PTR(err);
	}
	list_add_tail(&dir->link, list);
	return dir;
}

/* The description is too large for the stack of a call chain from probe. */
static struct vkfd_topo_dir *dir_add_numbered(struct list_head *list, struct kobject *parent,
					      const struct kobj_type *type, unsigned int number,
					      const struct vkfd_topo_dir *content)
{
	char name[12];

	snprintf(name, sizeof(name), "%u", number);
	return dir_add(list, parent, type, name, content);
}

/** vkfd_topo_add_plain() - A directory that only holds others */
struct vkfd_topo_dir *vkfd_topo_add_plain(struct list_head *list, struct kobject *parent,
					  const char *name)
{
	return dir_add(list, parent, &plain_ktype, name, NULL);
}

/** vkfd_topo_add_leaf() - A memory bank, cache or link */
struct vkfd_topo_dir *vkfd_topo_add_leaf(struct list_head *list, struct kobject *parent,
					 unsigned int number, const struct vkfd_topo_props *props)
{
	struct vkfd_topo_dir *content = kzalloc_obj(*content, GFP_KERNEL), *dir;

	if (!content)
		return ERR_PTR(-ENOMEM);
	content->props = *props;
	dir = dir_add_numbered(list, parent, &leaf_ktype, number, content);
	kfree(content);
	return dir;
}

/** vkfd_topo_add_node() - A CPU (gpu_id 0) or GPU; @name is a literal */
struct vkfd_topo_dir *vkfd_topo_add_node(struct list_head *list, struct kobject *parent,
					 unsigned int number, u32 gpu_id, const char *name,
					 const struct vkfd_topo_props *props)
{
	struct vkfd_topo_dir *content = kzalloc_obj(*content, GFP_KERNEL), *dir;

	if (!content)
		return ERR_PTR(-ENOMEM);
	content->gpu_id = gpu_id;
	content->name = name;
	content->props = *props;
	dir = dir_add_numbered(list, parent, &node_ktype, number, content);
	kfree(content);
	return dir;
}

/** vkfd_topo_remove_all() - Remove directories, youngest first; waits for readers */
void vkfd_topo_remove_all(struct list_head *list)
{
	struct vkfd_topo_dir *dir, *next;

	list_for_each_entry_safe_reverse(dir, next, list, link) {
		list_del(&dir->link);
		kobject_del(&dir->kobj);
		kobject_put(&dir->kobj);
	}
}
