// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: what the topology says of a GPU
 *
 * Fills in the property files of a gfx90a with as many CUs as the device has.
 * AMD's numbers appear here and in the render node's answers only. Capabilities
 * are those that really work: no debugger, SVM, and, with a device that computes,
 * exceptions through the runtime (D14). No locks: a probed device does not change.
 */
#include <linux/kfd_sysfs.h>
#include <linux/pci.h>
#include <drm/drm_file.h>

#include "core/device.h"
#include "mem/mem_mgr.h"
#include "process/queue_check.h"
#include "uapi/gfx90a.h"
#include "uapi/topology_int.h"
#include "vkfd_hw/kiq.h"
#include "vkfd_hw/regs.h"

#define FIRST_SIMD_ID		0x80001000ULL
#define MEC_FW_VERSION		78
#define SDMA_FW_VERSION		8
#define CAPABILITY	((HSA_CAP_DOORBELL_TYPE_2_0 << HSA_CAP_DOORBELL_TYPE_TOTALBITS_SHIFT) | \
			 (1 << HSA_CAP_ASIC_REVISION_SHIFT) | HSA_CAP_SRAM_EDCSUPPORTED |	\
			 HSA_CAP_SVMAPI_SUPPORTED)

static u32 capability(const struct vkfd_device *dev)
{
	u32 bits = CAPABILITY;

	if (dev->hw.features & VKFD_FEATURE_COMPUTE)
		bits |= HSA_CAP_TRAP_DEBUG_FIRMWARE_SUPPORTED;
	if (vkfd_device_is_apu(dev) || vkfd_device_is_coherent(dev))
		bits |= HSA_CAP_FLAGS_COHERENTHOSTACCESS;
	return bits;
}

static void add_shape(struct vkfd_device *dev, u32 first_simd, struct vkfd_topo_props *props)
{
	u32 cus = dev->hw.cus, ses = dev->hw.ses;

	vkfd_topo_prop(props, "cpu_core_id_base", 0);
	vkfd_topo_prop(props, "simd_id_base", FIRST_SIMD_ID + first_simd);
	vkfd_topo_prop(props, "max_waves_per_simd", GFX90A_WAVES_PER_SIMD);
	vkfd_topo_prop(props, "lds_size_in_kb", GFX90A_LDS_KIB);
	vkfd_topo_prop(props, "gds_size_in_kb", 0);
	vkfd_topo_prop(props, "num_gws", 0);
	vkfd_topo_prop(props, "wave_front_size", GFX90A_WAVE_SIZE);
	/* One array an engine: user space and kernel disagree about the save area otherwise. */
	vkfd_topo_prop(props, "array_count", ses);
	vkfd_topo_prop(props, "simd_arrays_per_engine", 1);
	vkfd_topo_prop(props, "cu_per_simd_array", DIV_ROUND_UP(cus, ses));
	vkfd_topo_prop(props, "simd_per_cu", GFX90A_SIMDS_PER_CU);
	vkfd_topo_prop(props, "max_slots_scratch_cu", GFX90A_SCRATCH_SLOTS_PER_CU);
}

static void add_identity(struct vkfd_device *dev, struct vkfd_topo_props *props)
{
	vkfd_topo_prop(props, "gfx_target_version", GFX90A_TARGET_VERSION);
	vkfd_topo_prop(props, "vendor_id", GFX90A_VENDOR_ID);
	vkfd_topo_prop(props, "device_id", GFX90A_DEVICE_ID);
	vkfd_topo_prop(props, "location_id", pci_dev_id(dev->pdev));
	vkfd_topo_prop(props, "domain", pci_domain_nr(dev->pdev->bus));
	vkfd_topo_prop(props, "drm_render_minor", dev->drm.render->index);
	vkfd_topo_prop(props, "hive_id", 0);
}

static void add_queues(struct vkfd_device *dev, struct vkfd_topo_props *props)
{
	struct vkfd_cwsr_sizes cwsr;

	vkfd_cwsr_sizes(dev->hw.cus, dev->hw.ses, &cwsr);
	vkfd_topo_prop(props, "num_sdma_engines", VKFD_SDMA_ENGINES);
	vkfd_topo_prop(props, "num_sdma_xgmi_engines", VKFD_SDMA_XGMI_ENGINES);
	vkfd_topo_prop(props, "num_sdma_queues_per_engine", VKFD_SDMA_QUEUES_PER_ENGINE);
	vkfd_topo_prop(props, "num_cp_queues", VKFD_COMPUTE_QUEUES);
	vkfd_topo_prop(props, "cwsr_size", cwsr.save_area);
	vkfd_topo_prop(props, "ctl_stack_size", cwsr.ctl_stack);
}

u32 vkfd_topo_gpu_node(struct vkfd_device *dev, const struct vkfd_topo_counts *counts,
		       u32 first_simd, struct vkfd_topo_props *props)
{
	vkfd_topo_prop(props, "cpu_cores_count", 0);
	vkfd_topo_prop(props, "simd_count", dev->hw.cus * GFX90A_SIMDS_PER_CU);
	vkfd_topo_prop(props, "mem_banks_count", counts->banks);
	vkfd_topo_prop(props, "caches_count", counts->caches);
	/* p2p_links_count must follow io_links_count. */
	vkfd_topo_prop(props, "io_links_count", counts->io_links);
	vkfd_topo_prop(props, "p2p_links_count", 0);
	add_shape(dev, first_simd, props);
	add_identity(dev, props);
	add_queues(dev, props);
	vkfd_topo_prop(props, "max_engine_clk_fcompute", GFX90A_ENGINE_CLOCK_MHZ);
	vkfd_topo_prop(props, "local_mem_size", 0);
	vkfd_topo_prop(props, "fw_version", MEC_FW_VERSION);
	vkfd_topo_prop(props, "capability", capability(dev));
	vkfd_topo_prop(props, "capability2", 0);
	vkfd_topo_prop(props, "debug_prop", 0);
	vkfd_topo_prop(props, "sdma_fw_version", SDMA_FW_VERSION);
	vkfd_topo_prop(props, "unique_id", dev->hw.unique_id);
	vkfd_topo_prop(props, "num_xcc", 1);
	vkfd_topo_prop(props, "max_engine_clk_ccompute", 0);
	return first_simd + dev->hw.cus;
}

