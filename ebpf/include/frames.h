/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Connections whose protocol says in each frame's header how long the frame is: goes through a call's bytes
 * from frame to frame and captures what `struct us_framing` wants of each. What is passed over is told by the
 * records around it, so that streams stay exact; a call of which nothing is wanted writes no record. Included
 * by io.h, behind what it needs of it. */
#ifndef UNDERSPAN_FRAMES_H
#define UNDERSPAN_FRAMES_H

/* Most steps through one call: a frame, the part of one that lies in a segment, or a new segment each. */
#define STEPS_MAX 4096
/* A gap no longer than this is captured with what is around it: a record more would take more room. */
#define BRIDGE 96

/* What a header says. */
#define HEADER_MALFORMED (-1)
#define HEADER_PARTIAL 0
#define HEADER_WHOLE 1

/* Looks at the `size` first bytes of a frame. What it finds goes through memory, so that the verifier need
 * not follow each way through it to the end. */
NOINLINE int read_header(struct us_framing *framing, struct frames *frames, struct header *header,
                         __u32 size) {
    __u8 *head = frames->head;
    __u32 response = header->response & 1, kind_at = framing->kind_at[response], kind = 0, at, length;

    header->size = framing->header;
    header->at = framing->length_at;
    header->counts = framing->length_counts;
    header->bare = 0;
    header->opens = 0;
    if (!FRESH(header->response) && framing->bare_header && head[0] == framing->bare_first) {
        header->size = framing->bare_header;
        header->at = 0;
        header->counts = framing->bare_header;
        header->bare = 1;
    }
    if (size < FRESH(header->size)) {
        header->size = size;
        return HEADER_PARTIAL;
    }
    at = FRESH(header->at) & 15;
    length =
        (__u32)head[at] | (__u32)head[at + 1] << 8 | (__u32)head[at + 2] << 16 | (__u32)head[at + 3] << 24;
    at = 32 - 8 * framing->length_size;
    if (framing->flags & US_BIG_ENDIAN)
        length = __builtin_bswap32(length) >> (at & 31);
    else
        length &= 0xffffffffU >> (at & 31);
    if (length < FRESH(header->counts) || length - FRESH(header->counts) > framing->longest)
        return HEADER_MALFORMED;
    header->body = length - FRESH(header->counts);
    header->keep = framing->bare_keep;
    if (FRESH(header->bare))
        return HEADER_WHOLE;
    if (kind_at < FRESH(header->size) || FRESH(header->body)) {
        if (size <= kind_at) {
            header->size = size;
            return HEADER_PARTIAL;
        }
        kind = head[kind_at & 15];
    }
    header->keep = framing->keep[response][kind & 255];
    if (FRESH(header->keep) == US_INVALID)
        return HEADER_MALFORMED;
    header->opens = (response ^ 1) & (framing->opens[(kind >> 3) & 31] >> (kind & 7));
    return HEADER_WHOLE;
}

INLINE int at_border(struct frames *frames) {
    return !frames->have && !frames->keep && !frames->skip;
}

/* Writes a record of the range at hand, which also tells of the bytes up to `end`. */
NOINLINE int tell(struct conn *conn, struct thread *thread, struct us_control *ctl, __u64 end) {
    struct piece *piece = &thread->piece;
    struct walk *walk = &thread->walk;
    __u32 direction = piece->flags & US_SENT ? 1 : 0, other = !direction;

    piece->source = walk->from;
    piece->offset = walk->start;
    piece->length = end - walk->start;
    piece->size = walk->size;
    piece->before = walk->start - min(walk->start, conn->reported[direction]);
    /* `seq` is that of the call's first byte so far. */
    if (piece->flags & US_FLIP && piece->seq)
        piece->seq += (__u32)(walk->start - walk->begin);
    if (emit_data(conn, piece, ctl)) {
        /* What answers an exchange that nobody heard of makes no sense to user space, which needs to know how
         * many of these there are. Bytes lost of the other ones it misses by itself. */
        conn->frames[direction].hole = 1;
        conn->lost += walk->opened;
        count(US_COUNT_LOST_EXCHANGES, walk->opened);
    } else {
        conn->frames[direction].hole = 0;
        conn->flipped = 0;
        if (piece->other) {
            conn->reported[other] = piece->other;
            conn->frames[other].hole = 0;
        }
        piece->other = 0;
        piece->other_last = 0;
        piece->seq = 0;
        piece->peer_seq = 0;
        piece->flags &= ~(US_FLIP | US_OTHER_ALIGNED);
    }
    conn->reported[direction] = end;
    walk->size = 0;
    walk->opened = 0;
    return 0;
}

