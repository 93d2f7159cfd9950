// SPDX-License-Identifier: GPL-2.0

#include <linux/fault-inject-usercopy.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "cargo.h"
#include "message.h"

#define PARLEY_CARGO_SEND	(PARLEY_CARGO_FD | PARLEY_CARGO_MAP | \
				 PARLEY_CARGO_MAP_WRITE | PARLEY_CARGO_RANGE)

static struct parley_ool *parley_ool_of(struct parley_content *content)
{
	return (struct parley_ool *)content->msg.payload;
}

/* Nothing has come so far, and there is that much room. */
void parley_cargo_reset(struct parley_cargo *cargo, u64 room, u64 map_max)
{
	cargo->received = 0;
	cargo->recv_fd = -1;
	cargo->ool_len = room;
	cargo->map = 0;
	cargo->map_len = map_max;
}

/* What is read of a structure of this version's size, without a function call. */
static int parley_cargo_read(struct parley_cargo *cargo,
			     const struct parley_cargo __user *ucargo)
{
	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_read_access_begin(ucargo, sizeof(*ucargo)))
		return -EFAULT;
	unsafe_get_user(cargo->size, &ucargo->size, fault);
	unsafe_get_user(cargo->accept, &ucargo->accept, fault);
	unsafe_get_user(cargo->send, &ucargo->send, fault);
	unsafe_get_user(cargo->send_fd, &ucargo->send_fd, fault);
	unsafe_get_user(cargo->send_offset, &ucargo->send_offset, fault);
	unsafe_get_user(cargo->send_len, &ucargo->send_len, fault);
	unsafe_get_user(cargo->ool, &ucargo->ool, fault);
	unsafe_get_user(cargo->ool_len, &ucargo->ool_len, fault);
	unsafe_get_user(cargo->map_len, &ucargo->map_len, fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * parley_cargo_get() - copy what the caller says of cargo, and check it
 * @cargo: receives the copy
 * @ucargo: the caller's
 *
 * Return: 0, -EFAULT, -EINVAL or -E2BIG.
 */
int parley_cargo_get(struct parley_cargo *cargo,
		     const struct parley_cargo __user *ucargo)
{
	u32 size;
	int err;

	err = parley_cargo_read(cargo, ucargo);
	if (err)
		return err;
	size = cargo->size;
	if (size < sizeof(*cargo))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size != sizeof(*cargo)) {
		err = copy_struct_from_user(cargo, sizeof(*cargo), ucargo, size);
		if (err)
			return err;
	}
	if (cargo->accept & ~PARLEY_CARGO_ACCEPT ||
	    cargo->send & ~PARLEY_CARGO_SEND ||
	    (cargo->send && !is_power_of_2(cargo->send)) ||
	    (!cargo->send && (cargo->send_offset || cargo->send_len)))
		return -EINVAL;
	parley_cargo_reset(cargo, cargo->ool_len, cargo->map_len);
	return 0;
}

