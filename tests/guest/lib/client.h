/* SPDX-License-Identifier: MIT */
#ifndef GUEST_CLIENT_H
#define GUEST_CLIENT_H

#include <stdbool.h>

#define CLIENT_ROCR	   "/vkfd/build/tests/rocr/rocr"
#define CLIENT_HIP_COMPUTE "/vkfd/build/tests/hip/hip_compute"
#define CLIENT_HIP_MEMORY  "/vkfd/build/tests/hip/hip_memory"

/**
 * command_says() - run @command in a shell and pass its errors on
 * @found: whether a line holds @wanted; may be NULL
 * Fit for child processes. Return: whether its exit status is 0.
 */
bool command_says(const char *command, const char *wanted, bool *found);
/** client_built() - is the program there? It needs packages that not every tree has. */
bool client_built(const char *program);
/** client_ran() - run case @name of @program, which checks its own data; fit for child processes */
bool client_ran(const char *program, const char *name);
/** client_runs() - client_ran() or this test fails; it is skipped if there is no such program */
void client_runs(const char *program, const char *name);

#endif