/* Has the next `walk->taken` bytes captured: with the range at hand, if they adjoin it, else as a new one. */
INLINE void take(struct conn *conn, struct thread *thread, struct us_control *ctl) {
    struct walk *walk = &thread->walk;
    __u64 size = walk->offset - walk->start + walk->taken;

    /* Apart in memory: another segment. */
    if (walk->size && walk->at - walk->from == walk->offset - walk->start && size <= US_DATA_MAX &&
        size - walk->taken - walk->size <= BRIDGE) {
        walk->size = size;
        return;
    }
    if (walk->size)
        tell(conn, thread, ctl, walk->offset);
    walk->from = walk->at;
    walk->start = walk->offset;
    walk->size = walk->taken;
}

/* Goes to the next segment of the call. Returns 0 when there is one. */
NOINLINE int next_segment(struct walk *walk, struct io *io) {
    __u32 index = walk->segment;

    if (index >= SEGMENTS_MAX || segment_at(io, index, &walk->at, &walk->room))
        return -1;
    walk->room = min(walk->room, walk->left);
    walk->segment = index + 1;
    return 0;
}

/* Reads the header that begins or goes on here. Returns 0 unless there is none. */
NOINLINE int enter_frame(struct conn *conn, struct walk *walk, struct us_framing *framing, __u32 direction) {
    struct header *header = &walk->header;
    struct frames *frames;
    __u32 have, n;
    int found;

    direction &= 1;
    frames = &conn->frames[direction];
    have = frames->have & 15;
    header->read = min(walk->room, 15);
    n = FRESH(header->read) & 15;
    if (bpf_probe_read_user(frames->head + have, n, (const void *)walk->at))
        return -1;
    found = read_header(framing, frames, header, have + n);
    if (found == HEADER_MALFORMED)
        return -1;
    walk->used = header->size > have ? header->size - have : 0;
    walk->taken = walk->used;
    if (found == HEADER_PARTIAL) {
        frames->have = header->size;
        return 0;
    }
    if (header->keep == US_SILENT) {
        header->keep = 0;
        if (!have && !walk->loud)
            walk->taken = 0; /* and else it has been captured in part, or is to be */
    }
    walk->loud = 0;
    frames->have = 0;
    frames->keep = min(header->keep, header->body);
    frames->skip = header->body - frames->keep;
    /* The one byte is as good as the body of a frame. */
    if (header->bare && header->body == framing->bare_answered && at_border(&conn->frames[!direction]))
        conn->frames[!direction].keep = 1;
    return 0;
}

/* What a step needs; on the stack, since there is where the kernel wants it. */
struct walker {
    struct conn *conn;
    struct thread *thread;
    struct us_framing *framing;
    struct us_control *ctl;
};

