// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: ioctls that belong to no object
 *
 * Version, clocks, apertures, what is only recorded, and the ioctls that are
 * refused by name (docs/abi.md lists them with reasons). No state, no locks.
 */
#include <linux/fdtable.h>
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "core/device.h"
#include "core/regio.h"
#include "process/process.h"
#include "process/smi.h"
#include "uapi/ioctl.h"
#include "uapi/topology_int.h"
#include "vkfd_hw/pci.h"

/* What libhsakmt 6.2 and kernel 7.3 agree on. */
#define REPORTED_MAJOR	1
#define REPORTED_MINOR	23

VKFD_IOCTL_HANDLER(get_version)
{
	struct kfd_ioctl_get_version_args *args = data;

	args->major_version = REPORTED_MAJOR;
	args->minor_version = REPORTED_MINOR;
	return 0;
}

VKFD_IOCTL_HANDLER(get_clock_counters)
{
	struct kfd_ioctl_get_clock_counters_args *args = data;
	struct vkfd_device *dev = vkfd_device_get_by_gpu_id(args->gpu_id);
	int err = 0;

	/* A CPU node has no GPU clock. */
	args->gpu_clock_counter = 0;
	if (dev) {
		args->gpu_clock_counter = vkfd_clock(dev);
		if (vkfd_device_is_lost(dev))
			err = -ENODEV;
		vkfd_device_put(dev);
	}
	args->cpu_clock_counter = ktime_get_raw_ns();
	args->system_clock_counter = ktime_get_boottime_ns();
	args->system_clock_freq = NSEC_PER_SEC;
	return err;
}

VKFD_IOCTL_HANDLER(get_process_apertures)
{
	struct kfd_ioctl_get_process_apertures_args *args = data;
	unsigned int count;
	int err;

	err = vkfd_process_apertures(p, args->process_apertures, NUM_OF_SUPPORTED_GPUS, &count);
	args->num_of_nodes = min_t(unsigned int, count, NUM_OF_SUPPORTED_GPUS);
	return err;
}

VKFD_IOCTL_HANDLER(get_process_apertures_new)
{
	struct kfd_ioctl_get_process_apertures_new_args *args = data;
	void __user *user = u64_to_user_ptr(args->kfd_process_device_apertures_ptr);
	struct kfd_process_device_apertures *list = NULL;
	unsigned int count, room = min_t(u32, args->num_of_nodes, VKFD_MAX_GPUS);
	int err;

	if (args->num_of_nodes > vkfd_topology_nodes())
		return -EINVAL;
	if (room) {
		list = kcalloc(room, sizeof(*list), GFP_KERNEL);
		if (!list)
			return -ENOMEM;
	}
	err = vkfd_process_apertures(p, list, room, &count);
	if (!err && room) {
		count = min(count, room);
		if (copy_to_user(user, list, count * sizeof(*list)))
			err = -EFAULT;
	}
	if (!err)
		args->num_of_nodes = count;
	kfree(list);
	return err;
}

static bool is_policy(u32 policy)
{
	return policy == KFD_IOC_CACHE_POLICY_COHERENT ||
	       policy == KFD_IOC_CACHE_POLICY_NONCOHERENT;
}

VKFD_IOCTL_HANDLER(set_memory_policy)
{
	struct kfd_ioctl_set_memory_policy_args *args = data;

	if (!is_policy(args->default_policy) || !is_policy(args->alternate_policy))
		return -EINVAL;
	return vkfd_process_set_memory_policy(p, args->gpu_id, args->default_policy,
					      args->alternate_policy);
}

VKFD_IOCTL_HANDLER(set_scratch_backing_va)
{
	struct kfd_ioctl_set_scratch_backing_va_args *args = data;

	return vkfd_process_set_scratch(p, args->gpu_id, args->va_addr);
}

/* There are no tiled surfaces: no entries, and an empty address configuration. */
VKFD_IOCTL_HANDLER(get_tile_config)
{
	struct kfd_ioctl_get_tile_config_args *args = data;
	struct vkfd_device *dev = vkfd_device_get_by_gpu_id(args->gpu_id);

	if (!dev)
		return -EINVAL;
	vkfd_device_put(dev);
	args->num_tile_configs = 0;
	args->num_macro_tile_configs = 0;
	args->gb_addr_config = 0;
	args->num_banks = 0;
	args->num_ranks = 0;
	return 0;
}

VKFD_IOCTL_HANDLER(set_trap_handler)
{
	struct kfd_ioctl_set_trap_handler_args *args = data;

	return vkfd_process_set_trap_handler(p, args->gpu_id, args->tba_addr, args->tma_addr);
}

VKFD_IOCTL_HANDLER(runtime_enable)
{
	return vkfd_process_runtime(p, data);
}

VKFD_IOCTL_HANDLER(smi_events)
{
	struct kfd_ioctl_smi_events_args *args = data;

	return vkfd_smi_open(p, args->gpuid, &args->anon_fd);
}

/* The caller's file table: no other thread has heard of the number yet. */
VKFD_IOCTL_UNDO(smi_events)
{
	const struct kfd_ioctl_smi_events_args *args = data;

	close_fd(args->anon_fd);
}

/* Old debugger calls: what the real driver answers. */
VKFD_IOCTL_HANDLER(refuse_perm)
{
	return -EPERM;
}

/* Debugger, profiler, secondary processes: "not on this device". */
VKFD_IOCTL_HANDLER(refuse_inval)
{
	return -EINVAL;
}

VKFD_IOCTL_HANDLER(refuse_notsupp)
{
	return -EOPNOTSUPP;
}
