/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_ORACLE_H
#define VKFD_DEVICE_ISA_ORACLE_H

/*
 * Test library: the decoder against LLVM's (oracle_test.c is the program).
 * LLVM runs as llvm-mc, thousands of encodings a call.
 */
#include "isa/inst.h"

#define ORACLE_TEXT	192u

/* The llvm-mc at hand. */
struct oracle_llvm {
	char path[256];
	int major;
	char dir[64];		/* its input and output, removed by oracle_llvm_fini() */
};

/* One encoding on its way through both. */
struct oracle_case {
	u32 word[2];
	/* ours */
	enum isa_decode_status status;
	struct isa_inst inst;
	char ours[ORACLE_TEXT];
	/* LLVM's disassembler */
	bool died;		/* on this very encoding */
	bool decoded;
	bool rest;		/* it took four of eight bytes */
	char text[ORACLE_TEXT];
	u32 again[2];		/* how LLVM itself would write it */
	/* LLVM's assembler on @text */
	bool assembled;
	u32 encoded[2];
	unsigned int encoded_bytes;
	char error[96];
};

/* Takes $VKFD_LLVM_MC or the newest of llvm-mc-N and llvm-mc in $PATH. False: none of 14 or newer. */
bool oracle_llvm_init(struct oracle_llvm *llvm);
void oracle_llvm_fini(struct oracle_llvm *llvm);
/*
 * Fill in LLVM's members. An encoding that kills it is found by halving. False: it
 * does not even answer to nothing.
 */
bool oracle_ask(const struct oracle_llvm *llvm, struct oracle_case *cases, size_t count);

/* Random words of @op in its @form-th form; false: there is no such form. */
bool oracle_random_form(u64 *seed, const struct isa_op *op, unsigned int form, u32 word[2]);
u64 oracle_random(u64 *seed);

/* SDWA with a reserved select, on which LLVM dies: no need to try. */
bool oracle_kills_llvm(const u32 word[2]);
/* Why LLVM decodes and we do not, though we have the row; NULL: no reason known. */
const char *oracle_why_refused(const struct oracle_llvm *llvm, const struct oracle_case *c);
/* What this version of LLVM prints or takes otherwise; NULL: nothing. */
const char *oracle_version_differs(const struct oracle_llvm *llvm, const struct oracle_case *c);
/* Why LLVM's assembler does not take LLVM's own text; NULL: no reason known. */
const char *oracle_why_not_assembled(const struct oracle_llvm *llvm, const struct oracle_case *c);
/* Why it makes another instruction of it. */
const char *oracle_why_reassembled(const struct oracle_case *c);

#endif
