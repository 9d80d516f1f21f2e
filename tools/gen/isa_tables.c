// SPDX-License-Identifier: MIT
/*
 * Prints the tables of docs/isa.md from the rows of device/isa/, compared with a
 * list of all opcodes:
 *
 *   isa_tables waves|opcodes LIST
 *
 * tools/gen/isa.sh builds and runs it. A row that the list does not know, by
 * number and name, is an error.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WAVES		7
#define MISSING_SHOWN	6	/* the last wave is in no program seen */

struct row {
	const char *enc, *name;
	unsigned int opcode;
	bool listed;
};

/* Which of the three segments a FLAT row has, as its last column says. */
#define HAS_F	1
#define HAS_S	2
#define HAS_G	4
#define HAS_FG	(HAS_F | HAS_G)
#define HAS_FSG	(HAS_F | HAS_S | HAS_G)

static struct row rows[] = {
#define SALU(enc, opcode, name, ...) { #enc, #name, opcode, false },
#define SOPP(opcode, name, ...) { "SOPP", #name, opcode, false },
#define SMEM(opcode, name, ...) { "SMEM", #name, opcode, false },
#define VALU(enc, opcode, name, ...) { #enc, #name, opcode, false },
#define DS(opcode, name, ...) { "DS", #name, opcode, false },
#define FLAT(opcode, name, kind, type, segs)					\
	{ (HAS_##segs) & HAS_F ? "FLAT" : NULL, "flat_" #name, opcode, false },	\
	{ (HAS_##segs) & HAS_G ? "GLOBAL" : NULL, "global_" #name, opcode, false }, \
	{ (HAS_##segs) & HAS_S ? "SCRATCH" : NULL, "scratch_" #name, opcode, false },
#define MUBUF(opcode, name, ...) { "MUBUF", #name, opcode, false },
#include "isa/opcodes.def"
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const encodings[] = {
	"SOP1", "SOP2", "SOPC", "SOPK", "SOPP", "SMEM", "VOP1", "VOP2", "VOPC",
	"VOP3", "VOP3P", "DS", "FLAT", "GLOBAL", "SCRATCH", "MUBUF",
};

#define NR_ENCODINGS (sizeof(encodings) / sizeof(encodings[0]))

static const char *const wave_name[WAVES + 1] = {
	"", "kfdtest", "ROCr, HIP runtime, trap handler", "small HIP programs",
	"99.9 % of rocPRIM, rocBLAS, rocRAND", "the rest of them", "Tensile",
	"in no program seen",
};

struct wave {
	unsigned int total, have;
	char missing[16384];
};

static struct wave waves[WAVES + 1];
static unsigned int encoding_total[NR_ENCODINGS];

static struct row *find(const char *enc, unsigned int opcode, const char *name)
{
	for (size_t n = 0; n < NR_ROWS; n++)
		if (rows[n].enc && rows[n].opcode == opcode && !strcmp(rows[n].enc, enc) &&
		    !strcmp(rows[n].name, name))
			return &rows[n];
	return NULL;
}

static void count(unsigned int wave, const char *enc, unsigned int opcode, const char *name)
{
	struct row *row = find(enc, opcode, name);
	struct wave *w = &waves[wave];
	size_t len = strlen(w->missing);

	w->total++;
	if (row) {
		row->listed = true;
		w->have++;
	} else {
		snprintf(w->missing + len, sizeof(w->missing) - len, "%s`%s`", len ? ", " : "", name);
	}
	for (size_t n = 0; n < NR_ENCODINGS; n++)
		encoding_total[n] += !strcmp(encodings[n], enc);
}

static bool read_list(const char *path)
{
	char line[128], enc[16], name[64];
	unsigned int wave, opcode;
	FILE *file = fopen(path, "r");
	bool ok = file != NULL;

	while (ok && fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		ok = sscanf(line, "%u %15s %x %63s", &wave, enc, &opcode, name) == 4 && wave &&
		     wave <= WAVES;
		if (ok)
			count(wave, enc, opcode, name);
	}
	if (file)
		fclose(file);
	for (size_t n = 0; ok && n < NR_ROWS; n++) {
		if (!rows[n].enc || rows[n].listed)
			continue;
		fprintf(stderr, "%s: no %s 0x%02x %s\n", path, rows[n].enc, rows[n].opcode,
			rows[n].name);
		ok = false;
	}
	return ok;
}

static void print_waves(void)
{
	unsigned int total = 0, have = 0;

	puts("| wave | what needs it | opcodes | supported | missing |");
	puts("|---|---|---|---|---|");
	for (int n = 1; n <= WAVES; n++) {
		const struct wave *w = &waves[n];

		printf("| %d | %s | %u | %u | %s |\n", n, wave_name[n], w->total, w->have,
		       n <= MISSING_SHOWN ? w->missing[0] ? w->missing : "none" : "not listed");
		total += w->total;
		have += w->have;
	}
	printf("| all | | %u | %u | |\n", total, have);
}

static void print_opcodes(void)
{
	puts("| encoding | supported | opcodes |");
	puts("|---|---|---|");
	for (size_t e = 0; e < NR_ENCODINGS; e++) {
		unsigned int have = 0;

		for (size_t n = 0; n < NR_ROWS; n++)
			have += rows[n].enc && !strcmp(rows[n].enc, encodings[e]);
		printf("| %s | %u of %u |", encodings[e], have, encoding_total[e]);
		for (size_t n = 0; n < NR_ROWS; n++)
			if (rows[n].enc && !strcmp(rows[n].enc, encodings[e]))
				printf(" `%s` (0x%02x)", rows[n].name, rows[n].opcode);
		puts(" |");
	}
}

int main(int argc, char **argv)
{
	if (argc != 3 || !read_list(argv[2]))
		return 2;
	if (!strcmp(argv[1], "waves"))
		print_waves();
	else if (!strcmp(argv[1], "opcodes"))
		print_opcodes();
	else
		return 2;
	return 0;
}
