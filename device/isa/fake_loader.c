// SPDX-License-Identifier: MIT
#include "isa/fake_loader.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { R_REL64 = 5, R_REL32_LO = 10, R_REL32_HI = 11, R_ABS64 = 3 };

static const Elf64_Ehdr *header(const struct fake_object *object)
{
	return (const Elf64_Ehdr *)object->file;
}

static Elf64_Shdr *section(const struct fake_object *object, size_t n)
{
	return (Elf64_Shdr *)(object->file + header(object)->e_shoff) + n;
}

static bool read_file(struct fake_object *object, const char *path)
{
	FILE *f = fopen(path, "rb");
	long size;
	bool ok;

	if (!f)
		return false;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	object->file = malloc(size > 0 ? (size_t)size : 1);
	object->file_bytes = size > 0 ? (size_t)size : 0;
	ok = object->file && fread(object->file, 1, object->file_bytes, f) == object->file_bytes;
	fclose(f);
	return ok && object->file_bytes > sizeof(Elf64_Ehdr) &&
	       !memcmp(object->file, ELFMAG, SELFMAG) && header(object)->e_type == ET_REL;
}

/* Gives every section that is needed at run time a place; its address goes into sh_addr. */
static bool place_sections(struct fake_object *object)
{
	object->used = 0;
	for (size_t n = 0; n < header(object)->e_shnum; n++) {
		Elf64_Shdr *s = section(object, n);
		size_t align = s->sh_addralign > 256 ? s->sh_addralign : 256;

		if (!(s->sh_flags & SHF_ALLOC))
			continue;
		object->used = (object->used + align - 1) / align * align;
		if (object->used + s->sh_size > object->image_bytes)
			return false;
		s->sh_addr = object->va + object->used;
		if (s->sh_type == SHT_NOBITS)
			memset(object->image + object->used, 0, s->sh_size);
		else
			memcpy(object->image + object->used, object->file + s->sh_offset, s->sh_size);
		object->used += s->sh_size;
	}
	return true;
}

static const Elf64_Shdr *symbols(const struct fake_object *object)
{
	for (size_t n = 0; n < header(object)->e_shnum; n++) {
		if (section(object, n)->sh_type == SHT_SYMTAB)
			return section(object, n);
	}
	return NULL;
}

/* False: undefined or of a kind that does not occur. */
static bool symbol_va(const struct fake_object *object, size_t n, u64 *va)
{
	const Elf64_Sym *sym = (const Elf64_Sym *)(object->file + symbols(object)->sh_offset) + n;

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= header(object)->e_shnum)
		return false;
	*va = section(object, sym->st_shndx)->sh_addr + sym->st_value;
	return true;
}

static bool relocate(struct fake_object *object, const Elf64_Rela *rela, u64 base)
{
	u64 at = base + rela->r_offset, value;
	u8 *place = object->image + (at - object->va);
	u32 half;

	if (!symbol_va(object, ELF64_R_SYM(rela->r_info), &value))
		return false;
	value += (u64)rela->r_addend;
	if (ELF64_R_TYPE(rela->r_info) != R_ABS64)
		value -= at;
	switch (ELF64_R_TYPE(rela->r_info)) {
	case R_ABS64:
	case R_REL64:
		memcpy(place, &value, 8);
		return true;
	case R_REL32_LO:
	case R_REL32_HI:
		half = (u32)(ELF64_R_TYPE(rela->r_info) == R_REL32_LO ? value : value >> 32);
		memcpy(place, &half, 4);
		return true;
	default:
		return false;
	}
}

static bool relocate_all(struct fake_object *object)
{
	for (size_t n = 0; n < header(object)->e_shnum; n++) {
		const Elf64_Shdr *s = section(object, n);
		const Elf64_Shdr *target = section(object, s->sh_info);

		if (s->sh_type != SHT_RELA || !(target->sh_flags & SHF_ALLOC))
			continue;
		for (size_t at = 0; at < s->sh_size; at += sizeof(Elf64_Rela)) {
			if (!relocate(object, (const Elf64_Rela *)(object->file + s->sh_offset + at),
				      target->sh_addr))
				return false;
		}
	}
	return true;
}

const char *fake_object_load(struct fake_object *object, const char *path)
{
	if (!read_file(object, path))
		return "no relocatable object";
	if (!place_sections(object))
		return "too large";
	if (!symbols(object) || !relocate_all(object))
		return "a relocation that the loader does not know";
	return NULL;
}

void fake_object_free(struct fake_object *object)
{
	free(object->file);
	object->file = NULL;
}

static u32 word(const u8 *at)
{
	u32 value;

	memcpy(&value, at, 4);
	return value;
}

static void read_descriptor(struct fake_descriptor *kernel, const u8 *at, u64 va)
{
	u64 entry;

	memcpy(&entry, at + 16, 8);
	*kernel = (struct fake_descriptor){
		.group_bytes = word(at), .private_bytes = word(at + 4), .kernarg_bytes = word(at + 8),
		.entry = va + entry, .rsrc3 = word(at + 44), .rsrc1 = word(at + 48),
		.rsrc2 = word(at + 52), .properties = word(at + 56) & 0xffff,
	};
}

bool fake_object_kernel(const struct fake_object *object, const char *name,
			struct fake_descriptor *kernel)
{
	const Elf64_Shdr *table = symbols(object);
	const char *names = (const char *)object->file + section(object, table->sh_link)->sh_offset;
	const Elf64_Sym *sym = (const Elf64_Sym *)(object->file + table->sh_offset);
	size_t len = strlen(name);

	for (size_t n = 0; n < table->sh_size / sizeof(*sym); n++) {
		const char *its = names + sym[n].st_name;
		u64 va;

		if (strncmp(its, name, len) || strcmp(its + len, ".kd") || !symbol_va(object, n, &va))
			continue;
		read_descriptor(kernel, object->image + (va - object->va), va);
		return true;
	}
	return false;
}
