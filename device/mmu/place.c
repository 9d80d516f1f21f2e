// SPDX-License-Identifier: MIT
/*
 * DOC: routing and places
 *
 * Turns a hive or bus address into a place, and moves bytes between places.
 * The only file besides mem/vram.c that uses vram->base, and the giver of
 * place_vram(): a copy between VRAM and guest RAM is one memcpy inside the guest
 * door, with no buffer between.
 * Takes no locks of its own.
 */
#include <string.h>
#include "mmu/place.h"
#include "vkfd_hw/addr.h"

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

struct place_route place_route_hive(const struct place_map *map, u64 hive)
{
	struct place_route nowhere = { 0 };
	u64 offset = VKFD_HIVE_OFFSET(hive);
	const struct place_node *node;
	u32 n;

	if (hive >= VKFD_HIVE_LIMIT)
		return nowhere;
	n = VKFD_HIVE_NODE(hive);
	if (n >= map->nr_nodes || !(map->link_mask & BIT(n)))
		return nowhere;
	node = map->nodes[n];
	if (!node || offset >= node->vram->bytes)
		return nowhere;
	return (struct place_route){ hive - offset, node->vram->bytes, { PLACE_VRAM, n, 0 } };
}

/*
 * Cuts @route, which holds @bus, at the ends of @bar. True: @bus is inside, and
 * @route leads into the BAR. Where BARs overlap, the first one asked wins.
 */
static bool bar_cut(const struct place_bar *bar, u64 bus, struct place_route *route)
{
	u64 base = atomic_load_explicit(&bar->bus, memory_order_relaxed);
	u64 bytes = atomic_load_explicit(&bar->bytes, memory_order_relaxed);
	u64 start = route->from, end = route->from + route->bytes;
	bool inside = base && bus >= base && bus - base < bytes;

	if (!base || !bytes)
		return false;
	if (bus < base)
		end = min_u64(end, base);
	else if (!inside)
		start = max_u64(start, base + bytes);
	else {
		start = max_u64(start, base);
		end = base + min_u64(bytes, end - base);
		route->place.addr = start - base;
	}
	route->from = start;
	route->bytes = end - start;
	return inside;
}

struct place_route place_route_bus(const struct place_map *map, u64 bus)
{
	/* No bus address is ~0: entries of page tables have 48 bits. */
	struct place_route route = { 0, ~0ULL, { PLACE_SYSTEM, 0, 0 } };

	for (u32 n = 0; n < map->nr_nodes; n++) {
		const struct place_node *node = map->nodes[n];

		if (!node)
			continue;
		if (bar_cut(&node->vram_bar, bus, &route))
			route.place.kind = PLACE_VRAM;
		else if (bar_cut(&node->doorbell_bar, bus, &route))
			route.place.kind = PLACE_DOORBELL;
		else if (bar_cut(&node->reg_bar, bus, &route))
			route.place.kind = PLACE_REGS;
		else
			continue;
		route.place.node = n;
		return route;
	}
	route.place.addr = route.from;
	return route;
}

/* The VRAM behind a place, or NULL if [addr, addr + len) is not inside it. */
static struct vram *vram_of(const struct place_map *map, struct place place,
			    u64 len)
{
	struct vram *vram;

	if (place.node >= map->nr_nodes || !map->nodes[place.node])
		return NULL;
	vram = map->nodes[place.node]->vram;
	return span_fits(place.addr, len, vram->bytes) ? vram : NULL;
}

u8 *place_vram(const struct place_map *map, struct place place, u64 len)
{
	struct vram *vram = place.kind == PLACE_VRAM ? vram_of(map, place, len) : NULL;

	return vram ? vram->base + place.addr : NULL;
}

static const struct place_node *mmio_node(const struct place_map *map,
					  struct place place)
{
	return place.node < map->nr_nodes ? map->nodes[place.node] : NULL;
}

static u64 mmio_load(const struct place_map *map, struct place src,
		     unsigned int bytes)
{
	const struct place_node *node = mmio_node(map, src);

	if (!node)
		return 0;
	if (src.kind == PLACE_DOORBELL)
		return node->mmio->doorbell_read(node->opaque, src.addr, bytes);
	return node->mmio->reg_read(node->opaque, src.addr, bytes);
}

static void mmio_store(const struct place_map *map, struct place dst, u64 value,
		       unsigned int bytes)
{
	const struct place_node *node = mmio_node(map, dst);

	if (!node)
		return;
	if (dst.kind == PLACE_DOORBELL)
		node->mmio->doorbell_write(node->opaque, dst.addr, value,
					   bytes);
	else
		node->mmio->reg_write(node->opaque, dst.addr, value, bytes);
}

/* The widest naturally aligned access that fits. */
static unsigned int mmio_width(u64 addr, size_t len)
{
	if (len >= 8 && !(addr & 7))
		return 8;
	if (len >= 4 && !(addr & 3))
		return 4;
	return 1;
}

static enum mem_status mmio_read(const struct place_map *map, struct place src,
				 u8 *dst, size_t len)
{
	while (len) {
		unsigned int width = mmio_width(src.addr, len);
		u64 value = mmio_load(map, src, width);

		memcpy(dst, &value, width);
		dst += width;
		src.addr += width;
		len -= width;
	}
	return MEM_OK;
}

static enum mem_status mmio_write(const struct place_map *map, struct place dst,
				  const u8 *src, size_t len)
{
	while (len) {
		unsigned int width = mmio_width(dst.addr, len);
		u64 value = 0;

		memcpy(&value, src, width);
		mmio_store(map, dst, value, width);
		src += width;
		dst.addr += width;
		len -= width;
	}
	return MEM_OK;
}

