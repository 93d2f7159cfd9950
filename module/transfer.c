// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/overflow.h>
#include <linux/shmem_fs.h>
#include <asm/barrier.h>

#include "compat/fdtable.h"
#include "compat/file.h"
#include "transfer.h"

/*
 * Those that do not wait for anybody but the machine's own disks. Not XFS, whose
 * readers wait, unkillably, for a writer that may be copying from memory that
 * userfaultfd(2) keeps away from it.
 */
static const unsigned long parley_range_systems[] = {
	BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, TMPFS_MAGIC,
};

static bool parley_transfer_is_shmem(const struct file *file)
{
	return S_ISREG(file_inode(file)->i_mode) &&
	       file_inode(file)->i_sb->s_magic == TMPFS_MAGIC;
}

static int parley_transfer_check_fd(const struct parley_cargo *cargo,
				    const struct file *file)
{
	return cargo->send_offset || cargo->send_len ? -EINVAL : 0;
}

/* Only memfds can have F_SEAL_SHRINK: other files of tmpfs are sealed against it. */
static int parley_transfer_check_seals(const struct file *file, bool write)
{
	unsigned int seals;

	if (!parley_transfer_is_shmem(file))
		return -EINVAL;
	seals = READ_ONCE(SHMEM_I(file_inode(file))->seals);
	if (!(seals & F_SEAL_SHRINK))
		return -EINVAL;
	if (write && seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EINVAL;
	return 0;
}

static int parley_transfer_check_map(const struct parley_cargo *cargo,
				     const struct file *file)
{
	bool write = cargo->send == PARLEY_CARGO_MAP_WRITE;
	u64 end;
	int err;

	if (!(file->f_mode & FMODE_READ) || write != !!(file->f_mode & FMODE_WRITE))
		return -EINVAL;
	if (!cargo->send_len || !PAGE_ALIGNED(cargo->send_offset))
		return -EINVAL;
	if (check_add_overflow(cargo->send_offset, cargo->send_len, &end))
		return -EINVAL;
	err = parley_transfer_check_seals(file, write);
	if (err)
		return err;
	/* It was sealed before it had the size that is seen now. */
	smp_rmb();
	return end > i_size_read(file_inode(file)) ? -EINVAL : 0;
}

static int parley_transfer_check_range(const struct parley_cargo *cargo,
				       const struct file *file)
{
	unsigned long magic = file_inode(file)->i_sb->s_magic;
	size_t i;

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!S_ISREG(file_inode(file)->i_mode) || cargo->send_len)
		return -EINVAL;
	/* Its readers take locks, too. */
	if (IS_DAX(file_inode(file)))
		return -EOPNOTSUPP;
	for (i = 0; i < ARRAY_SIZE(parley_range_systems); i++)
		if (magic == parley_range_systems[i])
			return 0;
	return -EOPNOTSUPP;
}

static int parley_transfer_check(const struct parley_cargo *cargo,
				 const struct file *file)
{
	switch (cargo->send) {
	case PARLEY_CARGO_FD:
		return parley_transfer_check_fd(cargo, file);
	case PARLEY_CARGO_RANGE:
		return parley_transfer_check_range(cargo, file);
	default:
		return parley_transfer_check_map(cargo, file);
	}
}

/**
 * parley_transfer_make() - look up what is to be sent along
 * @transfer: receives it
 * @cargo: with one of FD, MAP, MAP_WRITE, RANGE to send
 *
 * Return: 0, -EBADF, -EINVAL or -EOPNOTSUPP.
 */
int parley_transfer_make(struct parley_transfer *transfer,
			 const struct parley_cargo *cargo)
{
	struct file *file;
	int err;

	/* As with SCM_RIGHTS, a descriptor that is open for its path alone will do. */
	file = cargo->send == PARLEY_CARGO_FD ? fget_raw(cargo->send_fd) :
						fget(cargo->send_fd);
	if (!file)
		return -EBADF;
	err = parley_transfer_check(cargo, file);
	if (err) {
		fput(file);
		return err;
	}
	transfer->file = file;
	transfer->offset = cargo->send_offset;
	transfer->len = cargo->send_len;
	return 0;
}

/* Never sleeps. */
void parley_transfer_drop(struct parley_transfer *transfer)
{
	if (transfer->file)
		fput(transfer->file);
	transfer->file = NULL;
}

static int parley_transfer_map(const struct parley_transfer *transfer,
			       bool write, struct parley_cargo *cargo)
{
	unsigned long prot = write ? PROT_READ | PROT_WRITE : PROT_READ;
	unsigned long addr;

	if (transfer->len > TASK_SIZE)
		return -ENOMEM;
	addr = vm_mmap(transfer->file, 0, transfer->len, prot, MAP_SHARED,
		       transfer->offset);
	if (IS_ERR_VALUE(addr))
		return (int)addr;
	cargo->map = addr;
	cargo->map_len = parley_transfer_mapped(transfer);
	return 0;
}

/**
 * parley_transfer_receive() - make it the calling process's
 * @transfer: what has come
 * @kinds: as what
 * @cargo: receives recv_fd, or map and map_len, to be undone if they don't reach
 *	user space
 *
 * Return: 0, -EMFILE, -ENFILE, -ENOMEM, or as mmap(2).
 */
int parley_transfer_receive(const struct parley_transfer *transfer, u32 kinds,
			    struct parley_cargo *cargo)
{
	int fd;

	if (kinds & (PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE))
		return parley_transfer_map(transfer,
					   kinds & PARLEY_CARGO_MAP_WRITE, cargo);
	if (!(kinds & PARLEY_CARGO_FD))
		return 0;
	fd = parley_receive_fd(transfer->file, O_CLOEXEC);
	if (fd < 0)
		return fd;
	cargo->recv_fd = fd;
	return 0;
}

static bool parley_transfer_is_at(const struct file *file, int fd)
{
	struct file *there = fget_raw(fd);

	if (there)
		fput(there);
	return there == file;
}

/*
 * It has never been received: closing it, as close(2) does, would tell the file, and
 * drop the locks that the process has on it. What another thread has put in its place
 * stays. Not if it does so between the two steps: but nobody was told the number, and
 * who uses one that he wasn't given races with every open(2) of his process.
 */
static void parley_transfer_take_back(const struct file *file, int fd)
{
	struct file *taken = NULL;

	if (parley_transfer_is_at(file, fd))
		taken = parley_take_fd(fd);
	if (taken)
		fput(taken);
}

/* What was received as @cargo says has not been, after all. */
void parley_transfer_undo(const struct parley_transfer *transfer,
			  const struct parley_cargo *cargo)
{
	if (cargo->recv_fd >= 0)
		parley_transfer_take_back(transfer->file, cargo->recv_fd);
	if (cargo->map)
		vm_munmap(cargo->map, cargo->map_len);
}
