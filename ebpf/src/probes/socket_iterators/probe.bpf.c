/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Run by user space: what no event tells. */
#include "conn.h"

/* Reports bytes that passed on connections which have been silent since, so that a span does not wait for the next request. */
SEC("iter/bpf_sk_storage_map")
int us_flush_conns(struct bpf_iter__bpf_sk_storage_map *ctx)
{
    struct conn *conn = ctx->value;
    __u64 now = bpf_ktime_get_ns();
    struct us_control *ctl;

    if (!conn || !ctx->sk || !conn->id || (conn->state & CONN_CLOSED))
        return 0;
    ctl = alive(now);
    if (!ctl)
        return 0;
    if (conn->bytes[0] > conn->reported[0])
        emit_run(conn, 0, ctl, 1);
    if (conn->bytes[1] > conn->reported[1])
        emit_run(conn, 1, ctl, 1);
    return 0;
}

/* Ports the selected processes already listen on: the connections accepted there are a server's. */
SEC("iter/task_file")
int us_find_listeners(struct bpf_iter__task_file *ctx)
{
    struct task_struct *task = ctx->task;
    struct file *file = ctx->file;
    struct socket *socket;
    struct us_listener key = {};
    struct sock *sk;
    __u32 one = 1;

    if (!task || !file || !target_of(task->tgid))
        return 0;
    socket = bpf_sock_from_file(file);
    if (!socket)
        return 0;
    sk = socket->sk;
    if (!sk || READ(sk, __sk_common.skc_state) != TCP_LISTEN)
        return 0;
    if (READ(sk, __sk_common.skc_family) == AF_UNIX)
        return 0;
    key.netns = READ(READ(sk, __sk_common.skc_net.net), ns.inum);
    key.port = READ(sk, __sk_common.skc_num);
    bpf_map_update_elem(&listeners, &key, &one, BPF_ANY);
    return 0;
}
