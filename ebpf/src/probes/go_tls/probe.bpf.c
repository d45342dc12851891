/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Plain text of Go's crypto/tls. Probes stand at the beginning of a function, behind the check of the stack's
 * size, which may lead back, and at each of its return instructions. Since a goroutine may wait on one thread
 * and go on on another, what is known of a call is kept with the goroutine. */
#include "uprobe.h"
#include "tls.h"

/* func (c *Conn) Read(b []byte) (int, error), Write, clientHandshake, serverHandshake */
UPROBE("uprobe", us_go_tls_enter) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie, now;
    struct goroutine goroutine = {.tgid = id >> 32};
    struct us_target *target = go_program(id);
    struct tls_object object = {.tgid = id >> 32};
    struct tls_call call = {.kind = kind}, *known;
    struct thread *thread;
    __u64 length;

    if (!target)
        return 0;
    now = bpf_ktime_get_ns();
    if (!alive(now))
        return 0;
    goroutine.address = goroutine_of(ctx, kind & TLS_STACK);
    call.object = GO_ARGUMENT(ctx, kind & TLS_STACK, 0);
    call.source = GO_ARGUMENT(ctx, kind & TLS_STACK, 1);
    length = GO_ARGUMENT(ctx, kind & TLS_STACK, 2);
    if (!goroutine.address || !call.object)
        return 0;
    known = bpf_map_lookup_elem(&go_calls, &goroutine);
    if (kind & TLS_HANDSHAKE && known && known->object == call.object &&
        (known->kind & TLS_NESTED || !(known->kind & TLS_HANDSHAKE))) {
        /* A first read or write shakes hands by itself. */
        known->kind |= TLS_HANDSHAKE | TLS_NESTED;
        return 0;
    }
    object.address = call.object;
    call.conn = connection_of(&object);
    call.at = now;
    /* Sends are told before they happen: the other end may answer at once, and another goroutine read that,
     * before this one has returned. */
    if (kind & TLS_SENDS && call.conn && length && length < 1U << 30) {
        thread = thread_make(id);
        if (thread) {
            call.kind |= TLS_TOLD;
            tls_moved(&call, thread, target, id, length);
        }
    }
    bpf_map_update_elem(&go_calls, &goroutine, &call, BPF_ANY);
    return 0;
}

/* Where any of them returns. */
UPROBE("uprobe", us_go_tls_leave) {
    __u64 id = bpf_get_current_pid_tgid(), kind = cookie;
    struct goroutine goroutine = {.tgid = id >> 32};
    struct us_target *target = go_program(id);
    struct tls_call call = {}, *known;
    struct thread *thread;
    __s64 length;

    if (!target)
        return 0;
    goroutine.address = goroutine_of(ctx, kind & TLS_STACK);
    length = kind & TLS_STACK ? go_word(ctx, 4) : RESULT(ctx);
    if (kind & TLS_HANDSHAKE)
        length = 0;
    known = bpf_map_lookup_elem(&go_calls, &goroutine);
    /* It began before the agent did. What it moved is missed by whoever reads what follows. */
    if (!known)
        return 0;
    /* The call that the handshake is a part of goes on. */
    if (kind & TLS_HANDSHAKE && known->kind & TLS_NESTED)
        return 0;
    call = *known;
    bpf_map_delete_elem(&go_calls, &goroutine);
    if (length <= 0 || call.kind & TLS_TOLD)
        return 0;
    thread = thread_make(id);
    if (thread)
        tls_moved(&call, thread, target, id, length);
    return 0;
}
