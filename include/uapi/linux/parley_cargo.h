/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/**
 * DOC: Parley, what a message carries besides its payload
 *
 * Part of parley.h, which says what the operations do with it.
 */
#ifndef _UAPI_LINUX_PARLEY_CARGO_H
#define _UAPI_LINUX_PARLEY_CARGO_H

#include <linux/types.h>

/**
 * PARLEY_OOL - flag of struct parley_ipc: the payload that is sent begins with a struct parley_ool, which
 * names out-of-line payload (%EINVAL if there is no room for one). A SEND that
 * carries any waits for its receiver: with
 * PARLEY_NONBLOCK it gets %EINVAL.
 */
#define PARLEY_OOL		(1U << 1)

/** PARLEY_OOL_MAX - most bytes of out-of-line payload that a message carries. */
#define PARLEY_OOL_MAX		(1U << 20)

/**
 * struct parley_ool - head of a payload that has out-of-line payload
 * @addr: sent: where it is in the sender's memory (of a PARLEY_CARGO_RANGE: 0).
 *	Received: where the kernel has put it, that is, @ool of struct parley_cargo.
 * @len: its bytes, at most PARLEY_OOL_MAX; may be 0
 *
 * The rest of the payload follows. A receiver is told by PARLEY_CARGO_OOL that it
 * is the kernel that wrote this.
 */
struct parley_ool {
	__aligned_u64 addr;
	__aligned_u64 len;
};

/** PARLEY_CARGO_OOL - out-of-line payload. */
#define PARLEY_CARGO_OOL	(1U << 0)

/** PARLEY_CARGO_FD - a descriptor; arrives close-on-exec. */
#define PARLEY_CARGO_FD		(1U << 1)

/**
 * PARLEY_CARGO_MAP - a mapping that can be read. Made of a descriptor that is not
 * open for writing, so that mprotect(2) can't make it writable.
 */
#define PARLEY_CARGO_MAP	(1U << 2)

/** PARLEY_CARGO_MAP_WRITE - a mapping that can be read and written. */
#define PARLEY_CARGO_MAP_WRITE	(1U << 3)

/**
 * PARLEY_CARGO_RANGE - only with a reply: its out-of-line payload is read from a
 * regular file, by the caller when it gets the reply, straight from the page cache.
 * For file systems that can't stall a caller: ext4, btrfs, tmpfs. Arrives as
 * PARLEY_CARGO_OOL, and less of it where the file ends.
 */
#define PARLEY_CARGO_RANGE	(1U << 4)

/**
 * struct parley_cargo - what a message carries besides its payload
 * @size: in: size of this structure
 * @accept: in: what may come with the message or reply to be received, any of
 *	PARLEY_CARGO_OOL, _FD, _MAP and _MAP_WRITE. What comes with anything else is
 *	refused, and it is the sender that gets the error (%EOPNOTSUPP).
 * @send: in: what is sent along: 0, or one of PARLEY_CARGO_FD, _MAP, _MAP_WRITE and
 *	_RANGE. (Out-of-line payload is sent by PARLEY_OOL.)
 * @received: out: what has come, PARLEY_CARGO_*
 * @send_fd: in: the descriptor that @send is about. FD: any (a task's is of no use to
 *	another address space, but keeps the task alive).
 *	MAP, MAP_WRITE: a memfd with F_SEAL_SHRINK. RANGE: a regular file open for
 *	reading. Not used if @send is 0.
 * @recv_fd: out: the descriptor that has come, else -1
 * @send_offset: in: where in the file the mapping (a multiple of the page size) or
 *	the range begins
 * @send_len: in: bytes to be mapped, not 0, rounded up to pages, within the file;
 *	0 if @send is not MAP or MAP_WRITE. (A range has its length in parley_ool.)
 * @ool: in: where to put out-of-line payload
 * @ool_len: in: bytes that there is room for, which for a CALL is pinned;
 *	out: bytes that have come or, with %EMSGSIZE, that there were
 * @map: out: where the mapping that has come is, else 0; the receiver's to unmap
 * @map_len: in: the most bytes of a mapping that is accepted: one that is longer, in
 *	whole pages, is refused as one that isn't accepted; out: the bytes of the one
 *	that has come, else 0
 *
 * A field whose "in" is not said is ignored going in; one that is not for the
 * operation must be zero (@accept of a SEND or REPLY, @send of a RECV). After an
 * error they are as they were or as if nothing had come, but for @ool_len with
 * %EMSGSIZE, or undefined with %EFAULT.
 */
struct parley_cargo {
	__u32 size;
	__u32 accept;
	__u32 send;
	__u32 received;
	__s32 send_fd;
	__s32 recv_fd;
	__aligned_u64 send_offset;
	__aligned_u64 send_len;
	__aligned_u64 ool;
	__aligned_u64 ool_len;
	__aligned_u64 map;
	__aligned_u64 map_len;
};

#endif /* _UAPI_LINUX_PARLEY_CARGO_H */
