// SPDX-License-Identifier: MIT
/* The topology tree as libhsakmt and rocminfo read it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu.h"
#include "mm.h"
#include "residency.h"

#define NODES "/sys/devices/virtual/kfd/kfd/topology/nodes"

static u64 node_value(u32 node, const char *name)
{
	u64 value = 0;

	assert_ok(topology_property(node, "properties", name, &value));
	return value;
}

static unsigned int entries_of(const char *path)
{
	unsigned int nr = 0;
	DIR *dir = opendir(path);

	if (!dir)
		fail_test("%s: %s", path, strerror(errno));
	for (struct dirent *e; (e = readdir(dir));)
		nr += e->d_name[0] != '.';
	closedir(dir);
	return nr;
}

static void node_folders_are_numbered_without_gaps(int arg)
{
	unsigned int nr = entries_of(NODES);
	u64 gpu_id;

	for (u32 node = 0; node < nr; node++)
		assert_ok(topology_property(node, "gpu_id", "", &gpu_id));
}

static void node_counts_match_folders(int arg)
{
	static const struct {
		const char *count, *folder;
	} kinds[] = {
		{ "mem_banks_count", "mem_banks" }, { "caches_count", "caches" },
		{ "io_links_count", "io_links" }, { "p2p_links_count", "p2p_links" },
	};
	char path[128];

	for (u32 node = 0; node < entries_of(NODES); node++)
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			u64 count = node_value(node, kinds[i].count);

			snprintf(path, sizeof(path), NODES "/%u/%s", node, kinds[i].folder);
			if (count || !access(path, F_OK))
				assert_int_equal(entries_of(path), count);
		}
}

/* What libhsakmt, ROCr and HIP divide by, assert on or index with. */
static void gpu_node_has_the_mandatory_properties(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = kfd_nodes(nodes);

	for (unsigned int i = 0; i < nr; i++) {
		u32 n = nodes[i].node;

		assert_int_equal(node_value(n, "cpu_cores_count"), 0);
		assert_int_equal(node_value(n, "simd_per_cu"), 4);
		assert_int_equal(node_value(n, "simd_count") % 4, 0);
		assert_true(node_value(n, "simd_count") > 0);
		assert_int_equal(node_value(n, "gfx_target_version"), 90010);
		assert_int_equal(node_value(n, "wave_front_size"), 64);
		assert_int_equal(node_value(n, "simd_arrays_per_engine"), 1);
		assert_int_equal(node_value(n, "num_sdma_engines"), 2);
		assert_int_equal(node_value(n, "num_sdma_xgmi_engines"), 3);
		assert_int_equal(node_value(n, "num_sdma_queues_per_engine"), 8);
		assert_int_equal(node_value(n, "num_cp_queues"), 24);
		assert_int_equal(node_value(n, "hive_id"), 0);
		assert_int_equal(node_value(n, "capability") >> 12 & 3, 2);	/* doorbell type */
		assert_int_equal(node_value(n, "capability") >> 27 & 1, 1);	/* SVM API */
		assert_int_equal(node_value(n, "capability") >> 29 & 1, 1);	/* exceptions */
		assert_in_range(node_value(n, "drm_render_minor"), 128, 255);
	}
}

static void gpu_ids_and_unique_ids_differ(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = kfd_nodes(nodes);

	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = 0; j < i; j++) {
			assert_int_not_equal(nodes[i].gpu_id, nodes[j].gpu_id);
			assert_int_not_equal(nodes[i].render_minor, nodes[j].render_minor);
			assert_int_not_equal(node_value(nodes[i].node, "unique_id"),
					     node_value(nodes[j].node, "unique_id"));
		}
}

