// SPDX-License-Identifier: MIT
/*
 * The decoder and the disassembler against LLVM's (Debian's llvm-mc, 14 or newer):
 *
 *   oracle_test [--seed N] [--count N] [--pairs N]
 *
 * For every row and form @count random encodings, half of them legal, and @pairs
 * random pairs of dwords. Legality, length and text must agree, and what LLVM
 * assembles from the text must decode to the same text. VKFD_LLVM_MC names the
 * llvm-mc to use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "isa/op_id.h"
#include "isa/oracle.h"

#define CHUNK		16384u
#define FORMS		4u
#define TRIES		400u	/* to find a legal encoding */
#define REASONS		24u
#define FAILURES_SHOWN	20u

struct tally {
	const char *reason;
	unsigned long count;
};

struct oracle {
	struct oracle_llvm llvm;
	u64 seed;
	unsigned long count, pairs;
	struct oracle_case cases[CHUNK];
	size_t used;
	unsigned long agreed, refused, failed, exact;
	bool seen[ISA_NR_OPS][FORMS];	/* agreed in this form */
	struct tally tally[REASONS];
};

static void count_reason(struct oracle *oracle, const char *reason)
{
	size_t n = 0;

	while (n + 1 < REASONS && oracle->tally[n].reason && oracle->tally[n].reason != reason)
		n++;
	oracle->tally[n].reason = reason;
	oracle->tally[n].count++;
}

static void fail(struct oracle *oracle, const struct oracle_case *c, const char *what)
{
	if (oracle->failed++ >= FAILURES_SHOWN)
		return;
	printf("FAIL %08x %08x: %s\n\trow:  %s\n\tours: %s\n\tLLVM: %s%s%s\n", c->word[0],
	       c->word[1], what, c->inst.op ? c->inst.op->name : "none",
	       c->status == ISA_DECODED ? c->ours : "illegal", c->decoded ? c->text : "illegal",
	       c->error[0] ? "\n\tassembler: " : "", c->error);
}

/* Is @text's mnemonic one of ours? Suffixes and segments do not count. */
static bool names_a_row(const char *text)
{
	static const char *const prefix[] = { "", "flat_", "scratch_", "global_" };
	size_t len = strcspn(text, " ");

	if (len > 4 && (!strncmp(text + len - 4, "_e32", 4) || !strncmp(text + len - 4, "_e64", 4) ||
			!strncmp(text + len - 4, "_dpp", 4)))
		len -= 4;
	else if (len > 5 && !strncmp(text + len - 5, "_sdwa", 5))
		len -= 5;
	for (unsigned int n = 0; n < isa_nr_ops; n++)
		for (unsigned int k = 0; k < sizeof(prefix) / sizeof(prefix[0]); k++) {
			size_t skip = strlen(prefix[k]), name = strlen(isa_ops[n].name);

			if ((isa_ops[n].enc == ISA_FLAT) != (k > 0) || len != skip + name)
				continue;
			if (!strncmp(text, prefix[k], skip) &&
			    !strncmp(text + skip, isa_ops[n].name, name))
				return true;
		}
	return false;
}

/* LLVM decodes 0x71 too, which it would never encode. */
static bool is_wbinvl1_of_si(const struct oracle_case *c)
{
	return (c->word[0] & 0xfdfc0000) == 0xe1c40000 && !strcmp(c->text, "buffer_wbinvl1");
}

static void judge_refused(struct oracle *oracle, const struct oracle_case *c)
{
	const char *why;

	if (!c->decoded) {
		oracle->refused++;
		return;
	}
	if (!c->inst.op) {
		if (is_wbinvl1_of_si(c))
			count_reason(oracle, "buffer_wbinvl1 by its number of another generation");
		else if (names_a_row(c->text))
			fail(oracle, c, "LLVM finds a row of ours, the decoder none");
		else
			count_reason(oracle, "no row");
		return;
	}
	why = oracle_why_refused(&oracle->llvm, c);
	if (why)
		count_reason(oracle, why);
	else
		fail(oracle, c, "legal for LLVM, illegal here");
}

/* What LLVM assembles from the text is the same instruction. */
static void judge_encoding(struct oracle *oracle, const struct oracle_case *c)
{
	char text[ORACLE_TEXT] = "";
	struct isa_inst inst;
	const char *why;

	if (!c->assembled) {
		why = oracle_why_not_assembled(&oracle->llvm, c);
		if (why)
			count_reason(oracle, why);
		else
			fail(oracle, c, "illegal for LLVM's assembler, legal here");
		return;
	}
	if (isa_decode(c->encoded, c->encoded_bytes, &inst) == ISA_DECODED)
		isa_disasm(&inst, text, sizeof(text));
	if (inst.bytes != c->encoded_bytes || strcmp(text, c->text)) {
		why = oracle_why_reassembled(c);
		if (why)
			count_reason(oracle, why);
		else
			fail(oracle, c, "reassembled, it is another instruction");
		return;
	}
	oracle->agreed++;
	oracle->exact += c->encoded_bytes == c->inst.bytes && c->encoded[0] == c->word[0] &&
			 (c->encoded_bytes == 4 || c->encoded[1] == c->word[1]);
}

static unsigned int form_of(const struct isa_inst *inst)
{
	if (inst->enc == ISA_FLAT)
		return inst->seg;
	return inst->enc == ISA_VOP3 && inst->op->enc != ISA_VOP3 ? 3 : inst->form;
}

