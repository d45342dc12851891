/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Programs written in Go: who makes a call there is a goroutine, which runs now on one thread, now on
 * another. */
#ifndef UNDERSPAN_GO_H
#define UNDERSPAN_GO_H

#include "emit.h"

/* The goroutine that runs on this thread: address of its struct g, 0 if it cannot be told. On x86_64, Go
 * keeps it in the word below the thread pointer; user space has made sure that the program has no other words
 * there. On aarch64 it is in a register. */
INLINE __u64 goroutine_here(void) {
    __u64 address = 0;
#if defined(__TARGET_ARCH_x86)
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    unsigned long pointer = READ(task, thread.fsbase);

    if (!pointer || bpf_probe_read_user(&address, sizeof(address), (const void *)(pointer - sizeof(address))))
        return 0;
#endif
    return address;
}

/* The process that runs this thread, if it is selected and written in Go. */
INLINE struct us_target *go_program(__u64 id) {
    struct us_target *target = target_of(id >> 32);

    return target && target->go ? target : NULL;
}

/* Added to the address of a goroutine that serves no request itself. */
#define DESCENDS 1

INLINE __u32 goroutine_id(__u64 address) {
    /* A struct g is larger than 32 bytes. */
    return US_GOROUTINE | (address & DESCENDS ? US_DESCENDS : 0) |
           ((__u32)(address >> 5) & (US_DESCENDS - 1));
}

/* Says who made a call, as far as this needs no decision: each would double what the verifier looks at. */
INLINE void moved_by(struct io *io, struct us_target *target, __u64 id) {
    io->tgid = id >> 32;
    io->tid = (__u32)id;
    io->go = target ? target->go : 0;
}

/* Tells of a goroutine that another one made. 0 if that is told. */
INLINE int tell_life(struct goroutine *goroutine, struct origin *origin, __u64 now) {
    struct us_control *ctl = alive(now);
    struct us_life *record;

    if (!ctl)
        return -1;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        /* Calls without a parent. */
        count(US_COUNT_LOST_RECORDS, 1);
        return -1;
    }
    __builtin_memset(&record->header, 0, sizeof(record->header));
    record->header.kind = US_LIFE;
    record->header.time = now;
    record->tgid = goroutine->tgid;
    record->tid = goroutine_id(goroutine->address);
    record->creator = goroutine_id(origin->creator);
    record->pad = 0;
    record->made = origin->created;
    record->ended = origin->ended;
    submit(record, sizeof(*record), ctl, 0);
    return 0;
}

/* Generations between a goroutine that serves a request and one that calls, at most. */
#define GENERATIONS 5

/* Tells of a goroutine and of those that made it, so many in all, once. 0 if they are told. */
NOINLINE int tell_descent(__u32 tgid, __u64 address, __u32 generations) {
    struct goroutine goroutine = {.tgid = tgid, .address = address};

    for (__u32 i = 0; i < GENERATIONS && i < generations; i++) {
        struct origin *origin = bpf_map_lookup_elem(&go_origins, &goroutine);

        if (!origin)
            return -1;
        if (!origin->told) {
            /* First, so that its end is not missed. */
            origin->told = 1;
            if (tell_life(&goroutine, origin, bpf_ktime_get_ns())) {
                origin->told = 0;
                return -1;
            }
        }
        goroutine.address = origin->creator;
    }
    return 0;
}

/* The goroutine that serves the request for which this one sends: itself, or the one for which it sends as a
 * part of a pool. If that serves none, but one that made it since its request began does, it DESCENDS, and
 * user space is told of those between. 0 if nobody is known to. One that writes for many stands for itself:
 * user space knows the streams. */
INLINE __u64 on_behalf_of(__u64 tgid, __u64 address) {
    struct goroutine goroutine = {.tgid = tgid, .address = address};
    struct origin *origin = bpf_map_lookup_elem(&go_origins, &goroutine);
    __u64 created = 0, caller, *asker;

    if (origin && origin->writes == WRITES_MANY)
        return address;
    if (origin && origin->writes) {
        struct goroutine pooled = {.tgid = tgid, .address = origin->writes};

        asker = bpf_map_lookup_elem(&go_askers, &pooled);
        if (!asker)
            return 0;
        goroutine.address = *asker;
    }
    caller = goroutine.address;
#pragma unroll
    for (__u32 i = 0; i <= GENERATIONS; i++) {
        origin = bpf_map_lookup_elem(&go_origins, &goroutine);
        if (!origin)
            break;
        /* Made later than what it made: another has its place since then. */
        if (created && origin->created > created)
            break;
        if (origin->serving) {
            if (!created)
                return caller;
            if (created < origin->serving || tell_descent(tgid, caller, i))
                return 0;
            return caller | DESCENDS;
        }
        if (!origin->creator || !origin->created)
            break;
        created = origin->created;
        goroutine.address = origin->creator;
    }
    return 0;
}

/* What is known of a goroutine, made when there is nothing. */
INLINE struct origin *origin_make(struct goroutine *goroutine) {
    static const struct origin unknown = {};
    struct origin *origin = bpf_map_lookup_elem(&go_origins, goroutine);

    if (origin)
        return origin;
    bpf_map_update_elem(&go_origins, goroutine, &unknown, BPF_NOEXIST);
    return bpf_map_lookup_elem(&go_origins, goroutine);
}

/* A goroutine has read a request from a connection. It may do so for the one that made it, as in servers of
 * HTTP/2. */
INLINE void reads_from(struct goroutine *goroutine, struct origin *origin, __u64 conn) {
    struct goroutine creator = {.tgid = goroutine->tgid, .address = origin->creator};
    struct origin *maker;

    origin->conn = conn;
    if (!creator.address)
        return;
    maker = origin_make(&creator);
    /* Another has its place since then. */
    if (maker && maker->created <= origin->created)
        maker->conn = conn;
}

/* Says which goroutine serves the request, or is served by it, that a call moves bytes of. What is known of
 * one thread would be wrong of a goroutine, so these are told apart. */
NOINLINE int attribute(struct conn *conn, struct io *io) {
    struct goroutine goroutine = {.tgid = io->tgid};
    __u32 direction = io->direction & 1;
    struct origin *origin;

    if (!io->go)
        return 0;
    goroutine.address = goroutine_here();
    io->goroutine = goroutine.address;
    io->tid = goroutine.address ? goroutine_id(goroutine.address) : 0;
    if (!goroutine.address)
        return 0;
    if (!direction && io->length == 1) {
        /* While it serves a request, net/http has another goroutine wait for the connection's next byte. It
         * may get the first one of the next request, which it does not serve. */
        io->tid = 0;
        conn->waited = 1;
    } else if (!direction && conn->role != US_ROLE_CLIENT && (conn->turn != 1 || conn->waited)) {
        conn->waited = 0;
        origin = origin_make(&goroutine);
        if (origin) {
            origin->serving = io->left_at;
            if (origin->conn != conn->id && conn->role == US_ROLE_SERVER)
                reads_from(&goroutine, origin, conn->id);
        }
    } else if (direction && conn->role != US_ROLE_SERVER) {
        goroutine.address = on_behalf_of(io->tgid, io->goroutine);
        io->tid = goroutine.address ? goroutine_id(goroutine.address) : 0;
    }
    return 0;
}

#endif
