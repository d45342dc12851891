/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Life of TCP sockets: who opened a connection, who listens, and when a connection is over. */
#include "conn.h"

/* Copies need not know of each other: what is done twice is done once. */
TRACING_COPIES("tp_btf/inet_sock_set_state", us_inet_sock_set_state) {
    struct sock *sk = (struct sock *)ctx[0];
    int state = (int)ctx[2];
    struct us_control *ctl;
    struct conn *conn;
    __u64 now;

    if (state == TCP_SYN_SENT) {
        /* Runs in connect(2), so the current process is the client. */
        __u64 id = bpf_get_current_pid_tgid();
        struct us_target *target = target_of(id >> 32);

        if (!target || !is_stream(sk))
            return 0;
        conn = conn_make(sk, US_ROLE_CLIENT);
        if (!conn || (conn->state & (CONN_ANNOUNCED | CONN_CLOSED)) == CONN_ANNOUNCED)
            return 0;
        conn->tgid = id >> 32;
        conn->tid = (__u32)id;
        /* Told at once, so that it is known before the other end has anything to say: a span there waits for
         * the one here. */
        ctl = alive(bpf_ktime_get_ns());
        if (ctl && !target->paused)
            emit_conn(conn, sk, ctl, 1);
        return 0;
    }
    if (state == TCP_LISTEN) {
        /* Kept when the listener closes: its connections live on. The map forgets the least used. */
        struct us_listener key = {
            .netns = READ(READ(sk, __sk_common.skc_net.net), ns.inum),
            .port = sk->__sk_common.skc_num,
        };
        __u32 one = 1;

        bpf_map_update_elem(&listeners, &key, &one, BPF_ANY);
        return 0;
    }
    if (state != TCP_CLOSE && state != TCP_FIN_WAIT1 && state != TCP_LAST_ACK)
        return 0;
    conn = conn_of(sk);
    if (!conn || !conn->id)
        return 0;
    /* A half-closed socket still receives; it is over when both directions are shut or the state says so. */
    if (state != TCP_CLOSE && (sk->sk_shutdown & SHUTDOWN_MASK) != SHUTDOWN_MASK)
        return 0;
    now = bpf_ktime_get_ns();
    ctl = alive(now);
    if (ctl)
        on_close(conn, ctl, now);
    if (state == TCP_CLOSE)
        conn_forget(sk);
    return 0;
}
