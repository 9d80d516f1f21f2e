/* SPDX-License-Identifier: MIT */
#ifndef GUEST_RESIDENCY_H
#define GUEST_RESIDENCY_H

#include "kfd.h"
#include "vkfd_stats.h"

/**
 * struct residency - where the pages of an interval are, in 4 KiB pages
 * @none:  never touched.
 * @other: a swap-like entry that is neither device memory nor a swap slot.
 *
 * Taken from the core kernel: /proc/self/pagemap says which frame a page has,
 * /proc/iomem which frames are a GPU's device-private memory.
 */
struct residency {
	size_t none, ram, swap, other;
	size_t vram[MAX_GPUS];
};

void residency_count(const void *addr, size_t bytes, struct residency *r);
/* Each fails the test and says what it found, unless all pages are there. */
void assert_in_ram(const void *addr, size_t bytes);
void assert_in_vram(const void *addr, size_t bytes);	/* of the first GPU */
void assert_in_vram_of(unsigned int gpu, const void *addr, size_t bytes);
void assert_untouched(const void *addr, size_t bytes);
/** residency_letters() - one a page: '.' never touched, 'r' RAM, 's' swap, 'v' VRAM, '?' other; 0 at the end */
void residency_letters(const void *addr, size_t pages, char *letters);
/** residency_vram() - pages of the interval in any GPU's VRAM */
size_t residency_vram(const void *addr, size_t bytes);
/** residency_ram_frame() - frame number in RAM of the page, 0 if it is not in RAM */
u64 residency_ram_frame(const void *addr);

/** residency_forget() - a GPU was bound again: look again where its memory is */
void residency_forget(void);
/** vram_region() - device-private frames of a GPU; false if there is no such GPU, or it has none */
bool vram_region(unsigned int gpu, u64 *first_pfn, u64 *pages);
/** vram_peek() - bytes of a page that is in VRAM, read through BAR 0, without touching the page */
void vram_peek(const void *addr, void *copy, size_t bytes);

/** device_stat() - counter of the device itself, read from BAR 4 */
u64 device_stat(unsigned int gpu, enum vkfd_stat stat);
/** process_lines() - lines of debugfs kfd/proc/<own pid>/<file> with @word in them */
int process_lines(const char *file, const char *word);
/** driver_stat() - "name value" of debugfs vkfd/<gpu_id>/<file>; fails the test if missing */
u64 driver_stat(unsigned int gpu, const char *file, const char *name);
/** driver_stats() - several of them, by one look at the file */
void driver_stats(unsigned int gpu, const char *file, const char *const *names, u64 *values, size_t nr);
/** driver_number() - the number that is all of debugfs vkfd/<gpu_id>/<file> */
u64 driver_number(unsigned int gpu, const char *file);
/** driver_poke() - write to debugfs vkfd/<gpu_id>/<file>; skips the test if there is no such file */
void driver_poke(unsigned int gpu, const char *file, const char *text);

#endif
