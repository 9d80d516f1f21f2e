// SPDX-License-Identifier: MIT
/*
 * The live view. Plain characters only, so that it works on a serial line; the
 * size of such a line is asked of the terminal itself (key r), because nobody
 * tells the kernel.
 */
#include "top.h"

#include <curses.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#define BAR_CHARS 20

static struct {
	int row, selected_pid;
	size_t scroll;
	bool moved_up, moved_down, is_open;
} view;

bool screen_open(void)
{
	const char *name = getenv("TERM");
	char *cup;
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	/* A terminal that this system has not heard of is mostly like a VT100. */
	if (setupterm(name, STDOUT_FILENO, &err) != OK) {
		if (setenv("TERM", "vt100", 1) || setupterm("vt100", STDOUT_FILENO, &err) != OK)
			return false;
	}
	cup = tigetstr("cup");
	if (!cup || cup == (char *)-1)
		return false;
	if (!newterm(NULL, stdout, stdin))
		return false;
	view.is_open = true;
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	return true;
}

void screen_close(void)
{
	if (view.is_open)
		endwin();
	view.is_open = false;
}

/* One line of the screen, cut at its width; nothing below the last row. */
static void __attribute__((format(printf, 2, 3))) put_line(attr_t attributes, const char *format, ...)
{
	char text[512];
	va_list args;

	if (view.row >= LINES)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	attron(attributes);
	/* The last cell of the last row would scroll a terminal. */
	mvaddnstr(view.row, 0, text, view.row == LINES - 1 ? COLS - 1 : COLS);
	attroff(attributes);
	view.row++;
}

/* 4 characters: 512K, 32M, 1.5G. Up to 8 buffers are valid at a time. */
static const char *human(uint64_t bytes)
{
	static char texts[8][16];
	static unsigned int turn;
	const char *units = "BKMGTP";
	double value = (double)bytes;
	char *text = texts[turn++ % 8];

	for (; value >= 1000 && units[1]; units++)
		value /= 1024;
	if (*units == 'B')
		snprintf(text, sizeof(texts[0]), "%.0f", value);
	else
		snprintf(text, sizeof(texts[0]), value < 9.95 ? "%.1f%c" : "%.0f%c", value, *units);
	return text;
}

static const char *pages(uint64_t nr)
{
	return human(nr * PAGE_BYTES);
}

static void draw_gpus(const struct sample *before, const struct sample *now)
{
	for (size_t i = 0; i < now->nr_gpus; i++) {
		const struct gpu_sample *g = &now->gpus[i], *old = sample_gpu(before, g->id);

		put_line(A_NORMAL, "GPU %-5u VRAM %s/%s svm %s tables %s  evictions %llu  in %s/s out %s/s",
			 g->id, human(g->used), human(g->total), human(g->svm), human(g->tables),
			 (unsigned long long)g->evictions,
			 pages((uint64_t)(old ? sample_rate(before, now, old->page_in, g->page_in) : 0)),
			 pages((uint64_t)(old ? sample_rate(before, now, old->page_out, g->page_out) : 0)));
	}
}

static void draw_events(const struct sample *before, const struct sample *now)
{
	char text[256] = "";
	size_t len = 0;

	if (!now->has_events) {
		put_line(A_NORMAL, "no tracefs: causes are not known (are you root?)");
		return;
	}
	for (unsigned int i = 0; i < NR_FAULT_CAUSES; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s %.0f",
					i == FAULT_MIGRATED ? "\n  served" : "", fault_names[i],
					sample_rate(before, now, before->events.faults[i],
						    now->events.faults[i]));
	put_line(A_NORMAL, "faults/s%s%s", strtok(text, "\n"), now->events.lost ? "  (events lost)" : "");
	put_line(A_NORMAL, "%s", strtok(NULL, "\n"));
	len = 0;
	for (unsigned int i = 0; i < NR_TRIGGERS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %s %.0f (%s)", trigger_names[i],
					sample_rate(before, now, before->events.moves[i], now->events.moves[i]),
					pages((uint64_t)sample_rate(before, now, before->events.moved_pages[i],
								    now->events.moved_pages[i])));
	put_line(A_NORMAL, "moves/s %s", text);
}

/* Index of the selected process; a key moves it, and a process that ended loses it. */
static size_t select_process(const struct sample *now)
{
	size_t at = 0;

	for (size_t i = 0; i < now->nr_processes; i++)
		if (now->processes[i].pid == view.selected_pid)
			at = i;
	if (view.moved_up && at)
		at--;
	if (view.moved_down && at + 1 < now->nr_processes)
		at++;
	if (view.moved_up || view.moved_down)
		view.scroll = 0;
	view.moved_up = false;
	view.moved_down = false;
	if (now->nr_processes)
		view.selected_pid = now->processes[at].pid;
	return at;
}

