// SPDX-License-Identifier: GPL-2.0

#include <linux/anon_inodes.h>
#include <linux/cdev.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nsproxy.h>

#include "bus.h"
#include "compat/device.h"
#include "device.h"
#include "ioctl.h"
#include "task.h"
#include "uring.h"

static int parley_device_open(struct inode *inode, struct file *file)
{
	struct parley_bus *bus = parley_bus_of(current->nsproxy->net_ns);
	struct parley_task *task = parley_task_open(bus, 0);

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
	.unlocked_ioctl = parley_ioctl_on_task,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = parley_uring_cmd,
	.llseek = noop_llseek,
};

static int parley_device_bus_release(struct inode *inode, struct file *file)
{
	parley_bus_put(file->private_data);
	return 0;
}

static const struct file_operations parley_device_bus_fops = {
	.owner = THIS_MODULE,
	.release = parley_device_bus_release,
	.unlocked_ioctl = parley_ioctl_on_bus,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/**
 * parley_device_bus() - make a descriptor of a bus
 * @bus: kept by the caller meanwhile
 *
 * Return: the descriptor; -EMFILE, -ENFILE or -ENOMEM.
 */
int parley_device_bus(struct parley_bus *bus)
{
	int fd = anon_inode_getfd("[parley-bus]", &parley_device_bus_fops,
				  parley_bus_get(bus), O_CLOEXEC);

	if (fd < 0)
		parley_bus_put(bus);
	return fd;
}

/**
 * parley_device_task() - make a task and a descriptor of it
 * @bus: where
 * @id: as parley_task_open()
 *
 * Return: the descriptor; -EMFILE, -ENFILE, or as parley_task_open().
 */
int parley_device_task(struct parley_bus *bus, s32 id)
{
	struct parley_task *task = parley_task_open(bus, id);
	int fd;

	if (IS_ERR(task))
		return PTR_ERR(task);
	fd = anon_inode_getfd("[parley]", &parley_device_fops, task,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0)
		parley_task_close(task);
	return fd;
}

static char *parley_device_node(PARLEY_DEVNODE_DEVICE *device, umode_t *mode)
{
	if (mode)
		*mode = 0666;
	return NULL;
}

static struct class parley_class = {
	.name = "parley",
	.devnode = parley_device_node,
};

static struct cdev parley_cdev;
static dev_t parley_number;

int parley_device_init(void)
{
	struct device *device;
	int err;

	err = alloc_chrdev_region(&parley_number, 0, 1, "parley");
	if (err)
		return err;
	cdev_init(&parley_cdev, &parley_device_fops);
	parley_cdev.owner = THIS_MODULE;
	err = cdev_add(&parley_cdev, parley_number, 1);
	if (err)
		goto unregister;
	err = class_register(&parley_class);
	if (err)
		goto del;
	device = device_create(&parley_class, NULL, parley_number, NULL, "parley");
	if (!IS_ERR(device))
		return 0;

	err = PTR_ERR(device);
	class_unregister(&parley_class);
del:
	cdev_del(&parley_cdev);
unregister:
	unregister_chrdev_region(parley_number, 1);
	return err;
}

void parley_device_exit(void)
{
	device_destroy(&parley_class, parley_number);
	class_unregister(&parley_class);
	cdev_del(&parley_cdev);
	unregister_chrdev_region(parley_number, 1);
}
