// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: debugfs folder of a GPU
 *
 * Owns vkfd/ and vkfd/<gpu_id>/ and two files: `counters`, the device's event
 * counters (name, value, meaning), and `state`, what the driver knows of the device. Upper
 * layers add their files to &vkfd_device.debugfs.
 *
 * Each line of `counters` is one trapped register read, so it is not for
 * polling at high rates. Nothing here changes state, and a lost device gives
 * -ENODEV instead of all-ones.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "core/debugfs.h"
#include "core/device.h"
#include "core/regio.h"
#include "vkfd_stats.h"

static struct dentry *debugfs_root;

static const struct {
	const char *name, *what;
} stats[] = {
#define VKFD_STAT_ROW(name, what) { #name, what },
	VKFD_STATS(VKFD_STAT_ROW)
#undef VKFD_STAT_ROW
};

static int counters_show(struct seq_file *m, void *unused)
{
	struct vkfd_device *dev = m->private;
	unsigned int i;

	for (i = 0; i < VKFD_STAT_COUNT; i++) {
		u64 value = vkfd_reg_read64(dev, VKFD_REGS_STATS_OFFSET + 8 * i);

		if (vkfd_device_is_lost(dev))
			return -ENODEV;
		seq_printf(m, "%s %llu\t%s\n", stats[i].name, value, stats[i].what);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int state_show(struct seq_file *m, void *unused)
{
	struct vkfd_device *dev = m->private;

	seq_printf(m, "gpu_id %u\npci %s\nnode %u of %u\nlost %d\nresets %u\n", dev->gpu_id,
		   pci_name(dev->pdev), dev->hw.node, dev->hw.nodes, vkfd_device_is_lost(dev),
		   dev->resets);
	seq_printf(m, "cus %u\nfeatures 0x%x\nvram_bytes %llu\n", dev->hw.cus, dev->hw.features,
		   dev->hw.vram_bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

void vkfd_debugfs_add(struct vkfd_device *dev)
{
	char name[12];

	snprintf(name, sizeof(name), "%u", dev->gpu_id);
	dev->debugfs = debugfs_create_dir(name, debugfs_root);
	debugfs_create_file("counters", 0400, dev->debugfs, dev, &counters_fops);
	debugfs_create_file("state", 0400, dev->debugfs, dev, &state_fops);
}

void vkfd_debugfs_remove(struct vkfd_device *dev)
{
	debugfs_remove_recursive(dev->debugfs);
	dev->debugfs = NULL;
}

void vkfd_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("vkfd", NULL);
}

struct dentry *vkfd_debugfs_folder(void)
{
	return debugfs_root;
}

void vkfd_debugfs_exit(void)
{
	debugfs_remove_recursive(debugfs_root);
}
