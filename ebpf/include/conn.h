/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Finding and making the state of a connection: in socket storage where programs hold a typed socket, else in
 * a hash. */
#ifndef UNDERSPAN_CONN_H
#define UNDERSPAN_CONN_H

#include "tls.h"

static __u64 (*const bpf_get_socket_cookie)(void *sk) = (void *)46;

#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* NULL when the file is none of a socket. */
INLINE struct sock *socket_behind(struct file *file) {
    if (!file || (READ(READ(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
        return NULL;
    return READ((struct socket *)READ(file, private_data), sk);
}

INLINE int is_stream(struct sock *sk) {
    __u16 family = READ(sk, __sk_common.skc_family);

    if (READ(sk, sk_type) != SOCK_STREAM)
        return 0;
    return family == AF_UNIX ||
           ((family == AF_INET || family == AF_INET6) && READ(sk, sk_protocol) == IPPROTO_TCP);
}

/* Which side of its connection a socket is on. A connection opened since its process was selected is known to
 * be a client's (see socket_state); of the others, those on a port somebody listens on are a server's. */
INLINE __u8 role_of(struct sock *sk) {
    if (READ(sk, __sk_common.skc_family) == AF_UNIX) {
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
            .port = READ(sk, __sk_common.skc_num),
        };

        return bpf_map_lookup_elem(&listeners, &key) ? US_ROLE_SERVER : US_ROLE_UNKNOWN;
    }
}

/* For programs that hold a typed socket. */
INLINE struct conn *conn_of(struct sock *sk) {
    __u64 key = (__u64)sk;

    if (us_typed_sockets)
        return bpf_sk_storage_get(&conns, sk, NULL, 0);
    return bpf_map_lookup_elem(&conns_by_socket, &key);
}

/* Apart from cookies by its highest bit; two of them cannot be made on one CPU in one nanosecond. */
INLINE __u64 own_id(void) {
    return 1ULL << 63 | bpf_ktime_get_ns() << 8 | (bpf_get_smp_processor_id() & 0xff);
}

/* For programs that found the socket's address by themselves. */
INLINE struct conn *conn_make_untyped(struct sock *sk, __u8 role) {
    __u64 key = (__u64)sk;
    struct conn *conn = bpf_map_lookup_elem(&conns_by_socket, &key);

    if (!conn) {
        static const struct conn fresh = {};

        bpf_map_update_elem(&conns_by_socket, &key, &fresh, BPF_NOEXIST);
        conn = bpf_map_lookup_elem(&conns_by_socket, &key);
        if (!conn) {
            count(US_COUNT_LOST_NO_STORAGE, 1);
            return NULL;
        }
    }
    if (!conn->id) {
        conn->role = role;
        conn->id = own_id();
    }
    return conn;
}

INLINE struct conn *conn_make(struct sock *sk, __u8 role) {
    struct conn *conn;

    if (!us_typed_sockets)
        return conn_make_untyped(sk, role);
    conn = bpf_sk_storage_get(&conns, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
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

/* The socket is gone, or about to be: its address will name another one. */
INLINE void conn_forget(struct sock *sk) {
    __u64 key = (__u64)sk;

    if (!us_typed_sockets)
        bpf_map_delete_elem(&conns_by_socket, &key);
}

/* Whether bytes had passed on a TCP connection before this call. Those that wait to be read have not: the
 * answer to what is sent may be there already. `bytes_acked` counts the SYN of whoever opened it. */
INLINE int joined_midway(struct sock *sk, struct io *io) {
    struct tcp_sock *tcp = (struct tcp_sock *)sk;

    if (READ(sk, __sk_common.skc_family) == AF_UNIX)
        return 0;
    if (io->direction) {
        /* First: what arrives meanwhile waits. */
        __u64 received = READ(tcp, bytes_received);
        __u32 waiting = READ(tcp, rcv_nxt) - READ(tcp, copied_seq);

        /* A FIN waits as well, and is no byte. */
        return (__s64)(received - waiting) > 0;
    }
    return READ(tcp, bytes_acked) > 1;
}

/* State for a connection that has none, at its first call. */
INLINE struct conn *conn_begin(struct sock *sk, struct io *io) {
    struct conn *conn = conn_make(sk, role_of(sk));

    if (conn && joined_midway(sk, io))
        conn->state |= CONN_JOINED;
    return conn;
}

/* What follows such a gap does not continue what came before. To user space it is another connection, joined
 * on its way. */
INLINE void conn_restart(struct conn *conn, struct sock *sk, struct io *io, struct us_control *ctl) {
    __u8 role = conn->role;
    int begun = conn->turn || conn->state & CONN_DECRYPTED;
    int joined = begun || joined_midway(sk, io);

    if (begun) {
        on_close(conn, ctl, io->left_at);
        __builtin_memset(conn, 0, sizeof(*conn));
        conn->id = own_id();
        conn->role = role;
    }
    if (joined)
        conn->state |= CONN_JOINED;
}

#endif