static void memory_banks_tell_ram_and_vram(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	u64 heap, size, first, pages;

	kfd_nodes(nodes);
	assert_ok(topology_property(0, "mem_banks/0/properties", "heap_type", &heap));
	assert_int_equal(heap, 0);
	assert_ok(topology_property(nodes[0].node, "mem_banks/0/properties", "heap_type", &heap));
	assert_int_equal(heap, 1);
	assert_ok(topology_property(nodes[0].node, "mem_banks/0/properties", "size_in_bytes", &size));
	/* What the core kernel knows of the same memory. */
	assert_true(vram_region(0, &first, &pages));
	assert_true(size <= pages * PAGE && size >= pages * PAGE / 2);
}

static void cache_files_end_with_the_sibling_map(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	char path[160], text[4096];
	u64 level[3] = { 0 };

	kfd_nodes(nodes);
	for (u64 i = 0; i < node_value(nodes[0].node, "caches_count"); i++) {
		char *last;
		ssize_t len;
		int fd;

		snprintf(path, sizeof(path), NODES "/%u/caches/%llu/properties", nodes[0].node,
			 (unsigned long long)i);
		fd = open(path, O_RDONLY);
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
		assert_in_range(len, 10, 4095);
		text[len] = '\0';
		last = strstr(text, "sibling_map ");
		assert_non_null(last);
		assert_ptr_equal(strchr(last, '\n'), text + len - 1);
		assert_int_not_equal(text[len - 2], ',');
		last = strstr(text, "level ");
		assert_non_null(last);
		level[strtoul(last + 6, NULL, 10) % 3]++;
	}
	assert_true(level[1] > 0 && level[2] > 0);
}

static void links_lead_from_here_to_nodes_that_exist(int arg)
{
	unsigned int nr = entries_of(NODES);
	char file[64];
	u64 value;

	for (u32 node = 0; node < nr; node++)
		for (u64 i = 0; i < node_value(node, "io_links_count"); i++) {
			snprintf(file, sizeof(file), "io_links/%llu/properties", (unsigned long long)i);
			assert_ok(topology_property(node, file, "node_from", &value));
			assert_int_equal(value, node);
			assert_ok(topology_property(node, file, "node_to", &value));
			assert_in_range(value, 0, nr - 1);
			assert_int_not_equal(value, node);
			assert_ok(topology_property(node, file, "type", &value));
			assert_int_equal(value, 2);	/* PCIe: no GPU-to-GPU link yet */
		}
}

static void generation_id_is_stable(int arg)
{
	static const char path[] = "/sys/devices/virtual/kfd/kfd/topology/generation_id";
	char a[32] = "", b[32] = "";
	int fd;

	for (int i = 0; i < 2; i++) {
		fd = open(path, O_RDONLY);
		assert_true(read(fd, i ? b : a, 31) > 0);
		close(fd);
		close(kfd_open());
	}
	assert_string_equal(a, b);
	assert_int_not_equal(strtoul(a, NULL, 10), 0);
}

static void each_gpu_has_its_own_card(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = kfd_nodes(nodes);
	char path[96], cards[MAX_GPUS][32] = { { 0 } };

	for (unsigned int i = 0; i < nr; i++) {
		DIR *dir;

		snprintf(path, sizeof(path), "/sys/dev/char/226:%u/device/drm", nodes[i].render_minor);
		dir = opendir(path);
		assert_non_null(dir);
		for (struct dirent *e; (e = readdir(dir));)
			if (!strncmp(e->d_name, "card", 4))
				snprintf(cards[i], sizeof(cards[i]), "%.31s", e->d_name);
		closedir(dir);
		assert_true(cards[i][0] != '\0');
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(cards[i], cards[j]);
	}
}

/* Unmodified rocminfo lists as many gfx90a agents as there are GPUs. */
static void rocminfo_lists_every_gpu(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = kfd_nodes(nodes), seen = 0;
	char line[512];
	FILE *out = popen("rocminfo 2>&1", "r");
	int status;

	assert_non_null(out);
	while (fgets(line, sizeof(line), out)) {
		char name[64];

		if (sscanf(line, " Name: %63s", name) == 1)
			seen += !strcmp(name, "gfx90a");
		else if (strstr(line, "rror"))
			fputs(line, stdout);
	}
	status = pclose(out);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(seen, nr);
}