/* Goes one step. Returns 1 when no bytes are left, or when it is unknown where the next frame begins. */
NOINLINE long step(__u64 index, struct walker *walker) {
    struct conn *conn = walker->conn;
    struct thread *thread = walker->thread;
    struct walk *walk = &thread->walk;
    struct io *io = &thread->io;
    __u32 direction = io->direction & 1, n;
    struct frames *frames = &conn->frames[direction];

    (void)index;
    if (!walk->left)
        return 1;
    if (!walk->room)
        return next_segment(walk, io) ? 1 : 0;
    walk->used = 0;
    walk->taken = 0;
    walk->header.opens = 0;
    if (!frames->keep && !frames->skip && enter_frame(conn, walk, walker->framing, direction))
        return 1;
    n = min(min(frames->keep, US_DATA_MAX - US_HEADER_MAX), walk->room - walk->used);
    frames->keep -= n;
    walk->taken += n;
    walk->used += n;
    if (!frames->keep) {
        n = min(frames->skip, walk->room - walk->used);
        frames->skip -= n;
        walk->used += n;
    }
    if (walk->taken)
        take(conn, thread, walker->ctl);
    walk->opened += walk->header.opens;
    conn->exchange += walk->header.opens;
    walk->at += walk->used;
    walk->offset += walk->used;
    walk->room -= walk->used;
    walk->left -= walk->used;
    return 0;
}

/* What all records of a call have in common. */
NOINLINE void prepare(struct conn *conn, struct piece *piece, struct sock *sk, struct io *io) {
    __u32 direction = io->direction & 1, other = !direction;

    piece->entered = io->entered;
    piece->left_at = io->left_at;
    piece->other_last = 0;
    piece->seq = 0;
    piece->peer_seq = 0;
    piece->flags =
        (direction ? US_SENT : 0) | (direction == request_direction(conn) ? US_REQUEST : 0) | US_ALIGNED;
    piece->other = untold(conn, other);
    if (piece->other) {
        piece->other_last = conn->last[other];
        if (is_aligned(conn, other))
            piece->flags |= US_OTHER_ALIGNED;
    }
    if (!conn->flipped)
        return;
    piece->flags |= US_FLIP;
    locate(conn, piece, sk, io, direction);
}

/* Finds out whether a frame begins where this call does. */
NOINLINE int align(struct conn *conn, struct walk *walk, struct us_framing *framing, struct io *io) {
    __u32 direction = io->direction & 1;
    struct frames *frames = &conn->frames[direction];
    struct header *header = &walk->header;
    __u64 address, size;
    __u32 n;

    if (!io->source || segment_at(io, 0, &address, &size))
        return 0;
    size = min(size, io->length);
    header->read = min(size, 15);
    n = FRESH(header->read) & 15;
    if (bpf_probe_read_user(frames->head, n, (const void *)address))
        return 0;
    if (read_header(framing, frames, header, n) != HEADER_WHOLE)
        return 0;
    frames->have = 0;
    frames->keep = 0;
    frames->skip = 0;
    frames->hole = 0;
    frames->aligned = 1;
    return 1;
}

/* The frames cannot be followed any further: what the run's budget allows is captured of the rest of the
 * call. */
NOINLINE int drift(struct conn *conn, struct thread *thread, struct us_control *ctl) {
    struct walk *walk = &thread->walk;
    struct io *io = &thread->io;
    __u32 direction = io->direction & 1;

    count(US_COUNT_UNALIGNED, 1);
    walk->taken = min(min(walk->room, conn->left), US_DATA_MAX);
    if (walk->taken) {
        take(conn, thread, ctl);
        conn->left -= walk->taken;
        walk->offset += walk->taken;
    }
    conn->frames[direction].aligned = 0;
    if (walk->taken < walk->left) {
        conn->left = 0;
        keep_tail(conn, io);
    }
    return 0;
}

/* Goes through a call whose first byte's place among the frames is known. */
INLINE void walk_call(struct conn *conn, struct thread *thread, struct us_framing *framing,
                      struct us_control *ctl) {
    struct walker walker = {.conn = conn, .thread = thread, .framing = framing, .ctl = ctl};
    struct walk *walk = &thread->walk;
    struct io *io = &thread->io;

    walk->room = 0;
    walk->left = io->length;
    walk->offset = walk->begin;
    walk->segment = 0;
    walk->size = 0;
    walk->opened = 0;
    walk->loud = framing->flags & US_RUNS && conn->flipped;
    bpf_loop(STEPS_MAX, step, &walker, 0);
    if (walk->left)
        drift(conn, thread, ctl);
    if (walk->size)
        tell(conn, thread, ctl, walk->offset);
    if (walk->left)
        conn->flipped = 0;
}

