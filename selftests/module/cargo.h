/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what the tests of cargo share
 *
 * A struct cart is an operation with its struct parley_cargo. What is sent along
 * is put into it by cart_load() (out-of-line payload) and cart_carry() (a
 * descriptor, a mapping, a range of a file); what may come is said by cart_room()
 * and cart_accept(), cart_map_room(). Fields that only come out have garbage in them
 * beforehand.
 *
 * A struct area is memory with a border, to send from or to receive into: all of
 * it is UNTOUCHED, until area_fill() makes its bytes follow from a seed.
 */
#ifndef PARLEY_SELFTEST_CARGO_H
#define PARLEY_SELFTEST_CARGO_H

#include "common.h"

#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE		4096UL
#define HUGE		(2UL << 20)
#define HEAD		sizeof(struct parley_ool)
#define LEN		24U			/* of a payload: the head and a little */
#define KINDS		(PARLEY_CARGO_OOL | PARLEY_CARGO_FD | PARLEY_CARGO_MAP | \
			 PARLEY_CARGO_MAP_WRITE)
#define GARBAGE		0x1111111111111111ULL

struct cart {
	struct op op;
	struct parley_cargo cargo;
};

static inline struct cart *cart_init(struct cart *cart)
{
	memset(&cart->cargo, 0, sizeof(cart->cargo));
	cart->cargo.size = sizeof(cart->cargo);
	cart->cargo.received = (__u32)GARBAGE;
	cart->cargo.recv_fd = (__s32)GARBAGE;
	cart->cargo.map = GARBAGE;
	cart->cargo.map_len = ~0ULL;
	cart->op.arg.cargo = PTR(&cart->cargo);
	return cart;
}

static inline struct cart *cart_send(struct cart *cart, struct task me, __s32 peer, __s32 type)
{
	op_send(&cart->op, me, peer, type, LEN);
	return cart_init(cart);
}

static inline struct cart *cart_call(struct cart *cart, struct task me, __s32 peer, __s32 type)
{
	op_call(&cart->op, me, peer, type, LEN);
	return cart_init(cart);
}

static inline struct cart *cart_recv(struct cart *cart, struct task me, __s32 peer)
{
	op_recv(&cart->op, me, peer);
	return cart_init(cart);
}

/* A receive that finds something at once or fails. */
static inline struct cart *cart_poll(struct cart *cart, struct task me, __s32 peer)
{
	cart_recv(cart, me, peer)->op.arg.flags = PARLEY_NONBLOCK;
	return cart;
}

static inline struct cart *cart_reply(struct cart *cart, struct task me, __u64 token, __s32 type)
{
	op_reply(&cart->op, me, token, type, LEN);
	return cart_init(cart);
}

static inline struct cart *cart_replyrecv(struct cart *cart, struct task me, __u64 token,
					  __s32 type)
{
	op_replyrecv(&cart->op, me, token, type, LEN);
	return cart_init(cart);
}

/* Sends out-of-line payload along. */
static inline struct cart *cart_load(struct cart *cart, const void *at, __u64 len)
{
	struct parley_ool head = { PTR(at), len };

	memcpy(cart->op.out.payload, &head, HEAD);
	cart->op.arg.flags |= PARLEY_OOL;
	return cart;
}

/* Sends a PARLEY_CARGO_* along. */
static inline struct cart *cart_carry(struct cart *cart, __u32 kind, int fd, __u64 offset,
				      __u64 len)
{
	cart->cargo.send = kind;
	cart->cargo.send_fd = fd;
	cart->cargo.send_offset = offset;
	cart->cargo.send_len = len;
	return cart;
}

/* Answers with a part of a file. */
static inline struct cart *cart_range(struct cart *cart, int fd, __u64 offset, __u64 len)
{
	cart_load(cart, NULL, len);
	return cart_carry(cart, PARLEY_CARGO_RANGE, fd, offset, 0);
}

static inline struct cart *cart_accept(struct cart *cart, __u32 kinds)
{
	cart->cargo.accept |= kinds;
	return cart;
}

/* Accepts mappings of up to that many bytes; otherwise they may be of any length. */
static inline struct cart *cart_map_room(struct cart *cart, __u64 len)
{
	cart_accept(cart, PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE);
	cart->cargo.map_len = len;
	return cart;
}

