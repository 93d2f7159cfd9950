/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: trace, what perf and bpftrace can see
 *
 * Tracepoints parley:*. They name tasks, types, lengths and tokens; payloads
 * are for the two parties only.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM parley

#if !defined(_PARLEY_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _PARLEY_TRACE_H

#include <linux/tracepoint.h>

#include "message.h"

DECLARE_EVENT_CLASS(parley_task,
	TP_PROTO(s32 task),
	TP_ARGS(task),
	TP_STRUCT__entry(
		__field(s32, task)
	),
	TP_fast_assign(
		__entry->task = task;
	),
	TP_printk("task=%d", __entry->task)
);

DEFINE_EVENT(parley_task, parley_task_open,
	TP_PROTO(s32 task),
	TP_ARGS(task)
);

DEFINE_EVENT(parley_task, parley_task_death,
	TP_PROTO(s32 task),
	TP_ARGS(task)
);

/* An attempt: whether it succeeds is not known yet. */
TRACE_EVENT(parley_message_send,
	TP_PROTO(s32 src, s32 dst, const struct parley_content *content,
		 bool oneway),
	TP_ARGS(src, dst, content, oneway),
	TP_STRUCT__entry(
		__field(s32, src)
		__field(s32, dst)
		__field(s32, type)
		__field(u32, len)
		__field(bool, oneway)
	),
	TP_fast_assign(
		__entry->src = src;
		__entry->dst = dst;
		__entry->type = content->msg.type;
		__entry->len = content->len;
		__entry->oneway = oneway;
	),
	TP_printk("src=%d dst=%d type=%d len=%u oneway=%d", __entry->src,
		  __entry->dst, __entry->type, __entry->len, __entry->oneway)
);

TRACE_EVENT(parley_message_receive,
	TP_PROTO(s32 task, const struct parley_content *content, u64 token),
	TP_ARGS(task, content, token),
	TP_STRUCT__entry(
		__field(s32, task)
		__field(s32, src)
		__field(s32, type)
		__field(u32, len)
		__field(u64, token)
	),
	TP_fast_assign(
		__entry->task = task;
		__entry->src = content->msg.src;
		__entry->type = content->msg.type;
		__entry->len = content->len;
		__entry->token = token;
	),
	TP_printk("task=%d src=%d type=%d len=%u token=%llu", __entry->task,
		  __entry->src, __entry->type, __entry->len, __entry->token)
);

/* @error is not 0 when the token was refused. */
TRACE_EVENT(parley_message_reply,
	TP_PROTO(s32 task, u64 token, int error),
	TP_ARGS(task, token, error),
	TP_STRUCT__entry(
		__field(s32, task)
		__field(int, error)
		__field(u64, token)
	),
	TP_fast_assign(
		__entry->task = task;
		__entry->error = error;
		__entry->token = token;
	),
	TP_printk("task=%d token=%llu error=%d", __entry->task, __entry->token,
		  __entry->error)
);

TRACE_EVENT(parley_notify,
	TP_PROTO(s32 src, s32 dst, u32 bits),
	TP_ARGS(src, dst, bits),
	TP_STRUCT__entry(
		__field(s32, src)
		__field(s32, dst)
		__field(u32, bits)
	),
	TP_fast_assign(
		__entry->src = src;
		__entry->dst = dst;
		__entry->bits = bits;
	),
	TP_printk("src=%d dst=%d bits=%#x", __entry->src, __entry->dst,
		  __entry->bits)
);

#endif /* _PARLEY_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
