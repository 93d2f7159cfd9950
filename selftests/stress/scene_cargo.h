/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations with cargo, for the sweep: what is set before each, what the driver
 * does meanwhile, and how it is brought to its end. All of them send and accept
 * as much as can be; what has come is looked at and put away in the end, and
 * then there are as many descriptors as before.
 */
#ifndef STRESS_SCENE_CARGO_H
#define STRESS_SCENE_CARGO_H

#include <linux/memfd.h>
#include <linux/parley_proto.h>
#include "scene.h"

#define CARGO_PAGE	4096
#define CARGO_BYTES	(3 * CARGO_PAGE + 100)
#define CARGO_SEED	0x5c
#define CARGO_ALL	(PARLEY_CARGO_OOL | PARLEY_CARGO_FD | PARLEY_CARGO_MAP | \
			 PARLEY_CARGO_MAP_WRITE)

/**
 * struct hold - what a process has for cargo
 * @cargo: argument
 * @out: payload to send
 * @in: payload received
 * @file: a sealed memfd
 * @fds: how many descriptors there were before
 * @id: what was written into a buffer last
 * @mute: whose that was
 */
static struct hold {
	struct parley_cargo cargo;
	__u8 out[CARGO_BYTES];
	__u8 in[CARGO_BYTES];
	int file;
	int fds;
	__u64 id;
	__s32 mute;
} hold;

