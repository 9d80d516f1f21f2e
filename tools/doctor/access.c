// SPDX-License-Identifier: MIT
/* The device nodes: there, and this user may open them. */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Its group by name. From the file: a static program has no name services. */
static void group_of(const struct doctor *d, const char *path, char name[64])
{
	struct stat st;
	char *text = tree_read(tree_path(d, "/etc/group"));
	bool found = false;

	for (char *line = text ? strtok(text, "\n") : NULL; line && !found; line = strtok(NULL, "\n")) {
		unsigned int gid;

		found = sscanf(line, "%63[^:]:%*[^:]:%u", name, &gid) == 2 && !stat(path, &st) &&
			st.st_gid == gid;
	}
	if (!found)
		strcpy(name, "that owns it");
	free(text);
}

/* @missing, @refused: ids of the causes. */
static void check_node(struct doctor *d, const char *path, const char *missing, const char *refused)
{
	int err, fd = open(path, O_RDWR | O_CLOEXEC);
	char group[64];

	err = errno;
	if (fd >= 0) {
		close(fd);
	} else if (err == ENOENT || err == ENXIO || err == ENODEV) {
		cause(d, LOSES_HMM | LOSES_XNACK, missing,
		      "%s does not exist although the driver is loaded; in a container pass it through (--device %s)",
		      path + strlen(d->root), path + strlen(d->root));
	} else if (err == EPERM) {
		cause(d, LOSES_HMM | LOSES_XNACK, refused,
		      "%s: a device cgroup forbids it; pass it through (--device %s)",
		      path + strlen(d->root), path + strlen(d->root));
	} else {
		group_of(d, path, group);
		cause(d, LOSES_HMM | LOSES_XNACK, refused,
		      "%s: %s; join the group %s (one GPU that cannot be opened stops ROCm for all)",
		      path + strlen(d->root), strerror(err), group);
	}
}

void check_access(struct doctor *d)
{
	if (!d->driver || !d->nr_gpus)
		return;
	check_node(d, tree_path(d, "/dev/kfd"), "no-kfd-node", "kfd-permission");
	for (unsigned int i = 0; i < d->nr_gpus; i++)
		check_node(d, tree_path(d, "/dev/dri/renderD%u", d->gpus[i].render),
			   "no-render-node", "render-permission");
}
