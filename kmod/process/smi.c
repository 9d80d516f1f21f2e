// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: SMI events: who reads
 *
 * Owns the files of the SMI_EVENTS ioctl: a descriptor for one GPU, on which a
 * program enables events by writing a 64-bit mask, polls, and reads lines of
 * text. Each has a fifo of its own; a line that does not fit is dropped whole,
 * for that reader alone: nobody who moves pages waits for a reader. What the
 * lines say is in smi_events.c.
 *
 * A reader sees its own process. With CAP_SYS_ADMIN at the time of opening it
 * sees others as well: their SVM events if the mask has the bit of
 * KFD_SMI_EVENT_ALL_PROCESS, their faults and comings and goings anyway. The
 * file belongs to whom opened it, and outlives process object and GPU.
 *
 * Locks: the list of clients is read under RCU, because events come from MMU
 * notifiers and interrupt threads; &vkfd_smi.lock guards its changes.
 * &smi_client.lock orders writers of the fifo, &smi_client.readers its readers;
 * one of each may be in the fifo at a time, as kfifo allows.
 * Refuses: unknown GPUs (-EINVAL), short masks (-EFAULT), reading when there is
 * nothing (-EAGAIN; there is no blocking read).
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/kfifo.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <drm/drm_managed.h>

#include "process/process_types.h"
#include "process/smi.h"
#include "process/smi_types.h"

#define FIFO_BYTES 8192

/** struct vkfd_smi - readers of one GPU's events; lives as long as its drm_device */
struct vkfd_smi {
	/** @lock: guards changes of @clients. */
	spinlock_t lock;
	struct list_head clients;
};

/** struct smi_client - one open event file */
struct smi_client {
	struct list_head link;
	/** @dev: counted. */
	struct vkfd_device *dev;
	/** @tgid: of whom opened it, in the initial namespace. */
	pid_t tgid;
	/** @privileged: may see other processes. */
	bool privileged;
	/** @mask: enabled events; written by write(), read anywhere. */
	u64 mask;
	wait_queue_head_t wait;
	/** @lock: one writer of @fifo at a time; a leaf but for @wait. */
	spinlock_t lock;
	/** @readers: one reader of @fifo at a time; held over a copy to user space. */
	struct mutex readers;
	struct rcu_head rcu;
	DECLARE_KFIFO(fifo, char, FIFO_BYTES);
};

static bool may_see(const struct smi_client *client, pid_t tgid, enum kfd_smi_event event, u64 mask)
{
	if (!tgid || tgid == client->tgid)
		return true;
	if (!client->privileged)
		return false;
	return event == KFD_SMI_EVENT_VMFAULT || event >= KFD_SMI_EVENT_PROCESS_START ||
	       mask & KFD_SMI_EVENT_MASK_FROM_INDEX(KFD_SMI_EVENT_ALL_PROCESS);
}

static void client_post(struct smi_client *client, const char *line, unsigned int len)
{
	bool fits;

	spin_lock(&client->lock);
	fits = kfifo_avail(&client->fifo) >= len;
	if (fits)
		kfifo_in(&client->fifo, line, len);
	spin_unlock(&client->lock);
	if (fits)
		wake_up_interruptible_poll(&client->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * vkfd_smi_wanted() - Has anybody enabled an event?
 * @dev:   GPU.
 * @event: What would be posted.
 *
 * Saves the work of finding out what the line would say.
 * Context: Any but interrupts.
 * Return: true if a line may reach a reader.
 */
bool vkfd_smi_wanted(const struct vkfd_device *dev, enum kfd_smi_event event)
{
	struct smi_client *client;
	bool wanted = false;

	if (!dev->smi)
		return false;
	rcu_read_lock();
	list_for_each_entry_rcu(client, &dev->smi->clients, link)
		wanted |= READ_ONCE(client->mask) & KFD_SMI_EVENT_MASK_FROM_INDEX(event);
	rcu_read_unlock();
	return wanted;
}

/**
 * vkfd_smi_post() - A line for everybody who wants it and may see it
 * @dev:    GPU that it is about.
 * @tgid:   Process that it is about, in the initial namespace; 0: everybody may know.
 * @event:  What happened.
 * @format: KFD_EVENT_FMT_*(), with their new-line.
 *
 * Context: Process context, also in an MMU notifier; allocates nothing, waits
 * for nothing.
 */
void vkfd_smi_post(struct vkfd_device *dev, pid_t tgid, enum kfd_smi_event event,
		   const char *format, ...)
{
	char line[KFD_SMI_EVENT_MSG_SIZE];
	struct smi_client *client;
	unsigned int len;
	va_list args;
	u64 mask;

	if (!vkfd_smi_wanted(dev, event))
		return;
	len = scnprintf(line, sizeof(line), "%x ", event);
	va_start(args, format);
	len += vscnprintf(line + len, sizeof(line) - len, format, args);
	va_end(args);

	rcu_read_lock();
	list_for_each_entry_rcu(client, &dev->smi->clients, link) {
		mask = READ_ONCE(client->mask);
		if ((mask & KFD_SMI_EVENT_MASK_FROM_INDEX(event)) &&
		    may_see(client, tgid, event, mask))
			client_post(client, line, len);
	}
	rcu_read_unlock();
}

static __poll_t smi_poll(struct file *file, struct poll_table_struct *table)
{
	struct smi_client *client = file->private_data;

	poll_wait(file, &client->wait, table);
	return kfifo_is_empty(&client->fifo) ? 0 : EPOLLIN | EPOLLRDNORM;
}

/* As many bytes as there are; a short buffer may end in the middle of a line. */
static ssize_t smi_read(struct file *file, char __user *user, size_t bytes, loff_t *pos)
{
	struct smi_client *client = file->private_data;
	unsigned int copied = 0;
	int err;

	if (mutex_lock_interruptible(&client->readers))
		return -EINTR;
	err = kfifo_to_user(&client->fifo, user, min_t(size_t, bytes, FIFO_BYTES), &copied);
	mutex_unlock(&client->readers);
	if (err)
		return err;
	return copied ? (ssize_t)copied : -EAGAIN;
}

static ssize_t smi_write(struct file *file, const char __user *user, size_t bytes, loff_t *pos)
{
	struct smi_client *client = file->private_data;
	u64 mask;

	if (bytes < sizeof(mask) || copy_from_user(&mask, user, sizeof(mask)))
		return -EFAULT;
	WRITE_ONCE(client->mask, mask);
	return sizeof(mask);
}

static void client_free(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct smi_client, rcu));
}

