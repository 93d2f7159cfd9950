/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parley in Promela: call, deliver, reply, cancel and death between CLIENTS
 * tasks that make CALLS calls each and one that serves them with WORKERS threads.
 *
 * What is modelled: the inbox of the serving task and all that happens to a call
 * in it, in any order: it is handed over or queued, comes back from a receiver
 * whose memory is not fit, is answered, given up by a deadline or a signal, left
 * and resumed, cancelled, and ended by the death of either side; all receives,
 * replies (with any token), notifications and deadlines that the server may think
 * of. Only the number of calls is bounded.
 *
 * What is not: one-way and non-blocking messages, receives from one task only,
 * rights, limits (but that of notes), EDEADLK, poll; the order of messages in the
 * queue; the processor's memory ordering, which wait.h argues; RCU.
 *
 * Names: a state PARLEY_MESSAGE_* is the module's. An inline parley_x() stands
 * for the module's function parley_x() or parley_x_locked(); "run" checks that
 * there is one. What has another name is the model's own. One step (atomic) is
 * one section of the module under inbox->lock, or what a thread does alone.
 *
 *	model			module
 *	message.pml		message.h, message.c
 *	wait.pml		wait.h, wait.c
 *	receiver.pml		receiver.c
 *	notification.pml	notification.c
 *	place.pml		place.c
 *	note.pml		note.c
 *	inbox.pml		inbox.c
 *	task.pml		task.c: parley_task_find(), parley_task_put()
 *	client.pml: client	rpc.c: parley_rpc_exchange(), parley_rpc_cancel();
 *				outbox.c
 *	server.pml: worker	serve.c, reply.c: parley_serve_receive(), parley_reply_give()
 *	server.pml: reaper	task.c: parley_task_kill(); inbox.c:
 *				parley_inbox_close()
 *	judge.pml: notifier	control.c: parley_control_notify()
 *
 * What is proved, by assertions in all states:
 *
 *  - No receiver waits while there is a message or a notification, nobody sleeps
 *    for what has happened, and no call is left for ever (place.pml,
 *    inbox_unlock(); judge.pml).
 *  - A caller gets the reply to its own request, one at most, and none once it
 *    has given up; ENOTCONN only if nobody has seen the request (client.pml,
 *    parley_inbox_answer()). A token in the server's user space is good for one
 *    reply until the call ends, and for none afterwards (server.pml).
 *  - Of a held call that is given up the server learns: by its note, by a refused
 *    reply, or (if they cross) both, and by ABORTED alone if it could leave no
 *    note; unless nobody has seen its token, or the server dies (end_note();
 *    judge.pml). ABORTED is set for what nobody has been told of, and only while
 *    there is a note or a call that left none (inbox_unlock()).
 *  - Every message is freed once, and is in no list then. It isn't touched
 *    afterwards, nor once its sender may have freed it (TOUCH()). The inbox goes
 *    when it is empty and nobody can come to it any more (task.pml).
 *
 * -D BUG_<name> builds a mistake in, one that the module could have. Each must
 * be found.
 */
#define MESSAGES	(CLIENTS * CALLS)
#define THREADS		(CLIENTS + WORKERS)

#include "wait.pml"
#include "message.pml"
#include "receiver.pml"
#include "notification.pml"
#include "place.pml"
#include "note.pml"
#include "inbox.pml"
#include "task.pml"
#include "client.pml"
#include "server.pml"
#include "judge.pml"

init {
	atomic {
		run judge();
		run notifier();
		run reaper();
		i = 0;
		do
		:: i < CLIENTS -> run client(i); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < WORKERS -> run worker(i); i++
		:: else -> break
		od;
		i = 0
	}
}