static void draw_processes(const struct sample *before, const struct sample *now, size_t selected)
{
	/* Half of what is left is for the ranges. */
	size_t room = LINES > view.row + 6 ? (size_t)(LINES - view.row - 4) / 2 : 1;
	size_t first = selected >= room ? selected - room + 1 : 0;

	put_line(A_REVERSE, "%7s %-12s %-3s %5s %5s %5s %2s %7s %5s %5s %5s %6s", "PID", "COMMAND",
		 "XN", "RAM", "VRAM", "BUFS", "Q", "FAULTS", "FLT/s", "IN/s", "OUT/s", "STOP s");
	for (size_t i = first; i < now->nr_processes && i < first + room; i++) {
		const struct process_sample *p = &now->processes[i], *old = sample_process(before, p);

		put_line(i == selected ? A_BOLD : A_NORMAL,
			 "%c%6d %-12.12s %-3s %5s %5s %5s %2u %7llu %5.0f %5s %5s %6.1f",
			 i == selected ? '>' : ' ', p->pid, p->comm, p->xnack ? "on" : "off",
			 pages(p->ram), pages(p->vram), human(p->buffer_bytes), p->queues,
			 (unsigned long long)p->faults,
			 old ? sample_rate(before, now, old->faults, p->faults) : 0,
			 pages((uint64_t)(old ? sample_rate(before, now, old->page_in, p->page_in) : 0)),
			 pages((uint64_t)(old ? sample_rate(before, now, old->page_out, p->page_out) : 0)),
			 (double)p->evicted_ms / 1000);
	}
}

/* r for RAM, v for VRAM, . for never touched; rounded so that no kind vanishes. */
static void draw_bar(const struct area *a, char bar[BAR_CHARS + 1])
{
	uint64_t ram = a->pages ? (a->ram * BAR_CHARS + a->pages - 1) / a->pages : 0;
	uint64_t vram = a->pages ? (a->vram * BAR_CHARS + a->pages - 1) / a->pages : 0;

	for (unsigned int i = 0; i < BAR_CHARS; i++)
		bar[i] = i < ram && !(ram + vram > BAR_CHARS && i + vram >= BAR_CHARS && a->ram < a->vram) ?
			 'r' : i < ram + vram ? 'v' : '.';
	bar[BAR_CHARS] = '\0';
}

static void draw_areas(const struct process_sample *p)
{
	char bar[BAR_CHARS + 1], title[64];

	if (view.scroll >= p->nr_areas)
		view.scroll = p->nr_areas ? p->nr_areas - 1 : 0;
	snprintf(title, sizeof(title), "%zu areas of %d", p->nr_areas, p->pid);
	put_line(A_REVERSE, "%-25s %5s %5s %5s %5s %s", title, "SIZE", "RAM", "VRAM", "MAPD", "WHERE");
	for (size_t i = view.scroll; i < p->nr_areas && view.row < LINES; i++) {
		const struct area *a = &p->areas[i];

		draw_bar(a, bar);
		put_line(A_NORMAL, "%12llx-%-12llx %5s %5s %5s %5s %s %s", (unsigned long long)a->start,
			 (unsigned long long)a->end, pages(a->pages), pages(a->ram), pages(a->vram),
			 pages(a->mapped), bar, a->piece ? "asked" : "");
	}
}

void screen_draw(const struct sample *before, const struct sample *now, double interval_s)
{
	size_t selected = select_process(now);

	erase();
	view.row = 0;
	put_line(A_BOLD, "vkfd top  processes %zu, GPUs %zu, every %.1f s  q quit  up/down process  PgUp/Dn areas",
		 now->nr_processes, now->nr_gpus, interval_s);
	draw_gpus(before, now);
	draw_events(before, now);
	draw_processes(before, now, selected);
	if (now->nr_processes)
		draw_areas(&now->processes[selected]);
	else
		put_line(A_NORMAL, "no process uses a GPU");
	refresh();
}

/* Asks the terminal where its last corner is: a serial line knows no size. */
static void ask_size(void)
{
	static const char question[] = "\0337\033[999;999H\033[6n\0338";
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char answer[32];
	size_t len = 0;
	int rows, cols;

	if (write(STDOUT_FILENO, question, sizeof(question) - 1) < 0)
		return;
	while (len < sizeof(answer) - 1 && poll(&in, 1, 500) > 0 &&
	       read(STDIN_FILENO, answer + len, 1) == 1 && answer[len++] != 'R')
		;
	answer[len] = '\0';
	if (sscanf(answer, "\033[%d;%dR", &rows, &cols) == 2 && rows >= 5 && cols >= 20 &&
	    rows < 1000 && cols < 1000)
		resizeterm(rows, cols);
	clearok(curscr, TRUE);
}

bool screen_key(int ms)
{
	timeout(ms);
	switch (getch()) {
	case 'q': case 'Q': return false;
	case KEY_UP: case 'k': view.moved_up = true; break;
	case KEY_DOWN: case 'j': view.moved_down = true; break;
	case KEY_NPAGE: case ' ': view.scroll += (size_t)(LINES / 2); break;
	case KEY_PPAGE: case 'b':
		view.scroll -= view.scroll < (size_t)(LINES / 2) ? view.scroll : (size_t)(LINES / 2);
		break;
	case 'r': ask_size(); break;
	case '\f': clearok(curscr, TRUE); break;
	}
	return true;
}
