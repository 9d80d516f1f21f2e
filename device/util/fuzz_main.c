// SPDX-License-Identifier: MIT
/*
 * A small fuzzer around LLVMFuzzerTestOneInput(): mutates a corpus and keeps
 * what reaches new code, so that gcc is enough. One thread, one seed, and the
 * same seed gives the same inputs.
 *
 *   name_fuzz [--seconds N] [--runs N] [--seed S] [--corpus DIR] [--save DIR] [FILE...]
 *
 * With FILEs it only runs those, once each. The corpus is tests/corpus/<name>
 * under the working directory unless told otherwise; it may be missing. An
 * input that ends the process is left in crash-<name>-<seed>.
 */
#define _GNU_SOURCE
#include "util/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES	65536u
#define MAX_ENTRIES	4096u
#define HANG_SECONDS	10u
#define CLOCK_EVERY	64u /* runs between two looks at the clock */

struct input {
	uint8_t *data;
	size_t len;
};

struct fuzz {
	const char *name;
	const char *corpus_dir;
	const char *save_dir; /* NULL: found inputs are not kept */
	uint64_t seed;
	uint64_t random; /* generator state */
	uint64_t seconds;
	uint64_t max_runs;
	uint64_t runs;
	size_t covered;
	struct input entry[MAX_ENTRIES];
	size_t entries;
	uint8_t seen[FUZZ_MAP_BYTES];
};

/* Of the input under test, for the handlers below: they have no argument. */
static uint8_t current[MAX_BYTES];
static size_t current_len;
static char crash_path[256];

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void dump_current(void)
{
	int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, current, current_len) < 0)
		return;
	close(fd);
	dprintf(STDERR_FILENO, "the input is in %s\n", crash_path);
}

