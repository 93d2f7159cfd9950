// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pin.h"

/* A pin is made for this many pages at least, and kept if it has no more. */
#define PARLEY_PIN_ROOM		17

/* Faults of one's own at one place, brought in and gone again each time. */
#define PARLEY_PIN_TRIES	16

static struct parley_pin *parley_pin_alloc(u32 count)
{
	u32 room = max_t(u32, count, PARLEY_PIN_ROOM);
	struct parley_pin *pin;

	pin = kmalloc(struct_size(pin, pages, room), GFP_KERNEL_ACCOUNT);
	if (!pin)
		return NULL;
	refcount_set(&pin->refs, 1);
	spin_lock_init(&pin->lock);
	pin->ended = true;
	pin->room = room;
	return pin;
}

/*
 * Pages of a file system that tracks what is dirty must not be written behind its
 * back, and to mark them dirty in the end would take a lock that the file system, a
 * FUSE server perhaps, may hold for ever.
 */
static bool parley_pin_writable(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_test_anon(folio) || folio_test_swapbacked(folio) ||
	       folio_test_hugetlb(folio);
}

static bool parley_pin_all_writable(struct page **pages, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (!parley_pin_writable(pages[i]))
			return false;
	return true;
}

/* Killed, or out of memory; of the rest, the address is what is wrong. */
static int parley_pin_error(int err)
{
	return err == -EINTR || err == -ENOMEM ? err : -EFAULT;
}

static void parley_pin_forget(struct page **pages, int count)
{
	while (count > 0)
		put_page(pages[--count]);
}

/*
 * Is a reference too little? A page of hugetlb is written in place by its last owner,
 * such as a parent whose child is the sender and has unmapped it, whoever else has a
 * reference. For that to go, a DAX file is kept from being truncated.
 */
static bool parley_pin_is_special(struct page *page)
{
	return unlikely(is_zone_device_page(page)) ||
	       (unlikely(PageCompound(page)) &&
		folio_test_hugetlb(page_folio(page)));
}

static bool parley_pin_any_special(struct page **pages, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (parley_pin_is_special(pages[i]))
			return true;
	return false;
}

/* To be read, and held for good: so the pages are the process's own, or none. */
static int parley_pin_fill_to_keep(struct parley_pin *pin, u64 addr, u32 count)
{
	int got = pin_user_pages_fast(addr & PAGE_MASK, count, FOLL_LONGTERM,
				      pin->pages);

	if (got == count)
		return 0;
	if (got > 0)
		unpin_user_pages(pin->pages, got);
	return parley_pin_error(got);
}

/*
 * To be read. A reference is enough, as for what is sent by MSG_ZEROCOPY: if the
 * page is shared and its owner gets another one meanwhile, that is he who changes
 * what he is sending.
 */
static int parley_pin_fill_to_read(struct parley_pin *pin, u64 addr, u32 count)
{
	int got = get_user_pages_fast(addr & PAGE_MASK, count, 0, pin->pages);

	pin->pinned = false;
	if (got == count && likely(!parley_pin_any_special(pin->pages, count)))
		return 0;
	parley_pin_forget(pin->pages, got);
	if (got != count)
		return parley_pin_error(got);
	pin->pinned = true;
	return parley_pin_fill_to_keep(pin, addr, count);
}

/* To be written, as far as that is there. */
static int parley_pin_grab(struct parley_pin *pin, u64 addr, u32 count,
			   unsigned int flags)
{
	int got = pin_user_pages_fast(addr & PAGE_MASK, count,
				      flags | FOLL_WRITE | FOLL_LONGTERM,
				      pin->pages);

	if (got == count && parley_pin_all_writable(pin->pages, count))
		return 0;
	if (got > 0)
		unpin_user_pages(pin->pages, got);
	return parley_pin_error(got);
}

/*
 * To be written. What isn't there is first touched, as by the process itself: it
 * may be long in coming, and pages that are pinned for long come with the memory
 * map locked, or not at all if somebody in user space supplies them.
 */
