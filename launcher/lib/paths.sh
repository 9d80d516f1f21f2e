# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Where things are. The cache is shared by all clones of one user; its
# directories are named by a hash of what went into them, so an old one is
# never wrong, only unused.

VKFD_BUILD=$VKFD_TOP/build
vkfd_cache=${VKFD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vkfd}

hash_of() { cat "$@" | sha256sum | cut -c 1-12; }

# One package a word, comments removed.
package_list() { sed 's/#.*//' "$VKFD_TOP/launcher/rootfs/packages" | tr -s ' \n' '\n' | sed '/^$/d'; }

rootfs_hash=$(hash_of "$VKFD_TOP/launcher/rootfs/packages" \
	"$VKFD_TOP/launcher/rootfs/preferences" "$VKFD_TOP/launcher/rootfs/version" \
	"$VKFD_TOP/launcher/rootfs/init")
# Trees made by root and by a user differ in their owners.
if [ "$(id -u)" = 0 ]; then rootfs_as=root; else rootfs_as=user; fi
rootfs=$vkfd_cache/rootfs-$rootfs_hash-$rootfs_as
debs=$vkfd_cache/debs
kernels=$vkfd_cache/kernels
cache_logs=$vkfd_cache/logs

# The loader of the root tree runs its programs on the host, without chroot.
rootfs_ld=$rootfs/lib64/ld-linux-x86-64.so.2
rootfs_lib=$rootfs/usr/lib/x86_64-linux-gnu

kernel_release() { ls "$rootfs/usr/lib/modules"; }