/** vkfd_topo_gpu_bank() - VRAM, or what an APU has instead; the CPU sees all of it */
void vkfd_topo_gpu_bank(struct vkfd_device *dev, struct vkfd_topo_props *props)
{
	vkfd_topo_prop(props, "heap_type", HSA_MEM_HEAP_TYPE_FB_PUBLIC);
	vkfd_topo_prop(props, "size_in_bytes", vkfd_mem_local_bytes(dev));
	vkfd_topo_prop(props, "flags", 0);
	vkfd_topo_prop(props, "width", GFX90A_VRAM_WIDTH_BITS);
	vkfd_topo_prop(props, "mem_clk_max", GFX90A_MEMORY_CLOCK_MHZ);
}

/** vkfd_topo_gpu_cache() - One representative cache of each kind */
void vkfd_topo_gpu_cache(struct vkfd_device *dev, unsigned int index, u32 first_simd,
			 struct vkfd_topo_props *props)
{
	static const struct {
		u32 level, kib, line, type, siblings;
	} caches[VKFD_TOPO_GPU_CACHES] = {
		{ 1, 16, 64, HSA_CACHE_TYPE_DATA | HSA_CACHE_TYPE_HSACU, 1 },
		{ 1, 32, 64, HSA_CACHE_TYPE_INSTRUCTION | HSA_CACHE_TYPE_HSACU, 2 },
		{ 1, 16, 64, HSA_CACHE_TYPE_DATA | HSA_CACHE_TYPE_HSACU, 2 },
		{ 2, 8192, 128, HSA_CACHE_TYPE_DATA | HSA_CACHE_TYPE_HSACU, 0 },
	};

	vkfd_topo_prop(props, "processor_id_low", FIRST_SIMD_ID + first_simd);
	vkfd_topo_prop(props, "level", caches[index].level);
	vkfd_topo_prop(props, "size", caches[index].kib);
	vkfd_topo_prop(props, "cache_line_size", caches[index].line);
	vkfd_topo_prop(props, "cache_lines_per_tag", 0);
	vkfd_topo_prop(props, "association", 0);
	vkfd_topo_prop(props, "latency", 0);
	vkfd_topo_prop(props, "type", caches[index].type);
	props->siblings = caches[index].siblings ?: dev->hw.cus;
}

/** struct link_kind - what a link between CPU and GPU is made of */
struct link_kind {
	u32 type, weight, min_bandwidth, max_bandwidth;
	bool coherent;
};

/* User space takes a weight of at most 20 as "my CPU". */
#define FAR_WEIGHT	20

static const struct link_kind pcie = { HSA_IOLINK_TYPE_PCIEXPRESS, 20, 312, 31504, false };
/* XGMI to the CPU, and inside one socket: weights of amdkfd. */
static const struct link_kind xgmi = { HSA_IOLINK_TYPE_XGMI, 15, 50000, 50000, true };
static const struct link_kind socket = { HSA_IOLINK_TYPE_XGMI, 13, 819200, 819200, true };

static const struct link_kind *link_of(const struct vkfd_device *dev)
{
	if (vkfd_device_is_apu(dev))
		return &socket;
	return vkfd_device_is_coherent(dev) ? &xgmi : &pcie;
}

/**
 * vkfd_topo_cpu_link() - One direction of the way between a CPU and a GPU
 * @dev:    GPU.
 * @from:   Node number.
 * @to:     Node number.
 * @to_gpu: The CPU's side: over PCIe the CPU does not see device caches.
 * @near:   The GPU hangs off this NUMA node.
 * @props:  Result.
 */
void vkfd_topo_cpu_link(const struct vkfd_device *dev, u32 from, u32 to, bool to_gpu, bool near,
			struct vkfd_topo_props *props)
{
	const struct link_kind *kind = link_of(dev);
	u32 flags = HSA_IOLINK_FLAGS_ENABLED;	/* flags count only with it; atomics both ways */

	if (to_gpu && !kind->coherent)
		flags |= HSA_IOLINK_FLAGS_NON_COHERENT;
	vkfd_topo_prop(props, "type", kind->type);
	vkfd_topo_prop(props, "version_major", 0);
	vkfd_topo_prop(props, "version_minor", 0);
	vkfd_topo_prop(props, "node_from", from);
	vkfd_topo_prop(props, "node_to", to);
	vkfd_topo_prop(props, "weight", kind->weight + (near ? 0 : FAR_WEIGHT));
	vkfd_topo_prop(props, "min_latency", 0);
	vkfd_topo_prop(props, "max_latency", 0);
	vkfd_topo_prop(props, "min_bandwidth", kind->min_bandwidth);
	vkfd_topo_prop(props, "max_bandwidth", kind->max_bandwidth);
	vkfd_topo_prop(props, "recommended_transfer_size", 0);
	vkfd_topo_prop(props, "recommended_sdma_engine_id_mask", 0);
	vkfd_topo_prop(props, "flags", flags);
}
