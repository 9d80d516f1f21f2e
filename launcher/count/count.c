// SPDX-License-Identifier: MIT
/*
 * A QEMU plugin that counts the instructions that a guest executes, all of its
 * processors together. A program of the guest that executes the marker (see
 * COUNT_MARKER in tests/bench/instructions.c) finds the count so far in the 8 bytes
 * at COUNT_ADDRESS of its own memory.
 *
 * QEMU's package has no header for plugins; what follows are the few facts of the
 * interface that are needed here, version 7 of it (QEMU 11.1).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

/* One word for each processor. */
struct score {
	struct qemu_plugin_scoreboard *board;
	size_t offset;
};

/* GLib's, as far as QEMU reads it. */
struct bytes {
	uint8_t *data;
	unsigned int len;
};

enum { CB_RW_REGS = 2, INLINE_ADD = 0 };

typedef void tb_fn(struct qemu_plugin_tb *tb, void *arg);
typedef void exec_fn(unsigned int cpu, void *arg);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_fn *fn, void *arg);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, int op,
						       struct score score, uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn *fn, int flags,
					    void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t bytes);
uint64_t qemu_plugin_u64_sum(struct score score);
bool qemu_plugin_write_memory_vaddr(uint64_t addr, struct bytes *bytes);

EXPORT int qemu_plugin_version = 7;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* Both are known to tests/bench/instructions.c. */
#define COUNT_ADDRESS 0x5a4b00000000ull
static const uint8_t marker[7] = { 0x0f, 0x1f, 0x80, 'V', 'K', 'F', 'D' };

static struct score instructions;

/* Nobody looks at the answer: where the address is not mapped nobody waits for it. */
static void tell(unsigned int cpu, void *arg)
{
	uint64_t sum = qemu_plugin_u64_sum(instructions);
	struct bytes bytes = { (uint8_t *)&sum, sizeof(sum) };

	(void)cpu;
	(void)arg;
	qemu_plugin_write_memory_vaddr(COUNT_ADDRESS, &bytes);
}

static void translated(struct qemu_plugin_tb *tb, void *arg)
{
	size_t nr = qemu_plugin_tb_n_insns(tb);
	uint8_t code[sizeof(marker)];

	(void)arg;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, INLINE_ADD, instructions, nr);
	for (size_t i = 0; i < nr; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_data(insn, code, sizeof(code)) == sizeof(code) &&
		    !memcmp(code, marker, sizeof(code)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, tell, CB_RW_REGS, NULL);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	instructions.board = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	return 0;
}