static void on_signal(int number)
{
	static const char hang[] = "hang: no end within 10 s\n";

	if (number == SIGALRM && write(STDERR_FILENO, hang, sizeof(hang) - 1) < 0)
		_exit(1);
	dump_current();
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* splitmix64 */
static uint64_t next_random(struct fuzz *fuzz)
{
	uint64_t z = (fuzz->random += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* 0 <= result < limit; limit is not 0 */
static size_t below(struct fuzz *fuzz, size_t limit)
{
	return (size_t)(next_random(fuzz) % limit);
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void add_entry(struct fuzz *fuzz, const uint8_t *data, size_t len)
{
	struct input *entry;
	uint8_t *copy;

	if (fuzz->entries == MAX_ENTRIES)
		entry = &fuzz->entry[below(fuzz, MAX_ENTRIES)];
	else
		entry = &fuzz->entry[fuzz->entries++];
	copy = malloc(len ? len : 1);
	if (!copy)
		die("malloc");
	memcpy(copy, data, len);
	free(entry->data);
	entry->data = copy;
	entry->len = len;
}

static void save_entry(const struct fuzz *fuzz)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/seed%llu-%llu", fuzz->save_dir, (unsigned long long)fuzz->seed,
		 (unsigned long long)fuzz->runs);
	file = fopen(path, "wb");
	if (!file)
		die(path);
	fwrite(current, 1, current_len, file);
	fclose(file);
}

/* Runs current[]; true if it reached code nothing reached before. */
static bool run_current(struct fuzz *fuzz)
{
	bool news = false;

	memset(fuzz_map, 0, sizeof(fuzz_map));
	LLVMFuzzerTestOneInput(current, current_len);
	fuzz->runs++;
	for (size_t i = 0; i < FUZZ_MAP_BYTES; i++) {
		if (fuzz_map[i] && !fuzz->seen[i]) {
			fuzz->seen[i] = 1;
			fuzz->covered++;
			news = true;
		}
	}
	return news;
}

static bool load_current(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return false;
	current_len = fread(current, 1, MAX_BYTES, file);
	fclose(file);
	return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* In name order, so that a seed means the same everywhere. */
static void load_corpus(struct fuzz *fuzz)
{
	struct dirent **list;
	int count = scandir(fuzz->corpus_dir, &list, NULL, by_name);

	for (int i = 0; i < count; i++) {
		char path[512];
		struct stat info;

		snprintf(path, sizeof(path), "%s/%s", fuzz->corpus_dir, list[i]->d_name);
		if (!stat(path, &info) && S_ISREG(info.st_mode) && load_current(path)) {
			run_current(fuzz);
			add_entry(fuzz, current, current_len);
		}
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	if (!fuzz->entries)
		add_entry(fuzz, (const uint8_t *)"", 0);
}

static void put_number(struct fuzz *fuzz)
{
	static const uint64_t edges[] = { 0,	  1,	     2,		 4,	    8,	      16,
					  0x7f,	  0x80,	     0xff,	 0x100,	   0xfff,     0x1000,
					  0xffff, 0x10000,   0x7fffffff, 0x80000000u, 0xffffffffu,
					  1ull << 32, 1ull << 63, ~0ull, ~0ull - 7, ~0xfffull };
	static const size_t widths[] = { 1, 2, 4, 8 };
	size_t width = widths[below(fuzz, 4)];
	uint64_t value = edges[below(fuzz, sizeof(edges) / sizeof(edges[0]))];

	if (current_len >= width)
		memcpy(current + below(fuzz, current_len - width + 1), &value, width);
}

static void add_number(struct fuzz *fuzz)
{
	uint32_t value;
	size_t at;

	if (current_len < sizeof(value))
		return;
	at = below(fuzz, current_len - sizeof(value) + 1);
	memcpy(&value, current + at, sizeof(value));
	value += (uint32_t)below(fuzz, 33) - 16;
	memcpy(current + at, &value, sizeof(value));
}

static void insert_bytes(struct fuzz *fuzz)
{
	size_t len = 1 + below(fuzz, 64);
	size_t at = below(fuzz, current_len + 1);
	size_t from = below(fuzz, current_len + 1);
	bool copied = below(fuzz, 2) && current_len - from >= len;
	uint8_t block[64];

	if (len > MAX_BYTES - current_len)
		return;
	for (size_t i = 0; i < len; i++)
		block[i] = copied ? current[from + i] : (uint8_t)next_random(fuzz);
	memmove(current + at + len, current + at, current_len - at);
	memcpy(current + at, block, len);
	current_len += len;
}

static void delete_bytes(struct fuzz *fuzz)
{
	size_t at, len;

	if (!current_len)
		return;
	at = below(fuzz, current_len);
	len = 1 + below(fuzz, current_len - at < 64 ? current_len - at : 64);
	memmove(current + at, current + at + len, current_len - at - len);
	current_len -= len;
}

/* The front of this input, then the tail of another. */
static void cross_over(struct fuzz *fuzz)
{
	const struct input *other = &fuzz->entry[below(fuzz, fuzz->entries)];
	size_t at = below(fuzz, current_len + 1);
	size_t from = below(fuzz, other->len + 1);
	size_t len = other->len - from;

	if (len > MAX_BYTES - at)
		len = MAX_BYTES - at;
	memcpy(current + at, other->data + from, len);
	current_len = at + len;
}

static void mutate_once(struct fuzz *fuzz)
{
	switch (below(fuzz, 8)) {
	case 0:
	case 1:
		if (current_len)
			current[below(fuzz, current_len)] ^= (uint8_t)(1u << below(fuzz, 8));
		break;
	case 2:
		if (current_len)
			current[below(fuzz, current_len)] = (uint8_t)next_random(fuzz);
		break;
	case 3:
		put_number(fuzz);
		break;
	case 4:
		add_number(fuzz);
		break;
	case 5:
		insert_bytes(fuzz);
		break;
	case 6:
		delete_bytes(fuzz);
		break;
	default:
		cross_over(fuzz);
		break;
	}
}

static void fuzz_once(struct fuzz *fuzz)
{
	const struct input *from = &fuzz->entry[below(fuzz, fuzz->entries)];
	size_t mutations = 1 + below(fuzz, 8);

	memcpy(current, from->data, from->len);
	current_len = from->len;
	while (mutations--)
		mutate_once(fuzz);
	if (!run_current(fuzz))
		return;
	add_entry(fuzz, current, current_len);
	if (fuzz->save_dir)
		save_entry(fuzz);
}

static uint64_t now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static void fuzz_loop(struct fuzz *fuzz)
{
	uint64_t end = now_seconds() + fuzz->seconds;

	while (!fuzz->max_runs || fuzz->runs < fuzz->max_runs) {
		if (fuzz->runs % CLOCK_EVERY == 0) {
			if (!fuzz->max_runs && now_seconds() >= end)
				break;
			alarm(HANG_SECONDS);
		}
		fuzz_once(fuzz);
	}
	alarm(0);
}

/* Returns the index of the first argument that is not an option. */
static int parse_options(struct fuzz *fuzz, int argc, char **argv)
{
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		const char *value = argv[i + 1];

		if (!strcmp(argv[i], "--seconds")) {
			fuzz->seconds = strtoull(value, NULL, 0);
		} else if (!strcmp(argv[i], "--runs")) {
			fuzz->max_runs = strtoull(value, NULL, 0);
		} else if (!strcmp(argv[i], "--seed")) {
			fuzz->seed = strtoull(value, NULL, 0);
		} else if (!strcmp(argv[i], "--corpus")) {
			fuzz->corpus_dir = value;
		} else if (!strcmp(argv[i], "--save")) {
			fuzz->save_dir = value;
		} else {
			break;
		}
	}
	if (i < argc && argv[i][0] == '-') {
		fprintf(stderr, "%s: do not understand '%s'\n", fuzz->name, argv[i]);
		exit(2);
	}
	return i;
}

static void run_files(struct fuzz *fuzz, int count, char **paths)
{
	for (int i = 0; i < count; i++) {
		if (!load_current(paths[i]))
			die(paths[i]);
		alarm(HANG_SECONDS);
		run_current(fuzz);
	}
	alarm(0);
	printf("%s: %d files, no failure\n", fuzz->name, count);
}

int main(int argc, char **argv)
{
	static struct fuzz fuzz = { .seconds = 10 };
	const char *slash = strrchr(argv[0], '/');
	static char name[64], corpus[128];
	int files;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : argv[0]);
	if (strlen(name) > 5 && !strcmp(name + strlen(name) - 5, "_fuzz"))
		name[strlen(name) - 5] = '\0';
	snprintf(corpus, sizeof(corpus), "tests/corpus/%s", name);
	fuzz.name = name;
	fuzz.corpus_dir = corpus;
	fuzz.seed = (uint64_t)time(NULL);
	files = parse_options(&fuzz, argc, argv);
	fuzz.random = fuzz.seed;

	snprintf(crash_path, sizeof(crash_path), "crash-%s-%llu", name, (unsigned long long)fuzz.seed);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(dump_current);
	if (files < argc) {
		run_files(&fuzz, argc - files, argv + files);
		return 0;
	}
	printf("%s: seed %llu\n", name, (unsigned long long)fuzz.seed);
	fflush(stdout);
	load_corpus(&fuzz);
	fuzz_loop(&fuzz);
	printf("%s: %llu runs, %zu places reached, %zu inputs, no failure\n", name,
	       (unsigned long long)fuzz.runs, fuzz.covered, fuzz.entries);
	return 0;
}
