/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What programs tell of themselves: USDT probes and functions that have a mark, which says what a pass means.
 * Intervals are paired here, by thread; what is frequent is added up here, and told when a mark says so. */
#include "emit.h"
#include "uprobe.h"

struct {
    UINT(type, BPF_MAP_TYPE_ARRAY);
    UINT(max_entries, US_MARKS);
    TYPE(key, __u32);
    TYPE(value, struct us_mark);
} marks SEC(".maps");

struct interval {
    __u64 begun; /* 0: it is not under way */
    __u32 depth;
    __u32 mark;
    __u64 numbers[US_NUMBERS];
    __u8 text_size[2];
    __u8 pad[6];
    char text[2][US_TEXT];
};

/* State of a thread that passes marks. */
struct inside {
    struct interval intervals[US_SLOTS];
    __u64 time[US_SLOTS];
    __u64 count[US_TOTALS];
    __u64 changes; /* of the totals since they were told */
};

struct {
    UINT(type, BPF_MAP_TYPE_TASK_STORAGE);
    UINT(map_flags, BPF_F_NO_PREALLOC);
    TYPE(key, int);
    TYPE(value, struct inside);
} inside_threads SEC(".maps");

/* Stands in for `inside_threads` as `threads_by_id` does for `threads`. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 1024);
    TYPE(key, __u64);
    TYPE(value, struct inside);
} inside_by_id SEC(".maps");

struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 4096);
    TYPE(key, struct us_counted);
    TYPE(value, __u64);
} counted SEC(".maps");

/* Calls of declared probes that are under way in a thread. */
struct calls {
    struct interval all[US_CALLS]; /* `depth` is the serial number */
    __u64 serial;                  /* of the latest */
    __u64 found;                   /* what was looked for last; US_CALLS: nothing */
};

struct {
    UINT(type, BPF_MAP_TYPE_TASK_STORAGE);
    UINT(map_flags, BPF_F_NO_PREALLOC);
    TYPE(key, int);
    TYPE(value, struct calls);
} calls_of_threads SEC(".maps");

/* Stands in for it likewise. */
struct {
    UINT(type, BPF_MAP_TYPE_LRU_HASH);
    UINT(max_entries, 1024);
    TYPE(key, __u64);
    TYPE(value, struct calls);
} calls_by_id SEC(".maps");

INLINE struct calls *calls_of(__u64 id) {
    static const struct calls fresh = {};
    struct calls *calls = state_make(&calls_of_threads, &calls_by_id, &fresh, id);

    if (!calls)
        count(US_COUNT_LOST_MOMENTS, 1);
    return calls;
}

INLINE struct inside *inside_of(__u64 id) {
    static const struct inside fresh = {};
    struct inside *inside = state_make(&inside_threads, &inside_by_id, &fresh, id);

    if (!inside)
        count(US_COUNT_LOST_MOMENTS, 1);
    return inside;
}

/* An argument of a USDT probe, or (without `spec`) of a function; behind those, its result. */
NOINLINE __u64 argument_of(struct registers *ctx, struct us_usdt_spec *spec, __u32 index) {
    if (spec)
        return usdt_argument(ctx, spec, index & (US_NUMBERS - 1));
    switch (index) {
    case 0:
        return ARGUMENT0(ctx);
    case 1:
        return ARGUMENT1(ctx);
    case 2:
        return ARGUMENT2(ctx);
    case 3:
        return ARGUMENT3(ctx);
    case 4:
        return ARGUMENT4(ctx);
    case 5:
        return ARGUMENT5(ctx);
    default:
        return RESULT(ctx);
    }
}