static int parley_pin_fill_to_write(struct parley_pin *pin, u64 addr, u32 len,
				    u32 count)
{
	unsigned int tries = 0;
	int err;

	pin->pinned = true;
	err = parley_pin_grab(pin, addr, count, FOLL_NOFAULT);
	while (err == -EFAULT && tries++ < PARLEY_PIN_TRIES) {
		if (fault_in_safe_writeable(u64_to_user_ptr(addr), len))
			return fatal_signal_pending(current) ? -EINTR : -EFAULT;
		err = parley_pin_grab(pin, addr, count, 0);
	}
	return err;
}

/**
 * parley_pin_make() - pin memory of the calling process
 * @pin: NULL, or one that has ended, to be used again; receives the pin
 * @user: whom to charge; held by the caller until the end
 * @addr: where
 * @len: bytes, not 0
 * @writes: others are to write there, and not to read
 *
 * May sleep for as long as the memory takes to be there.
 *
 * Return: 0; -EFAULT, -EDQUOT, -ENOMEM, or -EINTR (killed).
 */
int parley_pin_make(struct parley_pin **pin, struct parley_user *user, u64 addr,
		    u32 len, bool writes)
{
	u32 offset = offset_in_page(addr);
	u32 count = DIV_ROUND_UP(offset + len, PAGE_SIZE);
	struct parley_pin *made = *pin;
	int err;

	if (!access_ok(u64_to_user_ptr(addr), len))
		return -EFAULT;
	/* Somebody who copied from it may not have noticed its end yet. */
	if (made && (made->room < count || refcount_read(&made->refs) != 1)) {
		parley_pin_put(made);
		made = NULL;
	}
	if (!made)
		made = parley_pin_alloc(count);
	*pin = made;
	if (!made)
		return -ENOMEM;
	err = parley_user_charge_many(user, PARLEY_LIMIT_PINS, count);
	if (err)
		return err;
	err = writes ? parley_pin_fill_to_write(made, addr, len, count) :
		       parley_pin_fill_to_read(made, addr, count);
	if (err) {
		parley_user_uncharge_many(user, PARLEY_LIMIT_PINS, count);
		return err;
	}
	made->writes = writes;
	made->user = user;
	made->offset = offset;
	made->len = len;
	made->count = count;
	made->ended = false;
	return 0;
}

/**
 * parley_pin_end() - let go of the memory
 * @pin: the caller's; may have ended before
 *
 * Nobody reads or writes it any more when this returns. May sleep.
 */
void parley_pin_end(struct parley_pin *pin)
{
	bool ended;

	spin_lock(&pin->lock);
	ended = pin->ended;
	pin->ended = true;
	spin_unlock(&pin->lock);
	if (ended)
		return;
	if (pin->pinned)
		unpin_user_pages_dirty_lock(pin->pages, pin->count, pin->writes);
	else
		parley_pin_forget(pin->pages, pin->count);
	parley_user_uncharge_many(pin->user, PARLEY_LIMIT_PINS, pin->count);
}

/* Give up a reference; the one of who made it after the end only. */
void parley_pin_put(struct parley_pin *pin)
{
	if (pin && refcount_dec_and_test(&pin->refs))
		kfree(pin);
}

/* End *@pin, if there is one. It is kept to be made again if it is small. */
void parley_pin_release(struct parley_pin **pin)
{
	if (!*pin)
		return;
	parley_pin_end(*pin);
	if ((*pin)->room <= PARLEY_PIN_ROOM)
		return;
	parley_pin_put(*pin);
	*pin = NULL;
}

/*
 * Copying a whole page needs no check of which object it lies in, at a tenth of the
 * copy's cost: the compiler knows the size.
 */
static int parley_pin_copy_out(char __user *to, const char *from, u32 len)
{
	return len == PAGE_SIZE ? __copy_to_user_inatomic(to, from, PAGE_SIZE) :
				  __copy_to_user_inatomic(to, from, len);
}

static int parley_pin_copy_in(char *to, const char __user *from, u32 len)
{
	return len == PAGE_SIZE ? __copy_from_user_inatomic(to, from, PAGE_SIZE) :
				  __copy_from_user_inatomic(to, from, len);
}

