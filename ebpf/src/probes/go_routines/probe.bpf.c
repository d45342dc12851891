/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Which goroutine made which, and for whom the goroutines of pools write. Only addresses are compared;
 * nothing in Go's structures is looked at. Places are as in go_tls. */
#include "uprobe.h"
#include "go.h"

/* Which argument of runtime.newproc1 is the goroutine that asks for another; for the other functions, just
 * whether arguments are on the stack. */
#define CREATOR_SECOND 0 /* since Go 1.18 */
#define CREATOR_FOURTH 1 /* Go 1.17 */
#define CREATOR_STACK 2  /* Go 1.16: the fourth, on the stack */

/* What is known of a goroutine, made when there is nothing. */
INLINE struct origin *origin_make(struct goroutine *goroutine) {
    static const struct origin unknown = {};
    struct origin *origin = bpf_map_lookup_elem(&go_origins, goroutine);

    if (origin)
        return origin;
    bpf_map_update_elem(&go_origins, goroutine, &unknown, BPF_NOEXIST);
    return bpf_map_lookup_elem(&go_origins, goroutine);
}

/* func newproc1(fn *funcval, callergp *g, ...) *g; it does not leave its thread. */
SEC("uprobe")
int us_go_create_enter(struct registers *ctx) {
    __u64 id = bpf_get_current_pid_tgid(), kind = bpf_get_attach_cookie(ctx);
    struct us_target *target = target_of(id >> 32);
    struct thread *thread;

    if (!target || !target->go)
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

SEC("uprobe")
int us_go_create_leave(struct registers *ctx) {
    __u64 id = bpf_get_current_pid_tgid(), kind = bpf_get_attach_cookie(ctx);
    struct goroutine goroutine = {.tgid = id >> 32};
    struct us_target *target = target_of(id >> 32);
    struct thread *thread;
    struct origin origin = {};

    if (!target || !target->go)
        return 0;
    thread = thread_of(id);
    if (!thread)
        return 0;
    origin.creator = thread->creator;
    origin.created = bpf_ktime_get_ns();
    thread->creator = 0;
    /* The result is behind five arguments. */
    goroutine.address = kind == CREATOR_STACK ? go_word(ctx, 5) : RESULT(ctx);
    if (goroutine.address)
        bpf_map_update_elem(&go_origins, &goroutine, &origin, BPF_ANY);
    return 0;
}

/* func (pc *persistConn) roundTrip(req *transportRequest) ...: this goroutine's request goes over pc. */
SEC("uprobe")
int us_go_round_trip(struct registers *ctx) {
    __u64 id = bpf_get_current_pid_tgid(), kind = bpf_get_attach_cookie(ctx);
    struct us_target *target = target_of(id >> 32);
    struct goroutine pooled = {.tgid = id >> 32};
    __u64 asker;

    if (!target || !target->go)
        return 0;
    if (kind == CREATOR_STACK) {
        asker = goroutine_here();
        pooled.address = go_word(ctx, 0);
    } else {
        asker = GO_GOROUTINE(ctx);
        pooled.address = GO_ARGUMENT0(ctx);
    }
    bpf_map_update_elem(&go_askers, &pooled, &asker, BPF_ANY);
    return 0;
}

/* func (pc *persistConn) writeLoop(): this goroutine writes whatever goes over pc. func (l *loopyWriter)
 * run(): the same for many requests at a time, so nobody knows for which. */
SEC("uprobe")
int us_go_write_loop(struct registers *ctx) {
    __u64 id = bpf_get_current_pid_tgid(), kind = bpf_get_attach_cookie(ctx);
    struct goroutine goroutine = {.tgid = id >> 32};
    struct us_target *target = target_of(id >> 32);
    struct origin *origin;

    if (!target || !target->go)
        return 0;
    goroutine.address = kind == CREATOR_STACK ? goroutine_here() : GO_GOROUTINE(ctx);
    origin = goroutine.address ? origin_make(&goroutine) : NULL;
    if (origin)
        origin->writes = kind == CREATOR_STACK ? go_word(ctx, 0) : GO_ARGUMENT0(ctx);
    return 0;
}