/* Tell the caller what has come. */
int parley_cargo_put(const struct parley_cargo *cargo,
		     struct parley_cargo __user *ucargo)
{
	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_write_access_begin(ucargo, sizeof(*ucargo)))
		return -EFAULT;
	unsafe_put_user(cargo->received, &ucargo->received, fault);
	unsafe_put_user(cargo->recv_fd, &ucargo->recv_fd, fault);
	unsafe_put_user(cargo->ool_len, &ucargo->ool_len, fault);
	unsafe_put_user(cargo->map, &ucargo->map, fault);
	unsafe_put_user(cargo->map_len, &ucargo->map_len, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/* Tell the caller how much room it would have taken. */
int parley_cargo_put_needed(u64 needed, struct parley_cargo __user *ucargo)
{
	return put_user(needed, &ucargo->ool_len);
}

/* What a message says itself of its out-of-line payload. */
static int parley_load_head(struct parley_load *load,
			    const struct parley_content *content,
			    struct parley_ool *head)
{
	if (content->len < sizeof(*head))
		return -EINVAL;
	memcpy(head, content->msg.payload, sizeof(*head));
	if (head->len > PARLEY_OOL_MAX)
		return -EMSGSIZE;
	load->len = head->len;
	load->kinds |= PARLEY_CARGO_OOL;
	return 0;
}

/**
 * parley_load_request() - gather what a request or one-way message carries
 * @load: carries nothing so far
 * @user: whom to charge
 * @content: the message
 * @ool: it begins with a struct parley_ool
 * @cargo: what the caller says of it
 *
 * Return: 0; -EINVAL, -EBADF, -EMSGSIZE, -EFAULT, -EDQUOT, -ENOMEM, -EINTR
 * (killed). On failure too @load has to be dropped.
 */
int parley_load_request(struct parley_load *load, struct parley_user *user,
			const struct parley_content *content, bool ool,
			const struct parley_cargo *cargo)
{
	struct parley_ool head;
	int err;

	load->len = 0;
	if (cargo->send) {
		if (cargo->send == PARLEY_CARGO_RANGE)
			return -EINVAL;
		err = parley_transfer_make(&load->transfer, cargo);
		if (err)
			return err;
		load->kinds |= cargo->send;
	}
	if (!ool)
		return 0;
	err = parley_load_head(load, content, &head);
	if (err || !load->len)
		return err;
	return parley_pin_make(&load->pin, user, head.addr, load->len, false);
}

/**
 * parley_load_reply() - gather what a reply carries, but for the payload's bytes
 * @load: carries nothing so far
 * @content: the reply
 * @ool: it begins with a struct parley_ool
 * @cargo: what the replier says of it
 *
 * Return: as parley_load_request(), or -EOPNOTSUPP.
 */
int parley_load_reply(struct parley_load *load,
		      const struct parley_content *content, bool ool,
		      const struct parley_cargo *cargo)
{
	struct parley_ool head;
	int err;

	if (cargo->send) {
		err = parley_transfer_make(&load->transfer, cargo);
		if (err)
			return err;
		load->kinds |= cargo->send;
	}
	if (ool) {
		err = parley_load_head(load, content, &head);
		if (err)
			return err;
	}
	if (load->kinds & PARLEY_CARGO_RANGE &&
	    (!ool || head.addr ||
	     load->transfer.offset > MAX_LFS_FILESIZE - PARLEY_OOL_MAX))
		return -EINVAL;
	return 0;
}

/* A caller that has come back without cargo gets the head as it is. */
void parley_load_hide(const struct parley_load *load,
		      struct parley_content *content)
{
	if (load->kinds & PARLEY_CARGO_OOL)
		parley_ool_of(content)->addr = 0;
}

/* Be handed @from by its owner, under the inbox's lock. */
void parley_load_share(struct parley_load *to, const struct parley_load *from)
{
	*to = *from;
	if (to->kinds & PARLEY_CARGO_OOL && to->len)
		parley_pin_get(to->pin);
	else
		to->pin = NULL;
	if (to->transfer.file)
		get_file(to->transfer.file);
}

void parley_load_unshare(struct parley_load *load)
{
	parley_pin_put(load->pin);
	parley_transfer_drop(&load->transfer);
	load->kinds = 0;
}

/* The owner is done with it. May sleep if there is out-of-line payload. */
void parley_load_drop(struct parley_load *load)
{
	parley_pin_release(&load->pin);
	parley_transfer_drop(&load->transfer);
	load->kinds = 0;
}

/* The receiver sees where the payload is, and what came. */
static void parley_load_tell(const struct parley_load *load, u64 addr, u64 len,
			     struct parley_content *content,
			     struct parley_cargo *cargo)
{
	struct parley_ool *head = parley_ool_of(content);

	cargo->received = load->kinds & PARLEY_CARGO_ACCEPT;
	if (!(load->kinds & PARLEY_CARGO_MAPS))
		cargo->map_len = 0;
	cargo->ool_len = 0;
	if (!(load->kinds & PARLEY_CARGO_OOL))
		return;
	cargo->ool_len = len;
	head->addr = addr;
	head->len = len;
}

/**
 * parley_load_receive() - take a message's load to user space
 * @load: shared by the calling thread
 * @content: the message
 * @cargo: what the receiver wants; receives what has come and, with -EMSGSIZE,
 *	the room that it would have taken
 *
 * Return: 0, -EMSGSIZE, -EFAULT, -EINTR (killed), as parley_transfer_receive(), or
 * -ESHUTDOWN: the sender has given it up.
 */
int parley_load_receive(const struct parley_load *load,
			struct parley_content *content,
			struct parley_cargo *cargo)
{
	int err;

	if (load->kinds & PARLEY_CARGO_OOL && load->len > cargo->ool_len) {
		cargo->ool_len = load->len;
		return -EMSGSIZE;
	}
	if (load->kinds & PARLEY_CARGO_OOL && load->len) {
		err = parley_pin_read(load->pin, u64_to_user_ptr(cargo->ool),
				      load->len);
		if (err)
			return err;
	}
	err = parley_transfer_receive(&load->transfer, load->kinds, cargo);
	if (err)
		return err;
	parley_load_tell(load, cargo->ool, load->len, content, cargo);
	return 0;
}

/**
 * parley_room_make() - get ready for what a reply will carry
 * @room: made for no reply so far
 * @user: whom to charge
 * @cargo: what the caller accepts
 *
 * Room beyond what a message can carry is not pinned.
 *
 * Return: 0; -EFAULT, -EDQUOT, -ENOMEM, -EINTR (killed).
 */
int parley_room_make(struct parley_room *room, struct parley_user *user,
		     const struct parley_cargo *cargo)
{
	room->accepts = cargo->accept;
	room->map_max = cargo->map_len;
	room->addr = cargo->ool;
	room->len = 0;
	if (!(cargo->accept & PARLEY_CARGO_OOL))
		return 0;
	room->len = min_t(u64, cargo->ool_len, PARLEY_OOL_MAX);
	if (!room->len)
		return 0;
	return parley_pin_make(&room->pin, user, room->addr, room->len, true);
}

/* What the file says is not what the caller did. */
static ssize_t parley_room_error(ssize_t err)
{
	return err == -EFAULT || err == -EINTR ? err : -EIO;
}

/*
 * Nor may what mmap(2) says be taken for something that the call says: its EAGAIN,
 * for too much locked memory, is not that of a call that nobody received.
 */
static int parley_room_receive_error(int err, u32 kinds)
{
	static const int own[] = { -EFAULT, -EINTR, -EMFILE, -ENFILE, -ENOMEM };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(own); i++)
		if (err == own[i])
			return err;
	return kinds & PARLEY_CARGO_FD ? -EIO : -ENOMEM;
}