/* "vendor device" of a PCI function that no driver has, and its name; false if there is none. */
static bool unused_pci_device(char *id, size_t id_bytes, char *name, size_t name_bytes)
{
	static const char devices[] = "/sys/bus/pci/devices";
	DIR *dir = opendir(devices);
	bool found = false;
	char path[320];

	assert_non_null(dir);
	for (struct dirent *e; !found && (e = readdir(dir));) {
		unsigned int vendor, device;
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s/driver", devices, e->d_name);
		if (e->d_name[0] == '.' || !access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), "%s/%s/uevent", devices, e->d_name);
		f = fopen(path, "re");
		assert_non_null(f);
		for (char line[128]; !found && fgets(line, sizeof(line), f);)
			found = sscanf(line, "PCI_ID=%x:%x", &vendor, &device) == 2;
		fclose(f);
		snprintf(id, id_bytes, "%x %x", vendor, device);
		snprintf(name, name_bytes, "%.12s", e->d_name);
	}
	closedir(dir);
	return found;
}

static void driver_attribute(const char *name, const char *text)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vkfd/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The driver is told to take a device that is none of ours: it looks, refuses, and the GPU works on. */
static void foreign_device_is_refused_and_the_gpu_works_on(int arg)
{
	char id[32], name[32], path[96];
	unsigned int nodes = entries_of(NODES);
	struct session s;
	u64 *p;

	session_start(&s, true);
	if (!unused_pci_device(id, sizeof(id), name, sizeof(name)))
		skip_test("every PCI device has a driver");
	driver_attribute("new_id", id);
	driver_attribute("remove_id", id);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", name);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(entries_of(NODES), nodes);
	p = mm_map(PAGE);
	*p = 0x1234567;
	gpu_access(&s, p, PAGE);
	assert_ok(gpu_prefetch(&s, p, PAGE, true));
	assert_in_vram(p, PAGE);
	assert_true(*p == 0x1234567);
	session_stop(&s);
}

static void libhsakmt_sees_every_gpu(int arg)
{
	HsaNodeProperties props;
	struct session s;

	session_start(&s, false);
	for (unsigned int i = 0; i < s.nr_gpus; i++) {
		assert_hsa(hsaKmtGetNodeProperties(s.gpu[i].node, &props));
		assert_int_equal(props.EngineId.ui32.Major, 9);
		assert_int_equal(props.EngineId.ui32.Stepping, 10);
		assert_int_equal(props.NumFComputeCores, node_value(s.gpu[i].node, "simd_count"));
	}
	session_stop(&s);
}

static const struct guest_test tests[] = {
	TEST(node_folders_are_numbered_without_gaps),
	TEST(node_counts_match_folders),
	TEST(gpu_node_has_the_mandatory_properties),
	TEST_TAGS(gpu_ids_and_unique_ids_differ, "gpus=8 vram=64M"),
	TEST(memory_banks_tell_ram_and_vram),
	TEST(cache_files_end_with_the_sibling_map),
	TEST(links_lead_from_here_to_nodes_that_exist),
	TEST(generation_id_is_stable),
	TEST_TAGS(each_gpu_has_its_own_card, "gpus=2"),
	TEST(rocminfo_lists_every_gpu),
	{ "rocminfo_lists_every_gpu_of_2", rocminfo_lists_every_gpu, 0, "gpus=2 kernel=stock" },
	{ "rocminfo_lists_every_gpu_of_8", rocminfo_lists_every_gpu, 0, "gpus=8 vram=64M" },
	TEST(libhsakmt_sees_every_gpu),
	TEST(foreign_device_is_refused_and_the_gpu_works_on),
};
HARNESS_MAIN(tests)
