// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: /dev/kfd
 *
 * Owns the class, the device node and its file operations, and the directories
 * in sysfs and debugfs under which the rest shows itself. A file belongs to the
 * thread group and address space that opened it; an inherited one answers
 * -EBADF, so that a forked child opens its own. Only CRIU_OP may come from the
 * task that traces the owner, too.
 *
 * mmap offsets carry type and gpu_id in the top bits: doorbells and the MMIO
 * page. All files share one address space for them, so that pages of a removed
 * GPU can be taken back at once.
 *
 * Locks: none of its own but for the shared inode.
 * Refuses: 32-bit tasks (-EPERM), foreign files (-EBADF), other mmap types
 * (-EINVAL).
 */
#include <linux/compat.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kfd_ioctl.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/slab.h>

#include "process/kfd_offset.h"
#include "process/process.h"
#include "process/queue.h"
#include "uapi/chardev.h"
#include "uapi/topology_int.h"
#include "uapi/uapi.h"

/** struct kfd_file - one open of /dev/kfd */
struct kfd_file {
	struct vkfd_process *p;
	struct pid *tgid;
};

static int kfd_major;
static struct device *kfd_device;
static struct kobject *kfd_proc;
static struct dentry *kfd_debugfs;
static DEFINE_MUTEX(kfd_inode_lock);
/* The first opened inode; its mapping serves all files. Counted. */
static struct inode *kfd_inode;

static struct address_space *shared_mapping(struct inode *inode)
{
	mutex_lock(&kfd_inode_lock);
	if (!kfd_inode) {
		kfd_inode = inode;
		ihold(inode);
	}
	inode = kfd_inode;
	mutex_unlock(&kfd_inode_lock);
	return inode->i_mapping;
}

void vkfd_chardev_zap(void)
{
	mutex_lock(&kfd_inode_lock);
	if (kfd_inode)
		unmap_mapping_range(kfd_inode->i_mapping, 0, 0, 1);
	mutex_unlock(&kfd_inode_lock);
}

static int kfd_open(struct inode *inode, struct file *file)
{
	struct kfd_file *kfd;
	int err;

	if (in_compat_syscall())
		return -EPERM;
	kfd = kzalloc_obj(*kfd, GFP_KERNEL_ACCOUNT);
	if (!kfd)
		return -ENOMEM;
	kfd->p = vkfd_process_open();
	if (IS_ERR(kfd->p)) {
		err = PTR_ERR(kfd->p);
		kfree(kfd);
		return err;
	}
	kfd->tgid = get_pid(task_tgid(current));
	file->private_data = kfd;
	file->f_mapping = shared_mapping(inode);
	return 0;
}

static int kfd_release(struct inode *inode, struct file *file)
{
	struct kfd_file *kfd = file->private_data;

	vkfd_process_put(kfd->p);
	put_pid(kfd->tgid);
	kfree(kfd);
	return 0;
}

static bool is_own(const struct kfd_file *kfd)
{
	return kfd->tgid == task_tgid(current) && vkfd_process_is_current(kfd->p);
}

/* CRIU works on the descriptor of the process that it has stopped. */
static bool is_traced_by_caller(const struct kfd_file *kfd)
{
	struct task_struct *task;
	bool traced;

	rcu_read_lock();
	task = pid_task(kfd->tgid, PIDTYPE_TGID);
	traced = task && ptrace_parent(task) == current;
	rcu_read_unlock();
	return traced;
}

static bool is_criu_op(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == AMDKFD_IOCTL_BASE && _IOC_NR(cmd) == _IOC_NR(AMDKFD_IOC_CRIU_OP);
}

static long kfd_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kfd_file *kfd = file->private_data;

	if (!is_own(kfd) && !(is_criu_op(cmd) && is_traced_by_caller(kfd)))
		return -EBADF;
	return vkfd_ioctl_run(kfd->p, cmd, arg);
}

static int kfd_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kfd_file *kfd = file->private_data;
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;

	if (!is_own(kfd))
		return -EBADF;
	switch (offset & VKFD_KFD_OFFSET_TYPE_MASK) {
	case VKFD_KFD_OFFSET_DOORBELL:
		return vkfd_doorbell_mmap(kfd->p, vkfd_kfd_offset_gpu(offset), vma);
	case VKFD_KFD_OFFSET_MMIO:
		return vkfd_mmio_mmap(kfd->p, vkfd_kfd_offset_gpu(offset), vma);
	default:
		return -EINVAL;
	}
}

static const struct file_operations kfd_fops = {
	.owner = THIS_MODULE,
	.open = kfd_open,
	.release = kfd_release,
	.unlocked_ioctl = kfd_ioctl,
	.mmap = kfd_mmap,
	.llseek = noop_llseek,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

static char *kfd_devnode(const struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0666;
	return NULL;
}

static const struct class kfd_class = {
	.name = "kfd",
	.devnode = kfd_devnode,
};

static int make_device(void)
{
	int err;

	kfd_major = register_chrdev(0, "kfd", &kfd_fops);
	if (kfd_major < 0)
		return kfd_major;
	err = class_register(&kfd_class);
	if (err)
		goto err_chrdev;
	kfd_device = device_create(&kfd_class, NULL, MKDEV(kfd_major, 0), NULL, "kfd");
	if (IS_ERR(kfd_device)) {
		err = PTR_ERR(kfd_device);
		goto err_class;
	}
	return 0;

err_class:
	class_unregister(&kfd_class);
err_chrdev:
	unregister_chrdev(kfd_major, "kfd");
	return err;
}

static void remove_device(void)
{
	device_destroy(&kfd_class, MKDEV(kfd_major, 0));
	class_unregister(&kfd_class);
	unregister_chrdev(kfd_major, "kfd");
	iput(kfd_inode);
	kfd_inode = NULL;
}

/**
 * vkfd_uapi_init() - /dev/kfd, its class, the topology of the CPUs
 *
 * Context: Module init. The real driver has the same class; then -EEXIST.
 * Return: 0 or -errno.
 */
int vkfd_uapi_init(void)
{
	int err = make_device();

	if (err)
		return err;
	err = vkfd_topology_init(&kfd_device->kobj);
	if (err)
		goto err_device;
	kfd_proc = kobject_create_and_add("proc", &kfd_device->kobj);
	if (!kfd_proc) {
		err = -ENOMEM;
		goto err_topology;
	}
	kfd_debugfs = debugfs_create_dir("kfd", NULL);
	vkfd_process_set_roots(kfd_proc, debugfs_create_dir("proc", kfd_debugfs));
	return 0;

err_topology:
	vkfd_topology_exit();
err_device:
	remove_device();
	return err;
}

/** vkfd_uapi_exit() - Undo vkfd_uapi_init(). Context: no file is open, every GPU is gone. */
void vkfd_uapi_exit(void)
{
	vkfd_process_end_all();
	vkfd_process_set_roots(NULL, NULL);
	debugfs_remove_recursive(kfd_debugfs);
	kobject_del(kfd_proc);
	kobject_put(kfd_proc);
	vkfd_topology_exit();
	remove_device();
}