/*
 * Read the range that the reply names. Returns how much there was. Always by the
 * page cache: the file may have been set to O_DIRECT meanwhile.
 */
static ssize_t parley_room_read(const struct parley_room *room,
				const struct parley_load *answer)
{
	struct file *file = answer->transfer.file;
	struct iov_iter iter;
	struct kiocb kiocb;
	ssize_t done;

	if (!access_ok(u64_to_user_ptr(room->addr), answer->len))
		return -EFAULT;
	iov_iter_ubuf(&iter, ITER_DEST, u64_to_user_ptr(room->addr), answer->len);
	init_sync_kiocb(&kiocb, file);
	kiocb.ki_flags &= ~IOCB_DIRECT;
	kiocb.ki_pos = answer->transfer.offset;
	do {
		done = vfs_iocb_iter_read(file, &kiocb, &iter);
	} while (done > 0 && iov_iter_count(&iter));
	return done < 0 ? parley_room_error(done) :
			  answer->len - iov_iter_count(&iter);
}

/**
 * parley_room_receive() - take to user space what came with the reply
 * @room: of the call
 * @answer: what the reply carries
 * @content: the reply
 * @cargo: as parley_load_receive()
 *
 * Return: 0, -EMSGSIZE, -EFAULT, -EINTR (killed), -EMFILE, -ENFILE; -ENOMEM: a mapping
 * can't be made; -EIO: a range can't be read, or a descriptor is refused.
 */
int parley_room_receive(const struct parley_room *room,
			const struct parley_load *answer,
			struct parley_content *content,
			struct parley_cargo *cargo)
{
	ssize_t len = answer->len;
	int err;

	if (answer->kinds & PARLEY_CARGO_OOL && answer->len > room->len) {
		cargo->ool_len = answer->len;
		return -EMSGSIZE;
	}
	if (answer->kinds & PARLEY_CARGO_RANGE && answer->len) {
		len = parley_room_read(room, answer);
		if (len < 0)
			return len;
	}
	err = parley_transfer_receive(&answer->transfer, answer->kinds, cargo);
	if (err)
		return parley_room_receive_error(err, answer->kinds);
	parley_load_tell(answer, room->addr, len, content, cargo);
	return 0;
}

/* The message has ended: be done with all of it. May sleep if there are pins. */
void parley_baggage_drop(struct parley_baggage *baggage)
{
	parley_load_drop(&baggage->load);
	parley_load_drop(&baggage->answer);
	parley_pin_release(&baggage->room.pin);
	baggage->room.accepts = 0;
}

/* The message's memory goes; the pins that it keeps have ended. Never sleeps. */
void parley_baggage_free(struct parley_baggage *baggage)
{
	parley_pin_put(baggage->load.pin);
	parley_pin_put(baggage->room.pin);
}