/* Accepts out-of-line payload. */
static inline struct cart *cart_room(struct cart *cart, void *at, __u64 len)
{
	cart_accept(cart, PARLEY_CARGO_OOL);
	cart->cargo.ool = PTR(at);
	cart->cargo.ool_len = len;
	return cart;
}

static inline struct cart *cart_within(struct cart *cart, __u64 ns)
{
	cart->op.arg.deadline = now() + ns;
	return cart;
}

static inline int cart_run(struct cart *cart)
{
	return op_run(&cart->op);
}

static inline void cart_start(struct cart *cart)
{
	op_start(&cart->op);
}

static inline void cart_park(struct cart *cart)
{
	op_park(&cart->op);
}

static inline int cart_join(struct cart *cart)
{
	return op_join(&cart->op);
}

static inline __u64 cart_token(const struct cart *cart)
{
	return cart->op.arg.token;
}

/* What came beside the payload: exactly what is said, and nothing else? */
static inline bool cargo_is(const struct parley_cargo *cargo, __u32 received, __u64 ool_len)
{
	bool fd = received & PARLEY_CARGO_FD;
	bool map = received & (PARLEY_CARGO_MAP | PARLEY_CARGO_MAP_WRITE);

	if (cargo->received == received && (fd ? cargo->recv_fd >= 0 : cargo->recv_fd == -1) &&
	    (map ? cargo->map && cargo->map_len : !cargo->map && !cargo->map_len) &&
	    cargo->ool_len == ool_len)
		return true;
	fprintf(stderr, "# cargo 0x%x, fd %d, map 0x%llx + %llu, %llu bytes; not 0x%x, %llu\n",
		cargo->received, cargo->recv_fd, (unsigned long long)cargo->map,
		(unsigned long long)cargo->map_len, (unsigned long long)cargo->ool_len,
		received, (unsigned long long)ool_len);
	return false;
}

/* Has @cart received a message with cargo, but without out-of-line payload? */
static inline bool cart_got(const struct cart *cart, __s32 src, __s32 type, __u32 received)
{
	return op_got(&cart->op, src, type, LEN) && cargo_is(&cart->cargo, received, 0);
}

/* Has @cart received one with that many bytes, and @received besides? */
static inline bool cart_got_ool(const struct cart *cart, __s32 src, __s32 type, __u64 bytes,
				__u32 received)
{
	const struct parley_msg *in = &cart->op.in;
	struct parley_ool head;

	memcpy(&head, in->payload, HEAD);
	if (in->src != src || in->type != type || cart->op.arg.recv_len != LEN ||
	    head.addr != cart->cargo.ool || head.len != bytes) {
		fprintf(stderr, "# got type %d from %d, %u bytes, 0x%llx + %llu out of line\n",
			in->type, in->src, cart->op.arg.recv_len, (unsigned long long)head.addr,
			(unsigned long long)head.len);
		return false;
	}
	for (unsigned int i = HEAD; i < PARLEY_PAYLOAD_MAX; i++) {
		if (in->payload[i] == (i < LEN ? pattern(type, i) : UNTOUCHED))
			continue;
		fprintf(stderr, "# type %d: byte %u is 0x%02x\n", type, i, in->payload[i]);
		return false;
	}
	return cargo_is(&cart->cargo, received | PARLEY_CARGO_OOL, bytes);
}

struct area {
	__u8 *start;
	size_t size;
	__u8 *at;
	size_t len;
};

static inline size_t page_up(size_t len)
{
	return (len + PAGE - 1) & ~(PAGE - 1);
}

/* @map has a page before and a page behind what is used. */
static inline struct area area_in(void *map, size_t len, size_t offset)
{
	struct area area = { map, page_up(len + offset) + 2 * PAGE, map, len };

	area.at += PAGE + offset;
	memset(area.start, UNTOUCHED, area.size);
	return area;
}

