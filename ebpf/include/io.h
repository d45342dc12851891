/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* One finished I/O call on a stream socket -> records. Every tier ends here, whatever hook it stands on: it
 * fills a `struct io` and finds the connection's state. */
#ifndef UNDERSPAN_IO_H
#define UNDERSPAN_IO_H

#include "emit.h"

/* User space needs a moment to make up its mind about a connection: so many runs, each of which looks. */
#define UNDECIDED_RUNS 32
/* Most segments of a call, which is what the kernel takes. */
#define SEGMENTS_MAX 1024
/* Most of them that are looked at where the kernel has no loops; those behind are counted. Fewer where one
 * program serves all system calls: the verifier follows each segment from every one of them. */
#define SEGMENTS_UNROLLED (us_typed_sockets ? 16 : 4)

/* The `index`-th contiguous piece of a call's bytes. Returns 0 when there is one. */
INLINE int segment_at(struct io *io, __u32 index, __u64 *address, __u64 *size) {
    const void *entry = (const void *)(io->source + index * sizeof(struct iovec));
    __u64 skip = index ? 0 : io->skip;
    struct iovec vec;

    if (index && index >= io->segments)
        return -1;
    if (!io->segments) {
        *address = io->source;
        *size = io->length;
        return 0;
    }
    if (io->copied ? bpf_probe_read_kernel(&vec, sizeof(vec), entry)
                   : bpf_probe_read_user(&vec, sizeof(vec), entry))
        return -1;
    *address = (__u64)vec.iov_base + skip;
    *size = vec.iov_len > skip ? vec.iov_len - skip : 0;
    return 0;
}

/* The search for a call's last segment. */
struct seek {
    struct io *io;
    __u64 address;
    __u64 size;
    __u64 passed; /* bytes of the segments before */
    __u32 found;
};

/* Looks at one segment. Returns 1 when it is the last, or when there is none. */
NOINLINE long seek_last(__u64 index, struct seek *seek) {
    struct io *io = seek->io;

    if (segment_at(io, index, &seek->address, &seek->size))
        return 1;
    if (seek->passed + seek->size >= io->length) {
        seek->found = 1;
        return 1;
    }
    seek->passed += seek->size;
    return 0;
}

/* Remembers the last bytes of a call that is not captured. */
NOINLINE int keep_tail(struct conn *conn, struct io *io) {
    struct seek seek = {.io = io};
    __u32 direction = io->direction & 1;
    __u64 size;
    __u32 n;

    conn->tail_size[direction] = 0;
    if (!io->source)
        return 0;
    if (us_loops) {
        bpf_loop(SEGMENTS_MAX, seek_last, &seek, 0);
    } else {
        for (__u32 i = 0; i < SEGMENTS_UNROLLED; i++)
            if (seek_last(i, &seek))
                break;
    }
    if (!seek.found || seek.passed >= io->length)
        return 0;
    size = io->length - seek.passed;
    n = size < US_TAIL ? size : US_TAIL;
    if (n == 0 || n > US_TAIL)
        return 0;
    if (bpf_probe_read_user(conn->tail[direction], n, (const void *)(seek.address + size - n)) == 0)
        conn->tail_size[direction] = n;
    return 0;
}

/* Whether a message of HTTP/1 begins with this call: lets pipelined ones through after the first used up the
 * budget. */
INLINE int begins_message(struct io *io, int is_request) {
    __u64 address, size, head = 0;

    if (!io->source || segment_at(io, 0, &address, &size) || size < 8)
        return 0;
    if (bpf_probe_read_user(&head, sizeof(head), (const void *)address))
        return 0;
    if (!is_request)
        return (head & 0x00ffffffffffffffULL) == 0x002e312f50545448ULL; /* "HTTP/1." */
    switch ((__u32)head) {
    case 0x20544547: /* "GET " */
    case 0x44414548: /* "HEAD" */
    case 0x54534f50: /* "POST" */
    case 0x20545550: /* "PUT " */
    case 0x43544150: /* "PATC" */
    case 0x454c4544: /* "DELE" */
    case 0x4954504f: /* "OPTI" */
        return 1;
    }
    return 0;
}

/* Whether a call begins with a TLS record: handshake, version 3.x. */
INLINE int begins_tls(struct io *io) {
    __u64 address, size;
    __u8 head[3] = {};

    if (!io->source || segment_at(io, 0, &address, &size) || size < 3)
        return 0;
    if (bpf_probe_read_user(head, sizeof(head), (const void *)address))
        return 0;
    return head[0] == 0x16 && head[1] == 0x03 && head[2] <= 0x04;
}

