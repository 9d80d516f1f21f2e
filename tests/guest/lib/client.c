// SPDX-License-Identifier: MIT
/* The programs of the other suites, ROCr's and HIP's, unmodified. */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

bool command_says(const char *command, const char *wanted, bool *found)
{
	FILE *out = popen(command, "r");
	char line[512];
	int status;

	if (found)
		*found = false;
	if (!out)
		return false;
	while (fgets(line, sizeof(line), out)) {
		if (found && strstr(line, wanted))
			*found = true;
		if (strstr(line, "rror"))
			fputs(line, stdout);
	}
	status = pclose(out);
	if (status)
		printf("%s: status %d\n", command, status);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

bool client_built(const char *program)
{
	return !access(program, X_OK);
}

bool client_ran(const char *program, const char *name)
{
	char command[160];

	snprintf(command, sizeof(command), "%s %s 2>&1", program, name);
	return command_says(command, "", NULL);
}

void client_runs(const char *program, const char *name)
{
	if (!client_built(program))
		skip_test("%s is not built", program);
	if (!client_ran(program, name))
		fail_test("%s %s failed", program, name);
}
