/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: control, the operations that carry no message
 *
 * Each function here is one operation of the interface (parley.h has what it
 * does and its errors), on the calling thread's task, with a checked copy of its
 * argument, which it fills in where that returns something.
 */
#ifndef _PARLEY_CONTROL_H
#define _PARLEY_CONTROL_H

#include <uapi/linux/parley.h>

struct parley_task;

void parley_control_info(const struct parley_task *task,
			 struct parley_info *info);
int parley_control_notify(struct parley_task *task,
			  const struct parley_notify *notify);
int parley_control_mode(struct parley_task *task, const struct parley_mode *mode);
int parley_control_bond(struct parley_task *task,
			const struct parley_bond_arg *bond);
int parley_control_unbond(struct parley_task *task,
			  const struct parley_bond_arg *bond);
int parley_control_creds(struct parley_task *task,
			 struct parley_creds_full *creds);
int parley_control_timer(struct parley_task *task,
			 const struct parley_timer_arg *timer);
int parley_control_eventfd(struct parley_task *task,
			   const struct parley_eventfd *eventfd);

#endif /* _PARLEY_CONTROL_H */