/* Returns 0 when it is unknown where the frames of this call begin: nothing was done then. */
NOINLINE int walk_frames(struct conn *conn, struct thread *thread, struct sock *sk, struct us_control *ctl) {
    struct io *io = &thread->io;
    __u32 direction = io->direction & 1, index = conn->framing;
    struct us_framing *framing = bpf_map_lookup_elem(&framings, &index);
    struct frames *frames = &conn->frames[direction];
    struct walk *walk = &thread->walk;

    if (!framing)
        return 0;
    walk->header.response = direction != request_direction(conn);
    walk->begin = conn->bytes[direction] - io->length;
    if (frames->aligned && frames->next != walk->begin) {
        frames->aligned = 0;
        count(US_COUNT_UNALIGNED, 1);
    }
    frames->next = walk->begin + io->length;
    if (!frames->aligned) {
        if ((framing->flags & US_RUNS && !conn->flipped) || !align(conn, walk, framing, io))
            return 0;
        /* Bytes nobody told of are a hole: it is unknown what they were. */
        conn->reported[direction] = walk->begin;
    }
    conn->tail_size[direction] = 0;
    if (!io->source) {
        /* Nothing to look at, which does no harm inside a body. */
        if (!frames->keep && frames->skip >= io->length) {
            frames->skip -= io->length;
            count(US_COUNT_UNREADABLE, 1);
            return 1;
        }
        frames->aligned = 0;
        count(US_COUNT_UNALIGNED, 1);
        return 0;
    }
    prepare(conn, &thread->piece, sk, io);
    walk_call(conn, thread, framing, ctl);
    return 1;
}

/* A call of a framed connection. Returns 0 when its frames cannot be told: it is treated as any other then.
 */
INLINE int on_framed_io(struct conn *conn, struct thread *thread, struct sock *sk, struct us_control *ctl,
                        int flip) {
    if (flip)
        conn->flipped = 1;
    if (!(conn->state & (CONN_TLS | CONN_IGNORED)) && walk_frames(conn, thread, sk, ctl))
        return 1;
    conn->flipped = 0;
    return 0;
}

/* Looks whether one side of a new connection begins as that of a framed protocol does, or a call as its
 * frames do on a connection joined on its way. */
NOINLINE void find_framing(struct conn *conn, struct io *io) {
    __u32 direction = io->direction & 1, zero = 0, midway = conn->state & CONN_JOINED ? 1 : 0, request;
    struct us_signatures *known = bpf_map_lookup_elem(&signatures, &zero);
    struct us_signature *signature;
    __u64 address, size, head = 0;

    if (!known || !known->all[0].mask || !io->source || io->length < 8 ||
        segment_at(io, 0, &address, &size) || size < 8)
        return;
    if (bpf_probe_read_user(&head, sizeof(head), (const void *)address))
        return;
    for (__u32 i = 0; i < US_SIGNATURES; i++) {
        signature = &known->all[i];
        if ((head & signature->mask) != signature->bytes || !signature->mask || signature->midway != midway)
            continue;
        if (midway) {
            conn->framing = signature->framing;
            return;
        }
        request = direction != signature->answer;
        if (conn->role == (request ? US_ROLE_SERVER : US_ROLE_CLIENT))
            return; /* the wrong side says so */
        conn->role = request ? US_ROLE_CLIENT : US_ROLE_SERVER;
        conn->framing = signature->framing;
        conn->frames[0].aligned = 1;
        conn->frames[1].aligned = 1;
        conn->frames[request ? 1 : 0].keep = signature->preface;
        /* What the other side has said by now were whole frames. */
        conn->frames[!direction].next = conn->bytes[!direction];
        return;
    }
}

#endif
