/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_UAPI_TOPOLOGY_INT_H
#define VKFD_UAPI_TOPOLOGY_INT_H

#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/types.h>

struct vkfd_device;

/* For the topology files of uapi/ only. */

#define VKFD_TOPO_PROPS_MAX	48

/** struct vkfd_topo_prop - one line of a properties file */
struct vkfd_topo_prop {
	const char *name;	/* a literal, one word */
	u64 value;
};

/** struct vkfd_topo_props - a properties file: pairs in the order user space needs */
struct vkfd_topo_props {
	unsigned int count;
	/* Ones in the sibling_map line of a cache; 0: no such line. */
	unsigned int siblings;
	struct vkfd_topo_prop prop[VKFD_TOPO_PROPS_MAX];
};

/** struct vkfd_topo_dir - one directory of the tree */
struct vkfd_topo_dir {
	struct kobject kobj;
	struct list_head link;	/* of all directories in the order of creation */
	/* Of a node: */
	u32 gpu_id;
	const char *name;
	struct vkfd_topo_props props;
};

/* topology_dir.c; each returns ERR_PTR(-ENOMEM, -EEXIST) and queues what it made on @list */
struct vkfd_topo_dir *vkfd_topo_add_plain(struct list_head *list, struct kobject *parent,
					  const char *name);
struct vkfd_topo_dir *vkfd_topo_add_leaf(struct list_head *list, struct kobject *parent,
					 unsigned int number, const struct vkfd_topo_props *props);
struct vkfd_topo_dir *vkfd_topo_add_node(struct list_head *list, struct kobject *parent,
					 unsigned int number, u32 gpu_id, const char *name,
					 const struct vkfd_topo_props *props);
void vkfd_topo_remove_all(struct list_head *list);

static inline void vkfd_topo_prop(struct vkfd_topo_props *props, const char *name, u64 value)
{
	if (!WARN_ON_ONCE(props->count >= VKFD_TOPO_PROPS_MAX))
		props->prop[props->count++] = (struct vkfd_topo_prop){ name, value };
}

/** struct vkfd_topo_counts - directories below one node */
struct vkfd_topo_counts {
	unsigned int banks, caches, io_links;
};

/* topology_cpu.c */
void vkfd_topo_cpu_node(int nid, const struct vkfd_topo_counts *counts,
			struct vkfd_topo_props *props);
void vkfd_topo_cpu_bank(int nid, struct vkfd_topo_props *props);

/* topology_gpu.c */
#define VKFD_TOPO_GPU_CACHES	4
#define VKFD_TOPO_GPU_NAME	"aldebaran"
/* @first_simd: running number of the GPU's first SIMD; returns the next GPU's. */
u32 vkfd_topo_gpu_node(struct vkfd_device *dev, const struct vkfd_topo_counts *counts,
		       u32 first_simd, struct vkfd_topo_props *props);
void vkfd_topo_gpu_bank(struct vkfd_device *dev, struct vkfd_topo_props *props);
void vkfd_topo_gpu_cache(struct vkfd_device *dev, unsigned int index, u32 first_simd,
			 struct vkfd_topo_props *props);
/* Link between CPU node and GPU node, one direction. */
void vkfd_topo_cpu_link(const struct vkfd_device *dev, u32 from, u32 to, bool to_gpu, bool near,
			struct vkfd_topo_props *props);

/* topology.c */
int vkfd_topology_init(struct kobject *parent);
void vkfd_topology_exit(void);
unsigned int vkfd_topology_nodes(void);

#endif
