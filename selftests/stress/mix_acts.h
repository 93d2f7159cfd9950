/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: what else the mix does
 *
 * Everything a task can do besides sending and receiving. Descriptors of places
 * keep their numbers: a new task takes the old one's with dup3(), whoever of
 * the crew may be using it, but for those who depend on the old one.
 */
#ifndef STRESS_MIX_ACTS_H
#define STRESS_MIX_ACTS_H

#include <linux/parley_netlink.h>
#include <sys/eventfd.h>
#include "genl.h"
#include "mix_exchange.h"
#include "mix_serve.h"

#define MOST_SEEN	1024	/* tasks in a dump */

static void notify_somebody(void)
{
	static const __u32 bits[] = { 0x10, 0x80, PARLEY_NOTIFY_USER, PARLEY_NOTIFY_ASYNC,
				      PARLEY_NOTIFY_USER | PARLEY_NOTIFY_ASYNC };
	struct parley_notify arg = { .size = sizeof(arg), .peer = any_id() };

	arg.bits = bits[chance(ARRAY_SIZE(bits))];
	do_and_tally(NOTIFY, any_place()->fd, PARLEY_IOC_NOTIFY, &arg);
}

/* Mostly open to all, or nothing would come of the rest. */
static void set_mode(int fd)
{
	struct parley_mode arg = { .size = sizeof(arg), .mode = 0666 };

	if (one_in(4))
		arg.mode = chance(01000);
	do_and_tally(MODE, fd, PARLEY_IOC_MODE, &arg);
}

static void change_mode(void)
{
	set_mode(any_place()->fd);
}

static void set_timer(void)
{
	struct parley_timer_arg arg = { .size = sizeof(arg) };

	if (!one_in(4))
		arg.deadline = one_in(8) ? 1 : within_us(2000);
	do_and_tally(TIMER, any_place()->fd, PARLEY_IOC_TIMER, &arg);
}

/* An eventfd that is signalled before, after or not, and closed while bound. */
static void use_eventfd(void)
{
	int fd = eventfd(chance(2), EFD_CLOEXEC | EFD_NONBLOCK);
	struct parley_eventfd arg = { .size = sizeof(arg), .fd = one_in(4) ? -1 : fd };
	__u64 one = 1;

	if (fd < 0)
		wrong("eventfd: %s", strerror(errno));
	do_and_tally(EVENTFD, any_place()->fd, PARLEY_IOC_EVENTFD, &arg);
	if (one_in(2) && write(fd, &one, sizeof(one)) != sizeof(one))
		wrong("write to an eventfd: %s", strerror(errno));
	close(fd);
}

/* A descriptor of a new task, or a negative errno. */
static int open_somehow(void)
{
	struct parley_bus_arg arg = { .size = sizeof(arg) };
	struct parley_open open_arg = { .size = sizeof(open_arg) };
	int bus, fd;

	if (one_in(2)) {
		fd = open_task();
		return tally(OPEN, fd < 0 ? -errno : 0) ?: fd;
	}
	bus = ioctl(any_place()->fd, PARLEY_IOC_BUS, &arg);
	if (tally(BUS, bus < 0 ? -errno : 0))
		return bus;
	if (one_in(16))
		open_arg.task = PARLEY_TASK_DISCOVERY;
	fd = ioctl(bus, PARLEY_IOC_OPEN, &open_arg);
	if (fd >= 0 && open_arg.task)
		wrong("an unprivileged task has claimed an id");
	tally(OPEN, fd < 0 ? -errno : 0);
	close(bus);
	return fd;
}

static int id_of(int fd)
{
	struct parley_info info = { .size = sizeof(info) };

	if (do_and_tally(INFO, fd, PARLEY_IOC_INFO, &info))
		wrong("a task that is not ours");
	return info.task;
}

