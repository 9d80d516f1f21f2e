// SPDX-License-Identifier: MIT
/*
 * Residency from outside the driver. A page in VRAM is a swap-like entry whose
 * offset is the frame number of a device-private page, or, where the CPU uses VRAM
 * in place, a present one in BAR 0. The driver only says
 * which of the top-level regions of /proc/iomem belongs to which GPU.
 */
#include "residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vkfd_hw/pci.h"
#include "vkfd_hw/regs.h"

/* Documentation/admin-guide/mm/pagemap.rst */
#define PM_FRAME(entry)		((entry) & ((1ull << 55) - 1))
#define PM_SWAP			(1ull << 62)
#define PM_PRESENT		(1ull << 63)
#define PM_SWAP_TYPE(entry)	((entry) & 0x1f)
#define PM_SWAP_OFFSET(entry)	(PM_FRAME(entry) >> 5)
/* Types above the real swap files are migration, device and marker entries. */
#define MAX_SWAPFILE_TYPE	16

struct region {
	u64 first_pfn, pages;
};

static struct kfd_node nodes[MAX_GPUS];
static struct region regions[MAX_GPUS];
static unsigned int nr_nodes;

/*
 * A region of /proc/iomem that starts here and is named after the GPU: at the top
 * level, where BARs never are, or, for pages that the CPU uses in place, BAR 0.
 */
static bool region_known_to_kernel(const char *pci, u64 start_wanted, u64 bytes)
{
	unsigned long long start, end;
	bool found = false;
	char line[256];
	FILE *f = fopen("/proc/iomem", "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, " %llx-%llx", &start, &end) == 2 && start == start_wanted &&
			end + 1 - start == bytes && strstr(line, pci);
	if (f)
		fclose(f);
	return found;
}

static void regions_load(void)
{
	if (nr_nodes)
		return;
	nr_nodes = kfd_nodes(nodes);
	for (unsigned int i = 0; i < nr_nodes; i++) {
		regions[i].first_pfn = driver_stat(i, "vram", "first_pfn");
		regions[i].pages = driver_stat(i, "vram", "pages");
		/* A GPU that works in system memory has none. */
		if (regions[i].pages && !region_known_to_kernel(nodes[i].pci, regions[i].first_pfn * PAGE, regions[i].pages * PAGE))
			fail_test("device memory of %s is no region of /proc/iomem", nodes[i].pci);
	}
}

void residency_forget(void)
{
	nr_nodes = 0;
}

bool vram_region(unsigned int gpu, u64 *first_pfn, u64 *pages)
{
	regions_load();
	if (gpu >= nr_nodes || !regions[gpu].pages)
		return false;
	*first_pfn = regions[gpu].first_pfn;
	*pages = regions[gpu].pages;
	return true;
}

static void pagemap_read(const void *addr, size_t nr, u64 *entries)
{
	static int fd = -1;
	static pid_t owner;
	ssize_t want = (ssize_t)(nr * sizeof(u64));

	if (fd < 0 || owner != getpid()) {
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
		owner = getpid();
	}
	if (fd < 0 || pread(fd, entries, (size_t)want, (off_t)((uintptr_t)addr / PAGE * sizeof(u64))) != want)
		fail_test("cannot read /proc/self/pagemap: %s", strerror(errno));
}

static u64 frame_of(u64 entry)
{
	return entry & PM_PRESENT ? PM_FRAME(entry) : PM_SWAP_OFFSET(entry);
}

/* Index of the GPU whose VRAM the entry points to, or -1. */
static int entry_gpu(u64 entry)
{
	u64 pfn = frame_of(entry);

	if (!(entry & (PM_SWAP | PM_PRESENT)))
		return -1;
	for (unsigned int i = 0; i < nr_nodes; i++)
		if (pfn - regions[i].first_pfn < regions[i].pages)
			return (int)i;
	return -1;
}

static void count_entry(u64 entry, struct residency *r)
{
	int gpu = entry_gpu(entry);

	if (gpu >= 0)
		r->vram[gpu]++;
	else if (entry & PM_PRESENT)
		r->ram++;
	else if (!(entry & PM_SWAP))
		r->none++;
	else if (PM_SWAP_TYPE(entry) < MAX_SWAPFILE_TYPE)
		r->swap++;
	else
		r->other++;
}

void residency_count(const void *addr, size_t bytes, struct residency *r)
{
	size_t pages = (bytes + PAGE - 1) / PAGE;
	u64 entries[512];

	regions_load();
	memset(r, 0, sizeof(*r));
	for (size_t done = 0; done < pages;) {
		size_t nr = pages - done < ARRAY_LEN(entries) ? pages - done : ARRAY_LEN(entries);

		pagemap_read((const char *)addr + done * PAGE, nr, entries);
		for (size_t i = 0; i < nr; i++)
			count_entry(entries[i], r);
		done += nr;
	}
}

void residency_letters(const void *addr, size_t pages, char *letters)
{
	u64 entries[512];

	regions_load();
	if (pages > ARRAY_LEN(entries))
		fail_test("residency of %zu pages at once", pages);
	pagemap_read(addr, pages, entries);
	for (size_t i = 0; i < pages; i++) {
		struct residency r = { 0 };

		count_entry(entries[i], &r);
		letters[i] = r.none ? '.' : r.ram ? 'r' : r.swap ? 's' : r.other ? '?' : 'v';
	}
	letters[pages] = '\0';
}

static void __attribute__((noreturn)) wrong_place(const char *wanted, const void *addr, size_t bytes,
						  const struct residency *r)
{
	fail_test("%p, %zu pages, expected all %s: ram %zu, vram %zu (second GPU %zu), swap %zu, untouched %zu, other %zu",
		  addr, (bytes + PAGE - 1) / PAGE, wanted, r->ram, r->vram[0], r->vram[1],
		  r->swap, r->none, r->other);
}

void assert_in_ram(const void *addr, size_t bytes)
{
	struct residency r;

	residency_count(addr, bytes, &r);
	if (r.ram != (bytes + PAGE - 1) / PAGE)
		wrong_place("in RAM", addr, bytes, &r);
}

void assert_in_vram_of(unsigned int gpu, const void *addr, size_t bytes)
{
	struct residency r;

	residency_count(addr, bytes, &r);
	if (r.vram[gpu] != (bytes + PAGE - 1) / PAGE)
		wrong_place("in VRAM", addr, bytes, &r);
}

void assert_in_vram(const void *addr, size_t bytes)
{
	assert_in_vram_of(0, addr, bytes);
}

void assert_untouched(const void *addr, size_t bytes)
{
	struct residency r;

	residency_count(addr, bytes, &r);
	if (r.none != (bytes + PAGE - 1) / PAGE)
		wrong_place("untouched", addr, bytes, &r);
}

size_t residency_vram(const void *addr, size_t bytes)
{
	struct residency r;
	size_t pages = 0;

	residency_count(addr, bytes, &r);
	for (unsigned int i = 0; i < MAX_GPUS; i++)
		pages += r.vram[i];
	return pages;
}

u64 residency_ram_frame(const void *addr)
{
	u64 entry;

	regions_load();
	pagemap_read(addr, 1, &entry);
	return entry & PM_PRESENT && entry_gpu(entry) < 0 ? PM_FRAME(entry) : 0;
}

/* Read-only view of a part of a BAR; skips where the kernel forbids it. */
static volatile void *bar_map(unsigned int gpu, int bar, u64 offset, size_t bytes)
{
	char path[128];
	void *map;
	int fd;

	regions_load();
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d", nodes[gpu].pci, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail_test("%s: %s", path, strerror(errno));
	map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, (off_t)offset);
	close(fd);
	if (map == MAP_FAILED)
		fail_test("mmap %s: %s (needs iomem=relaxed on the kernel's command line)", path,
			  strerror(errno));
	return map;
}

