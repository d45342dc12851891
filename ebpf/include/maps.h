/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Every map of the agent, and the state kept in them. Sizes here are the defaults; the loader may change
 * max_entries. */
#ifndef UNDERSPAN_MAPS_H
#define UNDERSPAN_MAPS_H

#include "helpers.h"
#include "abi.h"

/* Where a direction of a framed connection stands. */
struct frames {
    __u64 next; /* position the next call begins at; else calls passed unseen */
    __u32 keep; /* bytes of the current body still to capture ... */
    __u32 skip; /* ... and then to pass over */
    __u8 have;  /* bytes of the next header that have passed, all captured */
    __u8 aligned;
    __u8 hole; /* a record did not fit the ring, and none was written since */
    __u8 pad;
    __u8 head[32]; /* they, and room to read what follows */
};

/* State of a connection. The index of the arrays is the direction: 0 received, 1 sent. The two directions may
 * be at work on two CPUs at once; fields without an index are written by whoever changes the direction. */
struct conn {
    __u64 id;
    __u64 bytes[2];    /* that passed */
    __u64 reported[2]; /* of these, told to user space in a record */
    __u64 last[2];     /* when the latest passed */
    __u64 socket;      /* plain text: address of its socket, which the programs that see it do not hold ... */
    __u32 base[2];     /* ... and the TCP sequence numbers that belong to its first bytes; 0 if not known */
    __u32 sequence;    /* records, lost ones included */
    __u32 exchange;    /* runs of requests */
    __u32 lost;        /* of these, counted as lost */
    __u32 left;        /* bytes that may still be captured of the current run */
    __u32 runs;
    __u32 tgid; /* of the latest call */
    __u32 tid;
    __u32 origin[2]; /* TCP sequence number of byte 0 */
    __u8 turn;       /* direction of the current run + 1 */
    __u8 role;
    __u8 state;   /* CONN_* */
    __u8 framing; /* index in `framings`, 0 for none */
    __u8 tail_size[2];
    __u8 placed;     /* bit per direction: its `origin` is known */
    __u8 gap;        /* the current run began behind bytes that were missed */
    __u8 flipped;    /* framed: no record of the current run was written yet */
    __u8 at_work[2]; /* a call in this direction is being looked at */
    __u8 waited;     /* the run began with a byte that one goroutine waited for, for another */
    __u8 pipelined;  /* HTTP/1: several messages were found in one call */
    __u8 looked;     /* ... or looked for in the current run */
    __u8 tail[2][US_TAIL];
    struct frames frames[2];
};

#define CONN_ANNOUNCED 0x01 /* user space knows its addresses */
#define CONN_EXCHANGE_LOST 0x02
#define CONN_CLOSED 0x04
#define CONN_EOF 0x08
#define CONN_TLS 0x10
#define CONN_IGNORED 0x20 /* user space wants no more bytes */
#define CONN_JOINED 0x40
#define CONN_DECRYPTED                                                                                       \
    0x80 /* of a socket: its bytes are ciphertext of what is in `plain_conns`; or that itself */

/* A call that has moved bytes, as a tier tells it. */
struct io {
    __u64 entered; /* when the call began; receives begin when they return, since waiting is no part of a
                      message */
    __u64 left_at; /* when it returned */
    __u64 length;  /* bytes moved */
    __u64 source; /* user address of the bytes, or of an array of `segments` iovecs; 0 when there are no bytes
                     to read */
    __u64 segments;
    __u64 skip; /* bytes of the first segment that are not the call's */
    __u32 tgid;
    __u32 tid;
    __u32 direction; /* 0 received, 1 sent */
    __u32 copied;    /* the iovecs are the kernel's copy: `source` is an address of the kernel */
    __u32 go;        /* 1: by a Go program */
    __u32 behind;    /* bytes that passed behind these before anybody looked */
    __u64 goroutine; /* that made the call, in a Go program, once looked for; else 0 */
};

/* What one data record carries: contiguous user memory. */
struct piece {
    __u64 source; /* user address */
    __u64 offset; /* of its first byte in the direction */
    __u64 length; /* of the call from there on */
    __u64 entered;
    __u64 left_at;
    __u64 other; /* see struct us_data */
    __u64 other_last;
    __u64 before;
    __u64 within; /* bytes of the segment that lie before it */
    __u32 segment;
    __u32 size; /* bytes to capture, at most US_DATA_MAX */
    __u32 seq;
    __u32 peer_seq;
    __u8 flags;
    __u8 flip; /* it is the first of a run */
    __u8 pad[2];
    __u32 tgid; /* who moved it */
    __u32 tid;
};

