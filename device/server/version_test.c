// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "server/json.h"
#include "server/version.h"

static u8 reply[512];
static struct vfu_limits limits;

/* The text of the answer, or NULL if there was none. */
static const char *negotiate(u16 major, const char *text)
{
	struct vfu_version version = { major, 3 };
	u8 request[512];
	size_t len = text ? strlen(text) + 1 : 0;

	memcpy(request, &version, sizeof(version));
	if (len)
		memcpy(request + sizeof(version), text, len);
	memset(reply, 0xff, sizeof(reply));
	if (!vfu_negotiate(request, sizeof(version) + len, reply, sizeof(reply), &limits))
		return NULL;
	memcpy(&version, reply, sizeof(version));
	assert_int_equal(version.major, 0);
	assert_int_equal(version.minor, 0);
	return (const char *)reply + sizeof(version);
}

static void version_offers_only_what_was_proposed(void **state)
{
	(void)state;
	assert_string_equal(negotiate(0, "{\"capabilities\":{\"max_msg_fds\":16}}"),
			    "{\"capabilities\":{\"max_msg_fds\":8}}");
	assert_int_equal(limits.client_max_fds, 16);
	assert_false(limits.write_multi);
	assert_string_equal(negotiate(0, NULL), "{\"capabilities\":{}}");
	assert_int_equal(limits.client_max_fds, 1);
	assert_string_equal(negotiate(0, "{ }"), "{\"capabilities\":{}}");
}

static void version_answers_what_qemu_sends(void **state)
{
	const char *text = negotiate(
		0, "{\"capabilities\": {\"migration\": {\"max_bitmap_size\": 268435456, \"pgsize\": 4096}, "
		   "\"write_multiple\": true, \"max_msg_fds\": 16, \"max_dma_maps\": 65535, "
		   "\"pgsizes\": 4096, \"twin_socket\": {\"supported\": true}, "
		   "\"max_data_xfer_size\": 1048576}}");

	(void)state;
	assert_string_equal(text, "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,"
				  "\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":true}}");
	assert_true(limits.write_multi);
}

static void version_refuses_what_it_cannot_read(void **state)
{
	struct vfu_version version = { 0, 0 };
	u8 open_text[] = { 0, 0, 0, 0, '{', '}' };

	(void)state;
	assert_null(negotiate(1, NULL));
	assert_null(negotiate(0, "{\"capabilities\":3}"));
	assert_null(negotiate(0, "[]"));
	assert_null(negotiate(0, "{\"capabilities\":{\"max_msg_fds\":-1}}"));
	assert_null(negotiate(0, "{\"capabilities\":{\"max_msg_fds\":99999999999999999999}}"));
	assert_null(negotiate(0, "{\"capabilities\":{}} x"));
	assert_null(negotiate(0, ""));
	assert_int_equal(vfu_negotiate((u8 *)&version, 3, reply, sizeof(reply), &limits), 0);
	assert_int_equal(vfu_negotiate(open_text, sizeof(open_text), reply, sizeof(reply), &limits), 0);
	assert_int_equal(vfu_negotiate((u8 *)&version, 4, reply, 20, &limits), 0);
}

static bool parses(const char *text)
{
	struct json_value value;

	return json_parse(text, strlen(text), &value);
}

static void json_accepts_and_refuses(void **state)
{
	char deep[64];

	(void)state;
	assert_true(parses(" {\"a\" : [1, -2.5e+3, true, false, null, \"x\\\"y\", {}], \"b\":[] } "));
	assert_true(parses("0"));
	assert_false(parses(""));
	assert_false(parses("{"));
	assert_false(parses("{\"a\"}"));
	assert_false(parses("{\"a\":1,}"));
	assert_false(parses("[1 2]"));
	assert_false(parses("\"open"));
	assert_false(parses("\"open\\"));
	assert_false(parses("tru"));
	assert_false(parses("1."));
	assert_false(parses("1e"));
	assert_false(parses("\"a\nb\""));
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_false(parses(deep));
}

static void json_members_are_found_by_name(void **state)
{
	const char *text = "{\"ab\":1,\"a\":{\"x\":18446744073709551615},\"y\":1.5}";
	struct json_value root, inner, value;
	u64 number;

	(void)state;
	assert_true(json_parse(text, strlen(text), &root));
	assert_true(json_member(&root, "a", &inner));
	assert_true(json_member(&inner, "x", &value));
	assert_true(json_u64(&value, &number));
	assert_true(number == UINT64_MAX);
	assert_false(json_member(&root, "x", &value));
	assert_true(json_member(&root, "y", &value));
	assert_false(json_u64(&value, &number));
	assert_false(json_member(&value, "y", &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_offers_only_what_was_proposed),
		cmocka_unit_test(version_answers_what_qemu_sends),
		cmocka_unit_test(version_refuses_what_it_cannot_read),
		cmocka_unit_test(json_accepts_and_refuses),
		cmocka_unit_test(json_members_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
