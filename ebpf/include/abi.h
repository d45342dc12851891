/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What crosses between the kernel and user space. `ebpf/src/abi/` mirrors every struct; a test compares
 * sizes and offsets against the BTF of the compiled object. Fixed-width fields, explicit padding, no bool. */
#ifndef UNDERSPAN_ABI_H
#define UNDERSPAN_ABI_H

/* Kinds of ring-buffer records. */
#define US_DATA 1    /* captured bytes of a connection */
#define US_RUN 2     /* bytes that passed without being captured, and their tail */
#define US_CONN 3    /* what a connection is; precedes its first data */
#define US_END 4     /* a connection, or its receiving side, has ended */
#define US_EXEC 5    /* a process replaced its program */
#define US_FORK 6    /* a selected process has a child, now selected too */
#define US_EXIT 7    /* a selected process is gone */
#define US_MOMENT 8  /* something happened inside a program, or went on for a while */
#define US_SUMS 9    /* what a thread did since its last sums */
#define US_STREAM 10 /* which goroutine a request of many on one connection belongs to */
#define US_QUERY 11  /* a database within the process is asked something, of which the text follows */
#define US_RESULT 12 /* ... and has answered */
#define US_LIFE 13   /* by whom a goroutine was made, and when it has ended */

/* Flags of records about connections. */
#define US_SENT 0x01 /* direction: the traced process sent the bytes; clear when it received them */
#define US_FLIP 0x02 /* data: the first bytes after the direction changed */
#define US_DECRYPTED                                                                                         \
    0x02                /* conn: its plain text is read where the process encrypts it; what follows is that */
#define US_MORE 0x04    /* data: another record with bytes of the same call follows */
#define US_FAULT 0x08   /* data: the bytes could not be read from the process */
#define US_CLOSED 0x10  /* end: both directions; otherwise only the receiving one */
#define US_REQUEST 0x10 /* data, run: the direction is that of requests, as far as the kernel knows */
#define US_TLS 0x20     /* the connection carries TLS: its bytes are counted and never captured */
#define US_JOINED 0x40  /* conn: bytes had passed before the agent saw the connection */
#define US_PARTIAL 0x80 /* run: the run goes on; this is its state so far */
#define US_ALIGNED                                                                                           \
    0x40 /* data, run: the kernel follows the frames of this direction; see struct us_framing */
#define US_OTHER_ALIGNED 0x20 /* data: so it does in the direction of `other` */
#define US_OPENING 0x80       /* conn: being opened by the process; its own port is not known yet */

#define US_ROLE_UNKNOWN 0
#define US_ROLE_SERVER 1
#define US_ROLE_CLIENT 2

/* Longest tail of a run, bytes: where databases put row counts and HTTP the last chunk. */
#define US_TAIL 64
/* Set in a `tid` that stands for a goroutine: in a Go program, a request is served by one of these, on any
 * thread. The rest is from its address. */
#define US_GOROUTINE 0x80000000
/* Set besides if it serves no request itself: it may work for the one that made it, or made that, of which
 * struct us_life tells. */
#define US_DESCENDS 0x40000000
/* Most bytes one data record carries. */
#define US_DATA_MAX 4096
/* Longest path or program name in a record. */
#define US_NAME_MAX 128

struct us_header {
    __u8 kind;
    __u8 flags;
    __u16 size;     /* bytes that follow the record's struct */
    __u32 sequence; /* counts the records of a connection, lost ones included; 0 for processes */
    __u64 time;     /* CLOCK_MONOTONIC, nanoseconds: when the call returned */
    __u64 conn;     /* connection; unique per boot; 0 for processes */
};

