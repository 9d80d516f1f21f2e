// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: dispatch of /dev/kfd ioctls
 *
 * Owns the table of all KFD ioctls, indexed by number. Direction and full size
 * come from the table; the size that counts is the caller's, because older
 * clients pass shorter structures (the rest reads as 0) and the SVM ioctl a
 * longer one. Results are copied back also when the handler failed: the number
 * of GPUs already mapped travels that way. What was made but cannot be told is
 * taken back, and what has no answer cannot fail for want of one: so a call
 * that failed left nothing behind.
 *
 * Every call is a tracepoint, so an ioctl that nobody implements is seen by
 * number. While a handler runs, teardown of the process waits, except for the
 * one that sleeps.
 */
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/trace.h"
#include "process/process.h"
#include "uapi/chardev.h"
#include "uapi/ioctl.h"

/* Most arguments fit; the size field of an ioctl bounds the others to 16 KiB. */
#define STACK_BYTES	128

/** struct kfd_ioctl_entry - one row of the table */
struct kfd_ioctl_entry {
	u32 cmd;	/* AMDKFD_IOC_*: direction and size */
	bool sleeps;	/* teardown need not wait for it */
	int (*run)(struct vkfd_process *p, void *data, size_t bytes);
	/* Does the caller, by what it passes, want an answer? NULL: as @cmd says. */
	bool (*asks)(const void *data);
	/* Takes back what @run made. NULL: it made nothing, or doing it again is harmless. */
	void (*undo)(struct vkfd_process *p, const void *data);
};

