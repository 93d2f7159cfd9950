// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "device.h"
#include "ioctl.h"
#include "task.h"

static int parley_device_open(struct inode *inode, struct file *file)
{
	struct parley_task *task = parley_task_open();

	if (IS_ERR(task))
		return PTR_ERR(task);
	file->private_data = task;
	stream_open(inode, file);
	return 0;
}

static int parley_device_release(struct inode *inode, struct file *file)
{
	parley_task_close(file->private_data);
	return 0;
}

static __poll_t parley_device_poll(struct file *file, poll_table *table)
{
	struct parley_task *task = file->private_data;

	/* A kernel thread asks on behalf of somebody who was checked before. */
	if (current->mm && !parley_task_is_current(task))
		return EPOLLERR | EPOLLHUP;
	return parley_inbox_poll(&task->inbox, file, table);
}

static const struct file_operations parley_device_fops = {
	.owner = THIS_MODULE,
	.open = parley_device_open,
	.release = parley_device_release,
	.poll = parley_device_poll,
	.unlocked_ioctl = parley_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice parley_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "parley",
	.fops = &parley_device_fops,
	.mode = 0666,
};

int parley_device_init(void)
{
	return misc_register(&parley_device);
}

void parley_device_exit(void)
{
	misc_deregister(&parley_device);
}
