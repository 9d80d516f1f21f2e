// SPDX-License-Identifier: MIT
/* Each case runs in a child: a forbidden call must end it with SIGSYS. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/confine.h"

#define CONFINED_EXIT 42

/* Status of a child that confines itself and then does @act. */
static int confined(void (*act)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (confine_system_calls())
			syscall(SYS_exit_group, 1);
		act();
		syscall(SYS_exit_group, CONFINED_EXIT);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_killed(void (*act)(void))
{
	int status = confined(act);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void do_open(void)
{
	if (syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) != -1 || errno != EACCES ||
	    syscall(SYS_open, "/etc/passwd", O_RDONLY) != -1 || errno != EACCES)
		syscall(SYS_exit_group, 1);
}

static void do_open_other_way(void)
{
	syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0);
}

static void do_socket(void)
{
	syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static void do_connect(void)
{
	syscall(SYS_connect, 0, NULL, 0);
}

static void do_exec(void)
{
	syscall(SYS_execve, "/bin/true", NULL, NULL);
}

static void do_fork(void)
{
	syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void do_exec_memory(void)
{
	syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_ptrace(void)
{
	syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static void do_kill_other(void)
{
	syscall(SYS_tgkill, 1, 1, 0);
}

static void do_dup_descriptor(void)
{
	syscall(SYS_fcntl, 0, F_DUPFD, 0);
}

static void do_allowed_things(void)
{
	syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	syscall(SYS_write, -1, "", 0);
	syscall(SYS_fcntl, 0, F_GETFL);
	syscall(SYS_unlink, "/nonexistent/socket");
	/* glibc then uses clone */
	if (syscall(SYS_clone3, NULL, 0) != -1)
		syscall(SYS_exit_group, 1);
}

static void confine_kills_what_is_not_needed(void **state)
{
	(void)state;
	assert_killed(do_open_other_way);
	assert_killed(do_socket);
	assert_killed(do_connect);
	assert_killed(do_exec);
	assert_killed(do_fork);
	assert_killed(do_exec_memory);
	assert_killed(do_ptrace);
	assert_killed(do_kill_other);
	assert_killed(do_dup_descriptor);
}

static void confine_opens_no_file(void **state)
{
	int status = confined(do_open);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), CONFINED_EXIT);
}

static void confine_lets_the_server_work(void **state)
{
	int status = confined(do_allowed_things);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), CONFINED_EXIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(confine_kills_what_is_not_needed),
		cmocka_unit_test(confine_opens_no_file),
		cmocka_unit_test(confine_lets_the_server_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
