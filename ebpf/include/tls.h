/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Connections whose plain text is seen in the process, in calls of a TLS library. What the thread sends and
 * receives inside such a call is ciphertext, and says which connection the library's object belongs to. Where
 * the process moves the ciphertext by itself, later, the library's own output is recognised when it is sent.
 * From then on the connection has two states: the socket's counts ciphertext, the other one (in
 * `plain_conns`, by the same id) plain text, and user space is told of the latter only. */
#ifndef UNDERSPAN_TLS_H
#define UNDERSPAN_TLS_H

#include "go.h"
#include "io.h"

/* Connections that go over to TLS do so in one of their first runs. */
#define TLS_LATEST_RUN 8

/* Types of handshake messages (RFC 8446, 4). */
#define TLS_CLIENT_HELLO 1
#define TLS_SERVER_HELLO 2

/* A TLS record of any kind, version 3.x, begins with these bytes. */
INLINE int is_record(const __u8 *head) {
    return head[0] >= 0x14 && head[0] <= 0x17 && head[1] == 0x03 && head[2] <= 0x04;
}

/* ClientHello or ServerHello: what begins a session, and is not encrypted. */
INLINE int is_hello(const __u8 *head) {
    return head[0] == 0x16 && (head[5] == TLS_CLIENT_HELLO || head[5] == TLS_SERVER_HELLO);
}

/* Whether these bytes are of one connection alone: ciphertext, or a hello with its random. The random of a
 * ServerHello that asks for another ClientHello is a constant (RFC 8446, 4.1.3). Other kinds of records are
 * short and often the same. */
INLINE int is_unique(const __u8 *head) {
    int retry = head[11] == 0xcf && head[12] == 0x21 && head[13] == 0xad && head[14] == 0x74;

    return is_record(head) && head[0] >= 0x16 && !(is_hello(head) && retry);
}

/* The object in `thread->tls_found` belongs to this connection, of which the call moved a record. */
NOINLINE int tls_bind(struct conn *conn, struct thread *thread, struct sock *sk, struct io *io,
                      struct us_control *ctl) {
    struct tls_object object = {.tgid = io->tgid, .address = thread->tls_found.object};
    __u32 direction = io->direction & 1;
    struct tls_state state = {};
    __u64 id = conn->id;
    struct conn *plain;

    if (!(conn->state & CONN_DECRYPTED)) {
        /* What passed before goes on being counted where it was: a plain beginning, as of databases, is part
         * of the same stream. */
        if (conn->bytes[0] > conn->reported[0])
            emit_run(conn, 0, ctl, 0);
        if (conn->bytes[1] > conn->reported[1])
            emit_run(conn, 1, ctl, 0);
        bpf_map_update_elem(&plain_conns, &id, conn, BPF_ANY);
        plain = bpf_map_lookup_elem(&plain_conns, &id);
        if (!plain) {
            count(US_COUNT_LOST_NO_STORAGE, 1);
            return 0;
        }
        plain->state = CONN_DECRYPTED;
        /* Plain text may have passed unseen. */
        if (!thread->tls_found.begins) {
            plain->state |= CONN_JOINED;
            plain->framing = 0;
            __builtin_memset(plain->frames, 0, sizeof(plain->frames));
        }
        plain->turn = 0;
        plain->flipped = 0;
        plain->left = 0;
        plain->runs = 0;
        plain->tail_size[0] = 0;
        plain->tail_size[1] = 0;
        plain->tgid = io->tgid;
        plain->tid = io->tid;
        plain->last[0] = io->left_at;
        plain->last[1] = io->left_at;
        plain->socket = (__u64)sk;
        plain->base[0] = 0;
        plain->base[1] = 0;
        /* Of what was counted so far, a plain beginning is also counted by the other end. A hello that
         * answers one behind a plain beginning does not say how much is which. */
        if (!(conn->state & CONN_JOINED) && READ(sk, __sk_common.skc_family) != AF_UNIX &&
            (conn->state & CONN_TLS || thread->tls_found.begins != TLS_SERVER_HELLO)) {
            __u32 twice = conn->state & CONN_TLS ? 2 : 1;

            plain->base[0] =
                position(sk, 0) - twice * (__u32)conn->bytes[0] - (direction ? 0 : (__u32)io->length);
            plain->base[1] =
                position(sk, 1) - twice * (__u32)conn->bytes[1] - (direction ? (__u32)io->length : 0);
        }
        conn->state |= CONN_DECRYPTED | CONN_TLS | CONN_ANNOUNCED;
        emit_conn(plain, sk, ctl, 0);
    }
    state.conn = id;
    bpf_map_update_elem(&tls_objects, &object, &state, BPF_ANY);
    return 0;
}

/* Whether a call may send what a library has made before, for the process to send. */
INLINE int may_begin(struct conn *conn, __u32 direction) {
    return direction && (conn->runs < TLS_LATEST_RUN || conn->state & (CONN_TLS | CONN_IGNORED));
}

