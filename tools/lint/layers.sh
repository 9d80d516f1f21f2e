#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks who includes whom (docs: CONTRIBUTING.md, "Layers"): downwards only,
# neighbours in one layer not at all.
set -eu
cd "${VKFD_TOP:-$(dirname "$0")/../..}"

# tree: layers from top to bottom; names joined by + are neighbours.
kmod_layers='vkfd_drv uapi process svm mem mmu engine core'
device_layers='main server pci gpu cp+sdma isa mmu irq mem telemetry util'

check() { # TREE LAYERS
	# shellcheck disable=SC2016 # the program is awk's
	find "$1" -name '*.[ch]' | sort | xargs awk -v tree="$1" -v layers="$2" '
	BEGIN {
		n = split(layers, row, " ")
		for (i = 1; i <= n; i++) {
			m = split(row[i], names, "+")
			for (j = 1; j <= m; j++)
				rank[names[j]] = i
		}
	}
	# The layer of a path inside the tree: its folder, or its own name
	# (gpu_regs.c belongs to gpu, main.c to main).
	function layer(path,   parts, k, name) {
		k = split(path, parts, "/")
		if (k > 1)
			return parts[1]
		name = parts[1]
		sub(/\.[ch]$/, "", name)
		if (!(name in rank))
			sub(/_.*/, "", name)
		return name
	}
	FNR == 1 { mine = layer(substr(FILENAME, length(tree) + 2)); test = FILENAME ~ /_(test|fuzz|bench)\.c$|fake_/ }
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, q, "\"")
		inc = q[2]
		if (inc ~ /^vkfd_(hw\/|stats)/ || test)
			next
		other = layer(inc)
		if (!(other in rank)) {
			print FILENAME ":" FNR ": \"" inc "\" names no layer: write it from the top of " tree "/"
			bad = 1
		} else if (!(mine in rank)) {
			print FILENAME ": belongs to no known layer"
			bad = 1
		} else if (rank[other] < rank[mine]) {
			print FILENAME ":" FNR ": " mine "/ must not look up to " other "/"
			bad = 1
		} else if (rank[other] == rank[mine] && other != mine) {
			print FILENAME ":" FNR ": neighbours " mine "/ and " other "/ do not meet"
			bad = 1
		}
	}
	END { exit bad }'
}

status=0
check kmod "$kmod_layers" || status=1
check device "$device_layers" || status=1

if grep -rnE '#include "(kmod|device)/|#include "\.\./' kmod device include --include='*.[ch]'; then
	echo "kmod/ and device/ share nothing but include/"
	status=1
fi
exit $status
