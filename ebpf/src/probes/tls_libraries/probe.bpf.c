/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Plain text of TLS libraries: of OpenSSL 1.1 and 3, of those with the same functions, and of GnuTLS. One
 * pair of programs for all of their functions: the cookie says what one does. */
#include "uprobe.h"
#include "tls.h"

/* SSL_read(SSL *, void *, int), SSL_write, SSL_read_ex(SSL *, void *, size_t, size_t *), SSL_write_ex,
 * SSL_do_handshake(SSL *); gnutls_record_recv(gnutls_session_t, void *, size_t), gnutls_record_send,
 * gnutls_handshake(gnutls_session_t) */
UPROBE("uprobe", us_tls_enter) {
    __u64 id = bpf_get_current_pid_tgid(), now;
    struct tls_object object = {};
    struct thread *thread;
    __u32 kind = cookie;

    if (!traced(id >> 32))
        return 0;
    now = bpf_ktime_get_ns();
    if (!alive(now))
        return 0;
    thread = thread_make(id);
    if (!thread)
        return 0;
    object.tgid = id >> 32;
    object.address = ARGUMENT0(ctx);
    /* BoringSSL shakes hands inside of the other calls, by the same function. */
    if (kind & TLS_HANDSHAKE && thread->tls.object == object.address && !(thread->tls.kind & TLS_HANDSHAKE))
        return 0;
    /* A session inside another one writes and reads by calls for that. A call that has not returned and lies
     * no deeper in the stack never will. */
    if (thread->tls.object && thread->tls.object != object.address && STACK(ctx) < thread->tls.stack)
        thread->tls_outer = thread->tls;
    else if (!thread->tls.object || STACK(ctx) >= thread->tls_outer.stack)
        thread->tls_outer.object = 0;
    thread->tls.object = object.address;
    thread->tls.stack = STACK(ctx);
    thread->tls.conn = connection_of(&object);
    thread->tls.at = now;
    thread->tls.source = ARGUMENT1(ctx);
    thread->tls.moved = ARGUMENT3(ctx);
    thread->tls.kind = kind;
    return 0;
}

/* The thread's call has returned with `result`. */
INLINE void tls_returned(struct thread *thread, struct us_target *target, __u64 id, int result) {
    struct tls_call call = thread->tls;
    __u64 length = result;

    thread->tls.object = 0;
    if (result <= 0 || call.kind & TLS_HANDSHAKE || !traced(id >> 32))
        return;
    if (call.kind & TLS_INDIRECT && bpf_probe_read_user(&length, sizeof(length), (const void *)call.moved)) {
        count(US_COUNT_FAULTS, 1);
        return;
    }
    if (length)
        tls_moved(&call, thread, target, id, length);
}

/* Where any of them returns. */
UPROBE("uprobe", us_tls_leave) {
    __u64 id = bpf_get_current_pid_tgid();
    struct us_target *target = target_of(id >> 32);
    struct thread *thread;

    if (!target)
        return 0;
    thread = thread_of(id);
    if (!thread || !thread->tls.object)
        return 0;
    if (cookie & TLS_HANDSHAKE && !(thread->tls.kind & TLS_HANDSHAKE))
        return 0;
    tls_returned(thread, target, id, (int)RESULT(ctx));
    thread->tls = thread->tls_outer;
    thread->tls_outer.object = 0;
    return 0;
}

/* int BIO_write(BIO *, const void *data, int length): ciphertext on its way out of the library, to a socket
 * or to where the process fetches it. */
UPROBE("uprobe", us_tls_cipher) {
    __u64 id = bpf_get_current_pid_tgid();
    struct tls_cipher cipher = {};
    struct tls_found found = {};
    struct thread *thread;

    if (!traced(id >> 32))
        return 0;
    thread = thread_of(id);
    if (!thread || !thread->tls.object || thread->tls.conn || !alive(bpf_ktime_get_ns()))
        return 0;
    if ((int)ARGUMENT2(ctx) < (int)sizeof(cipher.head) ||
        bpf_probe_read_user(cipher.head, sizeof(cipher.head), (const void *)ARGUMENT1(ctx)) ||
        !is_unique(cipher.head))
        return 0;
    cipher.tgid = id >> 32;
    found.object = thread->tls.object;
    found.begins = is_hello(cipher.head) ? cipher.head[5] : 0;
    bpf_map_update_elem(&tls_ciphers, &cipher, &found, BPF_ANY);
    return 0;
}

/* SSL_free(SSL *), gnutls_deinit(gnutls_session_t): its address will be another one's. */
UPROBE("uprobe", us_tls_free) {
    struct tls_object object = {};

    object.tgid = bpf_get_current_pid_tgid() >> 32;
    object.address = ARGUMENT0(ctx);
    if (target_of(object.tgid))
        bpf_map_delete_elem(&tls_objects, &object);
    return 0;
}
