// SPDX-License-Identifier: MIT
/*
 * Any bytes as a program: every instruction decodes or is refused, twice the same
 * way, names registers that exist and prints within its buffer.
 */
#include <assert.h>
#include <string.h>

#include "isa/inst.h"
#include "util/fuzz.h"

static void check_decoded(const struct isa_inst *inst)
{
	char text[160], again[160], tiny[8];
	int len = isa_disasm(inst, text, sizeof(text));

	assert(len > 0 && (size_t)len < sizeof(text) && strlen(text) == (size_t)len);
	assert(isa_disasm(inst, again, sizeof(again)) == len && !strcmp(text, again));
	assert(isa_disasm(inst, tiny, sizeof(tiny)) == len);
	assert(!strncmp(text, tiny, sizeof(tiny) - 1));
	assert(inst->op && inst->op->id < isa_nr_ops);
	assert(inst->nr_vgprs <= 256 && inst->nr_agprs <= 256);
}

/* Bytes of the instruction at @words; 0 where only part of it is there. */
static size_t check(const u32 *words, size_t bytes)
{
	struct isa_inst inst, again;
	enum isa_decode_status status;

	memset(&inst, 0x55, sizeof(inst));
	memset(&again, 0xaa, sizeof(again));
	status = isa_decode(words, bytes, &inst);
	assert(isa_decode(words, bytes, &again) == status);
	assert(!memcmp(&inst, &again, sizeof(inst)));
	assert(inst.word[0] == words[0]);
	if (status == ISA_MORE) {
		assert(bytes == 4);
		return 0;
	}
	assert(inst.bytes == 4 || inst.bytes == 8);
	assert(inst.bytes <= bytes);
	if (status == ISA_DECODED)
		check_decoded(&inst);
	return inst.bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	while (len >= 4) {
		size_t bytes = len >= 8 ? 8 : 4, step;
		u32 words[2] = { 0 };

		memcpy(words, data, bytes);
		step = check(words, bytes);
		if (!step)
			break;
		data += step;
		len -= step;
	}
	return 0;
}
