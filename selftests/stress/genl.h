/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of generic netlink as it takes to find a family and dump it, without
 * a library: a test that forks and is killed has no use for one's state.
 */
#ifndef STRESS_GENL_H
#define STRESS_GENL_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include "common.h"

#define GENL_ROOM	32768

struct genl_request {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct nlattr attr;
	char value[GENL_NAMSIZ];
};

typedef void (*genl_visit_t)(const struct genlmsghdr *genl, size_t len, void *arg);

/* The attribute's value, NULL if there is none of at least @size bytes. */
static inline const void *genl_attr(const struct genlmsghdr *genl, size_t len, int type,
				    size_t size)
{
	const char *at = (const char *)(genl + 1), *end = (const char *)genl + len;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const struct nlattr *)at;

		if (attr->nla_len < NLA_HDRLEN || at + attr->nla_len > end)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr->nla_len >= NLA_HDRLEN + size ? at + NLA_HDRLEN : NULL;
		at += NLA_ALIGN(attr->nla_len);
	}
	return NULL;
}

/* Visit what came; 1 while there is more, 0 at the end, or a negative errno. */
static inline int genl_read(const char *buffer, ssize_t size, genl_visit_t visit, void *arg)
{
	const struct nlmsghdr *nl = (const struct nlmsghdr *)buffer;

	for (; NLMSG_OK(nl, size); nl = NLMSG_NEXT(nl, size)) {
		if (nl->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nl->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(nl))->error;
		visit(NLMSG_DATA(nl), nl->nlmsg_len - NLMSG_HDRLEN, arg);
		if (!(nl->nlmsg_flags & NLM_F_MULTI))
			return 0;
	}
	return 1;
}

static inline int genl_talk(const struct genl_request *request, genl_visit_t visit, void *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC), more = 1;
	char buffer[GENL_ROOM] __attribute__((aligned(8)));
	ssize_t size;

	if (fd < 0)
		return -errno;
	if (send(fd, request, request->nl.nlmsg_len, 0) < 0)
		more = -errno;
	while (more > 0) {
		size = recv(fd, buffer, sizeof(buffer), 0);
		if (size >= 0)
			more = genl_read(buffer, size, visit, arg);
		else if (errno != EINTR)
			more = -errno;
	}
	close(fd);
	return more;
}

static inline void genl_take_family(const struct genlmsghdr *genl, size_t len, void *arg)
{
	const __u16 *family = genl_attr(genl, len, CTRL_ATTR_FAMILY_ID, sizeof(*family));

	if (family)
		*(int *)arg = *family;
}

/* Returns the family's number, or a negative errno. */
static inline int genl_family(const char *name)
{
	struct genl_request request = {
		.nl.nlmsg_type = GENL_ID_CTRL,
		.nl.nlmsg_flags = NLM_F_REQUEST,
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr.nla_len = NLA_HDRLEN + strlen(name) + 1,
		.attr.nla_type = CTRL_ATTR_FAMILY_NAME,
	};
	int family = -ENOENT, err;

	strncpy(request.value, name, sizeof(request.value) - 1);
	request.nl.nlmsg_len = sizeof(request);
	err = genl_talk(&request, genl_take_family, &family);
	return err ?: family;
}

static inline int genl_dump(int family, int command, genl_visit_t visit, void *arg)
{
	struct genl_request request = {
		.nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nl.nlmsg_type = family,
		.nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.genl = { .cmd = command, .version = 1 },
	};

	return genl_talk(&request, visit, arg);
}

#endif /* STRESS_GENL_H */