static void client_remove(struct smi_client *client)
{
	struct vkfd_smi *smi = client->dev->smi;

	spin_lock(&smi->lock);
	list_del_rcu(&client->link);
	spin_unlock(&smi->lock);
	vkfd_device_put(client->dev);
	mutex_destroy(&client->readers);
	call_rcu(&client->rcu, client_free);
}

static int smi_release(struct inode *inode, struct file *file)
{
	client_remove(file->private_data);
	return 0;
}

static const struct file_operations smi_fops = {
	.owner = THIS_MODULE,
	.poll = smi_poll,
	.read = smi_read,
	.write = smi_write,
	.release = smi_release,
	.llseek = noop_llseek,
};

/* Takes over the reference of @dev, also on failure. */
static struct smi_client *client_create(struct vkfd_device *dev)
{
	struct smi_client *client = kvzalloc_obj(*client, GFP_KERNEL_ACCOUNT);

	if (!client) {
		vkfd_device_put(dev);
		return NULL;
	}
	client->dev = dev;
	client->tgid = task_tgid_nr(current);
	client->privileged = capable(CAP_SYS_ADMIN);
	init_waitqueue_head(&client->wait);
	spin_lock_init(&client->lock);
	mutex_init(&client->readers);
	INIT_KFIFO(client->fifo);

	spin_lock(&dev->smi->lock);
	list_add_rcu(&client->link, &dev->smi->clients);
	spin_unlock(&dev->smi->lock);
	return client;
}

/**
 * vkfd_smi_open() - A descriptor for the events of a GPU, none enabled yet
 * @p:      Process of the caller.
 * @gpu_id: GPU.
 * @fd:     Out: descriptor.
 *
 * Context: May sleep. Takes the process lock.
 * Return: 0; -EINVAL no such GPU, -ENODEV on its way out, -ENOMEM, -EMFILE.
 */
int vkfd_smi_open(struct vkfd_process *p, u32 gpu_id, u32 *fd)
{
	struct smi_client *client;
	struct vkfd_device *dev;
	struct vkfd_pdd *pdd;
	int ret;

	mutex_lock(&p->lock);
	pdd = vkfd_pdd_get(p, gpu_id);
	mutex_unlock(&p->lock);
	if (IS_ERR(pdd))
		return PTR_ERR(pdd);
	dev = pdd->dev;
	drm_dev_get(&dev->drm);
	client = client_create(dev);
	if (!client)
		return -ENOMEM;
	ret = anon_inode_getfd("kfd_smi_ev", &smi_fops, client, O_RDWR);
	if (ret < 0) {
		client_remove(client);
		return ret;
	}
	*fd = ret;
	return 0;
}

/** vkfd_smi_init() - No readers yet; freed with the GPU. Return: 0 or -ENOMEM. */
int vkfd_smi_init(struct vkfd_device *dev)
{
	struct vkfd_smi *smi = drmm_kzalloc(&dev->drm, sizeof(*smi), GFP_KERNEL);

	if (!smi)
		return -ENOMEM;
	spin_lock_init(&smi->lock);
	INIT_LIST_HEAD(&smi->clients);
	dev->smi = smi;
	return 0;
}