NOINLINE int read_text(struct registers *ctx, struct us_usdt_spec *spec, struct us_mark *mark, __u32 index,
                       struct interval *interval) {
    char *text;
    __u64 address, length;
    long size;

    index &= 1;
    text = interval->text[index];
    interval->text_size[index] = 0;
    if (mark->text[index] == US_MARK_NONE)
        return 0;
    address = argument_of(ctx, spec, mark->text[index]);
    if (!address)
        return 0;
    if (mark->length[index] == US_MARK_NONE) {
        size = bpf_probe_read_user_str(text, US_TEXT, (const void *)address) - 1;
    } else {
        length = argument_of(ctx, spec, mark->length[index]);
        if (length > US_TEXT)
            length = US_TEXT;
        size = bpf_probe_read_user(text, length, (const void *)address) ? -1 : (long)length;
    }
    if (size < 0) {
        count(US_COUNT_MOMENT_FAULTS, 1);
        return -1;
    }
    interval->text_size[index] = size;
    return 0;
}

NOINLINE int begin(struct registers *ctx, struct us_usdt_spec *spec, struct us_mark *mark,
                   struct interval *interval) {
    for (__u32 i = 0; i < US_NUMBERS; i++)
        interval->numbers[i] = i < mark->numbers ? argument_of(ctx, spec, mark->first + i) : 0;
    read_text(ctx, spec, mark, 0, interval);
    read_text(ctx, spec, mark, 1, interval);
    return 0;
}

INLINE void fill_moment_header(struct us_header *header, __u8 kind, __u8 flags, __u64 now) {
    header->kind = kind;
    header->flags = flags;
    header->size = 0;
    header->sequence = 0;
    header->time = now;
    header->conn = 0;
}

/* Who passes a mark, and when. */
struct passer {
    __u64 id;
    __u64 now;
    struct us_control *ctl; /* NULL: nothing is told just now */
};

INLINE void emit_moment(struct interval *interval, struct passer *passer, __u64 begun, __u32 mark, __u8 flags,
                        __u64 first, __u64 second) {
    struct us_moment *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

    if (!record) {
        count(US_COUNT_LOST_RECORDS, 1);
        count(US_COUNT_LOST_MOMENTS, 1);
        return;
    }
    fill_moment_header(&record->header, US_MOMENT, flags, passer->now);
    record->begun = begun;
    record->tgid = passer->id >> 32;
    record->tid = passer->id;
    record->mark = mark;
    record->text_size[0] = interval->text_size[0];
    record->text_size[1] = interval->text_size[1];
    record->pad[0] = 0;
    record->pad[1] = 0;
    __builtin_memcpy(record->numbers, interval->numbers, sizeof(record->numbers));
    record->ending[0] = first;
    record->ending[1] = second;
    __builtin_memcpy(record->text, interval->text, sizeof(record->text));
    submit(record, sizeof(*record), passer->ctl, 0);
}

INLINE void emit_sums(struct inside *inside, struct passer *passer, __u32 mark) {
    struct us_sums *record;

    if (!inside->changes)
        return;
    record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    /* What does not fit now goes with the next one, whose time is wrong for it: it is counted as lost. */
    if (!record) {
        count(US_COUNT_LOST_RECORDS, 1);
        count(US_COUNT_LOST_MOMENTS, 1);
    } else {
        fill_moment_header(&record->header, US_SUMS, 0, passer->now);
        record->tgid = passer->id >> 32;
        record->tid = passer->id;
        record->mark = mark;
        record->pad = 0;
        __builtin_memcpy(record->time, inside->time, sizeof(record->time));
        __builtin_memcpy(record->count, inside->count, sizeof(record->count));
        submit(record, sizeof(*record), passer->ctl, 0);
    }
    __builtin_memset(inside->time, 0, sizeof(inside->time));
    __builtin_memset(inside->count, 0, sizeof(inside->count));
    inside->changes = 0;
}

/* Which of two neighbours a pass counts for; negative for none. */
INLINE int chosen(struct registers *ctx, struct us_usdt_spec *spec, struct us_mark *mark) {
    if (mark->unless != US_MARK_NONE && argument_of(ctx, spec, mark->unless))
        return -1;
    return mark->chooser != US_MARK_NONE && !argument_of(ctx, spec, mark->chooser);
}

