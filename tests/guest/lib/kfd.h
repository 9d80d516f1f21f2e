/* SPDX-License-Identifier: MIT */
#ifndef GUEST_KFD_H
#define GUEST_KFD_H

#include <linux/kfd_ioctl.h>
#include <stddef.h>

#include "harness.h"

#define MAX_GPUS 8
/* mmap offsets of /dev/kfd */
#define KFD_MMAP_DOORBELL(gpu_id) ((3ull << 62) | (u64)(gpu_id) << 46)
#define KFD_MMAP_MMIO(gpu_id)	((u64)(gpu_id) << 46)
#define KFD_DOORBELL_BYTES	0x2000ul

#define SVM_FLAG_DEFAULTS (KFD_IOCTL_SVM_FLAG_HOST_ACCESS | KFD_IOCTL_SVM_FLAG_COHERENT)
#define SVM_UNDEFINED	KFD_IOCTL_SVM_LOCATION_UNDEFINED

/** struct kfd_node - a GPU as the topology shows it */
struct kfd_node {
	u32 node;
	u32 gpu_id;
	u32 render_minor;
	char pci[16];	/* domain:bus:device.function */
};

/* All calls that can fail return 0 (or a descriptor) or -errno. */
int kfd_open(void);
int kfd_ioctl(int fd, unsigned long cmd, void *args);
/** kfd_ioctl_sized() - as kfd_ioctl(), with the size the caller says in the command */
int kfd_ioctl_sized(int fd, unsigned int nr, size_t bytes, void *args);

/** kfd_nodes() - GPUs of the topology in node order; fails the test if it cannot be read */
unsigned int kfd_nodes(struct kfd_node nodes[MAX_GPUS]);
/** kfd_count_gpus() - how many there are now, while they come and go */
unsigned int kfd_count_gpus(void);
/** topology_property() - a line of nodes/@node/@file; 0 or -errno, -ENODATA if not there */
int topology_property(u32 node, const char *file, const char *name, u64 *value);

int kfd_render_open(const struct kfd_node *node);
int kfd_acquire_vm(int kfd, u32 gpu_id, int render);
int kfd_xnack(int kfd, int mode);	/* mode or, for -1, the present one */

int kfd_alloc(int kfd, u32 gpu_id, u64 va, u64 bytes, u32 flags, u64 *offset, u64 *handle);
int kfd_free(int kfd, u64 handle);
int kfd_map(int kfd, u64 handle, u32 gpu_id);
int kfd_unmap(int kfd, u64 handle, u32 gpu_id);
int kfd_available(int kfd, u32 gpu_id, u64 *bytes);

int kfd_svm(int kfd, u32 op, const void *addr, u64 bytes,
	    struct kfd_ioctl_svm_attribute *attrs, u32 nattr);
/* svm_set(kfd, addr, bytes, {type, value}, ...) */
#define svm_set(kfd, addr, bytes, ...)                                       \
	kfd_svm(kfd, KFD_IOCTL_SVM_OP_SET_ATTR, addr, bytes,                 \
		((struct kfd_ioctl_svm_attribute[]){ __VA_ARGS__ }),         \
		sizeof((struct kfd_ioctl_svm_attribute[]){ __VA_ARGS__ }) /  \
			sizeof(struct kfd_ioctl_svm_attribute))
/** svm_get() - one attribute; fails the test if the ioctl fails */
u32 svm_get(int kfd, const void *addr, u64 bytes, u32 type);
/** svm_get_access() - KFD_IOCTL_SVM_ATTR_ACCESS, _ACCESS_IN_PLACE or _NO_ACCESS */
u32 svm_get_access(int kfd, const void *addr, u64 bytes, u32 gpu_id);

#endif
