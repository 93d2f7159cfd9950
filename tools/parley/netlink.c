// SPDX-License-Identifier: GPL-2.0
/* The connection to the module's generic netlink family. */
#include <errno.h>
#include <linux/parley_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "netlink.h"

/* As much as the kernel lets everybody have by default. */
#define EVENTS_BUFFER	212992

struct connection {
	struct nl_sock *socket;
	int family;
	netlink_fn show;
	void *arg;
};

static void connection_open(struct connection *connection, netlink_fn show, void *arg)
{
	int err;

	connection->show = show;
	connection->arg = arg;
	connection->socket = nl_socket_alloc();
	if (!connection->socket)
		die(STATUS_FAILED, "out of memory");
	err = genl_connect(connection->socket);
	if (err)
		die(STATUS_FAILED, "connecting to generic netlink: %s", nl_geterror(err));
	connection->family = genl_ctrl_resolve(connection->socket, PARLEY_GENL_NAME);
	if (connection->family == -NLE_OBJ_NOTFOUND)
		die(STATUS_MODULE,
		    "the kernel module isn't loaded (no generic netlink family \"%s\")",
		    PARLEY_GENL_NAME);
	if (connection->family < 0)
		die(STATUS_FAILED, "looking for the generic netlink family \"%s\": %s",
		    PARLEY_GENL_NAME, nl_geterror(connection->family));
}

static int take(struct nl_msg *message, void *arg)
{
	struct connection *connection = arg;
	struct nlmsghdr *header = nlmsg_hdr(message);
	int err;

	if (header->nlmsg_type != connection->family)
		return NL_SKIP;
	err = genlmsg_valid_hdr(header, 0) ? connection->show(genlmsg_hdr(header), connection->arg)
					   : -NLE_MSG_TOOSHORT;
	if (err)
		die(STATUS_FAILED, "a message from the kernel makes no sense: %s",
		    nl_geterror(err));
	return NL_OK;
}

void netlink_dump(int command, netlink_fn show, void *arg)
{
	struct connection connection;
	int err;

	connection_open(&connection, show, arg);
	nl_socket_modify_cb(connection.socket, NL_CB_VALID, NL_CB_CUSTOM, take, &connection);
	err = genl_send_simple(connection.socket, connection.family, command,
			       PARLEY_GENL_VERSION, NLM_F_DUMP);
	if (err >= 0)
		err = nl_recvmsgs_default(connection.socket);
	/* That something changed meanwhile is so of every list, once printed. */
	if (err < 0 && err != -NLE_DUMP_INTR)
		die(STATUS_FAILED, "asking the kernel module: %s", nl_geterror(err));
	nl_socket_free(connection.socket);
}

static void join(struct connection *connection, const char *family, const char *group)
{
	int id = genl_ctrl_resolve_grp(connection->socket, family, group);
	int err = id < 0 ? id : nl_socket_add_membership(connection->socket, id);

	if (err)
		die(STATUS_FAILED, "joining the generic netlink group \"%s\" of \"%s\": %s",
		    group, family, nl_geterror(err));
}

/* nlctrl tells of families that go; else a watch would wait for ever. */
static void take_control(const struct connection *connection, struct nlmsghdr *header)
{
	struct nlattr *attrs[CTRL_ATTR_MAX + 1];

	if (genlmsg_valid_hdr(header, 0) &&
	    genlmsg_hdr(header)->cmd == CTRL_CMD_DELFAMILY &&
	    !genlmsg_parse(header, 0, attrs, CTRL_ATTR_MAX, NULL) &&
	    attrs[CTRL_ATTR_FAMILY_ID] && nla_len(attrs[CTRL_ATTR_FAMILY_ID]) >= 2 &&
	    nla_get_u16(attrs[CTRL_ATTR_FAMILY_ID]) == connection->family)
		die(STATUS_MODULE, "the kernel module was unloaded");
}

static int take_event(struct nl_msg *message, void *arg)
{
	if (nlmsg_hdr(message)->nlmsg_type != GENL_ID_CTRL)
		return take(message, arg);
	take_control(arg, nlmsg_hdr(message));
	return NL_OK;
}

void netlink_watch(void (*joined)(void *arg), netlink_fn show, void *arg)
{
	struct connection connection;
	int err;

	connection_open(&connection, show, arg);
	nl_socket_set_buffer_size(connection.socket, EVENTS_BUFFER, 0);
	join(&connection, "nlctrl", "notify");
	join(&connection, PARLEY_GENL_NAME, PARLEY_GENL_EVENTS);
	nl_socket_disable_seq_check(connection.socket);
	nl_socket_modify_cb(connection.socket, NL_CB_VALID, NL_CB_CUSTOM, take_event, &connection);
	joined(arg);
	for (;;) {
		errno = 0;
		err = nl_recvmsgs_default(connection.socket);
		if (err && errno == ENOBUFS)
			fputs("parley: events were lost: they came faster than they were read\n",
			      stderr);
		else if (err < 0)
			die(STATUS_FAILED, "waiting for events: %s", nl_geterror(err));
	}
}