INLINE void count_pass(struct registers *ctx, struct us_usdt_spec *spec, struct us_mark *mark, __u32 number,
                       __u32 tgid) {
    struct us_counted key = {.tgid = tgid, .mark = number};
    int next = chosen(ctx, spec, mark);
    __u64 *sum, amount = 1;

    if (next < 0)
        return;
    if (mark->width) {
        __u32 drop = (64 - mark->width) & 63;

        amount = argument_of(ctx, spec, mark->first) << drop;
        if (mark->sign && (__s64)amount < 0) {
            count(US_COUNT_NEGATIVE, 1);
            return;
        }
        amount >>= drop;
    }
    key.mark += next;
    sum = bpf_map_lookup_elem(&counted, &key);
    if (sum)
        __sync_fetch_and_add(sum, amount);
    else if (bpf_map_update_elem(&counted, &key, &amount, BPF_NOEXIST)) {
        sum = bpf_map_lookup_elem(&counted, &key); /* another thread was first */
        if (sum)
            __sync_fetch_and_add(sum, amount);
    }
}

/* Where a call that begins is kept: if there is no more room, in place of the oldest, whose end was passed by
 * (an exception, a jump) or is far away. What is found is kept in memory, here and below: the verifier would
 * go through all that follows once for each number it might be. */
NOINLINE int find_place(struct calls *calls) {
    __u32 age = 0;

    calls->found = 0;
    for (__u32 i = 0; i < US_CALLS; i++) {
        __u32 since = (__u32)calls->serial - calls->all[i].depth;

        if (!calls->all[i].begun) {
            calls->found = i;
            return 0;
        }
        if (since > age) {
            age = since;
            calls->found = i;
        }
    }
    return 0;
}

/* The latest call of a mark. */
NOINLINE int find_latest(struct calls *calls, __u32 mark) {
    __u32 age = ~0U;

    calls->found = US_CALLS;
    for (__u32 i = 0; i < US_CALLS; i++) {
        __u32 since = (__u32)calls->serial - calls->all[i].depth;

        if (calls->all[i].begun && calls->all[i].mark == mark && since < age) {
            age = since;
            calls->found = i;
        }
    }
    return 0;
}

/* A declared probe that is not just counted. */
NOINLINE int pass_call(struct registers *ctx, struct us_usdt_spec *spec, struct us_mark *mark, __u32 number,
                       struct passer *passer) {
    struct calls *calls = calls_of(passer->id);
    struct interval *call;

    if (!calls)
        return 0;
    if (mark->action == US_MARK_CALL) {
        find_place(calls);
        call = &calls->all[calls->found & (US_CALLS - 1)];
        if (call->begun)
            count(US_COUNT_UNFINISHED, 1);
        call->begun = 0;
        begin(ctx, spec, mark, call);
        if (mark->flags & US_MARK_EACH) {
            if (passer->ctl)
                emit_moment(call, passer, 0, number, 0, 0, 0);
            return 0;
        }
        call->begun = passer->now;
        call->depth = ++calls->serial;
        call->mark = number;
        return 0;
    }
    find_latest(calls, number - 1);
    /* Without its beginning, which was before the probes were there, an end tells nothing. */
    if (calls->found >= US_CALLS)
        return 0;
    call = &calls->all[calls->found & (US_CALLS - 1)];
    if (passer->ctl)
        emit_moment(call, passer, call->begun, number, 0,
                    mark->numbers ? argument_of(ctx, spec, mark->first) : 0, 0);
    else
        count(US_COUNT_UNFINISHED, 1);
    call->begun = 0;
    return 0;
}

