/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* HTTP/1 whose client does not wait for the answer to one request before it sends the next: a call has many
 * messages then, of which the budget of a run holds the first few. So the first call of a run that the budget
 * does not hold is looked at: if a second message begins near its beginning, the connection has a larger
 * budget from there on, which begins anew with each call that again has so many. Included by io.h, behind
 * what it needs of it.
 */
#ifndef UNDERSPAN_PIPELINES_H
#define UNDERSPAN_PIPELINES_H

/* Bytes captured of each run of a pipelined connection. */
#define PIPELINED_BUDGET (64 << 10)
/* Most segments of a call that are looked through. */
#define WINDOW_SEGMENTS 16
/* What is looked for, "TP/1.": no two of its bytes are the same, so that one in each five tells where it is.
 */
#define STRIDE 5

struct search {
    struct window *window;
    struct io *io;
    __u32 size;
    __u32 found;
};

#define AT(search, index) ((search)->window->bytes[(index) & (2 * WINDOW - 1)])

/* Copies one more segment into the window. Returns 1 when it is full, or when there is none. */
NOINLINE long fill_window(__u64 index, struct search *search) {
    __u64 address, size;
    __u32 have = search->size & (WINDOW - 1), n;

    if (segment_at(search->io, index, &address, &size))
        return 1;
    n = min(size, WINDOW - have);
    if (n > WINDOW)
        return 1;
    if (n && bpf_probe_read_user(search->window->bytes + WINDOW_MARGIN + have, n, (const void *)address))
        return 1;
    search->size = have + n;
    return search->size >= WINDOW;
}

/* How far behind the beginning of "TP/1." this byte is; 5: it is no byte of it. */
INLINE __u32 place_of(__u8 byte) {
    switch (byte) {
    case 'T':
        return 0;
    case 'P':
        return 1;
    case '/':
        return 2;
    case '1':
        return 3;
    case '.':
        return 4;
    }
    return STRIDE;
}

/* Looks whether a message's first line stands around one place. Returns 1 at the end, and with the second. */
NOINLINE long look(__u64 index, struct search *search) {
    __u32 at = index * STRIDE + WINDOW_MARGIN, back;

    if (at >= search->size + WINDOW_MARGIN)
        return 1;
    back = place_of(AT(search, at));
    if (back == STRIDE)
        return 0;
    at -= back;
    if (AT(search, at) != 'T' || AT(search, at + 1) != 'P' || AT(search, at + 2) != '/' ||
        AT(search, at + 3) != '1' || AT(search, at + 4) != '.' || AT(search, at - 1) != 'T' ||
        AT(search, at - 2) != 'H')
        return 0;
    /* "HTTP/1.1 200 OK" that is no interim response, or "GET / HTTP/1.1" and the end of the line. */
    if (AT(search, at + 6) == ' ' ? AT(search, at + 7) >= '2' && AT(search, at + 7) <= '5'
                                  : AT(search, at - 3) == ' ' && AT(search, at + 6) == '\r')
        search->found++;
    return search->found >= 2;
}

INLINE int may_be_pipelined(struct conn *conn, struct io *io) {
    return io->length > conn->left && io->source && (conn->pipelined || !conn->looked) &&
           !(conn->state & (CONN_TLS | CONN_IGNORED));
}

NOINLINE int find_pipeline(struct conn *conn, struct io *io) {
    __u32 zero = 0;
    struct search search = {.io = io, .window = bpf_map_lookup_elem(&windows, &zero)};

    conn->looked = 1;
    if (!search.window)
        return 0;
    bpf_loop(WINDOW_SEGMENTS, fill_window, &search, 0);
    search.size = min(search.size, io->length);
    bpf_loop(WINDOW / STRIDE + 1, look, &search, 0);
    if (search.found >= 2) {
        conn->pipelined = 1;
        conn->left = PIPELINED_BUDGET;
    }
    return 0;
}

#endif
