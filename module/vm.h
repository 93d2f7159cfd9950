/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: vm, the module as a server
 *
 * Calls to PARLEY_TASK_VM are answered here, in the caller's context: there is no
 * such task. One table row per request.
 *
 * What a request did is told by its reply: a negative type is the service's error.
 * What became of the call is its own error, as with any other server.
 */
#ifndef _PARLEY_VM_H
#define _PARLEY_VM_H

#include <linux/types.h>

struct parley_content;
struct parley_task;

int parley_vm_answer(struct parley_task *task, struct parley_content *content,
		     u32 room, u64 deadline, bool nonblock);

#endif /* _PARLEY_VM_H */
