// SPDX-License-Identifier: GPL-2.0

#include <linux/fault-inject-usercopy.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "message.h"

#define PARLEY_HEAD	offsetof(struct parley_msg, payload)

static struct kmem_cache *parley_message_cache;

/**
 * parley_content_read() - copy a message in from user space
 * @content: receives type and payload
 * @msg: the sender's
 * @len: its payload bytes
 *
 * Word by word in one user access window: for messages this short that is
 * half of what copy_from_user() costs.
 *
 * Return: 0, -EMSGSIZE or -EFAULT.
 */
int parley_content_read(struct parley_content *content,
			const struct parley_msg __user *msg, u32 len)
{
	const u8 __user *from = msg->payload;
	u8 *to = content->msg.payload;
	u32 left = len;

	if (len > PARLEY_PAYLOAD_MAX)
		return -EMSGSIZE;
	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_read_access_begin(msg, PARLEY_HEAD + len))
		return -EFAULT;
	unsafe_get_user(content->msg.type, &msg->type, fault);
	for (; left >= sizeof(u64); left -= sizeof(u64)) {
		unsafe_get_user(*(u64 *)to, (const u64 __user *)from, fault);
		from += sizeof(u64);
		to += sizeof(u64);
	}
	for (; left; left--, from++, to++)
		unsafe_get_user(*to, from, fault);
	user_read_access_end();
	content->len = len;
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * parley_content_write() - copy a message out to user space
 * @content: type, source, length and payload
 * @msg: the receiver's buffer, with room for that length
 *
 * Return: 0 or -EFAULT.
 */
int parley_content_write(const struct parley_content *content,
			 struct parley_msg __user *msg)
{
	const u8 *from = content->msg.payload;
	u8 __user *to = msg->payload;
	u32 left = content->len;

	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_write_access_begin(msg, PARLEY_HEAD + left))
		return -EFAULT;
	unsafe_put_user(content->msg.type, &msg->type, fault);
	unsafe_put_user(content->msg.src, &msg->src, fault);
	for (; left >= sizeof(u64); left -= sizeof(u64)) {
		unsafe_put_user(*(const u64 *)from, (u64 __user *)to, fault);
		from += sizeof(u64);
		to += sizeof(u64);
	}
	for (; left; left--, from++, to++)
		unsafe_put_user(*from, to, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/* Only the bytes in use: copying all 256 costs a short call 5 %. */
void parley_content_copy(struct parley_content *to,
			 const struct parley_content *from)
{
	memcpy(&to->msg, &from->msg, PARLEY_HEAD + from->len);
	to->len = from->len;
}

/* Returns NULL when out of memory. @content is not initialised. */
struct parley_message *parley_message_alloc(void)
{
	struct parley_message *message;

	message = kmem_cache_alloc(parley_message_cache, GFP_KERNEL_ACCOUNT);
	if (!message)
		return NULL;
	parley_wait_init(&message->wait);
	message->state = PARLEY_MESSAGE_ENDED;
	message->detached = false;
	message->error = 0;
	message->call = 0;
	return message;
}

void parley_message_free(struct parley_message *message)
{
	kmem_cache_free(parley_message_cache, message);
}

int parley_message_init(void)
{
	parley_message_cache = KMEM_CACHE(parley_message, SLAB_ACCOUNT);
	return parley_message_cache ? 0 : -ENOMEM;
}

void parley_message_exit(void)
{
	kmem_cache_destroy(parley_message_cache);
}
