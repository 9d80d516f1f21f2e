// SPDX-License-Identifier: MIT
/*
 * The user's terminal during `vkfd shell`: raw, so that Ctrl-C and Tab reach
 * the guest, and always given back as it was.
 */
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

#include "supervise.h"

static struct termios tty_saved;
static bool tty_is_raw;

void tty_raw(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &tty_saved))
		return;
	raw = tty_saved;
	cfmakeraw(&raw);
	tty_is_raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

void tty_restore(void)
{
	if (tty_is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &tty_saved);
	tty_is_raw = false;
}
