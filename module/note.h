/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: note, what the kernel has to tell a task
 *
 * A note is a message from the kernel, which nobody waits for. It was allocated
 * when it was asked for and belongs to the inbox from when it is posted.
 *
 * A call that is given up while HELD becomes a note to the receiving task
 * (message.h, CANCELLED), which is told by PARLEY_NOTIFY_ABORTED too. The note
 * is the call's own memory, now charged to the receiving task's user: whoever
 * neither receives nor answers doesn't use up what is his callers'. If that
 * user may not keep any more there is the bit alone. The task takes the note
 * from the queue, or learns the same by spending the call's token; then the note
 * is forgotten, and so is the bit if it was the last.
 *
 * Locks: the inbox's.
 */
#ifndef _PARLEY_NOTE_H
#define _PARLEY_NOTE_H

#include <linux/types.h>

#include "inbox.h"

void parley_note_post(struct parley_inbox *inbox, struct parley_message *note);
enum parley_withdrawal parley_note_cancel_locked(struct parley_message *message,
						 struct parley_waker **told,
						 struct parley_waker **noted);
bool parley_note_is_cancellation(const struct parley_message *message);
void parley_note_drop_locked(struct parley_inbox *inbox,
			     struct parley_message *note);
void parley_note_forget_locked(struct parley_inbox *inbox,
			       struct parley_message *note);

#endif /* _PARLEY_NOTE_H */
