// SPDX-License-Identifier: MIT
/*
 * Commands by table: name, smallest payload, handler. A handler sees a payload
 * of at least that size, in a buffer nobody else writes. Positive errno = error
 * reply, nothing changed.
 */
#include "server/session.h"

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "server/irqs.h"
#include "vkfd_hw/pci.h"

#define REGIONS VFIO_PCI_NUM_REGIONS
/* QEMU wants to hear of MSI-X, if only that there is none. No error and no unplug interrupt. */
#define IRQS	(VFIO_PCI_MSIX_IRQ_INDEX + 1)

typedef int vfu_handler(struct vfu_session *session, struct vfu_request *request,
			struct vfu_reply *reply);

struct vfu_command_row {
	const char *name;
	size_t min_len;
	vfu_handler *run;
};

void vfu_session_init(struct vfu_session *session, struct pci_function *function,
		      struct guest_mem *guest, struct log *log)
{
	*session = (struct vfu_session){ .function = function, .guest = guest, .log = log };
}

void vfu_session_end(struct vfu_session *session)
{
	pci_function_reset(session->function);
	guest_mem_unmap_all(session->guest);
	msi_set_eventfd(&session->function->msi, -1);
	session->negotiated = false;
}

static void reply_with(struct vfu_reply *reply, const void *payload, size_t len)
{
	memcpy(reply->payload, payload, len);
	reply->len = len;
}

static int do_version(struct vfu_session *session, struct vfu_request *request, struct vfu_reply *reply)
{
	if (session->negotiated)
		return EINVAL;
	reply->len = vfu_negotiate(request->payload, request->len, reply->payload, VFU_MAX_PAYLOAD_BYTES,
				   &session->limits);
	if (!reply->len) {
		log_line(session->log, "client proposes a version or capabilities we cannot take");
		return -1;
	}
	session->negotiated = true;
	return 0;
}

static int do_dma_map(struct vfu_session *session, struct vfu_request *request, struct vfu_reply *reply)
{
	const u32 known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	struct vfu_dma_map map;
	int err;

	(void)reply;
	memcpy(&map, request->payload, sizeof(map));
	if (map.argsz < sizeof(map) || map.flags & ~known || request->fds > 1)
		return EINVAL;
	err = guest_mem_map(session->guest, map.address, map.size, request->fds ? request->fd[0] : -1,
			    map.offset, map.flags & VFIO_DMA_MAP_FLAG_READ,
			    map.flags & VFIO_DMA_MAP_FLAG_WRITE);
	log_debug(session->log, "map 0x%llx + 0x%llx %s%s%s: %d", (unsigned long long)map.address,
		  (unsigned long long)map.size, map.flags & VFIO_DMA_MAP_FLAG_READ ? "r" : "-",
		  map.flags & VFIO_DMA_MAP_FLAG_WRITE ? "w" : "-", request->fds ? "" : ", no file", err);
	return -err;
}

static int do_dma_unmap(struct vfu_session *session, struct vfu_request *request, struct vfu_reply *reply)
{
	struct vfu_dma_unmap unmap;
	int err = 0;

	memcpy(&unmap, request->payload, sizeof(unmap));
	if (unmap.argsz < sizeof(unmap) || unmap.flags & ~(u32)VFIO_DMA_UNMAP_FLAG_ALL)
		return EINVAL;
	if (!(unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL))
		err = guest_mem_unmap(session->guest, unmap.address, unmap.size);
	else if (unmap.address || unmap.size)
		err = -EINVAL;
	else
		guest_mem_unmap_all(session->guest);
	log_debug(session->log, "unmap 0x%llx + 0x%llx: %d", (unsigned long long)unmap.address,
		  (unsigned long long)unmap.size, err);
	if (!err)
		reply_with(reply, &unmap, sizeof(unmap));
	return -err;
}

static int do_device_info(struct vfu_session *session, struct vfu_request *request,
			  struct vfu_reply *reply)
{
	struct vfu_device_info info;

	(void)session;
	memcpy(&info, request->payload, sizeof(info));
	if (info.argsz < sizeof(info))
		return EINVAL;
	info = (struct vfu_device_info){
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
		.regions = REGIONS,
		.irqs = IRQS,
	};
	reply_with(reply, &info, sizeof(info));
	return 0;
}

static u64 region_bytes(const struct vfu_session *session, u32 index)
{
	if (index < PCI_BARS)
		return session->function->config.bar_bytes[index];
	return index == VFIO_PCI_CONFIG_REGION_INDEX ? PCI_CONFIG_BYTES : 0;
}

static int do_region_info(struct vfu_session *session, struct vfu_request *request,
			  struct vfu_reply *reply)
{
	struct vfu_region_info info;
	u32 index;

	memcpy(&info, request->payload, sizeof(info));
	index = info.index;
	if (info.argsz < sizeof(info) || index >= REGIONS)
		return EINVAL;
	info = (struct vfu_region_info){
		.argsz = sizeof(info),
		.index = index,
		.size = region_bytes(session, index),
	};
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (index == VKFD_BAR_VRAM && session->limits.client_max_fds) {
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		reply->fd = session->function->vram->fd;
	}
	reply_with(reply, &info, sizeof(info));
	return 0;
}

