/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Tier T3, first choice: the tracepoints at the end of every socket send and receive. They hand over the
 * socket and the result; the arguments of the call are still in the thread's saved registers. No system call
 * of any process becomes slower by this. */
#include "conn.h"
#include "syscall.h"

/* A send begins. Fires for each chunk a large send is cut into; the first counts. */
TRACING("tp_btf/tcp_sendmsg_locked", us_tcp_sendmsg_locked) {
    __u64 id = bpf_get_current_pid_tgid();
    struct thread *thread;

    if (!target_of(id >> 32))
        return 0;
    thread = thread_make(id);
    if (!thread || thread->send_socket == ctx[0])
        return 0;
    thread->send_socket = ctx[0];
    thread->send_at = bpf_ktime_get_ns();
    return 0;
}

INLINE void on_socket_call(struct sock *sk, int result, __u32 flags, __u32 direction, __u32 copy) {
    __u64 id = bpf_get_current_pid_tgid();
    struct us_target *target = caller(id >> 32);
    struct us_control *ctl;
    struct thread *thread;
    struct conn *conn;
    struct io *io;
    int known;

    if (!target)
        return;
    /* A connection with state has passed the tests below. */
    conn = conn_of(sk);
    known = conn && conn->id;
    if (!known && !is_stream(sk))
        return;
    thread = thread_make(id);
    if (!thread || is_served(thread, direction, copy))
        return;
    io = &thread->io;
    *io = (struct io){.left_at = bpf_ktime_get_ns()};
    io->entered = io->left_at;
    if (direction) {
        /* One that began in a pause may have ended there. */
        if (thread->send_socket == (__u64)sk && thread->send_at > target->resumed)
            io->entered = thread->send_at;
        thread->send_socket = 0;
    }
    if (result <= 0)
        thread->vector = 0; /* a failed message ends a sendmmsg or recvmmsg */
    ctl = alive(io->left_at);
    if (flags & (MSG_PEEK | MSG_ERRQUEUE | MSG_OOB))
        return;
    if (!ctl) {
        if (result > 0)
            count_expired();
        return;
    }
    if (result <= 0) {
        if (result == 0 && !direction && known)
            on_eof(conn, ctl, io->left_at);
        return;
    }
    io->length = result;
    moved_by(io, target, id);
    io->direction = direction;
    if (!known) {
        /* A socket without a file belongs to the kernel (a network file system), not to the process. */
        if (!READ(READ(sk, sk_socket), file))
            return;
        conn = conn_begin(sk, io);
        if (!conn)
            return;
    } else if (may_have_missed(conn, target, ctl))
        conn_restart(conn, sk, io, ctl);
    if (!(flags & MSG_TRUNC))
        source_of_syscall(io, thread, (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()));
    on_socket_io(conn, thread, sk, ctl);
}

TRACING_COPIES("tp_btf/sock_send_length", us_sock_send_length) {
    on_socket_call((struct sock *)ctx[0], (int)ctx[1], 0, 1, copy);
    return 0;
}

TRACING_COPIES("tp_btf/sock_recv_length", us_sock_recv_length) {
    on_socket_call((struct sock *)ctx[0], (int)ctx[1], (__u32)ctx[2], 0, copy);
    return 0;
}
