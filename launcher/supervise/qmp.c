// SPDX-License-Identifier: MIT
/*
 * QEMU's machine protocol: one command at a time, its answer, and the events
 * that mean something to us. Answers are a line of JSON each, of which we read
 * only what QEMU itself wrote: a guest has no part in them.
 */
#include <stdio.h>
#include <string.h>

#include "supervise.h"

#define ANSWER_MS 30000

/* Best effort: if QEMU is gone there is nobody to command. */
static void qmp_send(struct sup *s, const char *json)
{
	if (s->pair[PAIR_QMP].host >= 0)
		dprintf(s->pair[PAIR_QMP].host, "%s\n", json);
}

static void qmp_answer(struct qmp *qmp, const char *line)
{
	qmp->answered = true;
	qmp->failed = strstr(line, "\"error\": ") != NULL;
	if (qmp->failed)
		snprintf(qmp->error, sizeof(qmp->error), "%s", line);
}

/* One line of JSON from QEMU. */
void qmp_line(void *ctx, const char *line)
{
	struct sup *s = ctx;

	if (strstr(line, "\"QMP\": "))
		qmp_send(s, "{\"execute\":\"qmp_capabilities\"}");
	else if (strstr(line, "\"event\": \"SUSPEND\"")) /* nobody else can press a key (S3) */
		qmp_send(s, "{\"execute\":\"system_wakeup\"}");
	else if (strstr(line, "\"event\": \"DEVICE_DELETED\"") && strstr(line, "\"device\": \""))
		s->qmp.deleted++;
	else if (strstr(line, "\"id\": \"command\""))
		qmp_answer(&s->qmp, line);
}

bool qmp_run(struct sup *s, const char *command, const char *arguments)
{
	uint64_t end = now_ms() + ANSWER_MS;
	char json[SUP_LINE * 2];

	s->qmp.answered = false;
	snprintf(json, sizeof(json), "{\"execute\":\"%s\",\"arguments\":%s,\"id\":\"command\"}", command,
		 arguments);
	qmp_send(s, json);
	while (!s->qmp.answered && now_ms() < end && !s->qemu->reaped && !s->end_signal) {
		stream_poll(s, 100);
		children_reap(s);
	}
	if (!s->qmp.answered)
		snprintf(s->qmp.error, sizeof(s->qmp.error), "QEMU does not answer %s", command);
	return s->qmp.answered && !s->qmp.failed;
}

/* Makes a hung guest panic with the stack of the code that hangs (unknown_nmi_panic). */
void qmp_inject_nmi(struct sup *s)
{
	qmp_send(s, "{\"execute\":\"inject-nmi\"}");
}
