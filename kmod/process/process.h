/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_H
#define VKFD_PROCESS_H

/*
 * struct vkfd_process (amdkfd's kfd_process): one per mm, made at the first
 * open of /dev/kfd. Details belong to process/.
 */
struct vkfd_process;

int vkfd_process_module_init(void);
/* Sets the interrupt and migration callbacks, so before the first probe. */
void vkfd_process_module_exit(void);

#endif
