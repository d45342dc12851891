/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Connections whose plain text is seen in the process, in calls of a TLS library. What the thread sends and
 * receives inside such a call is ciphertext, and says which connection the library's object belongs to. From
 * then on the connection has two states: the socket's counts ciphertext, the other one (in `plain_conns`, by
 * the same id) plain text, and user space is told of the latter only. */
#ifndef UNDERSPAN_TLS_H
#define UNDERSPAN_TLS_H

#include "io.h"

/* Whether a call's bytes begin with a TLS record of any kind, version 3.x. */
INLINE int begins_record(struct io *io) {
    __u64 address, size;
    __u8 head[3] = {};

    if (!io->source || segment_at(io, 0, &address, &size) || size < 3)
        return 0;
    if (bpf_probe_read_user(head, sizeof(head), (const void *)address))
        return 0;
    return head[0] >= 0x14 && head[0] <= 0x17 && head[1] == 0x03 && head[2] <= 0x04;
}

/* A thread inside a call for an object moved a TLS record on this socket: they belong together. */
NOINLINE int tls_bind(struct conn *conn, struct thread *thread, struct sock *sk, struct io *io,
                      struct us_control *ctl) {
    struct tls_object object = {.tgid = io->tgid, .address = thread->tls.object};
    __u32 direction = io->direction & 1;
    __u64 id = conn->id;
    struct conn *plain;

    if (!(conn->state & CONN_DECRYPTED)) {
        /* What passed before goes on being counted where it was: a plain beginning, as of databases, is part
         * of the same stream. */
        bpf_map_update_elem(&plain_conns, &id, conn, BPF_ANY);
        plain = bpf_map_lookup_elem(&plain_conns, &id);
        if (!plain) {
            count(US_COUNT_LOST_NO_STORAGE, 1);
            return 0;
        }
        plain->state = CONN_DECRYPTED;
        /* Without its handshake, or records of it, plain text may have passed unseen. */
        if (!(thread->tls.kind & TLS_HANDSHAKE) &&
            (conn->state & CONN_JOINED || conn->bytes[0] || conn->bytes[1]))
            plain->state |= CONN_JOINED;
        plain->turn = 0;
        plain->flipped = 0;
        plain->left = 0;
        plain->runs = 0;
        plain->tail_size[0] = 0;
        plain->tail_size[1] = 0;
        plain->tgid = io->tgid;
        plain->tid = io->tid;
        plain->socket = (__u64)sk;
        plain->base[0] = 0;
        plain->base[1] = 0;
        if (!(conn->state & CONN_JOINED) && READ(sk, __sk_common.skc_family) != AF_UNIX) {
            struct tcp_sock *tcp = (struct tcp_sock *)sk;

            plain->base[0] =
                READ(tcp, copied_seq) - (__u32)conn->bytes[0] - (direction ? 0 : (__u32)io->length);
            plain->base[1] =
                READ(tcp, write_seq) - (__u32)conn->bytes[1] - (direction ? (__u32)io->length : 0);
        }
        /* That nobody understood the ciphertext says nothing. */
        bpf_map_delete_elem(&verdicts, &id);
        conn->state |= CONN_DECRYPTED | CONN_TLS | CONN_ANNOUNCED;
        emit_conn(plain, sk, ctl, 0);
    }
    bpf_map_update_elem(&tls_objects, &object, &id, BPF_ANY);
    thread->tls.conn = id;
    return 0;
}

/* A finished call on a socket: of ciphertext, or of what user space is told. */
INLINE void on_socket_io(struct conn *conn, struct thread *thread, struct sock *sk, struct io *io,
                         struct us_control *ctl) {
    __u32 direction = io->direction & 1;

    if (thread->tls.object && thread->tls.conn != conn->id && begins_record(io))
        tls_bind(conn, thread, sk, io, ctl);
    if (!(conn->state & CONN_DECRYPTED)) {
        on_io(conn, thread, sk, io, ctl);
        return;
    }
    __sync_fetch_and_add(&conn->bytes[direction], io->length);
    conn->last[direction] = io->left_at;
    conn->tgid = io->tgid;
    count(US_COUNT_CIPHERTEXT, io->length);
}

/* The connection of an object; 0 while not known. */
INLINE __u64 connection_of(struct tls_object *object) {
    __u64 *conn = bpf_map_lookup_elem(&tls_objects, object);

    return conn ? *conn : 0;
}

/* A call of the thread under way has moved `length` bytes of plain text. */
INLINE void tls_moved(struct thread *thread, __u64 id, __u64 length) {
    __u64 key = thread->tls.conn;
    struct us_control *ctl;
    struct conn *conn;
    struct io io = {};

    io.left_at = bpf_ktime_get_ns();
    ctl = alive(io.left_at);
    if (!ctl)
        return;
    conn = key ? bpf_map_lookup_elem(&plain_conns, &key) : NULL;
    if (!conn) {
        count(US_COUNT_UNBOUND, 1);
        return;
    }
    io.direction = thread->tls.kind & TLS_SENDS;
    io.entered = io.direction ? thread->tls.at : io.left_at;
    io.length = length;
    io.source = thread->tls.source;
    io.tgid = id >> 32;
    io.tid = (__u32)id;
    on_io(conn, thread, (struct sock *)conn->socket, &io, ctl);
}

#endif
