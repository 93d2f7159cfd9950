/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: compat/fdtable, how a descriptor gives up its file
 *
 * Linux 6.8 renamed close_fd_get_file() (commit a88c955fcfb4, "file:
 * s/close_fd_get_file()/file_close_fd()/g").
 */
#ifndef _PARLEY_COMPAT_FDTABLE_H
#define _PARLEY_COMPAT_FDTABLE_H

#include <linux/fdtable.h>

/* Returns the file, with the reference that the descriptor had, or NULL. */
static inline struct file *parley_take_fd(unsigned int fd)
{
#ifdef PARLEY_HAVE_FILE_CLOSE_FD
	return file_close_fd(fd);
#else
	return close_fd_get_file(fd);
#endif
}

#endif /* _PARLEY_COMPAT_FDTABLE_H */
