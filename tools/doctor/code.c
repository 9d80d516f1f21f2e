// SPDX-License-Identifier: MIT
/*
 * The program: which GPUs, and which XNACK mode, its code was compiled for.
 * A code object is an ELF file of machine 224; a HIP program carries its code
 * objects whole inside itself, so we look for their headers anywhere.
 */
#include "doctor.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef EM_AMDGPU
#define EM_AMDGPU 224
#endif
/* llvm/docs/AMDGPUUsage: e_flags, by ABI version */
#define MACH(flags)		((flags) & 0xff)
#define ABI_V3			1
#define V3_XNACK		0x100
#define V4_XNACK(flags)		((flags) & 0x300)
#define MAX_CODES		32

enum code_xnack { CODE_ANY, CODE_OFF, CODE_ON };

struct code {
	unsigned int mach;
	enum code_xnack xnack;
};

struct codes {
	struct code code[MAX_CODES];
	unsigned int nr;
	bool compressed;
};

static const struct {
	unsigned int mach;
	const char *name;
} machines[] = {
	{ 0x20, "gfx600" }, { 0x21, "gfx601" }, { 0x22, "gfx700" }, { 0x23, "gfx701" },
	{ 0x24, "gfx702" }, { 0x25, "gfx703" }, { 0x26, "gfx704" }, { 0x28, "gfx801" },
	{ 0x29, "gfx802" }, { 0x2a, "gfx803" }, { 0x2b, "gfx810" }, { 0x2c, "gfx900" },
	{ 0x2d, "gfx902" }, { 0x2e, "gfx904" }, { 0x2f, "gfx906" }, { 0x30, "gfx908" },
	{ 0x31, "gfx909" }, { 0x32, "gfx90c" }, { 0x33, "gfx1010" }, { 0x34, "gfx1011" },
	{ 0x35, "gfx1012" }, { 0x36, "gfx1030" }, { 0x37, "gfx1031" }, { 0x38, "gfx1032" },
	{ 0x39, "gfx1033" }, { 0x3d, "gfx1035" }, { 0x3e, "gfx1034" }, { 0x3f, "gfx90a" },
	{ 0x40, "gfx940" }, { 0x41, "gfx1100" }, { 0x42, "gfx1013" }, { 0x43, "gfx1150" },
	{ 0x44, "gfx1103" }, { 0x45, "gfx1036" }, { 0x46, "gfx1101" }, { 0x47, "gfx1102" },
	{ 0x48, "gfx1200" }, { 0x4a, "gfx1151" }, { 0x4b, "gfx941" }, { 0x4c, "gfx942" },
	{ 0x4e, "gfx1201" }, { 0x4f, "gfx950" },
};

static const char *machine_name(unsigned int mach)
{
	static char unknown[24];

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].mach == mach)
			return machines[i].name;
	snprintf(unknown, sizeof(unknown), "machine 0x%x", mach);
	return unknown;
}

static enum code_xnack code_xnack(const Elf64_Ehdr *header)
{
	if (header->e_ident[EI_ABIVERSION] <= ABI_V3)
		return header->e_flags & V3_XNACK ? CODE_ON : CODE_OFF;
	switch (V4_XNACK(header->e_flags)) {
	case 0x200: return CODE_OFF;
	case 0x300: return CODE_ON;
	default: return CODE_ANY;	/* any, or a GPU that has no such mode */
	}
}

static void add_code(struct codes *codes, const Elf64_Ehdr *header)
{
	struct code code = { MACH(header->e_flags), code_xnack(header) };

	for (unsigned int i = 0; i < codes->nr; i++)
		if (codes->code[i].mach == code.mach && codes->code[i].xnack == code.xnack)
			return;
	if (codes->nr < MAX_CODES)
		codes->code[codes->nr++] = code;
}

static void scan(const unsigned char *data, size_t bytes, struct codes *codes)
{
	Elf64_Ehdr header;
	const unsigned char *at = data, *end = data + bytes;

	while ((at = memmem(at, (size_t)(end - at), ELFMAG, SELFMAG))) {
		if ((size_t)(end - at) < sizeof(header))
			break;
		memcpy(&header, at, sizeof(header));
		if (header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_AMDGPU)
			add_code(codes, &header);
		at += SELFMAG;
	}
	/* A compressed bundle: "CCOB", then its version. */
	for (at = data; (at = memmem(at, (size_t)(end - at), "CCOB", 4)); at += 4)
		if (end - at > 6 && at[4] >= 1 && at[4] <= 3 && !at[5])
			codes->compressed = true;
}