static int do_irq_info(struct vfu_session *session, struct vfu_request *request, struct vfu_reply *reply)
{
	struct vfu_irq_info info;

	(void)session;
	memcpy(&info, request->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return EINVAL;
	if (info.index >= IRQS)
		return ENOTTY;
	info.argsz = sizeof(info);
	info.flags = 0;
	info.count = 0;
	if (info.index == VFIO_PCI_MSI_IRQ_INDEX) {
		info.flags = VFIO_IRQ_INFO_EVENTFD;
		info.count = VKFD_MSI_VECTORS;
	}
	reply_with(reply, &info, sizeof(info));
	return 0;
}

static int do_set_irqs(struct vfu_session *session, struct vfu_request *request, struct vfu_reply *reply)
{
	(void)reply;
	return vfu_set_irqs(&session->function->msi, request);
}

/* One access, checked against the region. */
static bool region_access(struct vfu_session *session, const struct vfu_region_access *access, u8 *data,
			  bool write)
{
	if (access->region == VFIO_PCI_CONFIG_REGION_INDEX)
		return pci_config_access(session->function, access->offset, data, access->count, write);
	return access->region < PCI_BARS && pci_bar_access(session->function, access->region,
							   access->offset, data, access->count, write);
}

static int do_region_read(struct vfu_session *session, struct vfu_request *request,
			  struct vfu_reply *reply)
{
	struct vfu_region_access access;

	memcpy(&access, request->payload, sizeof(access));
	if (!access.count || access.count > VFU_MAX_XFER_BYTES ||
	    !region_access(session, &access, reply->payload + sizeof(access), false))
		return EINVAL;
	memcpy(reply->payload, &access, sizeof(access));
	reply->len = sizeof(access) + access.count;
	return 0;
}

static int do_region_write(struct vfu_session *session, struct vfu_request *request,
			   struct vfu_reply *reply)
{
	struct vfu_region_access access;

	memcpy(&access, request->payload, sizeof(access));
	if (!access.count || access.count != request->len - sizeof(access) ||
	    !region_access(session, &access, request->payload + sizeof(access), true))
		return EINVAL;
	reply_with(reply, &access, sizeof(access));
	return 0;
}

static int do_write_multi(struct vfu_session *session, struct vfu_request *request,
			  struct vfu_reply *reply)
{
	u64 count, done;

	memcpy(&count, request->payload, sizeof(count));
	if (!session->limits.write_multi ||
	    count > (request->len - sizeof(count)) / sizeof(struct vfu_multi_write))
		return EINVAL;
	for (done = 0; done < count; done++) {
		struct vfu_region_access access;
		struct vfu_multi_write one;

		memcpy(&one, request->payload + sizeof(count) + done * sizeof(one), sizeof(one));
		access = (struct vfu_region_access){
			.offset = one.offset, .region = one.region, .count = one.count
		};
		if (!one.count || one.count > sizeof(one.data) ||
		    !region_access(session, &access, one.data, true))
			return EINVAL;
	}
	reply_with(reply, &done, sizeof(done));
	return 0;
}

static int do_reset(struct vfu_session *session, struct vfu_request *request, struct vfu_reply *reply)
{
	(void)request;
	(void)reply;
	log_debug(session->log, "reset");
	pci_function_reset(session->function);
	return 0;
}

static const struct vfu_command_row commands[VFU_COMMANDS] = {
	[VFU_VERSION] = { "version", sizeof(struct vfu_version), do_version },
	[VFU_DMA_MAP] = { "DMA map", sizeof(struct vfu_dma_map), do_dma_map },
	[VFU_DMA_UNMAP] = { "DMA unmap", sizeof(struct vfu_dma_unmap), do_dma_unmap },
	[VFU_DEVICE_GET_INFO] = { "device info", sizeof(struct vfu_device_info), do_device_info },
	[VFU_DEVICE_GET_REGION_INFO] = { "region info", sizeof(struct vfu_region_info), do_region_info },
	[VFU_DEVICE_GET_IRQ_INFO] = { "IRQ info", sizeof(struct vfu_irq_info), do_irq_info },
	[VFU_DEVICE_SET_IRQS] = { "set IRQs", sizeof(struct vfu_irq_set), do_set_irqs },
	[VFU_REGION_READ] = { "region read", sizeof(struct vfu_region_access), do_region_read },
	[VFU_REGION_WRITE] = { "region write", sizeof(struct vfu_region_access), do_region_write },
	[VFU_REGION_WRITE_MULTI] = { "multi write", sizeof(u64), do_write_multi },
	[VFU_DEVICE_RESET] = { "reset", 0, do_reset },
};

int vfu_session_handle(struct vfu_session *session, struct vfu_request *request, struct vfu_reply *reply)
{
	u16 number = request->header.command;
	const struct vfu_command_row *row = number < VFU_COMMANDS ? &commands[number] : NULL;
	int err;

	reply->len = 0;
	reply->fd = -1;
	if ((request->header.flags & VFU_FLAG_TYPE) != VFU_TYPE_COMMAND ||
	    (!session->negotiated && number != VFU_VERSION)) {
		log_line(session->log, "client breaks the protocol: command %u, flags 0x%x", number,
			 request->header.flags);
		return -1;
	}
	if (!row || !row->run) {
		log_line(session->log, "command %u is not supported", number);
		return ENOTSUP;
	}
	if (request->len < row->min_len)
		err = EINVAL;
	else
		err = row->run(session, request, reply);
	/* ENOTTY answers a client that only asks what there is. */
	if (err > 0 && err != ENOTTY)
		log_line(session->log, "%s refused: %s", row->name, strerror(err));
	return err;
}
