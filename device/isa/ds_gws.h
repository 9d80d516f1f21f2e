/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_DS_GWS_H
#define VKFD_DEVICE_ISA_DS_GWS_H

#include "isa/wave.h"

/* Executes a row of kind GWS. BUSY: the semaphore is 0, nothing was done. */
enum wave_stop ds_gws(struct wave *wave, struct wave_env *env, const struct isa_inst *inst);

#endif
