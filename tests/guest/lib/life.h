/* SPDX-License-Identifier: MIT */
#ifndef GUEST_LIFE_H
#define GUEST_LIFE_H

#include "harness.h"

/** selftest_expect_all_ok() - the driver's self test of the first GPU: every copy arrives */
void selftest_expect_all_ok(void);

/** driver_unbind() / driver_bind() - by PCI address, as an administrator does; each fails the test */
void driver_unbind(const char *pci);
void driver_bind(const char *pci);
/** driver_parameter() - write to a parameter of the module; fails the test */
void driver_parameter(const char *name, const char *value);
/** gpu_stays_lost() - a GPU that is lost is not reset, until gpu_revive() */
void gpu_stays_lost(void);
/**
 * gpu_reset() - reset the first GPU, and see whether it came back
 * @how: "kept" and "lost" ask the driver; "flr" and "bus" have the PCI core do it.
 *
 * Return: 0 or -EIO, it stays lost.
 */
int gpu_reset(const char *how);
/**
 * gpu_revive() - at the end of a test that used the first GPU up
 *
 * Takes it from the driver and gives it back. Fails the test unless it works
 * again, so that no later test meets a dead GPU.
 */
void gpu_revive(void);
/** gpus_kill() - the GPU process outside dies, and with it every GPU; fails the test */
void gpus_kill(void);
/** gpus_replug() - new GPUs in the places of the old, dead or alive; fails the test unless they probe */
void gpus_replug(void);

#endif
