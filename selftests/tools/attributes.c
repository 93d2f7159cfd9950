// SPDX-License-Identifier: GPL-2.0
/* What parley makes of attributes that no kernel should send. */
#include <kselftest_harness.h>

#include <linux/parley_netlink.h>
#include <netlink/msg.h>
#include <sys/mman.h>

#include "../../tools/parley/cli.h"
#include "../../tools/parley/field.c"
#include "../../tools/parley/json.c"
#include "../../tools/parley/table.c"

#define MUTANTS	100000
#define PAGE	4096

struct options options = { .numeric = true };

void die(enum status status, const char *format, ...)
{
	fprintf(stderr, "# %s\n", format);
	_exit(status);
}

static const struct field list[] = {
	{ 1, KIND_S32, "s32", "S32" },
	{ 2, KIND_U64, "u64", "U64" },
	{ 3, KIND_STRING, "string", "STRING" },
	{ 4, KIND_FLAG, "flag", "FLAG" },
	{ 5, KIND_MODE, "mode", "MODE" },
	{ 6, KIND_STATE, "state", "STATE" },
	{ 7, KIND_USER, "user", "USER" },
};

static const struct fields fields = FIELDS(list);

#define NEST	8

/* A page that ends where no memory is: reading behind what it holds is a fault. */
static char *page_guarded(void)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + PAGE, PAGE, PROT_NONE))
		_exit(KSFT_FAIL);
	return pages;
}

static int read_bytes(const void *bytes, int len, struct json_object *object)
{
	static char *page;
	struct nlattr *head;
	int err;

	if (!page)
		page = page_guarded();
	head = memcpy(page + PAGE - len, bytes, len);
	err = fields_read(&fields, head, len, object);
	if (!err)
		err = fields_read_nested(&fields, NEST, head, len, json_add_list(object, "nests"));
	return err;
}

static int read_message(struct nl_msg *message, struct json_object *object)
{
	return read_bytes(nlmsg_data(nlmsg_hdr(message)), nlmsg_datalen(nlmsg_hdr(message)),
			  object);
}

static const char *plain(struct json_object *object)
{
	return json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
}

static void message_fill(struct nl_msg *message)
{
	struct nlattr *nest;

	nla_put_s32(message, 1, -5);
	nla_put_u64(message, 2, UINT64_MAX);
	nla_put_string(message, 3, "text");
	nla_put_flag(message, 4);
	nla_put_u32(message, 5, 0640);
	nla_put_u32(message, 6, PARLEY_STATE_BUSY);
	nla_put_u32(message, 7, UINT32_MAX);
	nest = nla_nest_start(message, NEST);
	nla_put_s32(message, 1, 6);
	nla_nest_end(message, nest);
}

FIXTURE(reader)
{
	struct json_object *object;
	struct nl_msg *message;
};

FIXTURE_SETUP(reader)
{
	self->object = json_object_new_object();
	self->message = nlmsg_alloc_simple(0, 0);
}

FIXTURE_TEARDOWN(reader)
{
	json_object_put(self->object);
	nlmsg_free(self->message);
}

TEST_F(reader, all_kinds)
{
	static const char *const expected[] = {
		"{\"s32\":-5,\"u64\":18446744073709551615,\"string\":\"text\",\"flag\":true",
		",\"mode\":\"0640\",\"state\":\"busy\",\"user\":4294967295,\"nests\":[{\"s32\":6}]}",
	};
	const char *seen;

	message_fill(self->message);
	EXPECT_EQ(0, read_message(self->message, self->object));
	seen = plain(self->object);
	EXPECT_EQ(0, strncmp(seen, expected[0], strlen(expected[0]))) TH_LOG("%s", seen);
	EXPECT_STREQ(expected[1], seen + strlen(expected[0]));
}

TEST_F(reader, missing_is_absent)
{
	nla_put_s32(self->message, 1, 5);
	EXPECT_EQ(0, read_message(self->message, self->object));
	EXPECT_STREQ("{\"s32\":5,\"nests\":[]}", plain(self->object));
}

TEST_F(reader, unknown_is_ignored)
{
	static const int unknown[] = { 0, 9, ATTRS_MAX - 1, ATTRS_MAX, 300, NLA_TYPE_MASK };

	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++)
		nla_put_u32(self->message, unknown[i], 1);
	nla_put_u32(self->message, 6, 77);
	EXPECT_EQ(0, read_message(self->message, self->object));
	EXPECT_STREQ("{\"state\":\"unknown\",\"nests\":[]}", plain(self->object));
}

/* More than is needed may come from a newer kernel; less may not. */
TEST_F(reader, short_spoils_the_message)
{
	static const int need[] = { [1] = 4, [2] = 8, [5] = 4, [6] = 4, [7] = 4 };
	char bytes[NLA_HDRLEN + 16] = { };
	struct nlattr *attr = (struct nlattr *)bytes;

	for (unsigned int type = 1; type < ARRAY_SIZE(need); type++) {
		for (int len = 0; need[type] && len <= 16; len++) {
			attr->nla_type = type;
			attr->nla_len = NLA_HDRLEN + len;
			EXPECT_EQ(len < need[type],
				  !!read_bytes(bytes, sizeof(bytes), self->object))
				TH_LOG("type %u, %d bytes", type, len);
		}
	}
}

TEST_F(reader, string_without_end_spoils_the_message)
{
	nla_put(self->message, 3, 4, "text");
	EXPECT_NE(0, read_message(self->message, self->object));
}

TEST_F(reader, spoilt_nest_spoils_the_message)
{
	struct nlattr *nest = nla_nest_start(self->message, NEST);

	nla_put_u8(self->message, 1, 1);
	nla_nest_end(self->message, nest);
	EXPECT_NE(0, read_message(self->message, self->object));
}

/* Whatever the bytes are, none is read that isn't there. */
TEST_F(reader, mutants_do_no_harm)
{
	int len, errors = 0;
	char bytes[512];

	message_fill(self->message);
	srand(1);
	for (int i = 0; i < MUTANTS; i++) {
		struct json_object *object = json_object_new_object();

		len = nlmsg_datalen(nlmsg_hdr(self->message));
		memcpy(bytes, nlmsg_data(nlmsg_hdr(self->message)), len);
		for (int flips = rand() % 4; flips; flips--)
			bytes[rand() % len] = rand();
		if (rand() % 2)
			len = rand() % len;
		errors += !!read_bytes(bytes, len, object);
		json_object_put(object);
	}
	EXPECT_LT(MUTANTS / 100, errors);
	EXPECT_GT(MUTANTS, errors);
}

TEST_HARNESS_MAIN
