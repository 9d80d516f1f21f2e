// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "util/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Calls allowed with any arguments. */
static const int free_calls[] = {
	/* the conversation with QEMU */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(accept4), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(close), SCMP_SYS(fstat),
	/* memory; mmap and mprotect follow with conditions */
	SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(brk),
	/* threads and time */
	SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(restart_syscall),
	SCMP_SYS(getrandom), SCMP_SYS(sysinfo),
	/* signals */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	/* our sockets at the end; relative to the socket directory or not */
	SCMP_SYS(unlink),
};

#define THREAD_FLAGS                                                                             \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

void confine_start(void)
{
	const struct rlimit none = { 0, 0 };

	close_range(STDERR_FILENO + 1, ~0u, 0);
	setrlimit(RLIMIT_CORE, &none);
}

bool confine_die_with_parent(void)
{
	pid_t parent = getppid();

	/* The parent may have died before the wish was in place. */
	return !prctl(PR_SET_PDEATHSIG, SIGTERM) && getppid() == parent;
}

/* 0 or a negative errno, as libseccomp has it. */
static int allow_free_calls(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(free_calls) / sizeof(free_calls[0]); i++) {
		int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, free_calls[i], 0);

		if (err)
			return err;
	}
	return 0;
}

static int allow_no_exec(scmp_filter_ctx filter, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* glibc falls back to clone when clone3, whose flags a filter cannot see, does not exist. */
static int allow_threads(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (err)
		return err;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				SCMP_A0(SCMP_CMP_MASKED_EQ, THREAD_FLAGS, THREAD_FLAGS));
}

static int allow_fcntl(scmp_filter_ctx filter)
{
	static const int commands[] = { F_GETFL, F_SETFL };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
					   SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));

		if (err)
			return err;
	}
	return 0;
}

/*
 * No file can be opened. Not a reason to die, though: malloc() looks into /proc
 * before it gives memory back, and does without when told no.
 */
static int deny_files(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open), 0);

	if (err)
		return err;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
}

/* abort() after an assertion of ours ends this process, and can reach no other. */
static int allow_own_signals(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				   SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));

	if (err)
		return err;
	/* Some versions of glibc ask stat for the size of a descriptor this way. */
	err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
			       SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
	if (err)
		return err;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
}

int confine_system_calls(void)
{
	scmp_filter_ctx filter;
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return errno;
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return ENOMEM;
	err = allow_free_calls(filter);
	if (!err)
		err = allow_no_exec(filter, SCMP_SYS(mmap));
	if (!err)
		err = allow_no_exec(filter, SCMP_SYS(mprotect));
	if (!err)
		err = allow_threads(filter);
	if (!err)
		err = allow_fcntl(filter);
	if (!err)
		err = deny_files(filter);
	if (!err)
		err = allow_own_signals(filter);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return -err;
}
