/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SERVER_JSON_H
#define VKFD_DEVICE_SERVER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include "vkfd_hw/types.h"

/*
 * As much JSON as version negotiation needs: walk an object, look at members.
 * Nothing is allocated and nothing is copied; nesting is limited.
 */
enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json_value {
	enum json_kind kind;
	const char *text; /* the value's own characters, not terminated */
	size_t len;
};

/* The whole of @text is one value; trailing characters are an error. */
bool json_parse(const char *text, size_t len, struct json_value *value);

/*
 * Member @name of @object. False if @object is none or has no such member.
 * Names are compared as written: an escaped one is simply another name.
 */
bool json_member(const struct json_value *object, const char *name, struct json_value *value);

/* False unless @value is a plain non-negative integer below 2^64. */
bool json_u64(const struct json_value *value, u64 *number);

#endif
