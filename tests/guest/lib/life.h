/* SPDX-License-Identifier: MIT */
#ifndef GUEST_LIFE_H
#define GUEST_LIFE_H

#include "harness.h"

/** selftest_expect_all_ok() - the driver's self test of the first GPU: every copy arrives */
void selftest_expect_all_ok(void);

/** driver_unbind() / driver_bind() - by PCI address, as an administrator does; each fails the test */
void driver_unbind(const char *pci);
void driver_bind(const char *pci);
/**
 * gpu_revive() - at the end of a test that used the first GPU up
 *
 * Takes it from the driver and gives it back. Fails the test unless it works
 * again, so that no later test meets a dead GPU.
 */
void gpu_revive(void);

#endif
