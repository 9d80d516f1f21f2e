// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: vkfd, a driver for the virtual GPU vkfd-gpu
 *
 * Probe, remove and module init: the one file that sees every layer and decides
 * in which order they come and go.
 *
 * Probe brings the hardware up from a reset (KIQ, GART, copy engine, interrupts),
 * then the memory layer, then publishes: DRM device, device list, topology. A GPU
 * is usable by others only when it is complete.
 *
 * Remove hides the GPU first; processes lose their queues and mappings on it. The
 * memory layer goes while the engines still work, because device pages must be copied back to RAM. Then one reset makes sure the
 * device touches memory no more, and everything it used is freed. On a device that
 * is dead already each step ends by itself: no wait here is unbounded. Structures
 * that others may still point to live until the last drm_dev_put().
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "core/debugfs.h"
#include "core/failpoint.h"
#include "core/device.h"
#include "core/health.h"
#include "core/regio.h"
#include "core/stall.h"
#include "engine/eng_gart.h"
#include "engine/eng_ih.h"
#include "engine/eng_kiq.h"
#include "engine/eng_sdma.h"
#include "engine/eng_selftest.h"
#include "mem/mem_mgr.h"
#include "process/process.h"
#include "svm/svm.h"
#include "uapi/uapi.h"
#include "vkfd_hw/doorbell.h"
#include "vkfd_hw/layout_check.h"
#include "vkfd_hw/pci.h"

/* A PTE holds 48 bits of bus address, the AGP aperture of kernel rings 46. */
#define STREAMING_DMA_BITS 48
#define COHERENT_DMA_BITS 46

static int map_bars(struct vkfd_device *dev)
{
	struct pci_dev *pdev = dev->pdev;

	dev->regs_bus = pci_resource_start(pdev, VKFD_BAR_REGS);
	dev->doorbell_bus = pci_resource_start(pdev, VKFD_BAR_DOORBELL);
	dev->vram_bus = pci_resource_start(pdev, VKFD_BAR_VRAM);
	if (pci_resource_len(pdev, VKFD_BAR_REGS) < VKFD_REGS_BAR_BYTES ||
	    pci_resource_len(pdev, VKFD_BAR_DOORBELL) < VKFD_DOORBELL_BAR_BYTES)
		return -ENODEV;

	dev->regs = devm_ioremap(&pdev->dev, dev->regs_bus, VKFD_REGS_BAR_BYTES);
	dev->doorbell0 = devm_ioremap(&pdev->dev, dev->doorbell_bus, VKFD_DOORBELL_FRAME_BYTES);
	return dev->regs && dev->doorbell0 ? 0 : -ENOMEM;
}

/* One type of caching for all mappings: where VRAM is memory, all are cached. */
static int map_vram(struct vkfd_device *dev)
{
	resource_size_t bytes = pci_resource_len(dev->pdev, VKFD_BAR_VRAM);
	struct device *parent = &dev->pdev->dev;
	void *cached;

	if (!vkfd_device_is_coherent(dev)) {
		dev->vram = devm_ioremap_wc(parent, dev->vram_bus, bytes);
		return dev->vram ? 0 : -ENOMEM;
	}
	cached = devm_memremap(parent, dev->vram_bus, bytes, MEMREMAP_WB);
	if (IS_ERR(cached))
		return PTR_ERR(cached);
	dev->vram = (void __iomem __force *)cached;
	return 0;
}

static int check_hw_info(struct vkfd_device *dev)
{
	const struct vkfd_hw_info *hw = &dev->hw;

	if (hw->version != VKFD_HW_VERSION)
		return dev_err_probe(&dev->pdev->dev, -ENODEV,
				     "device has contract version %u, driver %u\n", hw->version,
				     VKFD_HW_VERSION);
	if (!hw->vram_bytes || hw->vram_bytes > pci_resource_len(dev->pdev, VKFD_BAR_VRAM) ||
	    hw->vram_bytes % PAGE_SIZE || hw->node >= VKFD_MAX_GPUS || !hw->ses ||
	    !hw->cus || hw->cus % hw->ses ||
	    (vkfd_device_is_apu(dev) && vkfd_device_is_coherent(dev)))
		return dev_err_probe(&dev->pdev->dev, -ENODEV,
				     "device describes itself wrongly\n");
	return 0;
}

static int read_hw_info(struct vkfd_device *dev)
{
	u32 magic = vkfd_reg_read(dev, VKFD_REG_HW_MAGIC);

	if (magic != VKFD_HW_MAGIC)
		return dev_err_probe(&dev->pdev->dev, -ENODEV, "no vkfd-gpu: magic 0x%08x\n",
				     magic);
	dev->hw = (struct vkfd_hw_info){
		.version = vkfd_reg_read(dev, VKFD_REG_HW_VERSION),
		.features = vkfd_reg_read(dev, VKFD_REG_HW_FEATURES),
		.cus = vkfd_reg_read(dev, VKFD_REG_NUM_CUS),
		.ses = vkfd_reg_read(dev, VKFD_REG_NUM_SES),
		.node = vkfd_reg_read(dev, VKFD_REG_NODE_ID),
		.nodes = vkfd_reg_read(dev, VKFD_REG_NUM_NODES),
		.link_mask = vkfd_reg_read(dev, VKFD_REG_LINK_MASK),
		.vram_bytes = vkfd_reg_read64(dev, VKFD_REG_VRAM_BYTES_LO),
		.unique_id = vkfd_reg_read64(dev, VKFD_REG_UNIQUE_ID_LO),
	};
	return check_hw_info(dev);
}