#define ROW(ioc, handler) \
	[_IOC_NR(ioc)] = { .cmd = (ioc), .run = vkfd_ioctl_##handler }
#define ROW_SLEEPS(ioc, handler) \
	[_IOC_NR(ioc)] = { .cmd = (ioc), .run = vkfd_ioctl_##handler, .sleeps = true }
#define ROW_MAKES(ioc, handler) \
	[_IOC_NR(ioc)] = { .cmd = (ioc), .run = vkfd_ioctl_##handler, \
			   .undo = vkfd_ioctl_undo_##handler }
#define ROW_ASKS(ioc, handler) \
	[_IOC_NR(ioc)] = { .cmd = (ioc), .run = vkfd_ioctl_##handler, \
			   .asks = vkfd_ioctl_asks_##handler }

static const struct kfd_ioctl_entry kfd_ioctls[] = {
	ROW(AMDKFD_IOC_GET_VERSION, get_version),
	ROW_MAKES(AMDKFD_IOC_CREATE_QUEUE, create_queue),
	ROW_ASKS(AMDKFD_IOC_DESTROY_QUEUE, destroy_queue),
	ROW(AMDKFD_IOC_SET_MEMORY_POLICY, set_memory_policy),
	ROW(AMDKFD_IOC_GET_CLOCK_COUNTERS, get_clock_counters),
	ROW(AMDKFD_IOC_GET_PROCESS_APERTURES, get_process_apertures),
	ROW(AMDKFD_IOC_UPDATE_QUEUE, update_queue),
	ROW_MAKES(AMDKFD_IOC_CREATE_EVENT, create_event),
	ROW(AMDKFD_IOC_DESTROY_EVENT, destroy_event),
	ROW(AMDKFD_IOC_SET_EVENT, set_event),
	ROW(AMDKFD_IOC_RESET_EVENT, reset_event),
	ROW_SLEEPS(AMDKFD_IOC_WAIT_EVENTS, wait_events),
	ROW(AMDKFD_IOC_DBG_REGISTER_DEPRECATED, refuse_perm),
	ROW(AMDKFD_IOC_DBG_UNREGISTER_DEPRECATED, refuse_perm),
	ROW(AMDKFD_IOC_DBG_ADDRESS_WATCH_DEPRECATED, refuse_perm),
	ROW(AMDKFD_IOC_DBG_WAVE_CONTROL_DEPRECATED, refuse_perm),
	ROW(AMDKFD_IOC_SET_SCRATCH_BACKING_VA, set_scratch_backing_va),
	ROW(AMDKFD_IOC_GET_TILE_CONFIG, get_tile_config),
	ROW(AMDKFD_IOC_SET_TRAP_HANDLER, set_trap_handler),
	ROW(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, get_process_apertures_new),
	ROW(AMDKFD_IOC_ACQUIRE_VM, acquire_vm),
	ROW_MAKES(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, alloc_memory),
	ROW(AMDKFD_IOC_FREE_MEMORY_OF_GPU, free_memory),
	ROW(AMDKFD_IOC_MAP_MEMORY_TO_GPU, map_memory),
	ROW(AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, unmap_memory),
	ROW(AMDKFD_IOC_SET_CU_MASK, set_cu_mask),
	ROW(AMDKFD_IOC_GET_QUEUE_WAVE_STATE, get_queue_wave_state),
	ROW(AMDKFD_IOC_GET_DMABUF_INFO, refuse_notsupp),
	ROW(AMDKFD_IOC_IMPORT_DMABUF, refuse_notsupp),
	ROW(AMDKFD_IOC_ALLOC_QUEUE_GWS, alloc_queue_gws),
	ROW_MAKES(AMDKFD_IOC_SMI_EVENTS, smi_events),
	ROW_ASKS(AMDKFD_IOC_SVM, svm),
	ROW_ASKS(AMDKFD_IOC_SET_XNACK_MODE, set_xnack_mode),
	[_IOC_NR(AMDKFD_IOC_CRIU_OP)] = {
		.cmd = AMDKFD_IOC_CRIU_OP,
		.run = vkfd_ioctl_criu_op,
		.sleeps = true,	/* it enters the process that it is about */
		.asks = vkfd_ioctl_asks_criu_op,
		.undo = vkfd_ioctl_undo_criu_op,
	},
	ROW(AMDKFD_IOC_AVAILABLE_MEMORY, available_memory),
	ROW(AMDKFD_IOC_EXPORT_DMABUF, refuse_notsupp),
	ROW(AMDKFD_IOC_RUNTIME_ENABLE, runtime_enable),
	ROW(AMDKFD_IOC_DBG_TRAP, refuse_inval),
	ROW(AMDKFD_IOC_CREATE_PROCESS, refuse_inval),
	ROW(AMDKFD_IOC_PROFILER, refuse_inval),
};

static const struct kfd_ioctl_entry *entry_of(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (_IOC_TYPE(cmd) != AMDKFD_IOCTL_BASE || nr >= ARRAY_SIZE(kfd_ioctls))
		return NULL;
	return kfd_ioctls[nr].run ? &kfd_ioctls[nr] : NULL;
}

static int run_entry(const struct kfd_ioctl_entry *entry, struct vkfd_process *p, void *data,
		     size_t bytes)
{
	int err;

	if (entry->sleeps)
		return entry->run(p, data, bytes);
	err = vkfd_process_enter(p);
	if (err)
		return err;
	err = entry->run(p, data, bytes);
	vkfd_process_leave(p);
	return err;
}

/* Its teardown takes back everything, so a process that died meanwhile needs nothing. */
static void undo_entry(const struct kfd_ioctl_entry *entry, struct vkfd_process *p,
		       const void *data)
{
	if (!entry->undo || vkfd_process_enter(p))
		return;
	entry->undo(p, data);
	vkfd_process_leave(p);
}

static int copy_and_run(const struct kfd_ioctl_entry *entry, struct vkfd_process *p,
			void __user *user, void *data, size_t bytes)
{
	bool asks = entry->cmd & IOC_OUT;
	int err;

	if ((entry->cmd & IOC_IN) && copy_from_user(data, user, bytes))
		return -EFAULT;
	if (entry->asks)
		asks = entry->asks(data);
	err = run_entry(entry, p, data, bytes);
	if (!asks || !copy_to_user(user, data, bytes))
		return err;
	if (!err)
		undo_entry(entry, p, data);
	return -EFAULT;
}

/**
 * vkfd_ioctl_run() - One ioctl of /dev/kfd
 * @p:   The caller's own process.
 * @cmd: From the caller: number and size are used.
 * @arg: User pointer.
 *
 * Context: Process context, may sleep.
 * Return: As the handler; -ENOTTY unknown number, -EFAULT, -ENOMEM, -ENODEV the
 * process lost its GPUs.
 */
long vkfd_ioctl_run(struct vkfd_process *p, unsigned int cmd, unsigned long arg)
{
	const struct kfd_ioctl_entry *entry = entry_of(cmd);
	u64 stack[STACK_BYTES / sizeof(u64)] = {};
	size_t bytes = _IOC_SIZE(cmd), full;
	void *data = stack;
	int err = -ENOTTY;

	if (entry) {
		full = max_t(size_t, bytes, _IOC_SIZE(entry->cmd));
		if (full > sizeof(stack))
			data = kzalloc(full, GFP_KERNEL_ACCOUNT);
		err = data ? copy_and_run(entry, p, (void __user *)arg, data, bytes) : -ENOMEM;
		if (data != stack)
			kfree(data);
	}
	trace_vkfd_ioctl(_IOC_NR(cmd), err);
	return err;
}
