/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_UAPI_IOCTL_H
#define VKFD_UAPI_IOCTL_H

#include <linux/types.h>

struct vkfd_process;

/*
 * One handler per ioctl: checks, forwards to process/ or svm/, translates back.
 * @data is the argument, copied in and zero-extended to the kernel's structure;
 * @bytes is what user space passed. It is copied out also on error.
 */
#define VKFD_IOCTL_HANDLER(name) \
	int vkfd_ioctl_##name(struct vkfd_process *p, void *data, size_t bytes)
/* Takes back what the handler made, because @data, its answer, cannot be copied out. */
#define VKFD_IOCTL_UNDO(name) \
	void vkfd_ioctl_undo_##name(struct vkfd_process *p, const void *data)
/* Will the handler write into @data, as passed, what the caller does not know? */
#define VKFD_IOCTL_ASKS(name) \
	bool vkfd_ioctl_asks_##name(const void *data)

VKFD_IOCTL_HANDLER(get_version);
VKFD_IOCTL_HANDLER(get_clock_counters);
VKFD_IOCTL_HANDLER(get_process_apertures);
VKFD_IOCTL_HANDLER(get_process_apertures_new);
VKFD_IOCTL_HANDLER(set_memory_policy);
VKFD_IOCTL_HANDLER(set_scratch_backing_va);
VKFD_IOCTL_HANDLER(get_tile_config);
VKFD_IOCTL_HANDLER(set_trap_handler);
VKFD_IOCTL_HANDLER(runtime_enable);
VKFD_IOCTL_HANDLER(smi_events);
VKFD_IOCTL_UNDO(smi_events);
VKFD_IOCTL_HANDLER(refuse_perm);
VKFD_IOCTL_HANDLER(refuse_inval);
VKFD_IOCTL_HANDLER(refuse_notsupp);

VKFD_IOCTL_HANDLER(acquire_vm);
VKFD_IOCTL_HANDLER(alloc_memory);
VKFD_IOCTL_UNDO(alloc_memory);
VKFD_IOCTL_HANDLER(free_memory);
VKFD_IOCTL_HANDLER(map_memory);
VKFD_IOCTL_HANDLER(unmap_memory);
VKFD_IOCTL_HANDLER(available_memory);

VKFD_IOCTL_HANDLER(create_queue);
VKFD_IOCTL_UNDO(create_queue);
VKFD_IOCTL_HANDLER(destroy_queue);
VKFD_IOCTL_ASKS(destroy_queue);
VKFD_IOCTL_HANDLER(update_queue);
VKFD_IOCTL_HANDLER(set_cu_mask);
VKFD_IOCTL_HANDLER(get_queue_wave_state);
VKFD_IOCTL_HANDLER(alloc_queue_gws);

VKFD_IOCTL_HANDLER(create_event);
VKFD_IOCTL_UNDO(create_event);
VKFD_IOCTL_HANDLER(destroy_event);
VKFD_IOCTL_HANDLER(set_event);
VKFD_IOCTL_HANDLER(reset_event);
VKFD_IOCTL_HANDLER(wait_events);

VKFD_IOCTL_HANDLER(criu_op);
VKFD_IOCTL_ASKS(criu_op);
VKFD_IOCTL_UNDO(criu_op);

VKFD_IOCTL_HANDLER(svm);
VKFD_IOCTL_ASKS(svm);
VKFD_IOCTL_HANDLER(set_xnack_mode);
VKFD_IOCTL_ASKS(set_xnack_mode);

#endif
