/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Records into the ring buffer: reserved, filled in place, submitted. A record that does not fit is counted
 * by its caller. */
#ifndef UNDERSPAN_EMIT_H
#define UNDERSPAN_EMIT_H

#include "maps.h"

/* The ring stores an 8-byte header before each record and rounds up to 8. */
#define RING_BYTES(size) (((size) + 8 + 7) & ~7ULL)

/* A wake-up costs more than the record, so the reader is woken only when it sleeps and enough waits; it wakes
 * by itself every few milliseconds. */
INLINE void submit(void *record, __u64 size, struct us_control *ctl, int urgent) {
    __u64 flags = BPF_RB_NO_WAKEUP;

    if (ctl->sleeping && (urgent || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= ctl->wake_bytes)) {
        ctl->sleeping = 0;
        flags = BPF_RB_FORCE_WAKEUP;
    }
    bpf_ringbuf_submit(record, flags);
    count(US_COUNT_RECORDS, 1);
    count(US_COUNT_RING_BYTES, RING_BYTES(size));
}

INLINE void fill_header(struct us_header *header, __u8 kind, __u8 flags, __u16 size, struct conn *conn,
                        __u64 time) {
    header->kind = kind;
    header->flags = flags;
    header->size = size;
    header->sequence = conn->sequence;
    header->time = time;
    header->conn = conn->id;
}

INLINE __u32 request_direction(struct conn *conn) {
    return conn->role == US_ROLE_CLIENT;
}

/* Whether what has passed in this direction since its latest record is known to be whole frames or rests of
 * bodies. */
INLINE int is_aligned(struct conn *conn, __u32 direction) {
    struct frames *frames = &conn->frames[direction & 1];

    return frames->aligned && !frames->hole;
}

/* Addresses of a connection. Returns 0 when written. */
NOINLINE int emit_conn(struct conn *conn, struct sock *sk, struct us_control *ctl, __u32 opening) {
    struct us_conn *record;
    __u16 family = READ(sk, __sk_common.skc_family);
    int size = 0;

    conn->sequence++;
    /* One size for all: the name of a unix socket needs the room, an address leaves it unused. */
    record = bpf_ringbuf_reserve(&ring, sizeof(*record) + US_NAME_MAX, 0);
    if (!record) {
        count(US_COUNT_LOST_RECORDS, 1);
        return -1;
    }
    __builtin_memset(record->local, 0, sizeof(record->local));
    __builtin_memset(record->remote, 0, sizeof(record->remote));
    record->tgid = conn->tgid;
    record->netns = READ(READ(sk, __sk_common.skc_net.net), ns.inum);
    record->family = family;
    record->role = conn->role;
    record->pad = 0;
    record->local_port = 0;
    record->remote_port = 0;
    if (family == AF_UNIX) {
        struct unix_address *addr = READ((struct unix_sock *)sk, addr);
        char *path = (char *)(record + 1);

        if (!addr)
            addr = READ((struct unix_sock *)READ((struct unix_sock *)sk, peer), addr);
        if (addr)
            /* sun_path lies behind the 2-byte sun_family, as sockaddr_un is laid out for everybody. */
            size = bpf_probe_read_kernel_str(path, 108, (char *)&addr->name + 2);
        if (size < 0)
            size = 0;
    } else {
        record->local_port = READ(sk, __sk_common.skc_num);
        record->remote_port = __builtin_bswap16(READ(sk, __sk_common.skc_dport));
        if (family == AF_INET6) {
            bpf_probe_read_kernel(record->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
            bpf_probe_read_kernel(record->remote, 16, &sk->__sk_common.skc_v6_daddr);
        } else {
            bpf_probe_read_kernel(record->local, 4, &sk->__sk_common.skc_rcv_saddr);
            bpf_probe_read_kernel(record->remote, 4, &sk->__sk_common.skc_daddr);
        }
    }
    fill_header(&record->header, US_CONN,
                (conn->state & CONN_JOINED ? US_JOINED : 0) | (conn->state & CONN_TLS ? US_TLS : 0) |
                    (conn->state & CONN_DECRYPTED ? US_TLS | US_DECRYPTED : 0) | (opening ? US_OPENING : 0),
                size, conn, bpf_ktime_get_ns());
    submit(record, sizeof(*record) + US_NAME_MAX, ctl, 0);
    if (!opening)
        conn->state |= CONN_ANNOUNCED;
    return 0;
}

/* How many bytes of a direction have passed, where no record told of the latest; else 0. A call at work on
 * another CPU tells of its bytes by itself. */
INLINE __u64 untold(struct conn *conn, __u32 direction) {
    __u64 bytes = FRESH(conn->bytes[direction]), reported = FRESH(conn->reported[direction]);

    /* In this order: the call may begin or end in between. */
    return !FRESH(conn->at_work[direction]) && bytes > reported ? bytes : 0;
}

/* Bytes of one direction that passed without being captured, if there are any. Returns 0 unless the record
 * did not fit. */
NOINLINE int emit_run(struct conn *conn, __u32 direction, struct us_control *ctl, __u32 partial) {
    struct us_run *record;
    __u64 bytes;

    direction &= 1;
    bytes = untold(conn, direction);
    if (!bytes)
        return 0;
    conn->sequence++;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record) + US_TAIL, 0);
    if (!record) {
        count(US_COUNT_LOST_RECORDS, 1);
        return -1;
    }
    fill_header(&record->header, US_RUN,
                (direction ? US_SENT : 0) | (direction == request_direction(conn) ? US_REQUEST : 0) |
                    (partial ? US_PARTIAL : 0) | (conn->state & CONN_TLS ? US_TLS : 0) |
                    (is_aligned(conn, direction) ? US_ALIGNED : 0),
                conn->tail_size[direction], conn, conn->last[direction]);
    record->offset = bytes;
    record->tgid = conn->tgid;
    record->tid = conn->tid;
    record->exchange = conn->exchange;
    record->lost = conn->lost;
    __builtin_memcpy(record + 1, conn->tail[direction], US_TAIL);
    submit(record, sizeof(*record) + US_TAIL, ctl, 0);
    conn->reported[direction] = bytes;
    conn->frames[direction].hole = 0;
    return 0;
}