/* How far a direction of a TCP connection has come. */
INLINE __u32 position(struct sock *sk, __u32 direction) {
    struct tcp_sock *tcp = (struct tcp_sock *)sk;

    return direction ? READ(tcp, write_seq) : READ(tcp, copied_seq);
}

/* Says where on the wire the first byte of a call stands, and the other direction at the same time. */
INLINE void locate(struct conn *conn, struct piece *piece, struct sock *sk, struct io *io, __u32 direction) {
    if (conn->state & CONN_DECRYPTED) {
        /* Ciphertext of both ends stands elsewhere: reads are late and buffered. Plain text is at the same
         * place for both. */
        if ((conn->base[0] | conn->base[1]) && !(conn->state & CONN_JOINED)) {
            piece->seq = conn->base[direction] + (__u32)(conn->bytes[direction] - io->length);
            piece->peer_seq = conn->base[!direction];
        }
    } else if (READ(sk, __sk_common.skc_family) != AF_UNIX) {
        struct tcp_sock *tcp = (struct tcp_sock *)sk;
        __u32 written = READ(tcp, write_seq), copied = READ(tcp, copied_seq);

        piece->seq = (direction ? written : copied) - (__u32)io->length - io->behind;
        piece->peer_seq = direction ? copied : written;
    }
}

#include "frames.h"
#include "pipelines.h"

/* The first record of a run did not fit: its exchange cannot be understood. Counted once for both of its
 * runs. Not behind the end of the connection, which another CPU may tell of meanwhile: with it, user space
 * has accounted for all exchanges. */
INLINE void lose_exchange(struct conn *conn) {
    if (conn->state & (CONN_EXCHANGE_LOST | CONN_CLOSED))
        return;
    conn->state |= CONN_EXCHANGE_LOST;
    conn->lost++;
    count(US_COUNT_LOST_EXCHANGES, 1);
}

INLINE void begin_run(struct conn *conn, struct io *io, struct us_control *ctl) {
    __u32 direction = io->direction & 1, other = !direction;
    struct us_verdict *verdict;
    int is_request;

    if (conn->role == US_ROLE_UNKNOWN)
        conn->role = direction ? US_ROLE_CLIENT : US_ROLE_SERVER; /* who speaks first asks */
    is_request = direction == request_direction(conn);
    /* The end of the run before. If the ring has no room for it, the first record of this run carries the
     * number. */
    emit_run(conn, other, ctl, 0);
    conn->turn = direction + 1;
    conn->runs++;
    conn->tail_size[direction] = 0;
    count(US_COUNT_RUNS, 1);
    if (is_request) {
        count(US_COUNT_REQUEST_RUNS, 1);
        if (!conn->framing)
            conn->exchange++;
        conn->state &= ~CONN_EXCHANGE_LOST;
    }
    /* User space may change its mind about a long-lived connection. */
    if (conn->runs <= UNDECIDED_RUNS || (conn->runs & 63) == 0) {
        verdict = bpf_map_lookup_elem(&verdicts, &conn->id);
        if (verdict && verdict->ignore == (conn->state & CONN_DECRYPTED ? US_IGNORE_PLAIN : US_IGNORE_WIRE))
            conn->state |= CONN_IGNORED;
        else if (us_loops && verdict && !conn->framing)
            conn->framing = verdict->framing;
    }
    if (conn->state & (CONN_TLS | CONN_IGNORED))
        conn->left = 0;
    else if (conn->pipelined)
        conn->left = PIPELINED_BUDGET;
    else
        conn->left = is_request ? ctl->request_budget : ctl->response_budget;
    conn->looked = 0;
}

/* Another message of the current run may begin with this call. */
INLINE void renew_budget(struct conn *conn, struct io *io, struct us_control *ctl) {
    int is_request = (io->direction & 1) == request_direction(conn);
    __u32 budget = is_request ? ctl->request_budget : ctl->response_budget;

    if (conn->left < budget / 2 && !(conn->state & (CONN_TLS | CONN_IGNORED)) && !conn->framing &&
        begins_message(io, is_request))
        conn->left = budget;
}

/* What capturing a segment needs; on the stack, since there is where the kernel wants it. */
struct capturer {
    struct conn *conn;
    struct thread *thread;
    struct us_control *ctl;
};

/* Captures one segment of a call, or as much of it as a record carries. Returns 1 when no more of the call is
 * to be captured. */
