/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Which goroutine made which, and for whom the goroutines of pools write. Only addresses are compared;
 * nothing in Go's structures is looked at. Places are as in go_tls. */
#include "uprobe.h"
#include "emit.h"
#include "go.h"

/* Which argument of runtime.newproc1 is the goroutine that asks for another; for the other functions, just
 * whether arguments are on the stack. */
#define CREATOR_SECOND 0 /* since Go 1.18 */
#define CREATOR_FOURTH 1 /* Go 1.17 */
#define CREATOR_STACK 2  /* Go 1.16: the fourth, on the stack */

/* Added to them where the new goroutine is not the result but the second argument of a call, which has not
 * pushed its return address yet. */
#define HANDED_OVER 4

/* END_STREAM, END_HEADERS, PADDED, PRIORITY (RFC 9113, 6.2) */
#define HEADERS_FLAGS 0x2d

/* Which request a goroutine serves or has asked for, of those on one connection. */
INLINE void emit_stream(__u64 now, __u64 conn, __u64 id, __u64 goroutine, __u32 stream, __u64 writer) {
    struct us_control *ctl = alive(now);
    struct us_stream *record;

    if (!ctl)
        return;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        /* A call without a parent. */
        count(US_COUNT_LOST_RECORDS, 1);
        return;
    }
    __builtin_memset(&record->header, 0, sizeof(record->header));
    record->header.kind = US_STREAM;
    record->header.time = now;
    record->header.conn = conn;
    record->tgid = id >> 32;
    record->tid = goroutine_id(goroutine);
    record->stream = stream;
    record->writer = writer ? goroutine_id(writer) : 0;
    submit(record, sizeof(*record), ctl, 0);
}

/* func newproc1(fn *funcval, callergp *g, ...) *g; it does not leave its thread. */
UPROBE("uprobe", us_go_create_enter) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct thread *thread;

    if (!go_program(id))
        return 0;
    thread = thread_make(id);
    if (!thread)
        return 0;
    if (kind == CREATOR_SECOND)
        thread->creator = GO_ARGUMENT1(ctx);
    else if (kind == CREATOR_FOURTH)
        thread->creator = GO_ARGUMENT3(ctx);
    else
        thread->creator = go_word(ctx, 3);
    return 0;
}

UPROBE("uprobe", us_go_create_leave) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine goroutine = {.tgid = id >> 32}, creator = {.tgid = id >> 32};
    struct origin origin = {}, *maker;
    struct thread *thread;

    if (!go_program(id))
        return 0;
    thread = thread_of(id);
    if (!thread)
        return 0;
    origin.creator = thread->creator;
    origin.created = bpf_ktime_get_ns();
    thread->creator = 0;
    if (kind & HANDED_OVER)
        goroutine.address = kind & CREATOR_STACK ? go_word(ctx, 0) : GO_ARGUMENT1(ctx);
    else /* the result is behind five arguments */
        goroutine.address = kind & CREATOR_STACK ? go_word(ctx, 5) : RESULT(ctx);
    if (!goroutine.address)
        return 0;
    creator.address = origin.creator;
    maker = creator.address ? bpf_map_lookup_elem(&go_origins, &creator) : NULL;
    if (maker && maker->stream) {
        /* Whatever it makes now serves the stream. That may be more than one: the first collection of garbage
         * makes its goroutines in the midst of whoever has asked for memory. */
        origin.serving = origin.created;
        emit_stream(origin.created, maker->conn, id, goroutine.address, maker->stream, 0);
    }
    bpf_map_update_elem(&go_origins, &goroutine, &origin, BPF_ANY);
    return 0;
}

/* func goexit0(gp *g), func gdestroy(gp *g): it is over. They run on another stack, which is not its own. To
 * see that twice does no harm. */
UPROBE("uprobe", us_go_end) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine goroutine = {.tgid = id >> 32};
    struct origin *origin;

    goroutine.address = GO_ARGUMENT(ctx, kind == CREATOR_STACK, 0);
    origin = bpf_map_lookup_elem(&go_origins, &goroutine);
    if (!origin)
        return 0;
    origin->ended = bpf_ktime_get_ns();
    if (origin->told)
        tell_life(&goroutine, origin, origin->ended);
    return 0;
}

/* func (pc *persistConn) roundTrip(req *transportRequest) ...: this goroutine's request goes over pc. */
UPROBE("uprobe", us_go_round_trip) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine pooled = {.tgid = id >> 32};
    __u64 asker;

    if (!go_program(id))
        return 0;
    asker = goroutine_of(ctx, kind == CREATOR_STACK);
    pooled.address = GO_ARGUMENT(ctx, kind == CREATOR_STACK, 0);
    bpf_map_update_elem(&go_askers, &pooled, &asker, BPF_ANY);
    return 0;
}

/* func (pc *persistConn) writeLoop(): this goroutine writes whatever goes over pc. func (w persistConnWriter)
 * Write(p []byte) ...: it does; w is nothing but pc. */
UPROBE("uprobe", us_go_write_loop) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine goroutine = {.tgid = id >> 32};
    struct origin *origin;

    if (!go_program(id))
        return 0;
    goroutine.address = goroutine_of(ctx, kind == CREATOR_STACK);
    origin = goroutine.address ? origin_make(&goroutine) : NULL;
    if (origin)
        origin->writes = GO_ARGUMENT(ctx, kind == CREATOR_STACK, 0);
    return 0;
}