static int pci_setup(struct vkfd_device *dev)
{
	struct pci_dev *pdev = dev->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_request_all_regions(pdev, "vkfd");
	if (err)
		return err;
	err = dma_set_mask(&pdev->dev, DMA_BIT_MASK(STREAMING_DMA_BITS)) ?:
	      dma_set_coherent_mask(&pdev->dev, DMA_BIT_MASK(COHERENT_DMA_BITS));
	if (err)
		return err;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	err = map_bars(dev);
	if (err)
		return dev_err_probe(&pdev->dev, err, "cannot map BARs\n");
	err = read_hw_info(dev);
	if (err)
		return err;
	err = map_vram(dev);
	return err ? dev_err_probe(&pdev->dev, err, "cannot map VRAM\n") : 0;
}

/* The device knows no memory of ours any more, in whatever state it was. */
static void hw_quiesce(struct vkfd_device *dev)
{
	if (!vkfd_reg_reset(dev))
		vkfd_device_mark_lost(dev, "no answer to a reset");
	pci_clear_master(dev->pdev);
}

static int hw_init(struct vkfd_device *dev)
{
	int err;

	if (!vkfd_reg_reset(dev))
		return dev_err_probe(&dev->pdev->dev, -ENODEV, "device is not ready\n");
	pci_set_master(dev->pdev);
	err = vkfd_kiq_init(dev);
	if (err)
		goto err_quiesce;
	err = vkfd_gart_init(dev);
	if (err)
		goto err_kiq_fini;
	err = vkfd_sdma_init(dev);
	if (err)
		goto err_gart_fini;
	err = vkfd_ih_init(dev);
	if (err)
		goto err_sdma_fini;
	return 0;

err_sdma_fini:
	hw_quiesce(dev);
	vkfd_sdma_fini(dev);
err_gart_fini:
	vkfd_gart_fini(dev);
err_kiq_fini:
	hw_quiesce(dev);
	vkfd_kiq_fini(dev);
err_quiesce:
	pci_clear_master(dev->pdev);
	return err;
}

static void hw_fini(struct vkfd_device *dev)
{
	hw_quiesce(dev);
	vkfd_ih_fini(dev);
	vkfd_sdma_fini(dev);
	vkfd_gart_fini(dev);
	vkfd_kiq_fini(dev);
}

static void add_debugfs(struct vkfd_device *dev)
{
	vkfd_failpoint_debugfs(dev);
	vkfd_kiq_debugfs(dev);
	vkfd_sdma_debugfs(dev);
	vkfd_ih_debugfs(dev);
	vkfd_selftest_debugfs(dev);
	vkfd_mem_debugfs(dev);
	vkfd_stall_debugfs(dev);
	vkfd_reset_debugfs(dev);
}

/* From here on others see the GPU. */
static int publish(struct vkfd_device *dev)
{
	int err;

	err = drm_dev_register(&dev->drm, 0);
	if (err)
		return err;
	err = vkfd_device_add(dev);
	if (err)
		goto err_unregister;
	add_debugfs(dev);
	vkfd_svm_hot_device(dev);
	err = vkfd_process_device_add(dev);
	if (err)
		goto err_device_remove;
	err = vkfd_topology_add(dev);
	if (err)
		goto err_process_remove;
	return 0;

err_process_remove:
	vkfd_process_device_remove(dev);
err_device_remove:
	vkfd_device_remove(dev);
err_unregister:
	drm_dev_unplug(&dev->drm);
	return err;
}

static int vkfd_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vkfd_device *dev;
	int err;

	dev = devm_drm_dev_alloc(&pdev->dev, &vkfd_drm_driver, struct vkfd_device, drm);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	dev->pdev = pdev;
	pci_set_drvdata(pdev, dev);
	err = vkfd_device_init(dev) ?: pci_setup(dev);
	if (err)
		return err;
	err = hw_init(dev);
	if (err)
		goto err_io_close;
	err = vkfd_mem_init(dev);
	if (err)
		goto err_hw_fini;
	err = publish(dev);
	if (err)
		goto err_mem_fini;
	vkfd_device_set_recoverable(dev, true);
	vkfd_health_start(dev);
	drm_info(&dev->drm, "gpu_id %u, node %u of %u, %llu MiB VRAM, %u CUs%s\n", dev->gpu_id,
		 dev->hw.node, dev->hw.nodes, dev->hw.vram_bytes >> 20, dev->hw.cus,
		 vkfd_device_is_apu(dev) ? ", works in system memory" :
		 vkfd_device_is_coherent(dev) ? ", VRAM is used in place" : "");
	return 0;