NOINLINE long capture_segment(__u64 index, struct capturer *capturer) {
    struct conn *conn = capturer->conn;
    struct thread *thread = capturer->thread;
    struct io *io = &thread->io;
    struct piece *piece = &thread->piece;
    __u32 direction = io->direction & 1, segment = FRESH(piece->segment);
    __u32 steps = us_loops ? SEGMENTS_MAX : SEGMENTS_UNROLLED;
    __u64 size, within = FRESH(piece->within);

    if (!piece->length || !conn->left || segment_at(io, segment, &piece->source, &size))
        return 1;
    if (size <= within) {
        piece->segment = segment + 1;
        piece->within = 0;
        return 0;
    }
    piece->source += within;
    size = min(size - within, piece->length);
    piece->size = min(min(size, US_DATA_MAX), conn->left);
    piece->flags = (direction ? US_SENT : 0) | (FRESH(piece->flip) ? US_FLIP : 0) |
                   (direction == request_direction(conn) ? US_REQUEST : 0);
    /* More of this call follows in a record of its own unless this piece is the last, or the budget is
     * spent. */
    if (piece->length > piece->size && index + 1 < steps && conn->left > piece->size)
        piece->flags |= US_MORE;
    if (emit_data(conn, piece, capturer->ctl)) {
        if (FRESH(piece->flip))
            lose_exchange(conn);
        return 1;
    }
    if (piece->other)
        conn->reported[!direction] = piece->other;
    piece->flip = 0;
    piece->other = 0;
    piece->seq = 0;
    piece->peer_seq = 0;
    conn->left -= piece->size;
    conn->reported[direction] = piece->offset + piece->length;
    if (!(piece->flags & US_MORE))
        return 1;
    piece->within = within + piece->size;
    piece->offset += piece->size;
    piece->length -= piece->size;
    return 0;
}

/* Captures the beginning of a call, as far as the run's budget goes. */
NOINLINE int capture(struct conn *conn, struct thread *thread, struct sock *sk, struct us_control *ctl) {
    struct capturer capturer = {.conn = conn, .thread = thread, .ctl = ctl};
    struct io *io = &thread->io;
    __u32 direction = io->direction & 1;
    struct piece *piece = &thread->piece;

    piece->segment = 0;
    piece->within = 0;
    piece->length = io->length;
    piece->entered = io->entered;
    piece->left_at = io->left_at;
    piece->seq = 0;
    piece->peer_seq = 0;
    piece->other = FRESH(piece->flip) ? untold(conn, !direction) : 0;
    piece->other_last = piece->other ? conn->last[!direction] : 0;
    piece->before = 0;
    /* Only the first record of a run says where on the wire it stands. */
    if (FRESH(piece->flip))
        locate(conn, piece, sk, io, direction);
    if (us_loops) {
        bpf_loop(SEGMENTS_MAX, capture_segment, &capturer, 0);
    } else {
        for (__u32 i = 0; i < SEGMENTS_UNROLLED; i++)
            if (capture_segment(i, &capturer))
                break;
    }
    return 0;
}

/* Finds bytes of a TCP connection that passed unseen: the kernel skips a program that it interrupted on the
 * same CPU, and splice(2) passes no hook of some tiers. Sequence numbers and bytes seen differ by a constant;
 * where they do not, the rest was missed. User space finds a hole then, where it would otherwise pair a
 * response with the wrong request. A FIN read together with bytes takes a number of its own. To be called at
 * the first call of a run, before its bytes are counted; only its own direction stands still then. */
NOINLINE int find_gap(struct conn *conn, struct sock *sk, struct io *io, __u32 direction) {
    __u32 origin, missed, both;

    direction &= 1;
    /* Plain text of a connection is numbered otherwise than what is on the wire. */
    if (conn->state & CONN_DECRYPTED || READ(sk, __sk_common.skc_family) == AF_UNIX)
        return 0;
    origin = position(sk, direction) - (__u32)io->length - io->behind - (__u32)conn->bytes[direction];
    missed = origin - conn->origin[direction];
    both = conn->gap;
    conn->gap = 0;
    if (!(conn->placed & 1 << direction)) {
        conn->placed |= 1 << direction;
        conn->origin[direction] = origin;
    } else if (missed > 1 && missed < 1U << 30) {
        __sync_fetch_and_add(&conn->bytes[direction], missed);
        count(US_COUNT_MISSED, 1);
        conn->gap = 1;
        /* A whole exchange: what is missed of one direction only, the parser notices. */
        if (both && direction != request_direction(conn))
            count(US_COUNT_LOST_EXCHANGES, 1);
    }
    return 0;
}

