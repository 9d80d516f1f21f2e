/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_HWREG_H
#define VKFD_DEVICE_ISA_HWREG_H

#include "isa/wave.h"

/* STATUS: the wave halts when it leaves its trap handler. */
#define WAVE_STATUS_HALT	0x2000u

/* STATUS as s_getreg shows it. */
u32 wave_status_read(const struct wave *wave);

#endif