static void judge(struct oracle *oracle, const struct oracle_case *c)
{
	const char *differs;

	if (c->died) {
		if (c->status == ISA_DECODED)
			fail(oracle, c, "LLVM dies of it, legal here");
		else
			count_reason(oracle, "LLVM dies of it");
		return;
	}
	if (c->status != ISA_DECODED) {
		judge_refused(oracle, c);
		return;
	}
	oracle->seen[c->inst.op->id][form_of(&c->inst)] = true;
	differs = oracle_version_differs(&oracle->llvm, c);
	if (differs)
		count_reason(oracle, differs);
	else if (!c->decoded)
		fail(oracle, c, "illegal for LLVM, legal here");
	else if (c->rest)
		fail(oracle, c, "another length");
	else if (strcmp(c->ours, c->text))
		fail(oracle, c, "another text");
	else
		judge_encoding(oracle, c);
}

static bool flush(struct oracle *oracle)
{
	if (!oracle_ask(&oracle->llvm, oracle->cases, oracle->used)) {
		printf("FAIL %s does not answer\n", oracle->llvm.path);
		return false;
	}
	for (size_t n = 0; n < oracle->used; n++)
		judge(oracle, &oracle->cases[n]);
	oracle->used = 0;
	return true;
}

static bool add(struct oracle *oracle, const u32 word[2])
{
	struct oracle_case *c = &oracle->cases[oracle->used];

	memset(c, 0, sizeof(*c));
	memcpy(c->word, word, sizeof(c->word));
	c->status = isa_decode(word, sizeof(c->word), &c->inst);
	if (oracle_kills_llvm(word)) {
		if (c->status == ISA_DECODED)
			fail(oracle, c, "SDWA with a reserved select, legal here");
		return true;
	}
	if (c->status == ISA_DECODED)
		isa_disasm(&c->inst, c->ours, sizeof(c->ours));
	return ++oracle->used < CHUNK || flush(oracle);
}

/* Random words of a row's form; if @legal, ones that we take, unless none turn up. */
static bool one_of_form(struct oracle *oracle, const struct isa_op *op, unsigned int form,
			bool legal, u32 word[2])
{
	for (unsigned int n = 0; n < TRIES; n++) {
		struct isa_inst inst;

		if (!oracle_random_form(&oracle->seed, op, form, word))
			return false;
		if (!legal || isa_decode(word, 8, &inst) == ISA_DECODED)
			break;
	}
	return true;
}

static bool all_rows(struct oracle *oracle)
{
	u32 word[2];

	for (unsigned int n = 0; n < isa_nr_ops; n++)
		for (unsigned int form = 0; form < FORMS; form++)
			for (unsigned long k = 0; k < oracle->count; k++)
				if (one_of_form(oracle, &isa_ops[n], form, k % 2, word) &&
				    !add(oracle, word))
					return false;
	for (unsigned long k = 0; k < oracle->pairs; k++) {
		u64 pair = oracle_random(&oracle->seed);

		word[0] = (u32)pair;
		word[1] = (u32)(pair >> 32);
		if (!add(oracle, word))
			return false;
	}
	return flush(oracle);
}

/* Every row must have been seen, or the agreement says nothing about it. */
static unsigned int check_seen(const struct oracle *oracle)
{
	unsigned int forms = 0, missing = 0;

	for (unsigned int n = 0; n < isa_nr_ops; n++) {
		unsigned int seen = 0;

		for (unsigned int form = 0; form < FORMS; form++)
			seen += oracle->seen[n][form];
		forms += seen;
		if (!seen) {
			printf("FAIL no legal encoding of %s came up\n", isa_ops[n].name);
			missing++;
		}
	}
	printf("%u rows in %u forms\n", isa_nr_ops, forms);
	return missing;
}

static void report(const struct oracle *oracle)
{
	printf("%lu agree (%lu of them bit for bit), %lu illegal for both, %lu differ\n",
	       oracle->agreed, oracle->exact, oracle->refused, oracle->failed);
	for (size_t n = 0; n < REASONS && oracle->tally[n].reason; n++)
		printf("%8lu %s\n", oracle->tally[n].count, oracle->tally[n].reason);
}

static bool parse(struct oracle *oracle, int argc, char **argv)
{
	oracle->seed = (u64)time(NULL);
	oracle->count = 10;
	oracle->pairs = 20000;
	for (int n = 1; n < argc; n += 2) {
		if (n + 1 == argc)
			return false;
		if (!strcmp(argv[n], "--seed"))
			oracle->seed = strtoull(argv[n + 1], NULL, 0);
		else if (!strcmp(argv[n], "--count"))
			oracle->count = strtoul(argv[n + 1], NULL, 0);
		else if (!strcmp(argv[n], "--pairs"))
			oracle->pairs = strtoul(argv[n + 1], NULL, 0);
		else
			return false;
	}
	return oracle->count > 0;
}

int main(int argc, char **argv)
{
	static struct oracle oracle;
	bool ok;

	if (!parse(&oracle, argc, argv)) {
		fprintf(stderr, "usage: oracle_test [--seed N] [--count N] [--pairs N]\n");
		return 2;
	}
	if (!oracle_llvm_init(&oracle.llvm)) {
		oracle_llvm_fini(&oracle.llvm);
		puts("SKIP: no llvm-mc of LLVM 14 or newer ($VKFD_LLVM_MC or in $PATH)");
		return 4;
	}
	printf("LLVM %d (%s), --seed %llu --count %lu --pairs %lu\n", oracle.llvm.major,
	       oracle.llvm.path, (unsigned long long)oracle.seed, oracle.count, oracle.pairs);
	ok = all_rows(&oracle) && !check_seen(&oracle);
	oracle_llvm_fini(&oracle.llvm);
	report(&oracle);
	return ok && !oracle.failed ? 0 : 1;
}
