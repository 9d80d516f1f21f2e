// SPDX-License-Identifier: MIT
/*
 * VRAM: a memfd that this process maps and hands to QEMU as BAR0. Its size is
 * sealed, so a client that holds the descriptor cannot shrink it under us.
 * There is no lock: like real memory, single aligned accesses are atomic and
 * everything larger may be seen half done.
 */
#define _GNU_SOURCE
#include "mem/vram.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem/atomic.h"

static int vram_file(u64 bytes)
{
	int fd = memfd_create("vkfd-vram", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)bytes) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int vram_init(struct vram *vram, u64 bytes)
{
	int fd = vram_file(bytes);

	if (fd < 0)
		return fd;
	vram->base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (vram->base == MAP_FAILED) {
		int err = -errno;

		vram->base = NULL;
		close(fd);
		return err;
	}
	/* Only a wish: fewer TLB misses in copies where the host allows it. */
	madvise(vram->base, bytes, MADV_HUGEPAGE);
	vram->bytes = bytes;
	vram->fd = fd;
	return 0;
}

void vram_fini(struct vram *vram)
{
	munmap(vram->base, vram->bytes);
	close(vram->fd);
	vram->base = NULL;
	vram->bytes = 0;
	vram->fd = -1;
}

void vram_clear(struct vram *vram)
{
	/* Gives the pages back; what cannot be given back is overwritten. */
	if (madvise(vram->base, vram->bytes, MADV_REMOVE))
		memset(vram->base, 0, vram->bytes);
}

enum mem_status vram_read(const struct vram *vram, u64 offset, void *dst, size_t len)
{
	if (!span_fits(offset, len, vram->bytes))
		return MEM_UNMAPPED;
	memcpy(dst, vram->base + offset, len);
	return MEM_OK;
}

enum mem_status vram_write(struct vram *vram, u64 offset, const void *src, size_t len)
{
	if (!span_fits(offset, len, vram->bytes))
		return MEM_UNMAPPED;
	memcpy(vram->base + offset, src, len);
	return MEM_OK;
}

enum mem_status vram_load(const struct vram *vram, u64 offset, u64 *value, unsigned int bytes)
{
	if (!span_fits(offset, bytes, vram->bytes) || !mem_load(vram->base + offset, value, bytes))
		return MEM_UNMAPPED;
	return MEM_OK;
}

enum mem_status vram_store(struct vram *vram, u64 offset, u64 value, unsigned int bytes)
{
	if (!span_fits(offset, bytes, vram->bytes) || !mem_store(vram->base + offset, value, bytes))
		return MEM_UNMAPPED;
	return MEM_OK;
}

enum mem_status vram_atomic(struct vram *vram, u64 offset, struct mem_atomic *atomic, unsigned int bytes)
{
	if (!span_fits(offset, bytes, vram->bytes) || !mem_atomic_run(vram->base + offset, atomic, bytes))
		return MEM_UNMAPPED;
	return MEM_OK;
}
