/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: compat/file, how a file becomes a descriptor
 *
 * Linux 6.8 merged receive_fd() with __receive_fd(), and gave it the address that the
 * number is to be written to (commit 4e94ddfe2aab, "file: remove __receive_fd()").
 */
#ifndef _PARLEY_COMPAT_FILE_H
#define _PARLEY_COMPAT_FILE_H

#include <linux/file.h>

static inline int parley_receive_fd(struct file *file, unsigned int flags)
{
#ifdef PARLEY_HAVE_RECEIVE_FD_USER
	return receive_fd(file, NULL, flags);
#else
	return receive_fd(file, flags);
#endif
}

#endif /* _PARLEY_COMPAT_FILE_H */
