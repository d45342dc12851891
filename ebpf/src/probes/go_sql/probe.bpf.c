/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Queries that Go's database/sql makes of a database within the process, where no socket tells of them. Its
 * functions say what is asked and what came of it; that one of the methods of such a database's driver runs
 * meanwhile, on the same goroutine, says whom it was asked. Places are as in go_tls. */
#include "emit.h"
#include "go.h"
#include "uprobe.h"

/* Cookies of the functions. Which word of the arguments is the text's address, and of the arguments, or of
 * the results, the error's type. */
#define SQL_OPERATION(cookie) ((cookie) & 7) /* US_OPERATION_* */
#define SQL_STACK 0x08                       /* Go before 1.17: words are on the stack */
#define SQL_STATEMENT 0x10                   /* the text is the receiver's */
#define SQL_TEXT(cookie) (((cookie) >> 8) & 15)
#define SQL_ERROR(cookie) (((cookie) >> 12) & 15)
/* Those of drivers. */
#define SQL_SYSTEM(cookie) ((cookie) & 7)

/* Where a statement keeps its text: behind the database it belongs to (type Stmt of database/sql, since Go
 * 1.0). What is there if that changes is no text, or none that can be read. */
#define STATEMENT_TEXT 8
/* A text that is longer is none. */
#define LONGEST (1 << 26)

/* A call into database/sql under way. */
struct query {
    __u64 begun; /* when a driver was asked */
    __u64 text;
    __u64 length;
    __u32 operation;
    __u8 system;  /* 0: no driver that matters has been asked */
    __u8 told;    /* QUERY_* */
    __u8 counted; /* as US_COUNTED */
    __u8 pad;
};

#define QUERY_TOLD 1
#define QUERY_UNREADABLE 2 /* its text is in no page that is there yet: to be told when it returns */
#define QUERY_LOST 3       /* its record did not fit */
#define QUERY_COUNTED 4    /* it is over, and counted as lost */

struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, struct goroutine);
    TYPE(value, struct query);
} go_queries SEC(".maps");

/* Into a record with room for so many bytes of text. */
INLINE int put_query(struct query *query, struct goroutine *goroutine, struct us_control *ctl, int readable,
                     const __u32 room) {
    /* First, since it may tell of goroutines. */
    __u64 serving = on_behalf_of(goroutine->tgid, goroutine->address), size = query->length;
    struct us_query *record = bpf_ringbuf_reserve(&ring, sizeof(*record) + room, 0);

    if (!record)
        return QUERY_LOST;
    if (size > room)
        size = room;
    if (!readable)
        size = 0;
    if (size && bpf_probe_read_user(record + 1, size, (const void *)query->text)) {
        bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
        return QUERY_UNREADABLE;
    }
    __builtin_memset(&record->header, 0, sizeof(record->header));
    record->header.kind = US_QUERY;
    record->header.flags = (query->counted ? US_COUNTED : 0) | (readable ? 0 : US_FAULT);
    record->header.size = size;
    record->header.time = query->begun;
    record->goroutine = goroutine->address;
    record->tgid = goroutine->tgid;
    record->tid = serving ? goroutine_id(serving) : 0;
    record->length = query->length;
    record->system = query->system;
    record->operation = query->operation;
    record->pad[0] = record->pad[1] = 0;
    submit(record, sizeof(*record) + room, ctl, 0);
    return QUERY_TOLD;
}

NOINLINE int put_short(struct query *query, struct goroutine *goroutine, struct us_control *ctl,
                       int readable) {
    return put_query(query, goroutine, ctl, readable, 256);
}

NOINLINE int put_medium(struct query *query, struct goroutine *goroutine, struct us_control *ctl,
                        int readable) {
    return put_query(query, goroutine, ctl, readable, 2048);
}

NOINLINE int put_long(struct query *query, struct goroutine *goroutine, struct us_control *ctl,
                      int readable) {
    return put_query(query, goroutine, ctl, readable, US_QUERY_MAX);
}

/* Tells of a query. Returns what became of that. */
INLINE int tell_query(struct query *query, struct goroutine *goroutine, struct us_control *ctl,
                      int readable) {
    int told;

    if (query->length <= 256)
        told = put_short(query, goroutine, ctl, readable);
    else if (query->length <= 2048)
        told = put_medium(query, goroutine, ctl, readable);
    else
        told = put_long(query, goroutine, ctl, readable);
    if (told == QUERY_LOST)
        count(US_COUNT_LOST_RECORDS, 1);
    return told;
}

