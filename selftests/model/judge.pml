/* SPDX-License-Identifier: GPL-2.0 */
/*
 * judge: what must hold whenever nobody has to do anything.
 *
 * A client rests in user space, or asleep and not woken; so do workers, but in
 * user space they are about to receive. What could still take a thread out of its
 * sleep, such as a deadline, need not come: so what has not happened by then may
 * never happen. A call that waits must have reached the server's user space; the
 * rest is the server's affair.
 */

#define CLIENT_RESTS(me) (task[me] == USER_SPACE || task[me] == OFF)
#define WORKER_RESTS(me) (task[CLIENTS + me] == OFF || task[CLIENTS + me] == EXITED)
#define IS_SERVED(me)	 (task[me] != OFF || call[calling[me]].delivered)

#if CLIENTS == 2
#define CLIENTS_REST	(CLIENT_RESTS(0) && CLIENT_RESTS(1))
#define CLIENTS_SERVED	(IS_SERVED(0) && IS_SERVED(1))
#elif CLIENTS == 3
#define CLIENTS_REST	(CLIENT_RESTS(0) && CLIENT_RESTS(1) && CLIENT_RESTS(2))
#define CLIENTS_SERVED	(IS_SERVED(0) && IS_SERVED(1) && IS_SERVED(2))
#endif

#if WORKERS == 2
#define WORKERS_REST	(WORKER_RESTS(0) && WORKER_RESTS(1))
#elif WORKERS == 3
#define WORKERS_REST	(WORKER_RESTS(0) && WORKER_RESTS(1) && WORKER_RESTS(2))
#endif

/* Of every call given up the server knows, or a bit tells it yet. */
inline check_all_told()
{
	i = 0;
	do
	:: i == MESSAGES -> break
	:: else ->
		assert(!call[TOKEN(i)].untold || call[TOKEN(i)].bit_in);
		i++
	od;
	i = 0
}

inline check_all_freed()
{
	i = 0;
	do
	:: i == MESSAGES -> break
	:: else -> assert(!messages[i].live); i++
	od;
	i = 0
}

/* It may look at any time, for ever: so it changes nothing. */
proctype judge()
{
end:	do
	:: atomic {
		CLIENTS_REST && WORKERS_REST && exited < WORKERS ->
		assert(CLIENTS_SERVED && !notifications && !told);
		check_all_told()
	   }
	/* When it is dead, nobody waits for it. */
	:: atomic {
		gone_for_good ->
		i = 0;
		do
		:: i == CLIENTS -> break
		:: else -> assert(task[i] != OFF); i++
		od;
		i = 0
	   }
	:: atomic {
		gone_for_good && finished == CLIENTS ->
		check_all_told();
		check_all_freed();
		assert(!refs)
	   }
	od
}

/* A task that sets a notification bit now and again. */
proctype notifier()
{
	bool gotten;

end:	do
	:: atomic {
		listed ->
		parley_task_find(gotten);
		inbox_lock();
		if
		:: closed
		:: else -> told = true; parley_notification_set(USER)
		fi;
		inbox_unlock();
		parley_task_put();
		gotten = false
	   }
	od
}