void vram_peek(const void *addr, void *copy, size_t bytes)
{
	u64 entry, offset = (uintptr_t)addr % PAGE;
	volatile u8 *map;
	int gpu;

	regions_load();
	pagemap_read(addr, 1, &entry);
	gpu = entry_gpu(entry);
	if (gpu < 0 || offset + bytes > PAGE)
		fail_test("%p is not one page in VRAM", addr);
	map = bar_map((unsigned int)gpu, VKFD_BAR_VRAM,
		      (frame_of(entry) - regions[gpu].first_pfn) * PAGE, PAGE);
	for (size_t i = 0; i < bytes; i++)
		((u8 *)copy)[i] = map[offset + i];
	munmap((void *)(uintptr_t)map, PAGE);
}

u64 device_stat(unsigned int gpu, enum vkfd_stat stat)
{
	static volatile u64 *page[MAX_GPUS];

	if (!page[gpu])
		page[gpu] = bar_map(gpu, VKFD_BAR_REGS, VKFD_REGS_STATS_OFFSET, VKFD_REGS_STATS_BYTES);
	return page[gpu][stat];
}

/* Is it the line of one of the names? */
static size_t take_line(const char *line, const char *const *names, u64 *values, size_t nr)
{
	size_t len = strcspn(line, " :=\t");

	for (size_t i = 0; i < nr; i++) {
		if (len != strlen(names[i]) || strncmp(line, names[i], len))
			continue;
		values[i] = strtoull(line + len + strspn(line + len, " :=\t"), NULL, 0);
		return 1;
	}
	return 0;
}

void driver_stats(unsigned int gpu, const char *file, const char *const *names, u64 *values, size_t nr)
{
	char path[160], line[256];
	size_t found = 0;
	FILE *f;

	regions_load();
	snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/%s", nodes[gpu].gpu_id, file);
	f = fopen(path, "re");
	if (!f)
		fail_test("%s: %s", path, strerror(errno));
	while (found < nr && fgets(line, sizeof(line), f))
		found += take_line(line, names, values, nr);
	fclose(f);
	if (found < nr)
		fail_test("%s has no %s", path, nr == 1 ? names[0] : "line for one of the names");
}

int process_lines(const char *file, const char *word)
{
	char path[64], line[256];
	int nr = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kfd/proc/%d/%s", getpid(), file);
	f = fopen(path, "re");
	if (!f)
		fail_test("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		nr += strstr(line, word) != NULL;
	fclose(f);
	return nr;
}

u64 driver_stat(unsigned int gpu, const char *file, const char *name)
{
	u64 value;

	driver_stats(gpu, file, &name, &value, 1);
	return value;
}

u64 driver_number(unsigned int gpu, const char *file)
{
	unsigned long long value;
	char path[160];
	FILE *f;

	regions_load();
	snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/%s", nodes[gpu].gpu_id, file);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &value) != 1)
		fail_test("%s: no number", path);
	fclose(f);
	return value;
}

void driver_poke(unsigned int gpu, const char *file, const char *text)
{
	char path[160];
	ssize_t len = (ssize_t)strlen(text);
	int fd;

	regions_load();
	snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/%s", nodes[gpu].gpu_id, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		skip_test("no %s in this driver's debugfs", path);
	if (write(fd, text, (size_t)len) != len)
		fail_test("%s: %s", path, strerror(errno));
	close(fd);
}