/* Begins @offset bytes after a page does. */
static inline struct area area_make(size_t len, size_t offset)
{
	void *map = mmap(NULL, page_up(len + offset) + 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(map != MAP_FAILED);
	return area_in(map, len, offset);
}

static inline void area_free(struct area *area)
{
	CHECK_EQ(0, munmap(area->start, area->size));
}

/* Pages differ, as well as bytes. */
static inline __u8 area_byte(__u32 seed, size_t i)
{
	return ((__u32)i * 2654435761U >> 24) ^ (i >> 12) * 29 ^ seed;
}

static inline void bytes_fill(__u8 *at, size_t len, __u32 seed)
{
	for (size_t i = 0; i < len; i++)
		at[i] = area_byte(seed, i);
}

static inline void area_fill(struct area *area, __u32 seed)
{
	bytes_fill(area->at, area->len, seed);
}

static inline struct area area_filled(size_t len, size_t offset, __u32 seed)
{
	struct area area = area_make(len, offset);

	area_fill(&area, seed);
	return area;
}

/* Are these @len bytes all those of a seed, from the @skip-th on? */
static inline bool bytes_are(const __u8 *at, size_t len, __u32 seed, size_t skip)
{
	for (size_t i = 0; i < len; i++) {
		if (at[i] == area_byte(seed, i + skip))
			continue;
		fprintf(stderr, "# byte %zu of %zu is 0x%02x, not 0x%02x\n", i, len, at[i],
			area_byte(seed, i + skip));
		return false;
	}
	return true;
}

static inline bool bytes_untouched(const __u8 *from, const __u8 *to)
{
	for (const __u8 *at = from; at < to; at++) {
		if (*at == UNTOUCHED)
			continue;
		fprintf(stderr, "# touched: byte %td is 0x%02x\n", at - from, *at);
		return false;
	}
	return true;
}

/* Are its first @len bytes those of the seed, and all others as they were? */
static inline bool area_holds(const struct area *area, __u32 seed, size_t len)
{
	return bytes_are(area->at, len, seed, 0) && bytes_untouched(area->start, area->at) &&
	       bytes_untouched(area->at + len, area->start + area->size);
}

static inline bool area_untouched(const struct area *area)
{
	return bytes_untouched(area->start, area->start + area->size);
}

/* From now on what is beyond page number @page of @area gives a fault. */
static inline void area_end_after(const struct area *area, size_t page)
{
	size_t kept = (page + 1) * PAGE;

	CHECK_EQ(0, mprotect(area->start + kept, area->size - kept, PROT_NONE));
}

/* How many descriptors this process has. */
static inline int fds_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Are both descriptors of one file? */
static inline bool fds_same_file(int a, int b)
{
	struct stat stats[2];

	CHECK_EQ(0, fstat(a, &stats[0]));
	CHECK_EQ(0, fstat(b, &stats[1]));
	return stats[0].st_dev == stats[1].st_dev && stats[0].st_ino == stats[1].st_ino;
}

/* Pages that are pinned in the whole machine, by whomever. */
static inline long long pages_pinned(void)
{
	long long acquired = 0, released = 0, value;
	FILE *refresh = fopen("/proc/sys/vm/stat_refresh", "w");
	FILE *file = fopen("/proc/vmstat", "r");
	char name[64];

	CHECK(refresh && file);
	fputs("1\n", refresh);
	fclose(refresh);
	while (fscanf(file, "%63s %lld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	fclose(file);
	return acquired - released;
}

/* Are no more pinned than before? Who has just been woken may yet have to let go. */
static inline bool pages_let_go(long long before)
{
	__u64 end = now() + 20000 * MS;
	long long pinned;

	while ((pinned = pages_pinned()) != before && now() < end)
		sched_yield();
	if (pinned == before)
		return true;
	fprintf(stderr, "# %lld pages pinned, not %lld\n", pinned, before);
	return false;
}

/* Asks for pages of hugetlb, of which there may come fewer. */
static inline void huge_pages_set(int count)
{
	FILE *file = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (!file)
		return;
	fprintf(file, "%d\n", count);
	fclose(file);
}

static inline int memfd(const char *name, size_t size, unsigned int seals)
{
	int fd = syscall(SYS_memfd_create, name, 3U /* CLOEXEC, ALLOW_SEALING */);

	CHECK(fd >= 0);
	CHECK_EQ(0, ftruncate(fd, size));
	if (seals)
		CHECK_EQ(0, fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

#endif /* PARLEY_SELFTEST_CARGO_H */
