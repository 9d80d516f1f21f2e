// SPDX-License-Identifier: MIT
/*
 * DOC: llvm-mc as a library
 *
 * Every encoding is one bracketed block of input, which LLVM does not resynchronise
 * within, followed by an instruction that numbers it: its output has no line
 * numbers. What it refuses is a warning with one.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isa/oracle.h"

#define OLDEST	14
#define NEWEST	30

extern char **environ;

static void file_name(const struct oracle_llvm *llvm, const char *name, char *path, size_t len)
{
	snprintf(path, len, "%s/%s", llvm->dir, name);
}

/* Runs llvm-mc on the file "in"; its output goes to "out" and "err". */
static bool run(const struct oracle_llvm *llvm, const char *option)
{
	char *const argv[] = { (char *)llvm->path, (char *)"-triple=amdgcn-amd-amdhsa",
			       (char *)"-mcpu=gfx90a", (char *)"--show-encoding",
			       (char *)option, NULL };
	static const char *const names[] = { "in", "out", "err" };
	posix_spawn_file_actions_t actions;
	int status = -1, err = 0;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++) {
		char path[128];

		file_name(llvm, names[fd], path, sizeof(path));
		err |= posix_spawn_file_actions_addopen(&actions, fd, path,
							fd ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY,
							0600);
	}
	if (!err)
		err = posix_spawnp(&pid, llvm->path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err || waitpid(pid, &status, 0) < 0)
		return false;
	return WIFEXITED(status);
}

static FILE *open_file(const struct oracle_llvm *llvm, const char *name, const char *mode)
{
	char path[128];

	file_name(llvm, name, path, sizeof(path));
	return fopen(path, mode);
}

/* "... LLVM version 17.0.6" */
static int version_of(const struct oracle_llvm *llvm)
{
	FILE *in = open_file(llvm, "in", "w"), *out;
	char line[256];
	int major = 0;

	if (!in)
		return 0;
	fclose(in);
	if (!run(llvm, "--version"))
		return 0;
	out = open_file(llvm, "out", "r");
	if (!out)
		return 0;
	while (!major && fgets(line, sizeof(line), out)) {
		const char *word = strstr(line, "LLVM version ");

		if (word)
			major = atoi(word + strlen("LLVM version "));
	}
	fclose(out);
	return major;
}

static bool try_program(struct oracle_llvm *llvm, const char *name)
{
	snprintf(llvm->path, sizeof(llvm->path), "%s", name);
	llvm->major = version_of(llvm);
	return llvm->major >= OLDEST;
}