INLINE void end(struct registers *ctx, struct us_usdt_spec *spec, struct us_mark *mark, __u32 number,
                struct inside *inside, struct interval *interval, struct passer *passer) {
    __u64 begun = interval->begun;

    /* Without its beginning, which was before the probes were there, an end tells nothing. */
    if (!begun)
        return;
    if (mark->flags & US_MARK_EACH)
        begin(ctx, spec, mark, interval);
    if (mark->flags & US_MARK_NESTS && interval->depth > 1) {
        interval->depth--;
        if (mark->flags & US_MARK_EACH)
            emit_moment(interval, passer, 0, number, 0, 0, 0);
        return;
    }
    interval->begun = 0;
    interval->depth = 0;
    if (mark->flags & US_MARK_TOTAL) {
        inside->time[mark->slot & (US_SLOTS - 1)] += passer->now - begun;
        inside->count[mark->slot & (US_SLOTS - 1)]++;
        inside->changes++;
        return;
    }
    emit_moment(interval, passer, begun, number, 0,
                mark->numbers > 0 ? argument_of(ctx, spec, mark->first) : 0,
                mark->numbers > 1 ? argument_of(ctx, spec, mark->first + 1) : 0);
}

NOINLINE int pass(struct registers *ctx, struct us_usdt_spec *spec, __u32 number) {
    struct passer passer = {.id = bpf_get_current_pid_tgid()};
    struct us_target *target = target_of(passer.id >> 32);
    struct interval *interval, *closed;
    struct inside *inside;
    struct us_mark *mark;
    int next;

    if (!target)
        return 0;
    passer.now = bpf_ktime_get_ns();
    passer.ctl = target->paused ? NULL : alive(passer.now);
    mark = bpf_map_lookup_elem(&marks, &number);
    if (!mark)
        return 0;
    if (number >= US_DECLARED) {
        if (!passer.ctl && mark->action != US_MARK_DONE) {
            if (target->paused)
                count(US_COUNT_PASSES_PAUSED, 1);
            else
                count_expired_as(US_COUNT_PASSES_EXPIRED);
            return 0;
        }
        if (mark->action == US_MARK_CALL || mark->action == US_MARK_DONE)
            return pass_call(ctx, spec, mark, number, &passer);
    }
    if (!passer.ctl)
        return 0;
    if (mark->action == US_MARK_COUNT) {
        count_pass(ctx, spec, mark, number, passer.id >> 32);
        if (!mark->flags)
            return 0;
    }
    inside = inside_of(passer.id);
    if (!inside)
        return 0;
    interval = &inside->intervals[mark->slot & (US_SLOTS - 1)];
    switch (mark->action) {
    case US_MARK_EVENT:
        begin(ctx, spec, mark, interval);
        emit_moment(interval, &passer, 0, number, 0, 0, 0);
        break;
    case US_MARK_BEGIN:
        if (mark->flags & US_MARK_NESTS && interval->begun) {
            interval->depth++;
            break;
        }
        interval->begun = passer.now;
        interval->depth = 1;
        interval->mark = number;
        if (mark->numbers || mark->text[0] != US_MARK_NONE)
            begin(ctx, spec, mark, interval);
        if (mark->flags & US_MARK_EACH)
            emit_moment(interval, &passer, 0, number, 0, 0, 0);
        break;
    case US_MARK_END:
        end(ctx, spec, mark, number, inside, interval, &passer);
        break;
    case US_MARK_ADD:
        next = chosen(ctx, spec, mark);
        if (next >= 0) {
            inside->count[(mark->slot + next) & (US_TOTALS - 1)]++;
            inside->changes++;
        }
        break;
    }
    if (mark->closes != US_MARK_NONE) {
        closed = &inside->intervals[mark->closes & (US_SLOTS - 1)];
        if (closed->begun) {
            emit_moment(closed, &passer, closed->begun, closed->mark, US_CUT, 0, 0);
            closed->begun = 0;
        }
    }
    if (mark->flags & US_MARK_FLUSH)
        emit_sums(inside, &passer, number);
    if (mark->flags & US_MARK_RESET)
        for (__u32 i = 0; i < US_SLOTS; i++)
            inside->intervals[i].begun = 0;
    return 0;
}

UPROBE("uprobe", us_inside_usdt) {
    struct us_usdt_spec *spec = usdt_spec(cookie);

    if (spec)
        pass(ctx, spec, USDT_TAG(cookie));
    return 0;
}

/* Where a function begins, and where it returns. */
UPROBE("uprobe", us_inside_function) {
    pass(ctx, NULL, cookie);
    return 0;
}