/* A new task comes to a place, whose task dies; or it makes a call, and dies. */
static void use_new_task(void)
{
	struct place *place = any_place();
	int fd = open_somehow();

	if (fd < 0)
		return;
	set_mode(fd);
	if (one_in(2) || !place_close(place)) {
		exchange_briefly(fd);
		return;
	}
	pthread_mutex_lock(&crew.lock);
	forget_deferred_locked(place);
	memset(place->watched, 0, sizeof(place->watched));
	if (dup3(fd, place->fd, O_CLOEXEC) < 0)
		wrong("dup3: %s", strerror(errno));
	world->ids[crew.number * EACH + (place - crew.places)] = id_of(fd);
	pthread_mutex_unlock(&crew.lock);
	place_reopen(place);
	close(fd);
}

static void cancel_nothing(void)
{
	struct parley_cancel arg = { .size = sizeof(arg), .token = random_next(&seed) };

	if (do_and_tally(CANCEL, any_place()->fd, PARLEY_IOC_CANCEL, &arg) != -ENOENT)
		wrong("something was cancelled");
}

struct seen {
	int len;
	int ids[MOST_SEEN];
};

static void see_task(const struct genlmsghdr *genl, size_t len, void *arg)
{
	const int *id = genl_attr(genl, len, PARLEY_A_TASK_ID, sizeof(*id));
	struct seen *seen = arg;

	if (!id)
		wrong("a task without an id");
	if (seen->len < MOST_SEEN)
		seen->ids[seen->len++] = *id;
}

static void see_user(const struct genlmsghdr *genl, size_t len, void *arg)
{
	if (!genl_attr(genl, len, PARLEY_A_USER_UID, sizeof(__u32)))
		wrong("a user without a name");
	++*(int *)arg;
}

static bool is_seen(const struct seen *seen, int id)
{
	int times = 0, i;

	for (i = 0; i < seen->len; i++)
		times += seen->ids[i] == id;
	if (times > 1)
		wrong("task %d was seen %d times", id, times);
	return times;
}

/* What is there all the time is seen; and nothing twice. */
static void dump_all(void)
{
	struct seen seen = { 0 };
	int users = 0, i;

	tally(DUMP, genl_dump(world->family, PARLEY_CMD_TASKS, see_task, &seen));
	for (i = 0; i < seen.len; i++)
		is_seen(&seen, seen.ids[i]);
	for (i = 0; i < EACH && crew.size == 1; i++)
		if (!is_seen(&seen, world->ids[crew.number * EACH + i]))
			wrong("%d tasks are shown, without our own", seen.len);
	tally(DUMP, genl_dump(world->family, PARLEY_CMD_USERS, see_user, &users));
	if (!users)
		wrong("no user is shown");
}

/* A child has none of its parent's tasks, and opens its own. */
static void be_child(void)
{
	struct parley_info info = { .size = sizeof(info) };
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (do_and_tally(INFO, any_place()->fd, PARLEY_IOC_INFO, &info) != -ESTALE)
		wrong("a child uses its parent's task");
	fd = open_task();
	if (fd >= 0) {
		notify(fd, any_id(), PARLEY_NOTIFY_USER);
		exchange_briefly(fd);
	}
	_exit(0);
}

static void use_fork(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		be_child();
	tally(FORK, pid < 0 ? -errno : 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			wrong("waitpid: %s", strerror(errno));
	if (pid > 0 && status)
		wrong("a child has ended with %x", status);
}

/* What to do, as often as there are rows. */
static void (*const acts[])(void) = {
	notify_somebody, notify_somebody, notify_somebody, change_mode, change_mode, bond, bond,
	bond, unbond, set_timer, set_timer, use_eventfd, use_eventfd, use_new_task,
	cancel_nothing, serve_all, serve_all, serve_all, serve_all, serve_all, serve_all,
};

/* And what costs much. */
static void (*const rare_acts[])(void) = { dump_all, use_fork };

/* @patient: may it wait for others without a deadline? */
static void act(bool patient)
{
	if (one_in(200))
		rare_acts[chance(ARRAY_SIZE(rare_acts))]();
	else if (one_in(3))
		acts[chance(ARRAY_SIZE(acts))]();
	else
		exchange(patient);
}

#endif /* STRESS_MIX_ACTS_H */
