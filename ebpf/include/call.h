/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* A socket call of a selected process, from its beginning to its end: for tiers that hook the kernel's own
 * functions. Where the bytes lie is learnt at the beginning, since the kernel moves its iterator on; the
 * bytes are read at the end, when they are there and their pages are resident. */
#ifndef UNDERSPAN_CALL_H
#define UNDERSPAN_CALL_H

#include "conn.h"

/* Calls that move no bytes of the stream. */
#define MSG_OTHER (MSG_PEEK | MSG_ERRQUEUE | MSG_OOB)

/* What a socket function is asked for. */
struct wish {
    struct msghdr *message; /* NULL when there is none: sendfile, splice */
    __u64 size;
    __u32 flags;
    __u32 direction;
    __u32 copy;
};

/* Fills `source`, `segments` and `skip`; `source` stays 0 for bytes that are in no process's memory (pages of
 * files and pipes) or in the kernel's own. */
INLINE void source_of_iterator(struct call *call, struct msghdr *message) {
    struct iov_iter *iter = &message->msg_iter;
    struct iov_iter___old *old = (struct iov_iter___old *)iter;
    __u64 kind, offset = READ(iter, iov_offset);

    if (HAS_FIELD(iter->iter_type))
        kind = READ(iter, iter_type);
    else
        kind = READ(old, type) & ~1U;
    if (HAS_VALUE(iter_type, ITER_UBUF) && kind == VALUE(iter_type, ITER_UBUF)) {
        call->source = (__u64)READ(iter, ubuf) + offset;
    } else if (kind == VALUE(iter_type, ITER_IOVEC)) {
        call->source = HAS_FIELD(iter->__iov) ? (__u64)READ(iter, __iov) : (__u64)READ(old, iov);
        call->segments = READ(iter, nr_segs);
        call->skip = offset;
        if (!call->segments)
            call->source = 0;
    }
}

/* `length` bytes of the call under way have moved, whose first is the `told`-th. */
INLINE int call_moved(struct sock *sk, struct thread *thread, __u64 length) {
    struct call *call = &thread->under_way;
    __u64 id = bpf_get_current_pid_tgid();
    struct us_target *target = target_of(id >> 32);
    struct us_control *ctl;
    struct conn *conn;
    struct io *io = &thread->io;

    *io = (struct io){.left_at = bpf_ktime_get_ns()};
    io->entered = call->direction ? call->at : io->left_at;
    io->length = length;
    io->source = call->source;
    io->segments = call->segments;
    io->skip = call->skip;
    io->copied = call->copied;
    moved_by(io, target, id);
    io->direction = call->direction;
    if (call->told) {
        /* The rest of a call whose beginning is reported: at the next address, or anywhere in a vector. */
        io->source = io->source && !io->segments ? io->source + call->told : 0;
        io->segments = 0;
    }
    ctl = alive(io->left_at);
    if (!ctl) {
        count_expired();
        return 0;
    }
    conn = conn_of(sk);
    if (!conn || !conn->id)
        conn = conn_begin(sk, io);
    else if (may_have_missed(conn, target, ctl))
        conn_restart(conn, sk, io, ctl);
    if (conn)
        on_socket_io(conn, thread, sk, ctl);
    return 0;
}

/* The end of the thread's last call was not told: more calls were under way than the kernel keeps in mind, or
 * a program was interrupted by itself. Its bytes may have changed since and are only counted, so that user
 * space finds a hole; how many there are, a TCP connection knows. A call that moved nothing is no loss. */
INLINE void recover(struct thread *thread, struct sock *sk) {
    struct call *call = &thread->under_way;
    struct sock *last = (struct sock *)call->socket;
    struct conn *conn = NULL;
    __u32 length = 1; /* of a unix socket, which does not say: at least one */

    if (!last)
        return;
    call->socket = 0;
    if (last == sk)
        conn = conn_of(sk);
    else if (!us_typed_sockets)
        conn = conn_of(last); /* there is one: the socket is still open */
    if (conn && READ(last, __sk_common.skc_family) != AF_UNIX)
        length = position(last, call->direction) - call->seq - (__u32)call->told;
    if (!length || length >= 1U << 30)
        return;
    count(US_COUNT_MISSED, 1);
    if (conn)
        __sync_fetch_and_add(&conn->bytes[call->direction & 1], length);
}

/* A call begins. */
INLINE void call_begins(struct wish *wish, struct sock *sk) {
    __u64 id = bpf_get_current_pid_tgid();
    struct thread *thread;
    struct call *call;

    if (!sk || !is_stream(sk))
        return;
    thread = thread_make(id);
    if (!thread || is_served(thread, HOOK_BEGINS | wish->direction, wish->copy))
        return;
    recover(thread, sk);
    if (wish->flags & MSG_OTHER)
        return;
    call = &thread->under_way;
    call->socket = (__u64)sk;
    call->at = bpf_ktime_get_ns();
    call->source = 0;
    call->segments = 0;
    call->skip = 0;
    call->copied = 1;
    call->told = 0;
    call->seq = 0;
    call->direction = wish->direction;
    call->room = wish->size > 0;
    if (READ(sk, __sk_common.skc_family) != AF_UNIX)
        call->seq = position(sk, wish->direction);
    /* With MSG_TRUNC the bytes are thrown away. */
    if (wish->message && !(wish->flags & MSG_TRUNC))
        source_of_iterator(call, wish->message);
}

/* The call of a thread returned `result`. */
INLINE void call_ends(struct thread *thread, struct sock *sk, long result) {
    struct call *call = &thread->under_way;

    call->socket = 0;
    if (result > 0 && (__u64)result > call->told) {
        call_moved(sk, thread, result - call->told);
    } else if (result == 0 && !call->direction && call->room) {
        __u64 now = bpf_ktime_get_ns();
        struct us_control *ctl = alive(now);
        struct conn *conn = conn_of(sk);

        if (ctl && conn && conn->id)
            on_eof(conn, ctl, now);
    }
}

/* A unix socket is gone; a TCP connection tells its end by its state. */
INLINE void unix_ends(struct sock *sk) {
    __u64 now = bpf_ktime_get_ns();
    struct us_control *ctl = alive(now);
    struct conn *conn;

    if (!sk)
        return;
    conn = conn_of(sk);
    if (conn && conn->id && ctl)
        on_close(conn, ctl, now);
    conn_forget(sk);
}

#endif
