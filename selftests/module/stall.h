/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: memory that stalls
 *
 * stall_make() maps memory of a kind: whoever touches it first waits, until
 * stall_release(); then it is there, with the bytes that follow from STALL_SEED.
 * stall_hangs() returns when somebody waits, and so does stall_hangs_in(). There is
 * one such memory at a time in a process.
 *
 * "uffd" is served by a thread (userfaultfd(2)). "fuse" is a mapping of the one file
 * of a file system, whose server speaks the protocol of /dev/fuse; that is a process
 * of its own, or it couldn't die while one of its threads waits for it.
 */
#ifndef PARLEY_SELFTEST_STALL_H
#define PARLEY_SELFTEST_STALL_H

#include "cargo.h"
#include "ring.h"

#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <sys/mount.h>

#define STALL_SEED	13
#define STALL_PAGES	5
#define STALL_BYTES	(STALL_PAGES * PAGE)
#define FUSE_DIR	"/tmp/stall"
#define FUSE_BUFFER	(256 << 10)
#define FUSE_UNKNOWN	38	/* the answer to what this server doesn't know */

/**
 * struct stall - its state, shared by all who have to do with it
 * @hanging: how often somebody had to wait
 * @released: nobody has to any more
 */
static struct stall {
	atomic_int hanging;
	atomic_bool released;
} *stall;

static inline void stall_hangs(void)
{
	while (!atomic_load(&stall->hanging))
		usleep(1000);
}

/* The same, if it is to be somebody in @op. */
static inline void stall_hangs_in(struct op *op)
{
	while (!atomic_load(&stall->hanging)) {
		if (op_done(op)) {
			fprintf(stderr, "# returned %d instead of waiting for memory\n", op->ret);
			_exit(KSFT_FAIL);
		}
		usleep(1000);
	}
}

static inline void stall_release(void)
{
	atomic_store(&stall->released, true);
}

/* Whoever serves the memory makes the others wait. */
static inline void stall_hold(void)
{
	atomic_fetch_add(&stall->hanging, 1);
	while (!atomic_load(&stall->released))
		usleep(1000);
}

static inline int uffd_copy(int uffd, __u64 at, size_t page)
{
	static __u8 bytes[STALL_BYTES] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.dst = at, .src = PTR(bytes + page * PAGE), .len = PAGE,
	};

	bytes_fill(bytes, sizeof(bytes), STALL_SEED);
	return ioctl(uffd, UFFDIO_COPY, &copy);
}

static __u8 *uffd_at;

static inline void *uffd_thread(void *arg)
{
	int uffd = (intptr_t)arg;
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		__u64 at = msg.arg.pagefault.address & ~(PAGE - 1);

		CHECK_EQ(UFFD_EVENT_PAGEFAULT, msg.event);
		stall_hold();
		CHECK(!uffd_copy(uffd, at, (at - PTR(uffd_at)) / PAGE) || errno == EEXIST);
	}
	return NULL;
}

/* NULL if this kernel has it not. The first @there pages are there already. */
static inline void *uffd_make(size_t there)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	if (uffd < 0)
		return NULL;
	CHECK_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	uffd_at = mmap(NULL, STALL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	CHECK(uffd_at != MAP_FAILED);
	all.range.start = PTR(uffd_at);
	all.range.len = STALL_BYTES;
	CHECK_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &all));
	for (size_t page = 0; page < there; page++)
		CHECK_EQ(0, uffd_copy(uffd, PTR(uffd_at) + page * PAGE, page));
	CHECK_EQ(0, pthread_create(&thread, NULL, uffd_thread, (void *)(intptr_t)uffd));
	return uffd_at;
}

static inline void *make_uffd(void)
{
	return uffd_make(0);
}

static inline void *make_uffd_last_page(void)
{
	return uffd_make(STALL_PAGES - 1);
}

/* The server of a file system with one file. */

struct fuse_request {
	struct fuse_in_header head;
	char body[FUSE_BUFFER];
};

static inline void fuse_answer(int fd, const struct fuse_request *request, int err,
			       const void *body, size_t len)
{
	static struct {
		struct fuse_out_header head;
		char body[FUSE_BUFFER];
	} answer;

	answer.head = (struct fuse_out_header){
		.len = sizeof(answer.head) + len, .error = err, .unique = request->head.unique,
	};
	memcpy(answer.body, body, len);
	/* Who asked may have been killed since. */
	CHECK(write(fd, &answer, answer.head.len) == (ssize_t)answer.head.len || errno == ENOENT);
}

static inline struct fuse_attr fuse_attr_of(__u64 node)
{
	return (struct fuse_attr){
		.ino = node, .size = node == 1 ? 0 : STALL_BYTES, .nlink = 1, .blksize = PAGE,
		.mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644,
	};
}

static inline void fuse_read(int fd, const struct fuse_request *request)
{
	const struct fuse_read_in *in = (const void *)request->body;
	static __u8 bytes[STALL_BYTES];
	size_t len = in->offset < STALL_BYTES ? STALL_BYTES - in->offset : 0;

	stall_hold();
	bytes_fill(bytes, sizeof(bytes), STALL_SEED);
	fuse_answer(fd, request, 0, bytes + in->offset, len < in->size ? len : in->size);
}

static inline void fuse_serve(int fd, const struct fuse_request *request)
{
	const struct fuse_init_in *in = (const void *)request->body;
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = in->minor, .max_write = PAGE,
		.max_readahead = STALL_BYTES,
		/* Without it, who waits for his page can't be killed. */
		.flags = FUSE_ASYNC_READ,
	};
	struct fuse_entry_out entry = { .nodeid = 2, .attr = fuse_attr_of(2) };
	struct fuse_attr_out attr = { .attr = fuse_attr_of(request->head.nodeid) };
	struct fuse_open_out opened = { .fh = 1 };

	switch (request->head.opcode) {
	case FUSE_INIT:
		init.minor = in->minor < 31 ? in->minor : 31;
		fuse_answer(fd, request, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		fuse_answer(fd, request, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		fuse_answer(fd, request, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		fuse_answer(fd, request, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		fuse_read(fd, request);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		fuse_answer(fd, request, 0, "", 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		fuse_answer(fd, request, -FUSE_UNKNOWN, "", 0);
	}
}

/* Says whether there is such a file system. */
static inline void fuse_server(int ctl, void *arg)
{
	static struct fuse_request request;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64];

	(void)arg;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	mkdir(FUSE_DIR, 0755);
	if (fd < 0 || mount("stall", FUSE_DIR, "fuse", MS_NOSUID | MS_NODEV, options)) {
		tell(ctl, false);
		return;
	}
	tell(ctl, true);
	while (read(fd, &request, sizeof(request)) > 0)
		fuse_serve(fd, &request);
}

/* The file itself, or -1; the file system is gone when nobody uses it any more. */
static inline int fuse_open(void)
{
	struct peer server = child_start(fuse_server, NULL);
	int fd;

	if (!hear(server.ctl))
		return -1;
	fd = open(FUSE_DIR "/file", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(0, umount2(FUSE_DIR, MNT_DETACH));
	return fd;
}

static inline void *make_fuse(void)
{
	int fd = fuse_open();
	void *at = mmap(NULL, STALL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (fd < 0)
		return NULL;
	CHECK(at != MAP_FAILED);
	/* Now, while the server listens: it is told of every close. */
	CHECK_EQ(0, close(fd));
	return at;
}

static inline void *stall_make(void *(*make)(void))
{
	stall = ring_share(sizeof(*stall));
	return make();
}

#endif /* PARLEY_SELFTEST_STALL_H */