enum mem_status place_read(const struct place_map *map, struct place src,
			   void *dst, size_t len)
{
	struct vram *vram;

	switch (src.kind) {
	case PLACE_VRAM:
		vram = vram_of(map, src, len);
		return vram ? vram_read(vram, src.addr, dst, len) :
			      MEM_UNMAPPED;
	case PLACE_SYSTEM:
		return guest_mem_read(map->guest, src.addr, dst, len);
	case PLACE_DOORBELL:
	case PLACE_REGS:
		return mmio_read(map, src, dst, len);
	case PLACE_ZERO:
		memset(dst, 0, len);
		return MEM_OK;
	case PLACE_NONE:
		break;
	}
	return MEM_UNMAPPED;
}

enum mem_status place_write(const struct place_map *map, struct place dst,
			    const void *src, size_t len)
{
	struct vram *vram;

	switch (dst.kind) {
	case PLACE_VRAM:
		vram = vram_of(map, dst, len);
		return vram ? vram_write(vram, dst.addr, src, len) :
			      MEM_UNMAPPED;
	case PLACE_SYSTEM:
		return guest_mem_write(map->guest, dst.addr, src, len);
	case PLACE_DOORBELL:
	case PLACE_REGS:
		return mmio_write(map, dst, src, len);
	case PLACE_ZERO:
		return MEM_OK;
	case PLACE_NONE:
		break;
	}
	return MEM_UNMAPPED;
}

#define BOUNCE_BYTES 4096

/* Any pair of places, through a small buffer: MMIO, zero pages. */
static enum mem_status copy_bounced(const struct place_map *map,
				    struct place dst, struct place src,
				    size_t len)
{
	u8 buffer[BOUNCE_BYTES];
	enum mem_status status = MEM_OK;

	while (len && status == MEM_OK) {
		size_t part = len < sizeof(buffer) ? len : sizeof(buffer);

		status = place_read(map, src, buffer, part);
		if (status == MEM_OK)
			status = place_write(map, dst, buffer, part);
		src.addr += part;
		dst.addr += part;
		len -= part;
	}
	return status;
}

static enum mem_status copy_vram_vram(const struct place_map *map,
				      struct place dst, struct place src,
				      size_t len)
{
	struct vram *to = vram_of(map, dst, len);
	struct vram *from = vram_of(map, src, len);

	if (!to || !from)
		return MEM_UNMAPPED;
	memmove(to->base + dst.addr, from->base + src.addr, len);
	return MEM_OK;
}

enum mem_status place_copy(const struct place_map *map, struct place dst,
			   struct place src, size_t len)
{
	bool plain = (src.kind == PLACE_VRAM || src.kind == PLACE_SYSTEM) &&
		     (dst.kind == PLACE_VRAM || dst.kind == PLACE_SYSTEM);
	struct vram *vram;

	if (!plain)
		return copy_bounced(map, dst, src, len);
	if (src.kind == PLACE_VRAM && dst.kind == PLACE_VRAM)
		return copy_vram_vram(map, dst, src, len);
	if (src.kind == PLACE_SYSTEM && dst.kind == PLACE_SYSTEM)
		return guest_mem_copy(map->guest, dst.addr, src.addr, len);
	if (src.kind == PLACE_SYSTEM) {
		vram = vram_of(map, dst, len);
		return vram ? guest_mem_read(map->guest, src.addr,
					     vram->base + dst.addr, len) :
			      MEM_UNMAPPED;
	}
	vram = vram_of(map, src, len);
	return vram ? guest_mem_write(map->guest, dst.addr,
				      vram->base + src.addr, len) :
		      MEM_UNMAPPED;
}

enum mem_status place_load(const struct place_map *map, struct place src,
			   u64 *value, unsigned int bytes)
{
	struct vram *vram;

	*value = 0;
	switch (src.kind) {
	case PLACE_VRAM:
		vram = vram_of(map, src, bytes);
		return vram ? vram_load(vram, src.addr, value, bytes) :
			      MEM_UNMAPPED;
	case PLACE_SYSTEM:
		return guest_mem_load(map->guest, src.addr, value, bytes);
	case PLACE_DOORBELL:
	case PLACE_REGS:
		*value = mmio_load(map, src, bytes);
		return MEM_OK;
	case PLACE_ZERO:
		return MEM_OK;
	case PLACE_NONE:
		break;
	}
	return MEM_UNMAPPED;
}

enum mem_status place_store(const struct place_map *map, struct place dst,
			    u64 value, unsigned int bytes)
{
	struct vram *vram;

	switch (dst.kind) {
	case PLACE_VRAM:
		vram = vram_of(map, dst, bytes);
		return vram ? vram_store(vram, dst.addr, value, bytes) :
			      MEM_UNMAPPED;
	case PLACE_SYSTEM:
		return guest_mem_store(map->guest, dst.addr, value, bytes);
	case PLACE_DOORBELL:
	case PLACE_REGS:
		mmio_store(map, dst, value, bytes);
		return MEM_OK;
	case PLACE_ZERO:
		return MEM_OK;
	case PLACE_NONE:
		break;
	}
	return MEM_UNMAPPED;
}

enum mem_status place_atomic(const struct place_map *map, struct place dst,
			     struct mem_atomic *atomic, unsigned int bytes)
{
	struct vram *vram;

	switch (dst.kind) {
	case PLACE_VRAM:
		vram = vram_of(map, dst, bytes);
		return vram ? vram_atomic(vram, dst.addr, atomic, bytes) :
			      MEM_UNMAPPED;
	case PLACE_SYSTEM:
		return guest_mem_atomic(map->guest, dst.addr, atomic, bytes);
	case PLACE_ZERO:
		atomic->old = 0;
		return MEM_OK;
	default:
		return MEM_UNMAPPED;
	}
}
