/* SPDX-License-Identifier: GPL-2.0 */
/*
 * task: module/task.c, of the server's task: being found by its id, and its
 * references.
 */

bool listed = true;
byte refs = 1;

inline parley_task_find(gotten)
{
	gotten = listed;
	refs = refs + listed
}

inline parley_task_put()
{
	assert(refs > 0);
	refs--;
	/* With the last one the inbox goes. */
	i = 0;
	do
	:: i == MESSAGES -> break
	:: else ->
		assert(refs || !(messages[i].queue || messages[i].held));
		i++
	od;
	i = 0
}