/* Copy from one page, or to it. Returns the bytes that were not, or -ESHUTDOWN. */
static __always_inline int parley_pin_copy_user_page(struct parley_pin *pin,
						     u32 at, char __user *user,
						     u32 len, bool out)
{
	struct page *page = pin->pages[at >> PAGE_SHIFT];
	int left = -ESHUTDOWN;
	char *kernel;

	spin_lock(&pin->lock);
	if (!pin->ended) {
		kernel = kmap_local_page(page);
		pagefault_disable();
		if (out)
			left = parley_pin_copy_out(user, kernel + offset_in_page(at),
						   len);
		else
			left = parley_pin_copy_in(kernel + offset_in_page(at), user,
						  len);
		pagefault_enable();
		kunmap_local(kernel);
	}
	spin_unlock(&pin->lock);
	return left;
}

/* After @tries faults at one place: is it worth another? */
static int parley_pin_fault(char __user *user, u32 len, bool out,
			    unsigned int tries)
{
	size_t missing = out ? fault_in_safe_writeable(user, len) :
			       fault_in_readable(user, len);

	if (missing == len || tries >= PARLEY_PIN_TRIES)
		return -EFAULT;
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

static __always_inline int parley_pin_copy_user(struct parley_pin *pin,
						char __user *user, u32 len,
						bool out)
{
	unsigned int tries = 0;
	u32 done = 0, at, part;
	int left, err;

	if (!access_ok(user, len))
		return -EFAULT;
	while (done < len) {
		at = pin->offset + done;
		part = min_t(u32, len - done, PAGE_SIZE - offset_in_page(at));
		left = parley_pin_copy_user_page(pin, at, user + done, part, out);
		if (left < 0)
			return left;
		done += part - left;
		if (!left) {
			tries = 0;
			continue;
		}
		err = parley_pin_fault(user + done, left, out, ++tries);
		if (err)
			return err;
	}
	return 0;
}

/**
 * parley_pin_read() - copy pinned memory to the calling thread's
 * @pin: with a reference of the caller's
 * @to: where to
 * @len: how much, from the beginning; not more than there is
 *
 * Return: 0; -EFAULT; -EINTR (killed); -ESHUTDOWN: the pin has ended, some may
 * have been copied.
 */
int parley_pin_read(struct parley_pin *pin, char __user *to, u32 len)
{
	return parley_pin_copy_user(pin, to, len, true);
}

/**
 * parley_pin_write() - copy the calling thread's memory to pinned memory
 * @pin: with a reference of the caller's, made for writing
 * @from: where from
 * @len: how much, to the beginning; not more than there is room for
 *
 * Return: as parley_pin_read().
 */
int parley_pin_write(struct parley_pin *pin, char __user *from, u32 len)
{
	return parley_pin_copy_user(pin, from, len, false);
}

/* From one page to one other. */
static int parley_pin_copy_page(struct parley_pin *to, u32 to_at,
				struct parley_pin *from, u32 from_at, u32 len)
{
	int err = -ESHUTDOWN;

	spin_lock(&to->lock);
	if (!to->ended) {
		memcpy_page(to->pages[to_at >> PAGE_SHIFT], offset_in_page(to_at),
			    from->pages[from_at >> PAGE_SHIFT],
			    offset_in_page(from_at), len);
		err = 0;
	}
	spin_unlock(&to->lock);
	return err;
}

/**
 * parley_pin_copy() - copy pinned memory to pinned memory
 * @to: with a reference of the caller's, made for writing
 * @from: the caller's, not ended, and no larger
 *
 * Return: 0 or -ESHUTDOWN.
 */
int parley_pin_copy(struct parley_pin *to, struct parley_pin *from)
{
	u32 done = 0, to_at, from_at, part;
	int err = 0;

	while (!err && done < from->len) {
		to_at = to->offset + done;
		from_at = from->offset + done;
		part = min_t(u32, from->len - done,
			     PAGE_SIZE - max(offset_in_page(to_at),
					     offset_in_page(from_at)));
		err = parley_pin_copy_page(to, to_at, from, from_at, part);
		done += part;
		cond_resched();
	}
	return err;
}