struct us_data {
    struct us_header header;
    __u64 entered;    /* when the call began */
    __u64 offset;     /* position of the first byte in its direction, counted from the first byte seen */
    __u64 length;     /* bytes of the call from `offset` on, captured or not */
    __u32 tgid;       /* process */
    __u32 tid;        /* thread; or goroutine, see US_GOROUTINE */
    __u32 seq;        /* flip: TCP sequence number of the first byte; 0 for unix sockets and otherwise */
    __u32 peer_seq;   /* flip: TCP sequence number the other direction had reached */
    __u32 exchange;   /* runs of requests so far, a current one included */
    __u32 lost;       /* exchanges of this connection counted as lost in the kernel so far */
    __u64 other;      /* flip: bytes of the other direction that have passed, where no record told of the
                         latest; else 0 */
    __u64 other_last; /* when the latest of them passed */
    __u64 before;     /* bytes before `offset` that no record told of, since nobody needs them */
};

/* Go. Of a request that is served: its connection, and the goroutine made for it. Of one that is about to be
 * sent by a goroutine that writes for many: that goroutine, and the one that serves what it is asked for. */
struct us_stream {
    struct us_header header;
    __u32 tgid;
    __u32 tid;    /* the goroutine that serves, see US_GOROUTINE */
    __u32 stream; /* number of the stream on its connection */
    __u32 writer; /* the goroutine that writes; 0 for a request that is served */
};

/* Go. A call into a database within the process has begun, at the header's time. Its result, if there is one,
 * is told for the same goroutine next. */
struct us_query {
    struct us_header header; /* flags: US_FAULT, US_COUNTED */
    __u64 goroutine;         /* its address */
    __u32 tgid;
    __u32 tid; /* the goroutine that serves the request it belongs to, see US_GOROUTINE; 0 if none is known */
    __u32 length;   /* bytes of the text, of which at most US_QUERY_MAX are told */
    __u8 system;    /* US_SYSTEM_* */
    __u8 operation; /* US_OPERATION_* */
    __u8 pad[2];
};

#define US_COUNTED                                                                                           \
    0x01 /* query: what became of the goroutine's query before this one has been counted as lost */

#define US_SYSTEM_SQLITE 1

#define US_OPERATION_TEXT 0 /* what the text says */
#define US_OPERATION_PREPARE                                                                                 \
    1 /* the same, but is of interest only if it fails: what comes of it is told by others */
#define US_OPERATION_BEGIN 2
#define US_OPERATION_COMMIT 3
#define US_OPERATION_ROLLBACK 4

/* Longest text of a query that is told. */
#define US_QUERY_MAX 16384

struct us_result {
    struct us_header header; /* flags: US_FAILED */
    __u64 goroutine;
    __u32 tgid;
    __u32 pad;
};

#define US_FAILED 0x01 /* result: it was an error */

/* Go. Told of each goroutine between one that serves a request and one that calls, when that first does, and
 * once more when it ends. */
struct us_life {
    struct us_header header;
    __u32 tgid;
    __u32 tid;     /* see US_GOROUTINE */
    __u32 creator; /* the same of the one that made it */
    __u32 pad;
    __u64 made;  /* CLOCK_MONOTONIC, nanoseconds */
    __u64 ended; /* 0 while it goes on */
};

struct us_run {
    struct us_header header;
    __u64 offset; /* bytes of the direction that have passed */
    __u32 tgid;
    __u32 tid;
    __u32 exchange;
    __u32 lost;
};

struct us_conn {
    struct us_header header;
    __u32 tgid;
    __u32 netns;      /* inode number of the network namespace */
    __u16 family;     /* AF_INET, AF_INET6 or AF_UNIX */
    __u16 local_port; /* host byte order */
    __u16 remote_port;
    __u8 role;
    __u8 pad;
    __u8 local[16]; /* IPv4 in the first four bytes */
    __u8 remote[16];
};

/* Also what `late_ends` holds: ends that did not fit the ring. */
struct us_end {
    struct us_header header;
    __u64 received; /* bytes of each direction */
    __u64 sent;
    __u32 exchange;
    __u32 lost;
};

struct us_process {
    struct us_header header;
    __u32 tgid;
    __u32 parent; /* tgid of the parent for a fork, else 0 */
    __u64 start;  /* start time of the process since boot, nanoseconds */
    __u8 comm[16];
};

