// SPDX-License-Identifier: MIT
/*
 * A recursive-descent reader over [at, end). Every function either moves @at
 * behind what it read or returns false; none reads past @end.
 */
#include "server/json.h"

#include <string.h>

#define JSON_DEPTH 16

struct reader {
	const char *at;
	const char *end;
};

static bool read_value(struct reader *reader, struct json_value *value, int depth);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4))
		reader->at++;
}

static bool take(struct reader *reader, char c)
{
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static bool read_word(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, word, len))
		return false;
	reader->at += len;
	return true;
}

static bool read_string(struct reader *reader)
{
	if (!take(reader, '"'))
		return false;
	while (reader->at < reader->end) {
		char c = *reader->at++;

		if (c == '"')
			return true;
		if ((unsigned char)c < 0x20)
			return false;
		if (c == '\\' && reader->at < reader->end)
			reader->at++;
	}
	return false;
}

static bool read_digits(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && is_digit(*reader->at))
		reader->at++;
	return reader->at > start;
}

static bool read_number(struct reader *reader)
{
	(void)take(reader, '-');
	if (!read_digits(reader))
		return false;
	if (take(reader, '.') && !read_digits(reader))
		return false;
	if (take(reader, 'e') || take(reader, 'E')) {
		if (!take(reader, '+'))
			(void)take(reader, '-');
		return read_digits(reader);
	}
	return true;
}

/* One "name": value. @name is the string with its quotes. */
static bool read_member(struct reader *reader, struct json_value *name, struct json_value *value,
			int depth)
{
	skip_space(reader);
	name->kind = JSON_STRING;
	name->text = reader->at;
	if (!read_string(reader))
		return false;
	name->len = (size_t)(reader->at - name->text);
	skip_space(reader);
	return take(reader, ':') && read_value(reader, value, depth);
}

static bool read_object(struct reader *reader, int depth)
{
	struct json_value name, value;

	if (!take(reader, '{'))
		return false;
	skip_space(reader);
	if (take(reader, '}'))
		return true;
	do {
		if (!read_member(reader, &name, &value, depth))
			return false;
		skip_space(reader);
	} while (take(reader, ','));
	return take(reader, '}');
}

static bool read_array(struct reader *reader, int depth)
{
	struct json_value value;

	if (!take(reader, '['))
		return false;
	skip_space(reader);
	if (take(reader, ']'))
		return true;
	do {
		if (!read_value(reader, &value, depth))
			return false;
		skip_space(reader);
	} while (take(reader, ','));
	return take(reader, ']');
}

static bool read_kind(struct reader *reader, struct json_value *value, int depth)
{
	switch (*reader->at) {
	case '{':
		value->kind = JSON_OBJECT;
		return read_object(reader, depth - 1);
	case '[':
		value->kind = JSON_ARRAY;
		return read_array(reader, depth - 1);
	case '"':
		value->kind = JSON_STRING;
		return read_string(reader);
	case 't':
		value->kind = JSON_TRUE;
		return read_word(reader, "true");
	case 'f':
		value->kind = JSON_FALSE;
		return read_word(reader, "false");
	case 'n':
		value->kind = JSON_NULL;
		return read_word(reader, "null");
	default:
		value->kind = JSON_NUMBER;
		return read_number(reader);
	}
}

static bool read_value(struct reader *reader, struct json_value *value, int depth)
{
	skip_space(reader);
	if (!depth || reader->at == reader->end)
		return false;
	value->text = reader->at;
	if (!read_kind(reader, value, depth))
		return false;
	value->len = (size_t)(reader->at - value->text);
	return true;
}

bool json_parse(const char *text, size_t len, struct json_value *value)
{
	struct reader reader = { .at = text, .end = text + len };

	if (!read_value(&reader, value, JSON_DEPTH))
		return false;
	skip_space(&reader);
	return reader.at == reader.end;
}

bool json_member(const struct json_value *object, const char *name, struct json_value *value)
{
	struct reader reader = { .at = object->text, .end = object->text + object->len };
	struct json_value found;
	size_t len = strlen(name);

	if (object->kind != JSON_OBJECT || !take(&reader, '{'))
		return false;
	skip_space(&reader);
	if (take(&reader, '}'))
		return false;
	do {
		if (!read_member(&reader, &found, value, JSON_DEPTH))
			return false;
		if (found.len == len + 2 && !memcmp(found.text + 1, name, len))
			return true;
		skip_space(&reader);
	} while (take(&reader, ','));
	return false;
}

bool json_u64(const struct json_value *value, u64 *number)
{
	u64 sum = 0;

	if (value->kind != JSON_NUMBER)
		return false;
	for (size_t i = 0; i < value->len; i++) {
		u64 digit;

		if (!is_digit(value->text[i]))
			return false;
		digit = (u64)(value->text[i] - '0');
		if (sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*number = sum;
	return true;
}
