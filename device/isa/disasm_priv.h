/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_DISASM_PRIV_H
#define VKFD_DEVICE_ISA_DISASM_PRIV_H

#include "isa/decode_priv.h"

/* Text that grows in a bounded buffer; @pos counts on beyond it, as snprintf() does. */
struct text {
	char *buf;
	size_t len, pos;
};

__attribute__((format(printf, 2, 3))) void text_put(struct text *text, const char *format, ...);

/* disasm_operand.c */
void text_scalar(struct text *text, unsigned int code, unsigned int dwords);
void text_vector(struct text *text, unsigned int number, unsigned int dwords, bool acc);
/* A constant or register by its nine-bit code. */
void text_source(struct text *text, const struct isa_inst *inst, unsigned int code,
		 enum isa_type type);

/* The encodings; disasm.c has printed the name. */
void text_salu(struct text *text, const struct isa_inst *inst);
void text_sopk(struct text *text, const struct isa_inst *inst);
void text_sopp(struct text *text, const struct isa_inst *inst);
void text_smem(struct text *text, const struct isa_inst *inst);
void text_valu(struct text *text, const struct isa_inst *inst);
void text_ds(struct text *text, const struct isa_inst *inst);
void text_flat(struct text *text, const struct isa_inst *inst);
void text_mubuf(struct text *text, const struct isa_inst *inst);
/* ds_swizzle's offset by its mode. */
void text_swizzle(struct text *text, unsigned int offset);

#endif