/* Set in the cookie of a probe that traps twice. */
#define US_STEPPED 0x40000000

/* Value of the `targets` map; the key is a tgid. */
struct us_target {
    __u64 since;   /* CLOCK_MONOTONIC nanoseconds of the selection */
    __u64 calls;   /* on sockets since then */
    __u64 hits;    /* of probes inside it where the kernel emulates the instruction */
    __u64 steps;   /* of those where it executes a copy, and of return probes: each traps twice */
    __u64 resumed; /* CLOCK_MONOTONIC nanoseconds of the end of the latest pause; 0 without one */
    __u32 paused;  /* 1: its calls are counted, and nothing else */
    __u32 go;      /* 1: a Go program, whose threads run goroutines */
};

/* The one entry of the `control` map. */
struct us_control {
    __u64 deadline;        /* CLOCK_MONOTONIC nanoseconds after which every program returns at once */
    __u64 resumed;         /* the same: when a deadline that had passed was moved; 0 before the first */
    __u32 request_budget;  /* bytes captured of each run of a request */
    __u32 response_budget; /* the same of a response */
    __u32 wake_bytes;      /* wake the reader when this much waits in the ring */
    __u32 sleeping;        /* the reader sleeps: set by it, cleared by whoever wakes it */
    __u32 announce_execs;  /* report the programs of processes nobody selected, for selection by executable */
    __u32 pad;
};

/* What user space tells the kernel about a connection: value of `verdicts`, keyed by connection. */
#define US_IGNORE_WIRE 1  /* capture no more bytes of the socket, only count them */
#define US_IGNORE_PLAIN 2 /* the same of plain text, which is said when the wire's have long been */
struct us_verdict {
    __u32 ignore;  /* US_IGNORE_* */
    __u32 framing; /* index in `framings` */
};

/* `us_framing.keep`: neither header nor body is needed ... */
#define US_SILENT 0xffff
/* ... and: no frame is of this kind. */
#define US_INVALID 0xfffe
/* `us_framing.flags` */
#define US_BIG_ENDIAN 0x01
#define US_RUNS 0x02 /* each run begins with a frame, and with one that is never silent */
/* Most framings; index 0 stands for none. */
#define US_FRAMINGS 8
/* Longest header, and longest beginning of a frame that tells its kind. */
#define US_HEADER_MAX 12

/* Bytes that tell a connection's protocol: its first, or those that begin a call. */
struct us_signature {
    __u64 bytes; /* eight, as they lie in memory */
    __u64 mask;  /* of the bits that count; 0: no signature */
    __u32 framing;
    __u8 answer;  /* they are of the side that answers */
    __u8 preface; /* bytes of requests before the first frame */
    __u8 midway;  /* a frame begins so, of either side, on a connection joined on its way */
    __u8 pad;
};

#define US_SIGNATURES 8

/* The one entry of the `signatures` map; the used ones come first. */
struct us_signatures {
    struct us_signature all[US_SIGNATURES];
};

/* How a protocol cuts its streams into frames, and what of them is captured: value of `framings`. A frame is
 * a header that says how long it is, and a body. Bytes that are not captured are whole frames whose kind is
 * silent, or the rest of a body. */
struct us_framing {
    __u16 keep[2][256];  /* [request, response][kind]: bytes captured of a body, US_SILENT or US_INVALID */
    __u8 opens[32];      /* bit per kind of request: opens an exchange */
    __u32 longest;       /* body that is believed */
    __u32 bare_answered; /* a bare frame with this body is answered by one byte outside of any frame */
    __u16 bare_keep;     /* bytes captured of the body of a bare frame */
    __u8 flags;
    __u8 header;
    __u8 length_at; /* position of the body's length in the header ... */
    __u8 length_size;
    __u8 length_counts; /* ... and bytes of the header it includes */
    __u8 kind_at[2];    /* position of the kind in requests and in responses; may be the body's first byte */
    __u8 bare_header;   /* a bare frame is a request without kind: its header, of this many bytes (0: there is
                           no such thing), is its length, all of them included */
    __u8 bare_first;    /* the byte it begins with */
    __u8 pad;
};