/* func (c *pipelineConnClient) writer(...) error: this goroutine writes for many, nobody knows for whom. */
UPROBE("uprobe", us_go_writer) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine goroutine = {.tgid = id >> 32};
    struct origin *origin;

    if (!go_program(id))
        return 0;
    goroutine.address = goroutine_of(ctx, kind == CREATOR_STACK);
    origin = goroutine.address ? origin_make(&goroutine) : NULL;
    if (origin)
        origin->writes = WRITES_MANY;
    return 0;
}

/* The stream of a HEADERS frame that a server has read: 0 if `frame` is none. A MetaHeadersFrame points to
 * its HeadersFrame first, and that begins as the frame does (golang.org/x/net/http2, since 2015). */
INLINE __u32 frame_stream(__u64 frame) {
    struct {
        __u8 valid;
        __u8 type;
        __u8 flags;
        __u8 pad;
        __u32 length;
        __u32 stream;
    } header = {};
    __u64 address = 0;

    if (!frame || bpf_probe_read_user(&address, sizeof(address), (const void *)frame) ||
        bpf_probe_read_user(&header, sizeof(header), (const void *)address))
        return 0;
    if (header.valid > 1 || header.type != 1 || header.flags & ~HEADERS_FLAGS || header.length >> 24)
        return 0;
    return header.stream & 1 && !(header.stream >> 31) ? header.stream : 0;
}

/* func (sc *serverConn) processHeaders(f *MetaHeadersFrame) error; func (t *http2Server)
 * operateHeaders([ctx context.Context,] frame *MetaHeadersFrame, ...): this goroutine makes the one that
 * serves the stream. */
UPROBE("uprobe", us_go_stream_enter) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine goroutine = {.tgid = id >> 32}, creator = {.tgid = id >> 32};
    struct origin *origin, *maker;
    __u32 stream;

    if (!go_program(id))
        return 0;
    goroutine.address = goroutine_of(ctx, kind == CREATOR_STACK);
    stream = frame_stream(GO_ARGUMENT(ctx, kind == CREATOR_STACK, 1));
    if (!stream)
        stream = frame_stream(GO_ARGUMENT(ctx, kind == CREATOR_STACK, 3));
    origin = stream && goroutine.address ? bpf_map_lookup_elem(&go_origins, &goroutine) : NULL;
    if (!origin)
        return 0;
    if (!origin->conn && origin->creator) {
        /* What it works on was read before it was made. */
        creator.address = origin->creator;
        maker = bpf_map_lookup_elem(&go_origins, &creator);
        if (maker && maker->created <= origin->created)
            origin->conn = maker->conn;
    }
    origin->stream = origin->conn ? stream : 0;
    return 0;
}

UPROBE("uprobe", us_go_stream_leave) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine goroutine = {.tgid = id >> 32};
    struct origin *origin;

    if (!go_program(id))
        return 0;
    goroutine.address = goroutine_of(ctx, kind == CREATOR_STACK);
    origin = bpf_map_lookup_elem(&go_origins, &goroutine);
    if (origin)
        origin->stream = 0;
    return 0;
}

/* func (t *http2Client) createHeaderFields(...) ([]hpack.HeaderField, error), where it returns: these are
 * this goroutine's. */
UPROBE("uprobe", us_go_headers_made) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie, serving;
    struct goroutine headers = {.tgid = id >> 32};

    if (!go_program(id))
        return 0;
    /* Behind the receiver, a context and a pointer. */
    headers.address = kind == CREATOR_STACK ? go_word(ctx, 4) : RESULT(ctx);
    serving = on_behalf_of(id >> 32, goroutine_of(ctx, kind == CREATOR_STACK));
    if (headers.address && serving)
        bpf_map_update_elem(&go_headers, &headers, &serving, BPF_ANY);
    return 0;
}

/* func (l *loopyWriter) writeHeader(streamID uint32, endStream bool, hf []hpack.HeaderField, ...): this
 * goroutine writes for many. */
UPROBE("uprobe", us_go_headers_written) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie, address, *serving;
    struct goroutine headers = {.tgid = id >> 32}, goroutine = {.tgid = id >> 32};
    struct origin *origin;
    __u32 stream;

    if (!go_program(id))
        return 0;
    goroutine.address = goroutine_of(ctx, kind == CREATOR_STACK);
    stream = (__u32)GO_ARGUMENT(ctx, kind == CREATOR_STACK, 1);
    /* On the stack, the flag is in the same word as the number. */
    headers.address = kind == CREATOR_STACK ? go_word(ctx, 2) : GO_ARGUMENT3(ctx);
    origin = goroutine.address ? origin_make(&goroutine) : NULL;
    if (!origin)
        return 0;
    origin->writes = WRITES_MANY;
    serving = bpf_map_lookup_elem(&go_headers, &headers);
    if (!serving)
        return 0;
    address = *serving;
    bpf_map_delete_elem(&go_headers, &headers);
    emit_stream(bpf_ktime_get_ns(), 0, id, address, stream, goroutine.address);
    return 0;
}
