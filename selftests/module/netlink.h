/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: netlink, as far as the tests need it
 *
 * A struct nl_msg is a request; nl_exchange() sends it and shows the answers to
 * a function of the caller's, until the kernel says how it ended. A struct
 * nl_attrs goes through attributes. genl_open() finds the family "parley".
 */
#ifndef PARLEY_SELFTEST_NETLINK_H
#define PARLEY_SELFTEST_NETLINK_H

#include "common.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/parley_netlink.h>

#define NL_BUFFER	65536

struct nl_msg {
	struct nlmsghdr head;
	char body[256];
};

/* Begins a message with its family's header. */
static inline void nl_init(struct nl_msg *msg, __u16 type, __u16 flags,
			   const void *header, size_t len)
{
	memset(msg, 0, sizeof(*msg));
	msg->head.nlmsg_type = type;
	msg->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	msg->head.nlmsg_len = NLMSG_LENGTH(NLMSG_ALIGN(len));
	memcpy(msg->body, header, len);
}

static inline void nl_put(struct nl_msg *msg, __u16 type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)((char *)msg + msg->head.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, data, len);
	msg->head.nlmsg_len += NLA_ALIGN(attr->nla_len);
}

static inline int nl_open(int protocol)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int size = 8 << 20;

	CHECK(fd >= 0);
	/* One without an address gets nothing of what goes to groups. */
	CHECK_EQ(0, bind(fd, (void *)&any, sizeof(any)));
	/* More than a user may have: no event is to be lost. Root may. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static inline void nl_join(int fd, int group)
{
	CHECK_EQ(0, setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
}

static inline void nl_send(int fd, const struct nl_msg *msg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	CHECK_EQ(msg->head.nlmsg_len,
		 sendto(fd, msg, msg->head.nlmsg_len, 0, (void *)&kernel, sizeof(kernel)));
}

typedef void nl_handler(const struct nlmsghdr *head, void *arg);

/* Shows one datagram's messages; true if the last of an exchange was there. */
static inline bool nl_receive(int fd, nl_handler *handle, void *arg, int *err)
{
	static char buffer[NL_BUFFER] __attribute__((aligned(8)));
	ssize_t len = recv(fd, buffer, sizeof(buffer), 0);
	struct nlmsghdr *head = (void *)buffer;
	unsigned int left = len;

	CHECK(len > 0);
	for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
		if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_type == NLMSG_DONE) {
			memcpy(err, NLMSG_DATA(head), sizeof(*err));
			return true;
		}
		if (handle)
			handle(head, arg);
	}
	return false;
}

/* 0 or a negative errno, as the kernel answers. */
static inline int nl_exchange(int fd, const struct nl_msg *msg, nl_handler *handle, void *arg)
{
	int err = 0;

	nl_send(fd, msg);
	while (!nl_receive(fd, handle, arg, &err))
		;
	return err;
}

/* Attributes, one after the other. */
struct nl_attrs {
	const char *next;
	int left;
};

static inline struct nl_attrs nl_nested(const struct nlattr *attr)
{
	return (struct nl_attrs){ (const char *)(attr + 1), attr->nla_len - NLA_HDRLEN };
}

static inline struct nl_attrs nl_attrs(const struct nlmsghdr *head, int family_header)
{
	return (struct nl_attrs){
		(const char *)NLMSG_DATA(head) + family_header,
		NLMSG_PAYLOAD(head, family_header),
	};
}

static inline struct nl_attrs genl_attrs(const struct nlmsghdr *head)
{
	return nl_attrs(head, GENL_HDRLEN);
}

static inline __u16 nl_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

static inline const struct nlattr *nl_next(struct nl_attrs *attrs)
{
	const struct nlattr *attr = (const void *)attrs->next;

	if (attrs->left < NLA_HDRLEN)
		return NULL;
	CHECK(attr->nla_len >= NLA_HDRLEN && attr->nla_len <= attrs->left);
	attrs->next += NLA_ALIGN(attr->nla_len);
	attrs->left -= NLA_ALIGN(attr->nla_len);
	return attr;
}

/* The first of that type, or NULL. */
static inline const struct nlattr *nl_find(struct nl_attrs attrs, __u16 type)
{
	const struct nlattr *attr;

	while ((attr = nl_next(&attrs)))
		if (nl_type(attr) == type)
			break;
	return attr;
}

static inline __u32 nl_u32(const struct nlattr *attr)
{
	__u32 value;

	CHECK(attr && attr->nla_len == NLA_HDRLEN + sizeof(value));
	memcpy(&value, attr + 1, sizeof(value));
	return value;
}

static inline __u64 nl_u64(const struct nlattr *attr)
{
	__u64 value;

	CHECK(attr && attr->nla_len == NLA_HDRLEN + sizeof(value));
	memcpy(&value, attr + 1, sizeof(value));
	return value;
}

/* A socket for the family, its number and that of its events. */
struct genl {
	int fd;
	__u16 family;
	int events;
};

static inline void genl_learn(const struct nlmsghdr *head, void *arg)
{
	const struct nlattr *groups = nl_find(genl_attrs(head), CTRL_ATTR_MCAST_GROUPS);
	const struct nlattr *family = nl_find(genl_attrs(head), CTRL_ATTR_FAMILY_ID);
	const struct nlattr *group, *name;
	struct genl *genl = arg;

	CHECK(family && groups);
	memcpy(&genl->family, family + 1, sizeof(genl->family));
	group = groups + 1;	/* the only one */
	name = nl_find(nl_nested(group), CTRL_ATTR_MCAST_GRP_NAME);
	CHECK(name && !strcmp((const char *)(name + 1), PARLEY_GENL_EVENTS));
	genl->events = nl_u32(nl_find(nl_nested(group), CTRL_ATTR_MCAST_GRP_ID));
}

static inline struct genl genl_open(void)
{
	struct genlmsghdr header = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct genl genl = { .fd = nl_open(NETLINK_GENERIC) };
	struct nl_msg msg;

	nl_init(&msg, GENL_ID_CTRL, 0, &header, sizeof(header));
	nl_put(&msg, CTRL_ATTR_FAMILY_NAME, PARLEY_GENL_NAME, sizeof(PARLEY_GENL_NAME));
	CHECK_EQ(0, nl_exchange(genl.fd, &msg, genl_learn, &genl));
	CHECK(genl.family && genl.events);
	return genl;
}

static inline void genl_init(const struct genl *genl, struct nl_msg *msg, __u8 cmd, __u16 flags)
{
	struct genlmsghdr header = { .cmd = cmd, .version = PARLEY_GENL_VERSION };

	nl_init(msg, genl->family, flags, &header, sizeof(header));
}

static inline int genl_dump(const struct genl *genl, __u8 cmd, nl_handler *handle, void *arg)
{
	struct nl_msg msg;

	genl_init(genl, &msg, cmd, NLM_F_DUMP);
	return nl_exchange(genl->fd, &msg, handle, arg);
}

#endif /* PARLEY_SELFTEST_NETLINK_H */