/* Key of `listeners`: ports that somebody listens on. */
struct us_listener {
    __u32 netns;
    __u16 port;
    __u16 pad;
};

/* Where a USDT probe keeps one of its arguments. */
struct us_usdt_argument {
    __s32 value; /* the constant, the displacement, or the index of a wide constant */
    __u8 kind;   /* US_USDT_*; 0: there is none */
    __u8 base;   /* registers, counted in words from the beginning of the saved ones */
    __u8 index;
    __u8 shape; /* bits 0-1: logarithm of the index's scale; 2-3: of the argument's size; flags below */
};

#define US_USDT_CONSTANT 1
#define US_USDT_WIDE 2
#define US_USDT_REGISTER 3
#define US_USDT_MEMORY 4

#define US_USDT_NO_REGISTER 0xff
#define US_USDT_SIGNED 0x10
#define US_USDT_HIGH 0x20           /* the second byte of the register (%ah) */
#define US_USDT_INDEX_SIGNED 0x40   /* only the lower half of the index counts, with its sign ... */
#define US_USDT_INDEX_UNSIGNED 0x80 /* ... or without */

#define US_USDT_ARGUMENTS 12
#define US_USDT_WIDES 4

/* All arguments of one place of a USDT probe: value of `usdt_specs`. */
struct us_usdt_spec {
    struct us_usdt_argument arguments[US_USDT_ARGUMENTS];
    __u64 wide[US_USDT_WIDES]; /* constants that need more than 32 bits */
};

/* What is to be done where a program passes a probe inside itself: value of `marks`. */
struct us_mark {
    __u8 action;    /* US_MARK_* */
    __u8 slot;      /* of the thread: which interval begins or ends; which total grows */
    __u8 flags;     /* US_MARK_*, below */
    __u8 first;     /* arguments taken as numbers: from this one ... */
    __u8 numbers;   /* ... so many */
    __u8 chooser;   /* add, count: the argument that decides; 0 counts for the next slot or mark */
    __u8 unless;    /* add, count: nothing is to be done if this argument is not 0 */
    __u8 closes;    /* an interval that ends here at the latest */
    __u8 text[2];   /* arguments that are addresses of text ... */
    __u8 length[2]; /* ... and those that are its length; without, it ends with a NUL */
    __u8 width;     /* count: bits of the argument that is added; 0 adds one */
    __u8 sign;      /* 1: it has a sign */
    __u8 pad[2];
};

#define US_MARK_EVENT 1 /* tell */
#define US_MARK_BEGIN 2 /* an interval of this thread begins */
#define US_MARK_END 3   /* tell of the interval */
#define US_MARK_COUNT 4 /* count for the process, in `counted` */
#define US_MARK_ADD 5   /* count for the thread, in its totals */
#define US_MARK_CALL 6  /* a call begins; the mark behind this one ends it. There may be several at once */
#define US_MARK_DONE 7  /* tell of the latest call of the mark before this one */

#define US_MARK_NESTS 0x01 /* begin, end: only the outermost matters */
#define US_MARK_TOTAL 0x02 /* end: goes into the totals and is not told by itself */
#define US_MARK_FLUSH 0x04 /* then tell the totals */
#define US_MARK_EACH                                                                                         \
    0x10 /* begin: tell it at once, too; end: also of those within the outermost; call: tell it at once, it  \
            has no end */
#define US_MARK_RESET 0x08 /* then forget the intervals: some may never end */

#define US_MARK_NONE 0xff
#define US_MARKS 256
/* From here on, marks are those that the configuration declares. */
#define US_DECLARED 128
/* Calls of declared probes under way in a thread; a power of two. */
#define US_CALLS 16
#define US_SLOTS 8
#define US_TOTALS 16
#define US_NUMBERS 8
#define US_TEXT 64

