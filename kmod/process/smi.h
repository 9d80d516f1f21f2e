/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_SMI_H
#define VKFD_PROCESS_SMI_H

#include <linux/types.h>

struct vkfd_process;

/* smi.c: SMI_EVENTS */
int vkfd_smi_open(struct vkfd_process *p, u32 gpu_id, u32 *fd);

#endif
