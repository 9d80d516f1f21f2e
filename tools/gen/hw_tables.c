// SPDX-License-Identifier: MIT
/*
 * Prints the tables of docs/hardware.md from the contract headers:
 *
 *   hw_tables registers|counters
 *
 * tools/gen/hardware.sh builds and runs it.
 */
#include <stdio.h>
#include <string.h>

#include "vkfd_hw/layout_check.h"
#include "vkfd_stats.h"

static void registers(void)
{
	puts("| offset | register | access | reset |");
	puts("|---|---|---|---|");
#define ROW(name, offset, access, reset) \
	printf("| 0x%04x | %s | %s | 0x%x |\n", (unsigned int)(offset), #name, #access, \
	       (unsigned int)(reset));
	VKFD_REGS(ROW)
#undef ROW
}

static void counters(void)
{
	unsigned int offset = VKFD_REGS_STATS_OFFSET;

	puts("| offset | counter | what it counts |");
	puts("|---|---|---|");
#define ROW(name, what)                                          \
	printf("| 0x%04x | %s | %s |\n", offset, #name, (what)); \
	offset += 8;
	VKFD_STATS(ROW)
#undef ROW
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "registers"))
		registers();
	else if (argc == 2 && !strcmp(argv[1], "counters"))
		counters();
	else
		return 2;
	return 0;
}
