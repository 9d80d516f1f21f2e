// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: what the topology says of CPUs
 *
 * Fills in the property files of a NUMA node. libhsakmt takes the caches from
 * /sys/devices/system/node by itself when we list none. No locks: values are a
 * snapshot.
 */
#include <linux/cpumask.h>
#include <linux/kfd_sysfs.h>
#include <linux/mmzone.h>
#include <linux/topology.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "uapi/topology_int.h"

/* Everything a GPU would say more about; a CPU prints 0 for all of them. */
static const char *const gpu_only_names[] = {
	"simd_id_base", "max_waves_per_simd", "lds_size_in_kb", "gds_size_in_kb", "num_gws",
	"wave_front_size", "array_count", "simd_arrays_per_engine", "cu_per_simd_array",
	"simd_per_cu", "max_slots_scratch_cu", "gfx_target_version", "vendor_id", "device_id",
	"location_id", "domain", "drm_render_minor", "hive_id", "num_sdma_engines",
	"num_sdma_xgmi_engines", "num_sdma_queues_per_engine", "num_cp_queues", "cwsr_size",
	"ctl_stack_size",
};

/* As /proc/cpuinfo prints it: user space looks the CPU's name up by this. */
static u32 first_apicid(int nid)
{
	unsigned int cpu = cpumask_first(cpumask_of_node(nid));

	return cpu < nr_cpu_ids ? cpu_data(cpu).topo.apicid : 0;
}

static u32 cores_online(int nid)
{
	unsigned int cpu;
	u32 count = 0;

	for_each_cpu_and(cpu, cpumask_of_node(nid), cpu_online_mask)
		count++;
	return count;
}

/** vkfd_topo_cpu_node() - Properties of NUMA node @nid */
void vkfd_topo_cpu_node(int nid, const struct vkfd_topo_counts *counts,
			struct vkfd_topo_props *props)
{
	unsigned int i;

	vkfd_topo_prop(props, "cpu_cores_count", cores_online(nid));
	vkfd_topo_prop(props, "simd_count", 0);
	vkfd_topo_prop(props, "mem_banks_count", counts->banks);
	vkfd_topo_prop(props, "caches_count", counts->caches);
	vkfd_topo_prop(props, "io_links_count", counts->io_links);
	vkfd_topo_prop(props, "p2p_links_count", 0);
	vkfd_topo_prop(props, "cpu_core_id_base", first_apicid(nid));
	for (i = 0; i < ARRAY_SIZE(gpu_only_names); i++)
		vkfd_topo_prop(props, gpu_only_names[i], 0);
	vkfd_topo_prop(props, "max_engine_clk_ccompute", tsc_khz / 1000);
}

/** vkfd_topo_cpu_bank() - Properties of the RAM of NUMA node @nid */
void vkfd_topo_cpu_bank(int nid, struct vkfd_topo_props *props)
{
	u64 pages = node_present_pages(nid);

	vkfd_topo_prop(props, "heap_type", HSA_MEM_HEAP_TYPE_SYSTEM);
	vkfd_topo_prop(props, "size_in_bytes", pages << PAGE_SHIFT);
	vkfd_topo_prop(props, "flags", 0);
	vkfd_topo_prop(props, "width", 0);
	vkfd_topo_prop(props, "mem_clk_max", 0);
}
