// SPDX-License-Identifier: MIT
#include "server/version.h"

#include <stdio.h>
#include <string.h>

#include "server/json.h"

#define VERSION_MAJOR 0u
#define VERSION_MINOR 0u
#define DEFAULT_FDS   1u /* what a client takes that does not say */

/* Growing text in a fixed buffer; too long sets @full and writes nothing more. */
struct text {
	char *at;
	size_t room;
	size_t len;
	bool full;
};

static void append(struct text *text, const char *piece)
{
	size_t len = strlen(piece);

	if (text->full || len >= text->room - text->len) {
		text->full = true;
		return;
	}
	memcpy(text->at + text->len, piece, len + 1);
	text->len += len;
}

/* "name":value, if the client proposed a capability of that name. */
static void offer(struct text *text, const struct json_value *proposed, const char *name, u64 value)
{
	struct json_value ignored;
	char piece[64];

	if (!json_member(proposed, name, &ignored))
		return;
	snprintf(piece, sizeof(piece), "%s\"%s\":%llu", text->at[text->len - 1] == '{' ? "" : ",", name,
		 (unsigned long long)value);
	append(text, piece);
}

static bool proposed_multi(const struct json_value *proposed)
{
	struct json_value value;

	return json_member(proposed, "write_multiple", &value) && value.kind == JSON_TRUE;
}

static void offer_all(struct text *text, const struct json_value *proposed)
{
	append(text, "{\"capabilities\":{");
	offer(text, proposed, "max_msg_fds", VFU_MAX_FDS);
	offer(text, proposed, "max_data_xfer_size", VFU_MAX_XFER_BYTES);
	offer(text, proposed, "max_dma_maps", VFU_MAX_DMA_MAPS);
	offer(text, proposed, "pgsizes", VFU_PAGE_SIZES);
	if (proposed_multi(proposed))
		append(text, text->at[text->len - 1] == '{' ? "\"write_multiple\":true" :
							      ",\"write_multiple\":true");
	append(text, "}}");
}

/* The capabilities object of the proposal; an empty one if it is not there. */
static bool proposal(const u8 *data, size_t len, struct json_value *capabilities)
{
	struct json_value root;

	*capabilities = (struct json_value){ .kind = JSON_OBJECT, .text = "{}", .len = 2 };
	if (!len)
		return true;
	if (data[len - 1] != '\0' || !json_parse((const char *)data, len - 1, &root) ||
	    root.kind != JSON_OBJECT)
		return false;
	return !json_member(&root, "capabilities", capabilities) || capabilities->kind == JSON_OBJECT;
}

size_t vfu_negotiate(const u8 *request, size_t len, u8 *reply, size_t room, struct vfu_limits *limits)
{
	struct vfu_version version;
	struct json_value capabilities, fds;
	struct text text;

	if (len < sizeof(version) || room < sizeof(version) + 2)
		return 0;
	memcpy(&version, request, sizeof(version));
	if (version.major != VERSION_MAJOR ||
	    !proposal(request + sizeof(version), len - sizeof(version), &capabilities))
		return 0;

	limits->client_max_fds = DEFAULT_FDS;
	if (json_member(&capabilities, "max_msg_fds", &fds) && !json_u64(&fds, &limits->client_max_fds))
		return 0;
	limits->write_multi = proposed_multi(&capabilities);

	version.minor = VERSION_MINOR;
	memcpy(reply, &version, sizeof(version));
	text = (struct text){ .at = (char *)reply + sizeof(version), .room = room - sizeof(version) };
	text.at[0] = '\0';
	offer_all(&text, &capabilities);
	return text.full ? 0 : sizeof(version) + text.len + 1;
}