/* The end of a connection. What does not fit the ring goes to a queue that user space looks at when told by
 * the counter. */
NOINLINE int emit_end(struct conn *conn, struct us_control *ctl, __u32 closed, __u64 now) {
    struct us_end *record, end = {};

    conn->sequence++;
    fill_header(&end.header, US_END, (closed ? US_CLOSED : 0) | (conn->state & CONN_TLS ? US_TLS : 0), 0,
                conn, now);
    end.received = conn->bytes[0];
    end.sent = conn->bytes[1];
    end.exchange = conn->exchange;
    end.lost = conn->lost;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (record) {
        *record = end;
        submit(record, sizeof(*record), ctl, 0);
        return 0;
    }
    if (closed && bpf_map_push_elem(&late_ends, &end, BPF_ANY))
        count(US_COUNT_LOST_ENDS, 1);
    /* Last: it makes user space look for the end. */
    count(US_COUNT_LOST_RECORDS, 1);
    return -1;
}

INLINE int emit_data_class(struct conn *conn, struct piece *piece, struct us_control *ctl, const __u32 room) {
    struct us_data *record;
    __u32 size = piece->size;
    __u8 flags = piece->flags;

    record = bpf_ringbuf_reserve(&ring, sizeof(*record) + room, 0);
    if (!record) {
        count(US_COUNT_LOST_RECORDS, 1);
        return -1;
    }
    if (size > room)
        size = room;
    if (size && bpf_probe_read_user(record + 1, size, (const void *)piece->source)) {
        count(US_COUNT_FAULTS, 1);
        flags |= US_FAULT;
        size = 0;
    }
    fill_header(&record->header, US_DATA, flags, size, conn, piece->left_at);
    record->entered = piece->entered;
    record->offset = piece->offset;
    record->length = piece->length;
    record->tgid = piece->tgid;
    record->tid = piece->tid;
    record->seq = piece->seq;
    record->peer_seq = piece->peer_seq;
    record->exchange = conn->exchange;
    record->lost = conn->lost;
    record->other = piece->other;
    record->other_last = piece->other_last;
    record->before = piece->before;
    submit(record, sizeof(*record) + room, ctl, 0);
    count(US_COUNT_CAPTURED, size);
    return 0;
}

/* The ring reserves constant sizes only, so records come in classes. */
NOINLINE int emit_data(struct conn *conn, struct piece *piece, struct us_control *ctl) {
    __u32 size = piece->size;

    conn->sequence++;
    if (size <= 64)
        return emit_data_class(conn, piece, ctl, 64);
    if (size <= 128)
        return emit_data_class(conn, piece, ctl, 128);
    if (size <= 256)
        return emit_data_class(conn, piece, ctl, 256);
    if (size <= 512)
        return emit_data_class(conn, piece, ctl, 512);
    if (size <= 1024)
        return emit_data_class(conn, piece, ctl, 1024);
    if (size <= 2048)
        return emit_data_class(conn, piece, ctl, 2048);
    return emit_data_class(conn, piece, ctl, US_DATA_MAX);
}

#endif
