/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Run by user space: what no event tells. */
#include "conn.h"

static struct socket *(*const bpf_sock_from_file)(struct file *file) = (void *)162;

/* A connection at work just now reports by itself; two that write its state at once would tell bytes twice or
 * out of order. Nanoseconds. */
#define SILENT 1000000

INLINE void flush_direction(struct conn *conn, __u32 direction, struct us_control *ctl, __u64 now) {
    if (conn->last[direction] + SILENT < now)
        emit_run(conn, direction, ctl, 1);
}

INLINE void flush(struct conn *conn) {
    __u64 now = bpf_ktime_get_ns();
    struct us_control *ctl = alive(now);

    if (!ctl || !conn->id || (conn->state & CONN_CLOSED))
        return;
    conn = told_of(conn);
    if (!conn)
        return;
    flush_direction(conn, 0, ctl, now);
    flush_direction(conn, 1, ctl, now);
}

/* Reports bytes that passed on connections which have been silent since, so that a span does not wait for the
 * next request. */
SEC("iter/bpf_sk_storage_map")
int us_flush_conns(struct bpf_iter__bpf_sk_storage_map *ctx) {
    struct conn *conn = ctx->value;

    if (conn && ctx->sk)
        flush(conn);
    return 0;
}

/* The same for the sockets of one process, where the kernel takes an element of socket storage apart while it
 * shows it to the former, and crashes. */
SEC("iter/task_file")
int us_flush_files(struct bpf_iter__task_file *ctx) {
    struct file *file = ctx->file;
    struct socket *socket;
    struct conn *conn;
    struct sock *sk;

    if (!file)
        return 0;
    socket = bpf_sock_from_file(file);
    sk = socket ? socket->sk : NULL;
    conn = sk ? bpf_sk_storage_get(&conns, sk, NULL, 0) : NULL;
    if (conn)
        flush(conn);
    return 0;
}

/* The same where connections are kept by the address of their socket. */
SEC("iter/bpf_map_elem")
int us_flush_by_socket(struct bpf_iter__bpf_map_elem *ctx) {
    struct conn *conn = ctx->value;

    if (conn && ctx->key)
        flush(conn);
    return 0;
}

/* Ports the selected processes already listen on: the connections accepted there are a server's. */
SEC("iter/task_file")
int us_find_listeners(struct bpf_iter__task_file *ctx) {
    struct task_struct *task = ctx->task;
    struct file *file = ctx->file;
    struct us_listener key = {};
    struct sock *sk;
    __u32 one = 1;

    if (!task || !file || !target_of(task->tgid))
        return 0;
    sk = socket_behind(file);
    if (!sk || READ(sk, __sk_common.skc_state) != TCP_LISTEN)
        return 0;
    if (READ(sk, __sk_common.skc_family) == AF_UNIX)
        return 0;
    key.netns = READ(READ(sk, __sk_common.skc_net.net), ns.inum);
    key.port = READ(sk, __sk_common.skc_num);
    bpf_map_update_elem(&listeners, &key, &one, BPF_ANY);
    return 0;
}