static int scan_file(const char *path, struct codes *codes)
{
	int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st)) {
		err = errno;
	} else if (!S_ISREG(st.st_mode) || !st.st_size) {
		err = EINVAL;
	} else {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED) {
			err = errno;
		} else {
			scan(data, (size_t)st.st_size, codes);
			munmap(data, (size_t)st.st_size);
		}
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* The architecture that ROCr believes the GPU to have. */
static void believed_arch(struct doctor *d, const struct gpu *gpu, char arch[16])
{
	const char *value = variable(d, "HSA_OVERRIDE_GFX_VERSION");
	unsigned int major, minor, stepping;

	snprintf(arch, 16, "%s", gpu->arch);
	if (!value || sscanf(value, "%u.%u.%u", &major, &minor, &stepping) != 3)
		return;
	arch_name(major * 10000 + minor * 100 + stepping, arch);
	if (strcmp(arch, gpu->arch))
		cause(d, LOSES_PROGRAM, "gfx-override",
		      "HSA_OVERRIDE_GFX_VERSION=%s makes ROCr take node %u (%s) for %s: code for the real GPU does not load; unset it",
		      value, gpu->node, gpu->arch, arch);
}

static void check_gpu_code(struct doctor *d, const struct codes *codes, const struct gpu *gpu)
{
	unsigned int for_gpu = 0, fits = 0;
	char arch[16];

	believed_arch(d, gpu, arch);
	for (unsigned int i = 0; i < codes->nr; i++) {
		const struct code *code = &codes->code[i];

		if (strcmp(machine_name(code->mach), arch))
			continue;
		for_gpu++;
		fits += code->xnack == CODE_ANY || (code->xnack == CODE_ON) == d->xnack_on;
	}
	if (!for_gpu)
		cause(d, LOSES_PROGRAM, "code-wrong-gpu",
		      "the program has no code for node %u (%s); compile with --offload-arch=%s",
		      gpu->node, arch, arch);
	else if (!fits && d->xnack_on)
		cause(d, LOSES_PROGRAM, "code-xnack-minus",
		      "the program's code for %s is compiled for xnack-, the process runs with XNACK on: it does not load; compile with --offload-arch=%s (any) or %s:xnack+",
		      arch, arch, arch);
	else if (!fits)
		cause(d, LOSES_PROGRAM, "code-xnack-plus",
		      "the program's code for %s is compiled for xnack+, the process runs with XNACK off: it does not load; set HSA_XNACK=1, or compile with --offload-arch=%s (any)",
		      arch, arch);
}

static void show_codes(const struct codes *codes, const char *path)
{
	static const char *const words[] = { "", ":xnack-", ":xnack+" };
	char text[512] = "";
	size_t len = 0;

	for (unsigned int i = 0; i < codes->nr && len < sizeof(text) - 32; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %s%s",
					machine_name(codes->code[i].mach), words[codes->code[i].xnack]);
	row("program", "%s:%s", path, codes->nr ? text : " no readable GPU code");
}

void check_code(struct doctor *d)
{
	struct codes codes = { .nr = 0 };
	int err;

	if (!d->program)
		return;
	err = scan_file(d->program, &codes);
	if (err) {
		cause(d, LOSES_PROGRAM, "code-unreadable", "%s: %s", d->program, strerror(err));
		return;
	}
	show_codes(&codes, d->program);
	if (!codes.nr && codes.compressed)
		cause(d, LOSES_PROGRAM, "code-compressed",
		      "the program's GPU code is compressed, so its target cannot be read; compile with --no-offload-compress to see it");
	else if (!codes.nr)
		cause(d, LOSES_PROGRAM, "code-none",
		      "the file carries no GPU code: is it a script, or is the code in a library it loads?");
	for (unsigned int i = 0; codes.nr && i < d->nr_gpus; i++)
		check_gpu_code(d, &codes, &d->gpus[i]);
}