struct us_moment {
    struct us_header header; /* flags: US_CUT */
    __u64 begun;             /* when the interval began; 0 when it is none */
    __u32 tgid;
    __u32 tid;
    __u32 mark;
    __u8 text_size[2];
    __u8 pad[2];
    __u64 numbers[US_NUMBERS]; /* as its beginning told them */
    __u64 ending[2];           /* as its end did */
    char text[2][US_TEXT];
};

#define US_CUT 0x01 /* moment: it did not come to its end by itself */

struct us_sums {
    struct us_header header;
    __u32 tgid;
    __u32 tid;
    __u32 mark;
    __u32 pad;
    __u64 time[US_SLOTS];   /* in intervals, nanoseconds */
    __u64 count[US_TOTALS]; /* of intervals, then of the rest */
};

/* Key of `counted`: who, and the mark (or the one behind it). */
struct us_counted {
    __u32 tgid;
    __u32 mark;
};

/* What a canary saw: value of `canaries`. */
struct us_canary {
    __u64 hits;
    __u64 sums[US_USDT_ARGUMENTS]; /* of each argument, or of the result */
};

/* Indices of the `counters` map (per CPU, __u64 each). */
#define US_COUNT_RECORDS 0         /* records written */
#define US_COUNT_RING_BYTES 1      /* ring-buffer bytes they took, headers and padding included */
#define US_COUNT_CAPTURED 2        /* bytes of connections in them */
#define US_COUNT_SEEN 3            /* bytes of connections that passed */
#define US_COUNT_LOST_RECORDS 4    /* records that did not fit the ring */
#define US_COUNT_LOST_EXCHANGES 5  /* exchanges lost because the first record of a run did not fit */
#define US_COUNT_LOST_NO_STORAGE 6 /* calls on sockets for which the kernel had no memory for state */
#define US_COUNT_LOST_ENDS 7       /* ends of connections that fit neither the ring nor `late_ends` */
#define US_COUNT_LOST_PROCESSES 8  /* process records that did not fit */
#define US_COUNT_FAULTS 9          /* captures whose user memory could not be read */
#define US_COUNT_UNREADABLE 10     /* calls counted without bytes: sendfile, splice, io_uring */
#define US_COUNT_TARGETS_FULL 11   /* children that could not be selected: `targets` is full */
#define US_COUNT_REQUEST_RUNS 12   /* runs in the direction of requests */
#define US_COUNT_RUNS 13           /* all runs */
#define US_COUNT_MISSED 14 /* calls whose end was not told: counted at the thread's next, without bytes */
#define US_COUNT_EXPIRED                                                                                     \
    15 /* calls on sockets that were not looked at: the agent was late with its heartbeat */
#define US_COUNT_CIPHERTEXT                                                                                  \
    16                        /* bytes of connections whose plain text is read; not among those that passed */
#define US_COUNT_PAUSED 17    /* calls on sockets of paused processes */
#define US_COUNT_UNALIGNED 18 /* directions of which the frames could not be followed further */
#define US_COUNT_LOST_UNBOUND 19  /* exchanges of TLS objects whose connection was not known yet */
#define US_COUNT_LOST_MOMENTS 20  /* moments and sums that did not fit the ring */
#define US_COUNT_MOMENT_FAULTS 21 /* texts of moments that could not be read */
#define US_COUNT_UNFINISHED 22    /* calls whose end found no beginning kept, or was not told */
#define US_COUNT_PASSES_PAUSED 23 /* passes of declared probes in paused processes */
#define US_COUNT_PASSES_EXPIRED 24
#define US_COUNT_NEGATIVE 25 /* passes of declared counters whose value was negative */
#define US_COUNTERS 26

/* A CPU's: alone on its cache lines. */
struct us_counters {
    __u64 counts[US_COUNTERS];
} __attribute__((aligned(64)));

#endif