err_mem_fini:
	vkfd_mem_fini(dev);
err_hw_fini:
	hw_fini(dev);
err_io_close:
	vkfd_io_close(dev);
	return err;
}

static void vkfd_remove(struct pci_dev *pdev)
{
	struct vkfd_device *dev = pci_get_drvdata(pdev);

	vkfd_topology_remove(dev);
	vkfd_device_remove(dev);
	vkfd_health_stop(dev);
	vkfd_device_set_recoverable(dev, false);
	vkfd_process_device_remove(dev);
	drm_dev_unplug(&dev->drm);
	vkfd_mem_fini(dev);
	hw_fini(dev);
	if (!vkfd_device_is_lost(dev))
		atomic_set(&dev->lost, 1); /* asked for, so nothing to report */
	vkfd_io_close(dev);
}

/* The next kernel must not find engines that write to its memory. */
static void vkfd_shutdown(struct pci_dev *pdev)
{
	struct vkfd_device *dev = pci_get_drvdata(pdev);

	vkfd_health_stop(dev);
	vkfd_device_set_recoverable(dev, false);
	hw_quiesce(dev);
	atomic_set(&dev->lost, 1);
}

static void vkfd_pci_reset_prepare(struct pci_dev *pdev)
{
	vkfd_reset_prepare(pci_get_drvdata(pdev));
}

static void vkfd_pci_reset_done(struct pci_dev *pdev)
{
	vkfd_reset_done(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers vkfd_pci_errors = {
	.reset_prepare = vkfd_pci_reset_prepare,
	.reset_done = vkfd_pci_reset_done,
};

static int vkfd_pm_prepare(struct device *dev)
{
	return vkfd_suspend_prepare(dev_get_drvdata(dev));
}

static int vkfd_pm_suspend(struct device *dev)
{
	return vkfd_suspend(dev_get_drvdata(dev));
}

/* A place where suspend may fail with the GPU down already, for tests. */
static int vkfd_pm_suspend_noirq(struct device *dev)
{
	return vkfd_failpoint(dev_get_drvdata(dev), VKFD_FAIL_suspend);
}

static int vkfd_pm_resume(struct device *dev)
{
	vkfd_resume(dev_get_drvdata(dev));
	return 0;
}

static void vkfd_pm_complete(struct device *dev)
{
	vkfd_suspend_complete(dev_get_drvdata(dev));
}

/* The image would have to hold what is in VRAM, and the device know its own seal after a boot. */
static int vkfd_pm_freeze(struct device *dev)
{
	dev_warn(dev, "hibernation is not supported\n");
	return -EOPNOTSUPP;
}

static const struct dev_pm_ops vkfd_pm_ops = {
	.prepare = vkfd_pm_prepare,
	.suspend = vkfd_pm_suspend,
	.suspend_noirq = vkfd_pm_suspend_noirq,
	.resume = vkfd_pm_resume,
	.complete = vkfd_pm_complete,
	.freeze = vkfd_pm_freeze,
};

static const struct pci_device_id vkfd_pci_ids[] = {
	{ PCI_DEVICE(VKFD_PCI_VENDOR_ID, VKFD_PCI_DEVICE_ID) },
	{}
};
MODULE_DEVICE_TABLE(pci, vkfd_pci_ids);

static struct pci_driver vkfd_pci_driver = {
	.name = "vkfd",
	.id_table = vkfd_pci_ids,
	.probe = vkfd_probe,
	.remove = vkfd_remove,
	.shutdown = vkfd_shutdown,
	.err_handler = &vkfd_pci_errors,
	.driver.pm = pm_sleep_ptr(&vkfd_pm_ops),
};

static int __init vkfd_init(void)
{
	int err;

	vkfd_debugfs_init();
	err = vkfd_svm_module_init();
	if (err)
		goto err_debugfs;
	err = vkfd_process_module_init();
	if (err)
		goto err_svm;
	err = vkfd_uapi_init();
	if (err)
		goto err_process;
	err = pci_register_driver(&vkfd_pci_driver);
	if (err)
		goto err_uapi;
	return 0;

err_uapi:
	vkfd_uapi_exit();
err_process:
	vkfd_process_module_exit();
err_svm:
	vkfd_svm_module_exit();
err_debugfs:
	vkfd_debugfs_exit();
	return err;
}

static void __exit vkfd_exit(void)
{
	pci_unregister_driver(&vkfd_pci_driver);
	vkfd_uapi_exit();
	vkfd_process_module_exit();
	vkfd_svm_module_exit();
	vkfd_debugfs_exit();
	vkfd_mem_module_exit();
}

module_init(vkfd_init);
module_exit(vkfd_exit);
MODULE_DESCRIPTION("GPU shared virtual memory on the virtual GPU vkfd-gpu");
MODULE_LICENSE("Dual MIT/GPL");
