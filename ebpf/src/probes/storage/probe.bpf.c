/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Loaded once at start and never attached: whether the kernel takes them says where state can be kept. */
#include "conn.h"

SEC("tp_btf/inet_sock_set_state")
int us_try_socket_storage(__u64 *ctx) {
    struct sock *sk = (struct sock *)ctx[0];
    struct conn *conn = bpf_sk_storage_get(&conns, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

    if (conn)
        conn->id = bpf_get_socket_cookie(sk);
    return 0;
}

SEC("tp_btf/sched_process_exec")
int us_try_task_storage(__u64 *ctx) {
    struct thread *thread =
        bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

    if (thread && ctx)
        thread->vector = 0;
    return 0;
}
