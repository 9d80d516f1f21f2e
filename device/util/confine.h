/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_UTIL_CONFINE_H
#define VKFD_DEVICE_UTIL_CONFINE_H

#include <stdbool.h>

/*
 * What this process may do. A guest that takes it over finds: no files to
 * open, no sockets to make, no programs to run, no memory to make executable.
 */

/* First thing in main(): closes what was inherited beyond stdio, no core files. */
void confine_start(void);

/* Dies when the process that started us does. False if it is already gone. */
bool confine_die_with_parent(void);

/*
 * From here on only the listed system calls; any other kills the process,
 * which the log of the kernel names. Holds for threads started later.
 * 0 or a positive errno.
 */
int confine_system_calls(void);

#endif