/* func (db *DB) queryDC(...) (*Rows, error) and others: see mod.rs. */
UPROBE("uprobe", us_go_sql_enter) {
    __u64 id = bpf_get_current_pid_tgid(), statement;
    struct goroutine goroutine = {.tgid = id >> 32};
    struct query query = {.operation = SQL_OPERATION(cookie)}, *known;

    if (!go_program(id))
        return 0;
    goroutine.address = goroutine_of(ctx, cookie & SQL_STACK);
    if (!goroutine.address)
        return 0;
    if (cookie & SQL_STATEMENT) {
        __u64 text[2] = {};

        statement = go_word_at(ctx, cookie & SQL_STACK, 0);
        bpf_probe_read_user(text, sizeof(text), (const void *)(statement + STATEMENT_TEXT));
        query.text = text[0];
        query.length = text[1];
    } else if (SQL_TEXT(cookie)) {
        query.text = go_word_at(ctx, cookie & SQL_STACK, SQL_TEXT(cookie));
        query.length = go_word_at(ctx, cookie & SQL_STACK, SQL_TEXT(cookie) + 1);
    }
    if (query.length > LONGEST)
        query.length = 0;
    known = bpf_map_lookup_elem(&go_queries, &goroutine);
    query.counted = known && known->told == QUERY_COUNTED;
    bpf_map_update_elem(&go_queries, &goroutine, &query, BPF_ANY);
    return 0;
}

/* What the goroutine that runs here asks of database/sql, and which one it is. NULL if nothing. */
INLINE struct query *asked(struct registers *ctx, __u64 cookie, struct goroutine *goroutine) {
    __u64 id = bpf_get_current_pid_tgid();

    if (!go_program(id))
        return NULL;
    goroutine->tgid = id >> 32;
    goroutine->address = goroutine_of(ctx, cookie & SQL_STACK);
    return bpf_map_lookup_elem(&go_queries, goroutine);
}

/* A method of a driver: the text is in use until it returns, so it is what it was. */
UPROBE("uprobe", us_go_sql_driver) {
    struct goroutine goroutine = {};
    struct query *query = asked(ctx, cookie, &goroutine);
    struct us_control *ctl;

    /* Nobody asks by database/sql, or this is not the first method that a query needs. */
    if (!query || query->system || query->told)
        return 0;
    if (!caller(goroutine.tgid))
        return 0;
    query->begun = bpf_ktime_get_ns();
    ctl = alive(query->begun);
    if (!ctl) {
        count_expired();
        return 0;
    }
    query->system = SQL_SYSTEM(cookie);
    query->told = tell_query(query, &goroutine, ctl, 1);
    return 0;
}

/* Where any of the functions returns. */
UPROBE("uprobe", us_go_sql_leave) {
    struct goroutine goroutine = {};
    struct query *query = asked(ctx, cookie, &goroutine);
    struct us_result *record = NULL;
    struct us_control *ctl;
    __u64 now, failed;

    /* It began before the agent did, or has told of its end already. */
    if (!query || query->told == QUERY_COUNTED)
        return 0;
    if (!query->system) {
        /* Of the one before is still to be said that it was counted. */
        if (query->counted)
            query->told = QUERY_COUNTED;
        else
            bpf_map_delete_elem(&go_queries, &goroutine);
        return 0;
    }
    now = bpf_ktime_get_ns();
    ctl = alive(now);
    failed = go_word_at(ctx, cookie & SQL_STACK, SQL_ERROR(cookie));
    if (ctl && query->told == QUERY_UNREADABLE) {
        /* The driver has read it. */
        query->told = tell_query(query, &goroutine, ctl, 1);
        if (query->told == QUERY_UNREADABLE) {
            count(US_COUNT_MOMENT_FAULTS, 1);
            query->told = tell_query(query, &goroutine, ctl, 0);
        }
    }
    if (ctl && query->told == QUERY_TOLD)
        record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        if (ctl) {
            if (query->told == QUERY_TOLD)
                count(US_COUNT_LOST_RECORDS, 1);
            if (failed || query->operation != US_OPERATION_PREPARE)
                count(US_COUNT_LOST_EXCHANGES, 1);
        } else {
            count_expired();
        }
        query->told = QUERY_COUNTED;
        return 0;
    }
    __builtin_memset(&record->header, 0, sizeof(record->header));
    record->header.kind = US_RESULT;
    record->header.flags = failed ? US_FAILED : 0;
    record->header.time = now;
    record->goroutine = goroutine.address;
    record->tgid = goroutine.tgid;
    record->pad = 0;
    submit(record, sizeof(*record), ctl, 0);
    bpf_map_delete_elem(&go_queries, &goroutine);
    return 0;
}