/* A socket call under way, as its beginning told. For tiers that hook the functions of the kernel. */
struct call {
    __u64 socket; /* its struct sock; 0 for none */
    __u64 at;     /* when it began */
    __u64 source; /* as in `struct io` */
    __u64 segments;
    __u64 skip;
    __u64 told; /* bytes of it that went through on_io already */
    __u32 seq;  /* TCP sequence number its bytes begin at */
    __u8 direction;
    __u8 room;   /* it asked for at least one byte */
    __u8 copied; /* as in `struct io` */
    __u8 pad;
};

/* A call into a TLS library under way. */
struct tls_call {
    __u64 object; /* what the library keeps of the connection; 0: no call is under way */
    __u64 conn;   /* the connection it belongs to, 0 while not known */
    __u64 at;     /* when it began */
    __u64 source; /* address of the plain text */
    __u64 moved;  /* address of the result, where it is not what the function returns */
    __u64 stack;  /* the stack pointer then */
    __u32 kind;   /* TLS_* */
    __u32 pad;
};

/* A library's object that belongs to a connection. */
struct tls_found {
    __u64 object;
    __u32 begins; /* no plain text has passed; the type of the hello that says so, if one does */
    __u32 pad;
};

/* A goroutine, and its call into Go's TLS library under way: it may wait on one thread and go on on another.
 */
struct goroutine {
    __u64 tgid;
    __u64 address; /* of its struct g */
};

/* What a call into a TLS library does; cookies of its probes. */
#define TLS_SENDS 1     /* else it receives */
#define TLS_INDIRECT 2  /* returns 1 for success, and the number of bytes through its fourth argument */
#define TLS_HANDSHAKE 4 /* moves no plain text */
#define TLS_STACK 8     /* Go before 1.17: arguments and results are on the stack */
#define TLS_NESTED 16   /* the handshake was a part of it */
#define TLS_TOLD 32     /* user space knows what it sends */

/* What the first bytes of a frame say. */
struct header {
    __u32 response; /* of which direction it is */
    __u32 read;     /* bytes looked at in one go */
    __u32 size;     /* bytes of the header; where it is not complete, those that are there */
    __u32 at;       /* where in it the body's length is ... */
    __u32 counts;   /* ... and what has to be taken from it */
    __u32 body;
    __u32 keep; /* as in struct us_framing */
    __u32 bare;
    __u32 opens;
    __u32 pad;
};

/* A call of a framed connection being gone through. */
struct walk {
    __u64 at;             /* user address of the next byte */
    __u64 room;           /* bytes left of the segment */
    __u64 left;           /* of the call */
    __u64 offset;         /* of the next byte in its direction */
    __u64 begin;          /* of the call's first byte */
    __u64 from;           /* the range to be captured next, contiguous in memory: its user address, ... */
    __u64 start;          /* ... its position in the direction ... */
    __u32 size;           /* ... and size; 0 when there is none */
    __u32 opened;         /* exchanges that open in it */
    __u32 segment;        /* index of the next */
    __u32 loud;           /* the next frame is not silent, whatever its kind */
    __u32 used;           /* bytes this step goes ... */
    __u32 taken;          /* ... of which the first are captured */
    struct header header; /* the latest frame's */
};

/* State of a thread. */
struct thread {
    struct piece piece; /* the record being made; here and not on the stack so that the verifier need not
                           follow its values */
    struct io io;       /* the same holds of the call it is about, ... */
    struct walk walk;   /* ... and of the way through its frames */
    __u64 send_socket;  /* a send on this socket is under way ... */
    __u64 send_at;      /* ... since then */
    __u64 vector;       /* address of the array of a sendmmsg or recvmmsg under way */
    __u32 vector_next;  /* index of its next message */
    /* Only where system calls themselves are hooked: the call under way. */
    __u32 call; /* number + 1, 0 for none */
    __u64 call_at;
    __u64 arguments[4];
    struct call under_way;
    struct tls_call tls;
    struct tls_call tls_outer;  /* one that has made this one: TLS inside TLS */
    struct tls_found tls_found; /* passed between functions */
    __u64 creator;              /* Go: a goroutine is being made for this one */
    __u8 served[4];             /* for each hook of programs that may have copies those that have come by,
                                   a bit each, since one did the work */
};

/* Indices in `served`; directions are two of them. */
#define HOOK_BEGINS 2

struct {
    UINT(type, BPF_MAP_TYPE_RINGBUF);
    UINT(max_entries, 8 * 1024 * 1024);
} ring SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_ARRAY);
    UINT(map_flags, BPF_F_MMAPABLE);
    UINT(max_entries, 1);
    TYPE(key, __u32);
    TYPE(value, struct us_control);
} control SEC(".maps");

/* By CPU; user space knows how many there are. */
struct {
    UINT(type, BPF_MAP_TYPE_ARRAY);
    UINT(map_flags, BPF_F_MMAPABLE);
    UINT(max_entries, 1);
    TYPE(key, __u32);
    TYPE(value, struct us_counters);
} counters SEC(".maps");

