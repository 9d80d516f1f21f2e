// SPDX-License-Identifier: MIT
/* Any VERSION payload: the answer, if there is one, is JSON in its room. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/json.h"
#include "server/version.h"
#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	u8 *request = malloc(len ? len : 1); /* its own block: reading past it is seen */
	u8 reply[256];
	struct vfu_limits limits;
	struct json_value value;
	size_t got;

	assert(request);
	memcpy(request, data, len);
	got = vfu_negotiate(request, len, reply, sizeof(reply), &limits);
	if (got) {
		size_t text = got - sizeof(struct vfu_version) - 1;

		assert(got <= sizeof(reply) && reply[got - 1] == '\0');
		assert(json_parse((const char *)reply + sizeof(struct vfu_version), text, &value));
	}
	free(request);
	return 0;
}
