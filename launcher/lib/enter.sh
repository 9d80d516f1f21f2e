# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Runs a program inside the root tree: the project at /vkfd, the cache at
# /vkfd-cache. The mounts live in a namespace of their own and vanish with
# the program, however it ends.

# Runs as process 1 of the namespaces: $1 root tree, $2 project, $3 cache.
# shellcheck disable=SC2016
enter_script='
set -eu
r=$1 top=$2 cache=$3
shift 3
mount --bind "$top" "$r/vkfd"
mount --bind "$cache" "$r/vkfd-cache"
mount -t proc proc "$r/proc"
mount --rbind /dev "$r/dev"
mount -t tmpfs -o mode=1777 tmpfs "$r/tmp"
[ ! -e /etc/resolv.conf ] || { : >>"$r/etc/resolv.conf" && mount --bind /etc/resolv.conf "$r/etc/resolv.conf"; } 2>/dev/null || :
exec chroot "$r" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	HOME=/root LANG=C.UTF-8 TMPDIR=/tmp "$@"
'

# unshare(1) with what this user needs to become root of the tree.
enter_namespaces() {
	if [ "$(id -u)" = 0 ]; then
		unshare --mount --propagation private --pid --fork --kill-child "$@"
	else
		unshare --user --map-root-user --map-auto \
			--mount --propagation private --pid --fork --kill-child "$@"
	fi
}

# enter CMD ARGS...
enter() { enter_namespaces sh -c "$enter_script" enter "$rootfs" "$VKFD_TOP" "$vkfd_cache" "$@"; }
