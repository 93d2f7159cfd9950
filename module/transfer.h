/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: transfer, a descriptor or a mapping that goes along with a message
 *
 * The sender's descriptor is looked up when the message is made; what travels is
 * the open file. In the receiver's context it becomes a descriptor, or is mapped
 * into the receiver's memory, as the last thing before the message counts as
 * received, and can be undone until then.
 *
 * A mapping is only made of a file that can't be made shorter under it: a memfd
 * with F_SEAL_SHRINK. One for reading is only made of a file that isn't open for
 * writing, or else mprotect(2) would do the rest.
 *
 * A range is no transfer in that sense: the caller reads from the file what is
 * its reply's payload (cargo.h).
 */
#ifndef _PARLEY_TRANSFER_H
#define _PARLEY_TRANSFER_H

#include <linux/mm.h>
#include <linux/types.h>
#include <uapi/linux/parley.h>

struct file;

/**
 * struct parley_transfer - an open file on its way
 * @file: the file, NULL for none; with a reference
 * @offset: where in it the mapping, or the range, begins
 * @len: bytes to be mapped
 */
struct parley_transfer {
	struct file *file;
	u64 offset;
	u64 len;
};

/* How long a mapping is to be. It ends where a file can, so there is no overflow. */
static inline u64 parley_transfer_mapped(const struct parley_transfer *transfer)
{
	return PAGE_ALIGN(transfer->len);
}

int parley_transfer_make(struct parley_transfer *transfer,
			 const struct parley_cargo *cargo);
void parley_transfer_drop(struct parley_transfer *transfer);
int parley_transfer_receive(const struct parley_transfer *transfer, u32 kinds,
			    struct parley_cargo *cargo);
void parley_transfer_undo(const struct parley_transfer *transfer,
			  const struct parley_cargo *cargo);

#endif /* _PARLEY_TRANSFER_H */