/* The beginning of a call that is looked through. Another program on the same CPU may write to it meanwhile,
 * which can only make one find something, or nothing, in bytes of the other. */
#define WINDOW 1024
/* Bytes before what is looked through, so that looking back stays inside. */
#define WINDOW_MARGIN 8

struct window {
    __u8 bytes[2 * WINDOW + WINDOW_MARGIN];
};

struct {
    UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    UINT(max_entries, 1);
    TYPE(key, __u32);
    TYPE(value, struct window);
} windows SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_HASH);
    UINT(max_entries, 4096);
    TYPE(key, __u32);
    TYPE(value, struct us_target);
} targets SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_SK_STORAGE);
    UINT(map_flags, BPF_F_NO_PREALLOC);
    TYPE(key, int);
    TYPE(value, struct conn);
} conns SEC(".maps");

/* Stands in for `conns` where programs hold no typed socket: keyed by the socket's address, deleted when it
 * closes. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 8192);
    TYPE(key, __u64);
    TYPE(value, struct conn);
} conns_by_socket SEC(".maps");

/* Frozen by the loader: which of the two is in use. */
const volatile __u32 us_typed_sockets = 1;

/* Plain text of connections that are encrypted, by the id of the connection, whose own state counts their
 * ciphertext. Deleted when the connection closes. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, __u64);
    TYPE(value, struct conn);
} plain_conns SEC(".maps");

struct tls_object {
    __u64 tgid;
    __u64 address;
};

struct tls_state {
    __u64 conn;  /* the connection it belongs to, 0 while not known */
    __u32 first; /* before that: direction + 1 of the first plain text it has moved ... */
    __u32 last;  /* ... and of the latest */
};

/* Objects of TLS libraries. Deleted with the object. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, struct tls_object);
    TYPE(value, struct tls_state);
} tls_objects SEC(".maps");

/* First bytes of a TLS record: its header and 16 of what differs between connections. */
struct tls_cipher {
    __u64 tgid;
    __u8 head[21];
    __u8 pad[3];
};

/* Records that a library's objects have written and that nobody has sent yet, of objects whose connection is
 * not known. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, struct tls_cipher);
    TYPE(value, struct tls_found);
} tls_ciphers SEC(".maps");

/* What is known of a goroutine. */
struct origin {
    __u64 creator; /* address of the goroutine that made it; 0 if not known */
    __u64 created; /* when; 0 if not known */
    __u64 serving; /* when it read the beginning of its latest request; 0 for none */
    __u64 writes;  /* it belongs to a pool, and writes what others want sent over this connection */
    __u64 conn;    /* the connection it, or one that it made, reads requests from */
    __u64 stream;  /* the stream on it that it makes a goroutine for */
    __u64 ended;   /* when; 0 if it goes on */
    __u64 told;    /* user space knows of it */
};

/* Writes for many at a time: which request is whose, the stream tells. */
#define WRITES_MANY 1

/* Made and forgotten by the thousand; one that is left out has calls without parent. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 16384);
    TYPE(key, struct goroutine);
    TYPE(value, struct origin);
} go_origins SEC(".maps");

/* Which goroutine has something sent over a pooled connection, by its address there. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, struct goroutine);
    TYPE(value, __u64);
} go_askers SEC(".maps");

/* Which goroutine's request the headers are of, by where they are until they are written. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, struct goroutine);
    TYPE(value, __u64);
} go_headers SEC(".maps");

/* Calls of goroutines into Go's TLS library. A goroutine that ends in the middle of one leaves it behind. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 16384);
    TYPE(key, struct goroutine);
    TYPE(value, struct tls_call);
} go_calls SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_TASK_STORAGE);
    UINT(map_flags, BPF_F_NO_PREALLOC);
    TYPE(key, int);
    TYPE(value, struct thread);
} threads SEC(".maps");

/* Stands in for `threads` where the kernel has no task storage, and for single threads where it refuses to
 * make one just now: while another task was interrupted on this CPU in the middle of making or freeing its
 * own, as happens to servers with a thread for each request. Keyed by what bpf_get_current_pid_tgid returns,
 * deleted when the thread exits. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 8192);
    TYPE(key, __u64);
    TYPE(value, struct thread);
} threads_by_id SEC(".maps");

/* Frozen by the loader: whether there is task storage. */
const volatile __u32 us_task_storage = 1;
/* A bit for each copy of the programs on socket calls; 0 where there is but one. */
const volatile __u32 us_copies = 0;

/* Frozen by the loader: whether programs may have loops that the verifier goes through just once
 * (since 5.17). */
const volatile __u32 us_loops = 1;

struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, struct us_listener);
    TYPE(value, __u32);
} listeners SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, __u64);
    TYPE(value, struct us_verdict);
} verdicts SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_ARRAY);
    UINT(max_entries, US_FRAMINGS);
    TYPE(key, __u32);
    TYPE(value, struct us_framing);
} framings SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_ARRAY);
    UINT(max_entries, 1);
    TYPE(key, __u32);
    TYPE(value, struct us_signatures);
} signatures SEC(".maps");

/* A queue, since to take from one keeps no program at a kprobe from running, as reading other maps does. */
struct {
    UINT(type, BPF_MAP_TYPE_QUEUE);
    UINT(max_entries, 8192);
    TYPE(value, struct us_end);
} late_ends SEC(".maps");

NOINLINE void count(__u32 index, __u64 amount) {
    __u32 cpu = bpf_get_smp_processor_id();
    struct us_counters *set = bpf_map_lookup_elem(&counters, &cpu);

    if (set && index < US_COUNTERS)
        set->counts[index] += amount;
}

/* The control entry while the agent is alive, else NULL: a stuck or dead agent's programs do nothing. */
INLINE struct us_control *alive(__u64 now) {
    __u32 zero = 0;
    struct us_control *entry = bpf_map_lookup_elem(&control, &zero);
    if (!entry || now > entry->deadline)
        return NULL;
    return entry;
}

INLINE struct us_target *target_of(__u32 tgid) {
    return bpf_map_lookup_elem(&targets, &tgid);
}

/* Where the bytes of a connection are accounted for that user space is told of. */
INLINE struct conn *told_of(struct conn *conn) {
    /* A key in the memory of an iterator, kernel 5.10 refuses. */
    __u64 id = conn->id;

    return conn->state & CONN_DECRYPTED ? bpf_map_lookup_elem(&plain_conns, &id) : conn;
}

/* State of the current thread, whose id is `id`; NULL when it has none. */
INLINE struct thread *thread_of(__u64 id) {
    if (us_task_storage) {
        struct thread *thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);

        if (thread)
            return thread;
    }
    return bpf_map_lookup_elem(&threads_by_id, &id);
}

/* What a map keeps of the current thread, whose id is `id`, made as `fresh` when there is nothing. `by_id`
 * has it where the kernel does not keep it with the task. NULL when there is no room. */
INLINE void *state_make(void *by_task, void *by_id, const void *fresh, __u64 id) {
    void *state = NULL;

    if (us_task_storage)
        state =
            bpf_task_storage_get(by_task, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (state)
        return state;
    state = bpf_map_lookup_elem(by_id, &id);
    if (state)
        return state;
    bpf_map_update_elem(by_id, &id, fresh, BPF_NOEXIST);
    return bpf_map_lookup_elem(by_id, &id);
}

/* Whether another copy of a program has done the work of this pass of its hook. In which order they come does
 * not matter: one that has come already since the work was done sees a new pass. None does the work twice; it
 * is left undone if one was skipped the last time and all others are this time. */
INLINE int is_served(struct thread *thread, __u32 hook, __u32 copy) {
    __u8 *served = &thread->served[hook & 3], own = 1 << copy;

    if (!us_copies)
        return 0;
    if (*served && !(*served & own)) {
        *served |= own;
        if (*served == us_copies)
            *served = 0;
        return 1;
    }
    *served = own;
    return 0;
}

/* State of the current thread, made when there is none. */
INLINE struct thread *thread_make(__u64 id) {
    static const struct thread fresh = {};
    struct thread *thread = state_make(&threads, &threads_by_id, &fresh, id);

    if (!thread)
        count(US_COUNT_LOST_NO_STORAGE, 1);
    return thread;
}

INLINE void thread_forget(__u64 id) {
    bpf_map_delete_elem(&threads_by_id, &id);
}

/* The process if it is to be traced now. */
INLINE struct us_target *traced(__u32 tgid) {
    struct us_target *target = target_of(tgid);

    return target && !target->paused ? target : NULL;
}

/* The process whose call on a socket this is, to be asked once for each. NULL if nobody selected it or it is
 * paused. */
INLINE struct us_target *caller(__u32 tgid) {
    struct us_target *target = target_of(tgid);

    if (!target)
        return NULL;
    __sync_fetch_and_add(&target->calls, 1);
    if (!target->paused)
        return target;
    count(US_COUNT_PAUSED, 1);
    return NULL;
}

/* Counts a call that nobody will hear of, since the agent stands still. One that has detached has set the
 * deadline to 0. */
INLINE void count_expired_as(__u32 counter) {
    __u32 zero = 0;
    struct us_control *entry = bpf_map_lookup_elem(&control, &zero);

    if (entry && entry->deadline)
        count(counter, 1);
}

INLINE void count_expired(void) {
    count_expired_as(US_COUNT_EXPIRED);
}

#endif
