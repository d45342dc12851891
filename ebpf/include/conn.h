/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Finding and making the state of a connection, in programs that hold a typed socket. */
#ifndef UNDERSPAN_CONN_H
#define UNDERSPAN_CONN_H

#include "io.h"

static __u64 (*const bpf_get_socket_cookie)(void *sk) = (void *)46;

INLINE int is_stream(struct sock *sk)
{
    __u16 family = sk->__sk_common.skc_family;

    if (family == AF_UNIX)
        return sk->sk_type == SOCK_STREAM;
    return (family == AF_INET || family == AF_INET6) && sk->sk_type == SOCK_STREAM &&
           sk->sk_protocol == IPPROTO_TCP;
}

/* Which side of its connection a socket is on. A connection opened since its process was selected is known to be a client's
 * (see socket_state); of the others, those on a port somebody listens on are a server's. */
INLINE __u8 role_of(struct sock *sk)
{
    if (sk->__sk_common.skc_family == AF_UNIX) {
        /* An accepted socket carries the name of its listener; a pair of sockets has none on either side. */
        struct unix_sock *unix_sk = (struct unix_sock *)sk;

        if (READ(unix_sk, addr))
            return US_ROLE_SERVER;
        if (READ((struct unix_sock *)READ(unix_sk, peer), addr))
            return US_ROLE_CLIENT;
        return US_ROLE_UNKNOWN;
    } else {
        struct us_listener key = {
            .netns = READ(READ(sk, __sk_common.skc_net.net), ns.inum),
            .port = sk->__sk_common.skc_num,
        };

        return bpf_map_lookup_elem(&listeners, &key) ? US_ROLE_SERVER : US_ROLE_UNKNOWN;
    }
}

INLINE struct conn *conn_of(struct sock *sk)
{
    return bpf_sk_storage_get(&conns, sk, NULL, 0);
}

INLINE struct conn *conn_make(struct sock *sk, __u8 role)
{
    struct conn *conn = bpf_sk_storage_get(&conns, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

    if (!conn) {
        count(US_COUNT_LOST_NO_STORAGE, 1);
        return NULL;
    }
    if (!conn->id) {
        conn->role = role;
        conn->id = bpf_get_socket_cookie(sk);
    }
    return conn;
}

/* Whether bytes had passed on a TCP connection before this call. `bytes_acked` counts the SYN of whoever opened it. */
INLINE int joined_midway(struct sock *sk, struct io *io)
{
    struct tcp_sock *tcp = (struct tcp_sock *)sk;
    __u64 received;

    if (sk->__sk_common.skc_family == AF_UNIX)
        return 0;
    received = READ(tcp, bytes_received);
    if (io->direction)
        return received > 0;
    return READ(tcp, bytes_acked) > 1;
}

#endif
