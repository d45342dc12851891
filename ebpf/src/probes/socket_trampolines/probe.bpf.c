/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Tier T1: trampolines around the socket functions one level above TCP, which every way to send or receive
 * passes, io_uring included. Each program is loaded once per function. */
#include "call.h"

/* The stream of a socket that belongs to a process; one without a file is the kernel's own (a network file
 * system), for which NULL stands. */
INLINE struct sock *stream_of(struct socket *socket) {
    return socket->file ? socket->sk : NULL;
}

/* int NAME(struct socket *, struct msghdr *, size_t) */
TRACING_COPIES("fentry/send", us_fentry_send) {
    struct sock *sk = caller(bpf_get_current_pid_tgid() >> 32) ? stream_of((struct socket *)ctx[0]) : NULL;
    struct wish wish = {
        .message = (struct msghdr *)ctx[1],
        .size = ctx[2],
        .direction = 1,
        .copy = copy,
    };

    if (sk)
        call_begins(&wish, sk);
    return 0;
}

/* int NAME(struct socket *, struct msghdr *, size_t, int flags) */
TRACING_COPIES("fentry/receive", us_fentry_receive) {
    struct sock *sk = caller(bpf_get_current_pid_tgid() >> 32) ? stream_of((struct socket *)ctx[0]) : NULL;
    struct wish wish = {
        .message = (struct msghdr *)ctx[1],
        .size = ctx[2],
        .flags = (__u32)ctx[3],
        .copy = copy,
    };

    if (sk)
        call_begins(&wish, sk);
    return 0;
}

/* The process was selected during the call, so nothing is known of its beginning. One contiguous buffer can
 * still be found: the iterator has moved on by what was moved. */
INLINE void begin_late(struct call *call, struct msghdr *message, __u32 direction, __u32 flags, int result) {
    call->at = bpf_ktime_get_ns();
    call->source = 0;
    call->segments = 0;
    call->skip = 0;
    call->told = 0;
    call->direction = direction;
    call->room = 1;
    if (message && result > 0 && !(flags & MSG_TRUNC)) {
        source_of_iterator(call, message);
        call->source = call->source && !call->segments ? call->source - result : 0;
        call->segments = 0;
    }
}

INLINE void on_exit(struct socket *socket, struct msghdr *message, __u32 direction, __u32 flags, int result,
                    __u32 copy) {
    __u64 id = bpf_get_current_pid_tgid();
    struct sock *sk = traced(id >> 32) ? stream_of(socket) : NULL;
    struct thread *thread;

    if (!sk || (flags & MSG_OTHER))
        return;
    thread = thread_of(id);
    /* A call whose beginning was seen has passed this test. */
    if ((!thread || thread->under_way.socket != (__u64)sk) && !is_stream(sk))
        return;
    thread = thread ? thread : thread_make(id);
    if (!thread || is_served(thread, direction, copy))
        return;
    if (thread->under_way.socket != (__u64)sk)
        begin_late(&thread->under_way, message, direction, flags, result);
    call_ends(thread, sk, result);
}

TRACING_COPIES("fexit/send", us_fexit_send) {
    on_exit((struct socket *)ctx[0], (struct msghdr *)ctx[1], 1, 0, (int)ctx[3], copy);
    return 0;
}

TRACING_COPIES("fexit/receive", us_fexit_receive) {
    on_exit((struct socket *)ctx[0], (struct msghdr *)ctx[1], 0, (__u32)ctx[3], (int)ctx[4], copy);
    return 0;
}

/* sendfile before 6.5: ssize_t NAME(struct socket *, struct page *, int offset, size_t, int flags) */
TRACING_COPIES("fexit/send_page", us_fexit_send_page) {
    on_exit((struct socket *)ctx[0], NULL, 1, 0, (int)ctx[5], copy);
    return 0;
}

/* ssize_t NAME(struct socket *, loff_t *, struct pipe_inode_info *, size_t, unsigned int flags) */
TRACING_COPIES("fexit/splice_read", us_fexit_splice_read) {
    on_exit((struct socket *)ctx[0], NULL, 0, 0, (int)ctx[5], copy);
    return 0;
}

/* int unix_release(struct socket *) */
TRACING("fentry/unix_release", us_fentry_unix_release) {
    struct socket *socket = (struct socket *)ctx[0];

    unix_ends(socket->sk);
    return 0;
}