bool oracle_llvm_init(struct oracle_llvm *llvm)
{
	const char *chosen = getenv("VKFD_LLVM_MC");
	const char *tmp = getenv("TMPDIR");

	snprintf(llvm->dir, sizeof(llvm->dir), "%s/vkfd-oracle-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(llvm->dir))
		return false;
	if (chosen)
		return try_program(llvm, chosen);
	for (int major = NEWEST; major >= OLDEST; major--) {
		char name[32];

		snprintf(name, sizeof(name), "llvm-mc-%d", major);
		if (try_program(llvm, name))
			return true;
	}
	return try_program(llvm, "llvm-mc");
}

void oracle_llvm_fini(struct oracle_llvm *llvm)
{
	static const char *const names[] = { "in", "out", "err" };

	for (size_t n = 0; n < 3; n++) {
		char path[128];

		file_name(llvm, names[n], path, sizeof(path));
		unlink(path);
	}
	rmdir(llvm->dir);
}

/* s_cbranch_i_fork s[0:1], n: not among our rows. */
static u32 marker(size_t n)
{
	return 0xb8000000 | (u32)(n & 0xffff);
}

static void put_block(FILE *file, const u32 *words, unsigned int bytes)
{
	fputc('[', file);
	for (unsigned int n = 0; n < bytes; n++)
		fprintf(file, "%s0x%02x", n ? "," : "", words[n / 4] >> (n % 4 * 8) & 0xff);
	fputs("]\n", file);
}

/* What we take for four bytes is shown as four: LLVM must not need more. */
static unsigned int shown(const struct oracle_case *c)
{
	return c->status == ISA_DECODED ? c->inst.bytes : 8;
}

/* "\ttext   ; encoding: [0x01,...]": true if it is such a line. */
static bool parse_line(char *line, char *text, u32 words[2], unsigned int *bytes)
{
	char *semi = strstr(line, "; encoding: ["), *at, *end;

	if (!semi)
		return false;
	at = semi + strlen("; encoding: [");
	words[0] = words[1] = 0;
	for (*bytes = 0; *bytes < 8; ++*bytes) {
		words[*bytes / 4] |= (u32)strtoul(at, &end, 16) << (*bytes % 4 * 8);
		if (*end != ',')
			break;
		at = end + 1;
	}
	++*bytes;
	while (semi > line && (semi[-1] == ' ' || semi[-1] == '\t'))
		semi--;
	*semi = '\0';
	while (*line == ' ' || *line == '\t')
		line++;
	snprintf(text, ORACLE_TEXT, "%s", line);
	return true;
}

/* Output between two markers belongs to one case; the first line counts. */
static bool read_listing(FILE *out, struct oracle_case *cases, size_t count)
{
	char line[512], text[ORACLE_TEXT];
	unsigned int bytes, lines = 0;
	size_t n = 0;
	u32 words[2];

	while (n < count && fgets(line, sizeof(line), out)) {
		if (!parse_line(line, text, words, &bytes))
			continue;
		if (words[0] == marker(n) && bytes == 4) {
			n++;
			lines = 0;
			continue;
		}
		if (lines++) {
			cases[n].rest = true;
			continue;
		}
		cases[n].decoded = true;
		memcpy(cases[n].text, text, sizeof(text));
		memcpy(cases[n].again, words, sizeof(words));
	}
	return n == count;
}

/* A warning in a block whose first instruction was decoded: the rest was not. */
static void read_warnings(FILE *err, struct oracle_case *cases, size_t count)
{
	char line[512];
	unsigned int number;

	while (fgets(line, sizeof(line), err)) {
		if (sscanf(line, "<stdin>:%u:", &number) != 1 || number % 2 == 0)
			continue;
		if (number / 2 < count && cases[number / 2].decoded)
			cases[number / 2].rest = true;
	}
}

static bool disassemble(const struct oracle_llvm *llvm, struct oracle_case *cases, size_t count)
{
	FILE *in = open_file(llvm, "in", "w"), *out, *err;
	bool ok;

	if (!in)
		return false;
	for (size_t n = 0; n < count; n++) {
		u32 mark = marker(n);

		cases[n].decoded = cases[n].rest = cases[n].assembled = false;
		cases[n].error[0] = '\0';
		put_block(in, cases[n].word, shown(&cases[n]));
		put_block(in, &mark, 4);
	}
	fclose(in);
	if (!run(llvm, "--disassemble"))
		return false;
	out = open_file(llvm, "out", "r");
	err = open_file(llvm, "err", "r");
	ok = out && err && read_listing(out, cases, count);
	if (ok)
		read_warnings(err, cases, count);
	if (out)
		fclose(out);
	if (err)
		fclose(err);
	return ok;
}

/* "<stdin>:LINE:COLUMN: error: WHY"; the first one of a line counts. */
static void read_errors(FILE *err, struct oracle_case *cases, size_t count)
{
	char line[512], why[96];
	unsigned int number;

	while (fgets(line, sizeof(line), err)) {
		if (sscanf(line, "<stdin>:%u:%*u: error: %95[^\n]", &number, why) != 2)
			continue;
		if (!number || number > count || cases[number - 1].error[0])
			continue;
		memcpy(cases[number - 1].error, why, sizeof(why));
	}
}

/* Lines without an error appear in their order. */
static bool read_encodings(FILE *out, struct oracle_case *cases, size_t count)
{
	char line[512], text[ORACLE_TEXT];

	for (size_t n = 0; n < count; n++) {
		struct oracle_case *c = &cases[n];

		if (!c->decoded || c->error[0])
			continue;
		do {
			if (!fgets(line, sizeof(line), out))
				return false;
		} while (!parse_line(line, text, c->encoded, &c->encoded_bytes));
		c->assembled = true;
	}
	return true;
}

static bool assemble(const struct oracle_llvm *llvm, struct oracle_case *cases, size_t count)
{
	FILE *in = open_file(llvm, "in", "w"), *out, *err;
	bool ok;

	if (!in)
		return false;
	for (size_t n = 0; n < count; n++)
		fprintf(in, "%s\n", cases[n].decoded ? cases[n].text : "");
	fclose(in);
	if (!run(llvm, "--assemble"))
		return false;
	out = open_file(llvm, "out", "r");
	err = open_file(llvm, "err", "r");
	ok = out && err;
	if (ok) {
		read_errors(err, cases, count);
		ok = read_encodings(out, cases, count);
	}
	if (out)
		fclose(out);
	if (err)
		fclose(err);
	return ok;
}

bool oracle_ask(const struct oracle_llvm *llvm, struct oracle_case *cases, size_t count)
{
	size_t half = count / 2;

	if (!count)
		return true;
	if (disassemble(llvm, cases, count) && assemble(llvm, cases, count))
		return true;
	if (count == 1) {
		cases[0].died = true;
		return disassemble(llvm, NULL, 0);
	}
	return oracle_ask(llvm, cases, half) && oracle_ask(llvm, cases + half, count - half);
}