/* The call into a TLS library inside of which this one is: of the thread, or of a goroutine. */
INLINE struct tls_call *tls_call_around(struct thread *thread, struct io *io) {
    struct goroutine goroutine = {.tgid = io->tgid, .address = io->goroutine};

    if (thread->tls.object)
        return &thread->tls;
    return goroutine.address ? bpf_map_lookup_elem(&go_calls, &goroutine) : NULL;
}

/* Looks for the object whose record a call has moved: that of the library's call around it, or the one that
 * made these very bytes before. */
NOINLINE int tls_look(struct conn *conn, struct thread *thread, struct sock *sk, struct io *io,
                      struct us_control *ctl) {
    struct tls_cipher cipher = {.tgid = io->tgid};
    struct tls_call *call = tls_call_around(thread, io);
    struct tls_found *found;
    __u64 address, size;

    if (!call && !may_begin(conn, io->direction & 1))
        return 0;
    if (!io->source || segment_at(io, 0, &address, &size) || size < 3)
        return 0;
    if (size > sizeof(cipher.head))
        size = sizeof(cipher.head);
    if (bpf_probe_read_user(cipher.head, size, (const void *)address) || !is_record(cipher.head))
        return 0;
    if (call) {
        /* A library's call for one connection that touches another. Of a goroutine's calls the innermost is
         * known, and an address of Go's may be another one's now: nobody tells when it is freed. */
        if (thread->tls.object && call->conn && bpf_map_lookup_elem(&plain_conns, &call->conn))
            return 0;
        thread->tls_found.object = call->object;
        thread->tls_found.begins = call->kind & TLS_HANDSHAKE || is_hello(cipher.head) ||
                                   (!(conn->state & CONN_JOINED) && !conn->bytes[0] && !conn->bytes[1]);
        /* If it cannot be kept, it is not found at the end of the call either. */
        call->conn = conn->id;
    } else {
        if (size < sizeof(cipher.head))
            return 0;
        found = bpf_map_lookup_elem(&tls_ciphers, &cipher);
        if (!found)
            return 0;
        thread->tls_found = *found;
    }
    return tls_bind(conn, thread, sk, io, ctl);
}

/* A finished call on a socket, described in `thread->io`: of ciphertext, or of what user space is told. */
NOINLINE int on_socket_io(struct conn *conn, struct thread *thread, struct sock *sk, struct us_control *ctl) {
    struct io *io = &thread->io;
    __u32 direction;

    if (!(conn->state & CONN_DECRYPTED))
        attribute(conn, io);
    if (thread->tls.object) {
        if (thread->tls.conn != conn->id)
            tls_look(conn, thread, sk, io, ctl);
    } else if (!(conn->state & CONN_DECRYPTED) && (io->goroutine || may_begin(conn, io->direction & 1))) {
        tls_look(conn, thread, sk, io, ctl);
    }
    if (!(conn->state & CONN_DECRYPTED)) {
        on_io(conn, thread, sk, ctl);
        return 0;
    }
    direction = FRESH(io->direction) & 1;
    __sync_fetch_and_add(&conn->bytes[direction], io->length);
    conn->last[direction] = io->left_at;
    conn->tgid = io->tgid;
    count(US_COUNT_CIPHERTEXT, io->length);
    return 0;
}

/* The connection of an object; 0 while not known, or when the object is used again for another. */
INLINE __u64 connection_of(struct tls_object *object) {
    struct tls_state *state = bpf_map_lookup_elem(&tls_objects, object);

    return state && bpf_map_lookup_elem(&plain_conns, &state->conn) ? state->conn : 0;
}

/* Plain text of a connection that is not known has passed. Each time the direction turns away from what came
 * first, an exchange is gone. */
NOINLINE void tls_missed(__u64 tgid, __u64 address, __u32 direction) {
    struct tls_object object = {.tgid = tgid, .address = address};
    struct tls_state *state, fresh = {};

    direction = (direction & 1) + 1;
    state = bpf_map_lookup_elem(&tls_objects, &object);
    if (!state || state->conn) {
        fresh.first = direction;
        fresh.last = direction;
        bpf_map_update_elem(&tls_objects, &object, &fresh, BPF_ANY);
        return;
    }
    if (state->last == state->first && direction != state->first)
        count(US_COUNT_LOST_UNBOUND, 1);
    state->last = direction;
}

/* A call, now at its end on this thread, has moved `length` bytes of plain text. */
INLINE void tls_moved(struct tls_call *call, struct thread *thread, struct us_target *target, __u64 id,
                      __u64 length) {
    __u64 key = call->conn;
    struct us_control *ctl;
    struct conn *conn;
    struct io *io = &thread->io;

    *io = (struct io){.left_at = bpf_ktime_get_ns()};
    ctl = alive(io->left_at);
    if (!ctl)
        return;
    conn = key ? bpf_map_lookup_elem(&plain_conns, &key) : NULL;
    if (!conn || may_have_missed(conn, target, ctl)) {
        tls_missed(id >> 32, call->object, call->kind & TLS_SENDS);
        return;
    }
    io->direction = call->kind & TLS_SENDS;
    io->entered = io->direction ? call->at : io->left_at;
    io->length = length;
    io->source = call->source;
    moved_by(io, target, id);
    attribute(conn, io);
    on_io(conn, thread, (struct sock *)conn->socket, ctl);
}

#endif
