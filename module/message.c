// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "message.h"

#define PARLEY_HEAD	offsetof(struct parley_msg, payload)

static struct kmem_cache *parley_message_cache;

/*
 * Payloads are copied word by word in one user access window, four words a
 * turn: for messages this short that is half of what copy_from_user() costs.
 */
#define PARLEY_WORD	sizeof(u64)
#define PARLEY_TURN	(4 * PARLEY_WORD)

/**
 * parley_content_read() - copy a message in from user space
 * @content: receives type and payload
 * @msg: the sender's
 * @len: its payload bytes
 *
 * Return: 0, -EMSGSIZE or -EFAULT.
 */
int parley_content_read(struct parley_content *content,
			const struct parley_msg __user *msg, u32 len)
{
	const u64 __user *from = (const u64 __user *)msg->payload;
	u64 *to = (u64 *)content->msg.payload;
	u32 i, left = len;

	if (len > PARLEY_PAYLOAD_MAX)
		return -EMSGSIZE;
	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_read_access_begin(msg, PARLEY_HEAD + len))
		return -EFAULT;
	unsafe_get_user(content->msg.type, &msg->type, fault);
	for (; left >= PARLEY_TURN; left -= PARLEY_TURN, from += 4, to += 4) {
		unsafe_get_user(to[0], from, fault);
		unsafe_get_user(to[1], from + 1, fault);
		unsafe_get_user(to[2], from + 2, fault);
		unsafe_get_user(to[3], from + 3, fault);
	}
	for (; left >= PARLEY_WORD; left -= PARLEY_WORD, from++, to++)
		unsafe_get_user(*to, from, fault);
	for (i = 0; i < left; i++)
		unsafe_get_user(((u8 *)to)[i], (const u8 __user *)from + i, fault);
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
	const u64 *from = (const u64 *)content->msg.payload;
	u64 __user *to = (u64 __user *)msg->payload;
	u32 i, left = content->len;

	if (should_fail_usercopy())
		return -EFAULT;
	if (!user_write_access_begin(msg, PARLEY_HEAD + left))
		return -EFAULT;
	unsafe_put_user(content->msg.type, &msg->type, fault);
	unsafe_put_user(content->msg.src, &msg->src, fault);
	for (; left >= PARLEY_TURN; left -= PARLEY_TURN, from += 4, to += 4) {
		unsafe_put_user(from[0], to, fault);
		unsafe_put_user(from[1], to + 1, fault);
		unsafe_put_user(from[2], to + 2, fault);
		unsafe_put_user(from[3], to + 3, fault);
	}
	for (; left >= PARLEY_WORD; left -= PARLEY_WORD, from++, to++)
		unsafe_put_user(*from, to, fault);
	for (i = 0; i < left; i++)
		unsafe_put_user(((const u8 *)from)[i], (u8 __user *)to + i, fault);
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

/**
 * parley_message_alloc() - make a message
 * @user: whom to charge
 * @limit: as what
 *
 * Return: the message, of which only the sender is initialised, as nobody; or
 * -ENOMEM, -EDQUOT.
 */
struct parley_message *parley_message_alloc(struct parley_user *user,
					    enum parley_limit limit)
{
	struct parley_message *message;
	int err = parley_user_charge(user, limit);

	if (err)
		return ERR_PTR(err);
	message = kmem_cache_alloc(parley_message_cache, GFP_KERNEL);
	if (!message) {
		parley_user_uncharge(user, limit);
		return ERR_PTR(-ENOMEM);
	}
	message->sender = (struct parley_sender){};
	message->user = user;
	message->limit = limit;
	message->laden = false;
	message->baggage = (struct parley_baggage){};
	return message;
}

/* A message that has ended, or was not posted, carries nothing any more. */
void parley_message_unload(struct parley_message *message)
{
	message->laden = false;
	parley_baggage_drop(&message->baggage);
}

/* Never sleeps: what is not the sending thread's any more has no pins. */
void parley_message_free(struct parley_message *message)
{
	if (message->laden)
		parley_message_unload(message);
	parley_baggage_free(&message->baggage);
	parley_sender_drop(&message->sender);
	parley_user_uncharge(message->user, message->limit);
	kmem_cache_free(parley_message_cache, message);
}

/**
 * parley_message_recharge() - charge a message to somebody else
 * @message: not freed meanwhile
 * @user: held by the caller
 *
 * Return: 0, or -EDQUOT: it is charged as before.
 */
int parley_message_recharge(struct parley_message *message,
			    struct parley_user *user)
{
	int err;

	if (message->user == user)
		return 0;
	err = parley_user_charge(user, message->limit);
	if (err)
		return err;
	parley_user_uncharge(message->user, message->limit);
	message->user = user;
	return 0;
}

/**
 * parley_message_note() - make a message one of the kernel's
 * @message: nobody waits for it
 * @type: PARLEY_GLOBAL_*
 * @body: payload
 * @len: its bytes
 */
void parley_message_note(struct parley_message *message, s32 type,
			 const void *body, u32 len)
{
	parley_sender_drop(&message->sender);
	message->sender = (struct parley_sender){};
	message->oneway = true;
	message->nonblock = false;
	message->detached = true;
	message->kernel = true;
	message->content.msg.type = type;
	message->content.msg.src = PARLEY_TASK_KERNEL;
	message->content.len = len;
	memcpy(message->content.msg.payload, body, len);
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