static inline int count_fds(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static bool hold_make(void)
{
	if (hold.file)
		return true;
	hold.file = syscall(SYS_memfd_create, "hold", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	memset(hold.out, CARGO_SEED, sizeof(hold.out));
	return hold.file > 0 && !ftruncate(hold.file, 4 * CARGO_PAGE) &&
	       pwrite(hold.file, hold.out, CARGO_BYTES, 0) == CARGO_BYTES &&
	       !fcntl(hold.file, 1033 /* F_ADD_SEALS */, 2 /* F_SEAL_SHRINK */);
}

/* Adds cargo to an operation; @kind is 0 for none besides the payload. */
static void hold_fill(struct parley_ipc *ipc, struct parley_msg *msg, __u32 kind)
{
	struct parley_ool head = {
		.addr = kind == PARLEY_CARGO_RANGE ? 0 : address(hold.out), .len = CARGO_BYTES,
	};

	memset(&hold.cargo, 0, sizeof(hold.cargo));
	hold.cargo.size = sizeof(hold.cargo);
	ipc->cargo = address(&hold.cargo);
	if (!msg)
		return;
	memcpy(msg->payload, &head, sizeof(head));
	ipc->flags |= PARLEY_OOL;
	hold.cargo.send = kind;
	hold.cargo.send_fd = kind ? hold.file : 0;
	if (kind == PARLEY_CARGO_MAP_WRITE)
		hold.cargo.send_len = CARGO_BYTES;
}

static void hold_accept(void)
{
	hold.cargo.accept = CARGO_ALL;
	hold.cargo.ool = address(hold.in);
	hold.cargo.ool_len = CARGO_BYTES;
	hold.cargo.map_len = 4 * CARGO_PAGE;
	memset(hold.in, 0, sizeof(hold.in));
}

/* Puts away what has come; false if it isn't what should have. */
static bool hold_empty(void)
{
	const struct parley_cargo *cargo = &hold.cargo;
	void *map = (void *)(uintptr_t)cargo->map;

	if (cargo->received & PARLEY_CARGO_OOL && (cargo->ool_len != CARGO_BYTES ||
						   memcmp(hold.in, hold.out, CARGO_BYTES)))
		return false;
	if (cargo->received & PARLEY_CARGO_FD && close(cargo->recv_fd))
		return false;
	return !(cargo->received & PARLEY_CARGO_MAP_WRITE) ||
	       (!memcmp(map, hold.out, CARGO_BYTES) && !munmap(map, cargo->map_len));
}

/* Answers everything, with payload and a @kind, until told to end. */
static int drive_cargo_answers(int fd, __u32 kind)
{
	struct parley_msg request, answer = { .type = ANSWER };
	struct parley_ipc ipc;
	int err;

	if (!hold_make())
		return -ENOMEM;
	for (;;) {
		ipc = to_recv(&request);
		hold_fill(&ipc, NULL, 0);
		hold_accept();
		err = op(fd, PARLEY_IOC_RECV, &ipc);
		if (err || !ipc.token || !hold_empty())
			return err ?: ipc.token ? -EBADMSG : 0;
		ipc = to_reply(ipc.token, &answer, 100);
		hold_fill(&ipc, &answer, kind);
		err = op(fd, PARLEY_IOC_REPLY, &ipc);
		/* The other side may have failed. */
		if (err && err != -ENOENT)
			return err;
	}
}

static int drive_fd_answers(int fd)
{
	return drive_cargo_answers(fd, PARLEY_CARGO_FD);
}

static int drive_map_answers(int fd)
{
	return drive_cargo_answers(fd, PARLEY_CARGO_MAP_WRITE);
}

static int drive_range_answers(int fd)
{
	return drive_cargo_answers(fd, PARLEY_CARGO_RANGE);
}

/* Calls, and gets an answer with whatever. */
static int drive_cargo_call(int fd, __u32 kind)
{
	struct parley_msg request = { .type = REQUEST }, answer;
	struct parley_ipc ipc = to_call(scene.self, &request, 100, &answer);
	int err;

	if (!hold_make())
		return -ENOMEM;
	hold_fill(&ipc, &request, kind);
	hold_accept();
	err = op(fd, PARLEY_IOC_CALL, &ipc);
	return err ?: answer.type != scene.out.type || !hold_empty() ? -EBADMSG : 0;
}

static int drive_fd_call(int fd)
{
	return drive_cargo_call(fd, PARLEY_CARGO_FD);
}

static int drive_map_call(int fd)
{
	return drive_cargo_call(fd, PARLEY_CARGO_MAP_WRITE);
}

/* The operations. */

static bool set_cargo_call(__u32 kind)
{
	scene.ipc = to_call(shared->driver, &scene.out, 100, &scene.in);
	scene.ipc.deadline = in_ms(PATIENCE_MS);
	if (!hold_make())
		return false;
	hold_fill(&scene.ipc, &scene.out, kind);
	hold.fds = count_fds();
	return true;
}

static bool set_fd_call(void)
{
	return set_cargo_call(PARLEY_CARGO_FD);
}

static bool set_map_call(void)
{
	return set_cargo_call(PARLEY_CARGO_MAP_WRITE);
}

static int do_cargo_call(void)
{
	scene.ipc.token = 0;
	scene.ipc.recv_len = PARLEY_PAYLOAD_MAX;
	hold_accept();
	return op(scene.fd, PARLEY_IOC_CALL, &scene.ipc);
}

static bool end_cargo(void)
{
	return hold_empty() && count_fds() == hold.fds;
}

static bool end_cargo_answers(void)
{
	scene.ipc = to_send(shared->driver, &scene.out, 0);
	return end_cargo() && !op(scene.fd, PARLEY_IOC_SEND, &scene.ipc);
}

static bool set_cargo_receive(void)
{
	scene.ipc = to_recv(&scene.in);
	scene.ipc.deadline = in_ms(PATIENCE_MS);
	if (!hold_make())
		return false;
	hold_fill(&scene.ipc, NULL, 0);
	hold.fds = count_fds();
	return until(sleeps_in(shared->driver_pid, PARLEY_IOC_CALL));
}

static int do_cargo_receive(void)
{
	scene.ipc.recv_len = PARLEY_PAYLOAD_MAX;
	hold_accept();
	return op(scene.fd, PARLEY_IOC_RECV, &scene.ipc);
}

static bool end_cargo_receive(void)
{
	struct parley_ipc reply = to_reply(scene.ipc.token, &scene.out, 100);

	return scene.ipc.token && end_cargo() && !op(scene.fd, PARLEY_IOC_REPLY, &reply);
}

static bool set_cargo_reply(__u32 kind)
{
	if (!set_cargo_receive() || do_cargo_receive() || !end_cargo())
		return false;
	scene.ipc = to_reply(scene.ipc.token, &scene.out, 100);
	hold_fill(&scene.ipc, &scene.out, kind);
	return true;
}

static bool set_fd_reply(void)
{
	return set_cargo_reply(PARLEY_CARGO_FD);
}

static bool set_map_reply(void)
{
	return set_cargo_reply(PARLEY_CARGO_MAP_WRITE);
}

static bool set_range_reply(void)
{
	return set_cargo_reply(PARLEY_CARGO_RANGE);
}

/* Buffers, of the task "mute". */

/* The error, be it the call's or in the reply. */
static int task_vm(int fd, __s32 type, const void *payload, __u32 len)
{
	struct parley_ipc ipc = to_call(PARLEY_TASK_VM, &scene.out, len, &scene.in);
	int err;

	scene.out.type = type;
	memcpy(scene.out.payload, payload, len);
	ipc.deadline = in_ms(SHORT_MS);
	err = op(fd, PARLEY_IOC_CALL, &ipc);
	scene.out.type = REQUEST;
	return err ?: scene.in.type < 0 ? scene.in.type : 0;
}

static int do_buffer_give(void)
{
	struct parley_ool_recv recv = { address(hold.in), CARGO_BYTES };

	return task_vm(scene.mute, PARLEY_OOL_RECV, &recv, sizeof(recv));
}

static int do_buffer_write(void)
{
	struct parley_ool_send send = { hold.mute, 0, address(hold.out), CARGO_BYTES };

	return task_vm(scene.fd, PARLEY_OOL_SEND, &send, sizeof(send));
}

static int do_buffer_verify(void)
{
	struct parley_ool_verify verify = { scene.self, 0, hold.id, CARGO_BYTES };

	return task_vm(scene.mute, PARLEY_OOL_VERIFY, &verify, sizeof(verify));
}

/* What was written, by which id, is told by the reply to it. */
static void remember_id(void)
{
	memcpy(&hold.id, scene.in.payload, sizeof(hold.id));
}

static bool set_buffer_write(void)
{
	memset(hold.in, 0, sizeof(hold.in));
	hold.mute = task_id(scene.mute);
	return hold_make() && !do_buffer_give();
}

static bool set_buffer_verify(void)
{
	if (!set_buffer_write() || do_buffer_write())
		return false;
	remember_id();
	return !memcmp(hold.in, hold.out, CARGO_BYTES);
}

/* Each of them is good for once, also if a fault kept the kernel from saying so. */

static int do_buffer_write_anew(void)
{
	int err = do_buffer_write();

	return err == -ETIMEDOUT && set_buffer_write() ? do_buffer_write() : err;
}

static int do_buffer_verify_anew(void)
{
	int err = do_buffer_verify();

	return err == -ENOENT && set_buffer_verify() ? do_buffer_verify() : err;
}

static bool end_buffer_write(void)
{
	remember_id();
	return !memcmp(hold.in, hold.out, CARGO_BYTES) && !do_buffer_verify();
}

/* Nobody writes: it is taken back. */
static bool end_buffer_give(void)
{
	struct parley_ool_recv none = { 0, 0 };

	return !task_vm(scene.mute, PARLEY_OOL_RECV, &none, sizeof(none));
}

static bool end_buffer_verify(void)
{
	return do_buffer_verify() == -ENOENT;
}

#endif /* STRESS_SCENE_CARGO_H */
