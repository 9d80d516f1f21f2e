// SPDX-License-Identifier: MIT
/*
 * The KFD ABI without libhsakmt: for what the library would not let through,
 * and to see each errno.
 */
#include "kfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TOPOLOGY "/sys/devices/virtual/kfd/kfd/topology"

int kfd_open(void)
{
	int fd = open("/dev/kfd", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int kfd_ioctl(int fd, unsigned long cmd, void *args)
{
	int ret;

	do {
		ret = ioctl(fd, cmd, args);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

int kfd_ioctl_sized(int fd, unsigned int nr, size_t bytes, void *args)
{
	return kfd_ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, AMDKFD_IOCTL_BASE, nr, bytes), args);
}

int topology_property(u32 node, const char *file, const char *name, u64 *value)
{
	char path[256], key[64];
	unsigned long long number;
	int err = -ENODATA;
	FILE *f;

	snprintf(path, sizeof(path), TOPOLOGY "/nodes/%u/%s", node, file);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (!*name && fscanf(f, "%llu", &number) == 1) {
		*value = number;
		err = 0;
	}
	while (err && fscanf(f, "%63s %llu", key, &number) == 2)
		if (!strcmp(key, name)) {
			*value = number;
			err = 0;
		}
	fclose(f);
	return err;
}

static u32 node_property(u32 node, const char *name)
{
	u64 value;

	if (topology_property(node, "properties", name, &value))
		fail_test("node %u has no property %s", node, name);
	return (u32)value;
}

unsigned int kfd_nodes(struct kfd_node nodes[MAX_GPUS])
{
	unsigned int nr = 0;
	u64 gpu_id;

	for (u32 node = 0; !topology_property(node, "gpu_id", "", &gpu_id); node++) {
		u32 location;

		if (!gpu_id)
			continue;
		if (nr == MAX_GPUS)
			fail_test("the topology shows more than %d GPUs", MAX_GPUS);
		location = node_property(node, "location_id");
		nodes[nr].node = node;
		nodes[nr].gpu_id = (u32)gpu_id;
		nodes[nr].render_minor = node_property(node, "drm_render_minor");
		snprintf(nodes[nr].pci, sizeof(nodes[nr].pci), "%04x:%02x:%02x.%x",
			 node_property(node, "domain") & 0xffff, location >> 8 & 0xff,
			 location >> 3 & 0x1f, location & 7);
		nr++;
	}
	if (!nr)
		fail_test("the topology shows no GPU");
	return nr;
}

unsigned int kfd_count_gpus(void)
{
	unsigned int nr = 0;
	u64 gpu_id, location;

	for (u32 node = 0; !topology_property(node, "gpu_id", "", &gpu_id); node++)
		nr += gpu_id && !topology_property(node, "properties", "location_id", &location);
	return nr;
}

int kfd_render_open(const struct kfd_node *node)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/dri/renderD%u", node->render_minor);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kfd_acquire_vm(int kfd, u32 gpu_id, int render)
{
	struct kfd_ioctl_acquire_vm_args args = { .gpu_id = gpu_id, .drm_fd = (u32)render };

	return kfd_ioctl(kfd, AMDKFD_IOC_ACQUIRE_VM, &args);
}

int kfd_xnack(int kfd, int mode)
{
	struct kfd_ioctl_set_xnack_mode_args args = { .xnack_enabled = mode };
	int err = kfd_ioctl(kfd, AMDKFD_IOC_SET_XNACK_MODE, &args);

	return err ? err : args.xnack_enabled;
}

int kfd_alloc(int kfd, u32 gpu_id, u64 va, u64 bytes, u32 flags, u64 *offset, u64 *handle)
{
	struct kfd_ioctl_alloc_memory_of_gpu_args args = {
		.va_addr = va,
		.size = bytes,
		.gpu_id = gpu_id,
		.flags = flags,
		.mmap_offset = offset ? *offset : 0,
	};
	int err = kfd_ioctl(kfd, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args);

	if (err)
		return err;
	*handle = args.handle;
	if (offset)
		*offset = args.mmap_offset;
	return 0;
}

int kfd_free(int kfd, u64 handle)
{
	struct kfd_ioctl_free_memory_of_gpu_args args = { .handle = handle };

	return kfd_ioctl(kfd, AMDKFD_IOC_FREE_MEMORY_OF_GPU, &args);
}

int kfd_map(int kfd, u64 handle, u32 gpu_id)
{
	struct kfd_ioctl_map_memory_to_gpu_args args = {
		.handle = handle,
		.device_ids_array_ptr = (u64)(uintptr_t)&gpu_id,
		.n_devices = 1,
	};
	int err = kfd_ioctl(kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args);

	return err ? err : args.n_success == 1 ? 0 : -EPROTO;
}

int kfd_unmap(int kfd, u64 handle, u32 gpu_id)
{
	struct kfd_ioctl_unmap_memory_from_gpu_args args = {
		.handle = handle,
		.device_ids_array_ptr = (u64)(uintptr_t)&gpu_id,
		.n_devices = 1,
	};
	int err = kfd_ioctl(kfd, AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, &args);

	return err ? err : args.n_success == 1 ? 0 : -EPROTO;
}

int kfd_available(int kfd, u32 gpu_id, u64 *bytes)
{
	struct kfd_ioctl_get_available_memory_args args = { .gpu_id = gpu_id };
	int err = kfd_ioctl(kfd, AMDKFD_IOC_AVAILABLE_MEMORY, &args);

	*bytes = args.available;
	return err;
}

int kfd_svm(int kfd, u32 op, const void *addr, u64 bytes,
	    struct kfd_ioctl_svm_attribute *attrs, u32 nattr)
{
	size_t attr_bytes = nattr * sizeof(*attrs);
	char buffer[sizeof(struct kfd_ioctl_svm_args) + 64 * sizeof(*attrs)];
	struct kfd_ioctl_svm_args *args = (void *)buffer;
	int err;

	if (nattr > 64)
		return -E2BIG;
	memset(buffer, 0, sizeof(buffer));
	args->start_addr = (u64)(uintptr_t)addr;
	args->size = bytes;
	args->op = op;
	args->nattr = nattr;
	memcpy(args->attrs, attrs, attr_bytes);
	err = kfd_ioctl_sized(kfd, _IOC_NR(AMDKFD_IOC_SVM), sizeof(*args) + attr_bytes, args);
	memcpy(attrs, args->attrs, attr_bytes);
	return err;
}

u32 svm_get(int kfd, const void *addr, u64 bytes, u32 type)
{
	struct kfd_ioctl_svm_attribute attr = { .type = type };

	assert_ok(kfd_svm(kfd, KFD_IOCTL_SVM_OP_GET_ATTR, addr, bytes, &attr, 1));
	assert_int_equal(attr.type, type);
	return attr.value;
}

u32 svm_get_access(int kfd, const void *addr, u64 bytes, u32 gpu_id)
{
	struct kfd_ioctl_svm_attribute attr = { KFD_IOCTL_SVM_ATTR_ACCESS, gpu_id };

	assert_ok(kfd_svm(kfd, KFD_IOCTL_SVM_OP_GET_ATTR, addr, bytes, &attr, 1));
	assert_int_equal(attr.value, gpu_id);
	return attr.type;
}
