/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_FAKE_LOADER_H
#define VKFD_DEVICE_ISA_FAKE_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include "vkfd_hw/types.h"

/*
 * Puts a relocatable object of clang's AMDGPU target into memory, for the
 * execution oracle. Only what such objects hold; anything else is refused.
 */
struct fake_object {
	u8 *file;	/* freed by fake_object_free() */
	size_t file_bytes;
	u8 *image;	/* where sections go: @image_bytes at address @va */
	size_t image_bytes;
	u64 va;
	size_t used;
};

/* What a kernel descriptor says, by its field names. */
struct fake_descriptor {
	u32 group_bytes, private_bytes, kernarg_bytes;
	u64 entry;	/* address */
	u32 rsrc1, rsrc2, rsrc3;
	u32 properties;
};

/* NULL or what is wrong. */
const char *fake_object_load(struct fake_object *object, const char *path);
void fake_object_free(struct fake_object *object);
/* False: no such kernel. */
bool fake_object_kernel(const struct fake_object *object, const char *name,
			struct fake_descriptor *kernel);

#endif
