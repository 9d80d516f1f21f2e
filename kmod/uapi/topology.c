// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: the topology tree
 *
 * Owns /sys/class/kfd/kfd/topology: generation_id, system_properties, and
 * nodes/<n> numbered without gaps, CPU nodes (one per NUMA node) first, then
 * GPUs in probe order. Links exist between each CPU and each GPU; GPUs are not
 * linked to each other.
 *
 * The tree is small and changes only on hot-plug, so a change replaces all of
 * nodes/ and bumps generation_id; user space takes its snapshot again when the
 * number changed meanwhile. Numbers of the other GPUs may move, as they must.
 *
 * Locks: topology_lock around every change.
 */
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "core/device.h"
#include "process/process.h"
#include "uapi/chardev.h"
#include "uapi/topology_int.h"
#include "uapi/uapi.h"
#include "vkfd_hw/pci.h"

static DEFINE_MUTEX(topology_lock);
static LIST_HEAD(node_dirs);
static LIST_HEAD(root_dirs);
static struct vkfd_topo_dir *root;
static u32 generation;
static struct vkfd_device *gpus[VKFD_MAX_GPUS];
static unsigned int nr_gpus, nr_cpus;

/** struct node_parts - a node's subdirectories */
struct node_parts {
	struct kobject *banks, *caches, *io_links;
};

static ssize_t generation_id_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(generation));
}

static ssize_t system_properties_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "platform_oem 0\nplatform_id 0\nplatform_rev 0\n");
}

static struct kobj_attribute generation_id_attr = __ATTR_RO(generation_id);
static struct kobj_attribute system_properties_attr = __ATTR_RO(system_properties);
static struct attribute *topology_attrs[] = {
	&generation_id_attr.attr, &system_properties_attr.attr, NULL
};
ATTRIBUTE_GROUPS(topology);

static void topology_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct vkfd_topo_dir, kobj));
}

static const struct kobj_type topology_ktype = {
	.release = topology_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = topology_groups,
};

static int add_plain(struct kobject *parent, const char *name, struct kobject **out)
{
	struct vkfd_topo_dir *dir = vkfd_topo_add_plain(&node_dirs, parent, name);

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	*out = &dir->kobj;
	return 0;
}

static int add_parts(struct kobject *node, struct node_parts *parts)
{
	struct kobject *p2p;
	int err = add_plain(node, "mem_banks", &parts->banks);

	err = err ?: add_plain(node, "caches", &parts->caches);
	err = err ?: add_plain(node, "io_links", &parts->io_links);
	return err ?: add_plain(node, "p2p_links", &p2p);
}

static int add_leaf(struct kobject *parent, unsigned int number,
		    const struct vkfd_topo_props *props)
{
	return PTR_ERR_OR_ZERO(vkfd_topo_add_leaf(&node_dirs, parent, number, props));
}

/* The GPU hangs off this NUMA node; a GPU that does not say is near all. */
static bool is_near(struct vkfd_device *dev, int nid)
{
	int node = dev_to_node(&dev->pdev->dev);

	return node == NUMA_NO_NODE || node == nid;
}

static int add_cpu_links(struct kobject *dir, unsigned int number, int nid)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < nr_gpus; i++) {
		struct vkfd_topo_props props = {};

		vkfd_topo_cpu_link(gpus[i], number, nr_cpus + i, true, is_near(gpus[i], nid),
				   &props);
		err = add_leaf(dir, i, &props);
	}
	return err;
}

static int add_cpu(struct kobject *nodes, unsigned int number, int nid)
{
	struct vkfd_topo_counts counts = { .banks = 1, .io_links = nr_gpus };
	struct vkfd_topo_props props = {};
	struct vkfd_topo_dir *node;
	struct node_parts parts;
	int err;

	vkfd_topo_cpu_node(nid, &counts, &props);
	node = vkfd_topo_add_node(&node_dirs, nodes, number, 0, "", &props);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = add_parts(&node->kobj, &parts);
	if (err)
		return err;
	props = (struct vkfd_topo_props){};
	vkfd_topo_cpu_bank(nid, &props);
	err = add_leaf(parts.banks, 0, &props);
	return err ?: add_cpu_links(parts.io_links, number, nid);
}

static int add_gpu_parts(struct vkfd_device *dev, const struct node_parts *parts, u32 first_simd)
{
	struct vkfd_topo_props props = {};
	unsigned int i, link = 0;
	int nid, err;

	vkfd_topo_gpu_bank(dev, &props);
	err = add_leaf(parts->banks, 0, &props);
	for (i = 0; !err && i < VKFD_TOPO_GPU_CACHES; i++) {
		props = (struct vkfd_topo_props){};
		vkfd_topo_gpu_cache(dev, i, first_simd, &props);
		err = add_leaf(parts->caches, i, &props);
	}
	for_each_online_node(nid) {
		if (err)
			break;
		props = (struct vkfd_topo_props){};
		vkfd_topo_cpu_link(dev, dev->topo_node, link, false, is_near(dev, nid), &props);
		err = add_leaf(parts->io_links, link++, &props);
	}
	return err;
}

