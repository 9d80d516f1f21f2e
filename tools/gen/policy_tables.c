// SPDX-License-Identifier: MIT
/* Prints a decision table of kmod/svm/svm_policy_table.c; see policy.sh. */
#include <stdio.h>
#include <string.h>

#include "svm/svm_policy.c"
#include "svm/svm_policy_table.c"

static void print(void *arg, const char *text)
{
	(void)arg;
	puts(text);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {
		[VKFD_SVM_TABLE_FAULT] = "fault",
		[VKFD_SVM_TABLE_PREFETCH] = "prefetch",
		[VKFD_SVM_TABLE_HOT] = "hot",
	};

	for (unsigned int i = 0; argc == 2 && i < ARRAY_SIZE(names); i++) {
		if (strcmp(argv[1], names[i]))
			continue;
		vkfd_svm_policy_print(i, print, NULL);
		return 0;
	}
	fprintf(stderr, "usage: policy_tables fault|prefetch|hot\n");
	return 2;
}
