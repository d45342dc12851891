/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Tier T3, second choice, for kernels without the socket tracepoints: the system calls themselves. Pointers
 * are saved when a call begins and read when it returns, the pages being resident then; the socket is found
 * by the file descriptor. Makes every system call of the host a little slower while attached. */
#include "conn.h"
#include "syscall.h"

/* 1 receive, 2 send, 3 close; 0 for calls that do not concern us. */
INLINE int kind_of_call(long number) {
    switch (number) {
    case NR_READ:
    case NR_READV:
    case NR_RECVFROM:
    case NR_RECVMSG:
    case NR_RECVMMSG:
        return 1;
    case NR_WRITE:
    case NR_WRITEV:
    case NR_SENDTO:
    case NR_SENDMSG:
    case NR_SENDMMSG:
    case NR_SENDFILE:
        return 2;
    case NR_CLOSE:
        return 3;
    }
    return 0;
}

/* The stream socket behind a descriptor of the current process. */
INLINE struct sock *socket_of(struct task_struct *task, __u32 fd) {
    struct fdtable *table = READ(READ(task, files), fdt);
    struct file **files = READ(table, fd);
    struct file *file = NULL;
    struct sock *sk;

    if (fd >= READ(table, max_fds))
        return NULL;
    bpf_probe_read_kernel(&file, sizeof(file), files + fd);
    sk = socket_behind(file);
    return sk && is_stream(sk) ? sk : NULL;
}

/* Copies need not know of each other: to keep the arguments twice changes nothing. */
TRACING_COPIES("tp_btf/sys_enter", us_sys_enter) {
    struct pt_regs *regs = (struct pt_regs *)ctx[0];
    long number = (long)ctx[1];
    __u64 id, now;
    struct task_struct *task;
    struct thread *thread;
    int kind = kind_of_call(number);

    if (!kind)
        return 0;
    id = bpf_get_current_pid_tgid();
    if (kind == 3 ? !target_of(id >> 32) : !caller(id >> 32))
        return 0;
    task = (struct task_struct *)bpf_get_current_task();
    if (kind == 3) {
        /* TCP tells its end by the socket's state; a unix socket does not. A child that inherited the
         * descriptor must not end the connection of its parent, so the process that spoke last has to close
         * it. */
        struct sock *sk = socket_of(task, SYSCALL_ARG0(regs));
        __u64 key = (__u64)sk;
        struct us_control *ctl;
        struct conn *conn;

        if (!sk || READ(sk, __sk_common.skc_family) != AF_UNIX)
            return 0;
        conn = bpf_map_lookup_elem(&conns_by_socket, &key);
        now = bpf_ktime_get_ns();
        ctl = alive(now);
        if (!conn || !ctl || conn->tgid != id >> 32)
            return 0;
        on_close(conn, ctl, now);
        bpf_map_delete_elem(&conns_by_socket, &key);
        return 0;
    }
    thread = thread_make(id);
    if (!thread)
        return 0;
    thread->call = number + 1;
    thread->call_at = bpf_ktime_get_ns();
    thread->arguments[0] = SYSCALL_ARG0(regs);
    thread->arguments[1] = SYSCALL_ARG1(regs);
    thread->arguments[2] = SYSCALL_ARG2(regs);
    thread->arguments[3] = SYSCALL_ARG3(regs);
    return 0;
}

/* Most messages of a sendmmsg or recvmmsg that are looked at; those behind are counted without bytes. */
#define MESSAGES_MAX 4
/* ... and of which the lengths are. */
#define LENGTHS_MAX 64

/* The kernel wrote the length of each message behind its header. */
INLINE __u32 message_length(__u64 vector, __u32 index) {
    struct user_mmsghdr *header = (struct user_mmsghdr *)vector + index;
    __u32 length = 0;

    bpf_probe_read_user(&length, sizeof(length), &header->msg_len);
    return length;
}

/* Of copies, the first takes the call. */
TRACING_COPIES("tp_btf/sys_exit", us_sys_exit) {
    long result = (long)ctx[1], number;
    __u64 id = bpf_get_current_pid_tgid();
    struct task_struct *task;
    struct thread *thread;
    struct us_target *target = target_of(id >> 32);
    struct us_control *ctl;
    struct conn *conn;
    struct sock *sk;
    struct io *io;
    __u32 flags = 0;

    if (!target)
        return 0;
    task = (struct task_struct *)bpf_get_current_task();
    thread = thread_of(id);
    if (!thread || !thread->call)
        return 0;
    number = (long)thread->call - 1;
    thread->call = 0;
    io = &thread->io;
    *io = (struct io){.direction = kind_of_call(number) == 2};
    if (result < 0 || (result == 0 && io->direction))
        return 0;
    if (number == NR_RECVFROM)
        flags = thread->arguments[3];
    else if (number == NR_RECVMSG)
        flags = thread->arguments[2];
    else if (number == NR_RECVMMSG)
        flags = thread->arguments[3];
    if (flags & (MSG_PEEK | MSG_ERRQUEUE | MSG_OOB))
        return 0;
    sk = socket_of(task, thread->arguments[0]);
    if (!sk)
        return 0;
    io->left_at = bpf_ktime_get_ns();
    io->entered = io->direction ? thread->call_at : io->left_at;
    moved_by(io, target, id);
    ctl = alive(io->left_at);
    if (!ctl) {
        if (result > 0)
            count_expired();
        return 0;
    }
    if (result == 0) {
        __u64 key = (__u64)sk;

        conn = bpf_map_lookup_elem(&conns_by_socket, &key);
        if (conn && conn->id)
            on_eof(conn, ctl, io->left_at);
        return 0;
    }
    conn = conn_make_untyped(sk, role_of(sk));
    if (!conn)
        return 0;
    io->length = result;
    /* Ciphertext takes no turns. */
    if (conn->turn || conn->state & CONN_DECRYPTED ? may_have_missed(conn, target, ctl)
                                                   : joined_midway(sk, io))
        conn_restart(conn, sk, io, ctl);
    if (number != NR_RECVMMSG && number != NR_SENDMMSG) {
        /* What was cut off the message is nowhere. */
        if (!(flags & MSG_TRUNC))
            source_of_call(io, thread, number, thread->arguments[1], thread->arguments[2]);
        on_socket_io(conn, thread, sk, ctl);
        return 0;
    }
    /* The verifier is to forget how often the loop ran. */
    io->segments = result;
    for (__u32 i = 0; i < LENGTHS_MAX && i < result; i++)
        io->behind += message_length(thread->arguments[1], i);
    result = (__u32)FRESH(io->segments);
    for (__u32 i = 0; i < MESSAGES_MAX && i < result; i++) {
        __u64 address = thread->arguments[1] + i * sizeof(struct user_mmsghdr);

        io->length = message_length(thread->arguments[1], i);
        if (!io->length)
            break;
        io->behind -= io->length;
        source_of_call(io, thread, io->direction ? NR_SENDMSG : NR_RECVMSG, address, thread->arguments[2]);
        on_socket_io(conn, thread, sk, ctl);
    }
    return 0;
}