static int add_gpu(struct kobject *nodes, struct vkfd_device *dev, u32 *first_simd)
{
	struct vkfd_topo_counts counts = {
		.banks = 1, .caches = VKFD_TOPO_GPU_CACHES, .io_links = nr_cpus
	};
	struct vkfd_topo_props props = {};
	struct vkfd_topo_dir *node;
	struct node_parts parts;
	u32 next = vkfd_topo_gpu_node(dev, &counts, *first_simd, &props);
	int err;

	node = vkfd_topo_add_node(&node_dirs, nodes, dev->topo_node, dev->gpu_id,
				  VKFD_TOPO_GPU_NAME, &props);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = add_parts(&node->kobj, &parts);
	if (!err)
		err = add_gpu_parts(dev, &parts, *first_simd);
	*first_simd = next;
	return err;
}

static int build(void)
{
	struct kobject *nodes;
	unsigned int i, number = 0;
	u32 first_simd = 0;
	int nid, err;

	lockdep_assert_held(&topology_lock);
	err = add_plain(&root->kobj, "nodes", &nodes);
	for_each_online_node(nid)
		err = err ?: add_cpu(nodes, number++, nid);
	for (i = 0; !err && i < nr_gpus; i++) {
		gpus[i]->topo_node = nr_cpus + i;
		err = add_gpu(nodes, gpus[i], &first_simd);
	}
	return err;
}

static int rebuild(void)
{
	int err;

	vkfd_topo_remove_all(&node_dirs);
	err = build();
	if (err)
		vkfd_topo_remove_all(&node_dirs);
	WRITE_ONCE(generation, generation + 1);
	return err;
}

/** vkfd_topology_nodes() - How many nodes there are, CPUs included */
unsigned int vkfd_topology_nodes(void)
{
	unsigned int count;

	mutex_lock(&topology_lock);
	count = nr_cpus + nr_gpus;
	mutex_unlock(&topology_lock);
	return count;
}

static int list_gpu(struct vkfd_device *dev)
{
	int err = -ENOSPC;

	mutex_lock(&topology_lock);
	if (nr_gpus < VKFD_MAX_GPUS) {
		gpus[nr_gpus++] = dev;
		err = rebuild();
		if (err) {
			nr_gpus--;
			rebuild();
		}
	}
	mutex_unlock(&topology_lock);
	return err;
}

static void unlist_gpu(struct vkfd_device *dev)
{
	unsigned int i;

	mutex_lock(&topology_lock);
	for (i = 0; i < nr_gpus && gpus[i] != dev; i++)
		;
	if (i < nr_gpus) {
		nr_gpus--;
		memmove(&gpus[i], &gpus[i + 1], (nr_gpus - i) * sizeof(gpus[0]));
		rebuild();
	}
	mutex_unlock(&topology_lock);
}

/**
 * vkfd_topology_add() - Show a GPU to user space
 * @dev: Works completely; its render node is registered, process/ knows it.
 *
 * Context: Process context, may sleep.
 * Return: 0, -ENOMEM, -ENOSPC.
 */
int vkfd_topology_add(struct vkfd_device *dev)
{
	return list_gpu(dev);
}

/**
 * vkfd_topology_remove() - Hide a GPU, and take it from the processes that use it
 * @dev: Shown before.
 *
 * Context: Process context, sleeps until those processes let go.
 */
void vkfd_topology_remove(struct vkfd_device *dev)
{
	unlist_gpu(dev);
	vkfd_process_device_remove(dev);
	vkfd_chardev_zap();
}

/** vkfd_topology_init() - Make the tree with the CPUs. @parent: the kfd device. */
int vkfd_topology_init(struct kobject *parent)
{
	int err;

	root = kzalloc_obj(*root, GFP_KERNEL);
	if (!root)
		return -ENOMEM;
	generation = 1;
	nr_cpus = num_online_nodes();
	err = kobject_init_and_add(&root->kobj, &topology_ktype, parent, "topology");
	if (err)
		goto err_root;
	list_add(&root->link, &root_dirs);
	mutex_lock(&topology_lock);
	err = rebuild();
	mutex_unlock(&topology_lock);
	if (err)
		vkfd_topo_remove_all(&root_dirs);
	return err;

err_root:
	kobject_put(&root->kobj);
	return err;
}

/** vkfd_topology_exit() - Remove the tree; every GPU is gone */
void vkfd_topology_exit(void)
{
	vkfd_topo_remove_all(&node_dirs);
	vkfd_topo_remove_all(&root_dirs);
}