/* Whether this call may show how the connection is framed: with the first run of each direction, since a
 * server may greet before it has heard anything. On a connection joined on its way any of the first may:
 * until user space has made up its mind, more may pass than the budget. */
INLINE int may_tell_framing(struct conn *conn, int flip) {
    if (conn->state & CONN_JOINED)
        return conn->runs <= UNDECIDED_RUNS && !(conn->state & (CONN_TLS | CONN_IGNORED));
    return flip && conn->runs < 2;
}

NOINLINE int on_io_of(struct conn *conn, struct thread *thread, struct sock *sk, struct us_control *ctl) {
    struct io *io = &thread->io;
    __u32 direction = io->direction & 1;
    struct piece *piece = &thread->piece;

    piece->flip = conn->turn != direction + 1;
    if (FRESH(piece->flip))
        find_gap(conn, sk, io, direction);
    piece->offset = conn->bytes[direction];
    /* Another goroutine or thread may move bytes of the other direction meanwhile. */
    piece->tgid = io->tgid;
    piece->tid = io->tid;
    /* Before the bytes: the iterator must not take them for bytes of a silent connection. */
    conn->last[direction] = io->left_at;
    /* The sum alone: atomic instructions that return a value came with 5.12. */
    __sync_fetch_and_add(&conn->bytes[direction], io->length);
    conn->tgid = io->tgid;
    conn->tid = io->tid;
    count(US_COUNT_SEEN, io->length);
    if (us_loops && !conn->framing && may_tell_framing(conn, FRESH(piece->flip)))
        find_framing(conn, io);
    if (!(conn->state & CONN_ANNOUNCED)) {
        if (begins_tls(io))
            conn->state |= CONN_TLS;
        emit_conn(conn, sk, ctl, 0);
    }
    if (FRESH(piece->flip))
        begin_run(conn, io, ctl);
    else
        renew_budget(conn, io, ctl);
    if (us_loops && conn->framing && on_framed_io(conn, thread, sk, ctl, FRESH(piece->flip)))
        return 0;
    if (us_loops && may_be_pipelined(conn, io))
        find_pipeline(conn, io);
    if (!io->source)
        count(US_COUNT_UNREADABLE, 1);
    else if (conn->left) {
        capture(conn, thread, sk, ctl);
        return 0;
    }
    if (!(conn->state & CONN_TLS))
        keep_tail(conn, io);
    return 0;
}

/* Of the call that `thread->io` describes. What lies in memory is any value to the verifier, so that it does
 * not follow each way to get here through all of the above. */
INLINE void on_io(struct conn *conn, struct thread *thread, struct sock *sk, struct us_control *ctl) {
    FRESH(conn->at_work[FRESH(thread->io.direction) & 1]) = 1;
    on_io_of(conn, thread, sk, ctl);
    FRESH(conn->at_work[FRESH(thread->io.direction) & 1]) = 0;
}

/* Whether bytes may have passed unseen since the latest call: its process was paused, or the agent stood
 * still. */
INLINE int may_have_missed(struct conn *conn, struct us_target *target, struct us_control *ctl) {
    __u64 last = conn->last[0] > conn->last[1] ? conn->last[0] : conn->last[1];

    return (target && last < target->resumed) || last < ctl->resumed;
}

/* The peer will send no more, as far as the process has been told. */
INLINE void on_eof(struct conn *conn, struct us_control *ctl, __u64 now) {
    conn = told_of(conn);
    if (!conn || conn->state & (CONN_EOF | CONN_CLOSED))
        return;
    conn->state |= CONN_EOF;
    if (conn->role == US_ROLE_SERVER)
        return; /* a server learns nothing about its responses from it */
    emit_run(conn, 0, ctl, 0);
    emit_end(conn, ctl, 0, now);
}

INLINE void on_close(struct conn *conn, struct us_control *ctl, __u64 now) {
    __u64 plain = conn->state & CONN_DECRYPTED ? conn->id : 0;

    if (conn->state & CONN_CLOSED)
        return;
    conn->state |= CONN_CLOSED;
    conn = told_of(conn);
    if (!conn)
        return;
    if (!conn->runs && !plain)
        return; /* no byte of it has passed */
    emit_run(conn, 0, ctl, 0);
    emit_run(conn, 1, ctl, 0);
    emit_end(conn, ctl, 1, now);
    if (plain)
        bpf_map_delete_elem(&plain_conns, &plain);
}

#endif
