/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Tier T2: kprobes on the same functions as T1, for kernels without trampolines, or on those of TCP where the
 * former have no symbol. A return is only told while the kernel has a place to remember the call in, of which
 * there are a few per function, and receives may wait for long: those of TCP are told by its own last step
 * too, and what still had no end when the system call returns ends there. */
#include "call.h"
#include "syscall.h"

#if defined(__TARGET_ARCH_x86)
#define ARG0(ctx) ((ctx)->di)
#define ARG1(ctx) ((ctx)->si)
#define ARG2(ctx) ((ctx)->dx)
#define ARG3(ctx) ((ctx)->cx)
#define ARG4(ctx) ((ctx)->r8)
#define RESULT(ctx) ((ctx)->ax)
#define REGISTERS struct pt_regs
#elif defined(__TARGET_ARCH_arm64)
#define ARG0(ctx) ((ctx)->regs[0])
#define ARG1(ctx) ((ctx)->regs[1])
#define ARG2(ctx) ((ctx)->regs[2])
#define ARG3(ctx) ((ctx)->regs[3])
#define ARG4(ctx) ((ctx)->regs[4])
#define RESULT(ctx) ((ctx)->regs[0])
#define REGISTERS struct user_pt_regs
#endif

/* Whether a call that begins here is to be traced. */
INLINE int selected(void) {
    return caller(bpf_get_current_pid_tgid() >> 32) != NULL;
}

/* A socket without a file is the kernel's own. */
INLINE struct sock *owned_socket(struct socket *socket) {
    return READ(socket, file) ? READ(socket, sk) : NULL;
}

/* int NAME(struct socket *, struct msghdr *, size_t) */
SEC("kprobe/send")
int us_kprobe_send(REGISTERS *ctx) {
    struct wish wish = {
        .message = (struct msghdr *)ARG1(ctx),
        .size = ARG2(ctx),
        .direction = 1,
    };

    if (selected())
        call_begins(&wish, owned_socket((struct socket *)ARG0(ctx)));
    return 0;
}

/* int NAME(struct socket *, struct msghdr *, size_t, int flags) */
SEC("kprobe/receive")
int us_kprobe_receive(REGISTERS *ctx) {
    struct wish wish = {
        .message = (struct msghdr *)ARG1(ctx),
        .size = ARG2(ctx),
        .flags = (__u32)ARG3(ctx),
    };

    if (selected())
        call_begins(&wish, owned_socket((struct socket *)ARG0(ctx)));
    return 0;
}

/* int tcp_sendmsg(struct sock *, struct msghdr *, size_t) */
SEC("kprobe/tcp_send")
int us_kprobe_tcp_send(REGISTERS *ctx) {
    struct sock *sk = (struct sock *)ARG0(ctx);
    struct wish wish = {
        .message = (struct msghdr *)ARG1(ctx),
        .size = ARG2(ctx),
        .direction = 1,
    };

    if (selected() && READ(READ(sk, sk_socket), file))
        call_begins(&wish, sk);
    return 0;
}

/* int tcp_recvmsg(struct sock *, struct msghdr *, size_t, int flags, int *), and before 5.19 with an int
 * nonblock in front of the flags: only in the new form is the fifth a pointer into the kernel, in its upper
 * half. */
SEC("kprobe/tcp_receive")
int us_kprobe_tcp_receive(REGISTERS *ctx) {
    struct sock *sk = (struct sock *)ARG0(ctx);
    __u64 fourth = ARG3(ctx), fifth = ARG4(ctx);
    struct wish wish = {
        .message = (struct msghdr *)ARG1(ctx),
        .size = ARG2(ctx),
    };

    /* Both are loaded: one load from a place chosen between the two is refused. */
    asm volatile("" : "+r"(fourth), "+r"(fifth));
    wish.flags = fifth >> 48 == 0xffff ? fourth : fifth;
    if (selected() && READ(READ(sk, sk_socket), file))
        call_begins(&wish, sk);
    return 0;
}

/* sendfile before 6.5: ssize_t NAME(struct socket *, struct page *, int offset, size_t, int flags) */
SEC("kprobe/send_page")
int us_kprobe_send_page(REGISTERS *ctx) {
    struct wish wish = {.size = ARG3(ctx), .direction = 1};

    if (selected())
        call_begins(&wish, owned_socket((struct socket *)ARG0(ctx)));
    return 0;
}

/* ssize_t NAME(struct socket *, loff_t *, struct pipe_inode_info *, size_t, unsigned int flags) */
SEC("kprobe/splice_read")
int us_kprobe_splice_read(REGISTERS *ctx) {
    struct wish wish = {.size = ARG3(ctx)};

    if (selected())
        call_begins(&wish, owned_socket((struct socket *)ARG0(ctx)));
    return 0;
}

INLINE void on_return(long result, __u32 direction) {
    struct thread *thread;

    if (!traced(bpf_get_current_pid_tgid() >> 32))
        return;
    thread = thread_of(bpf_get_current_pid_tgid());
    if (thread && thread->under_way.socket && thread->under_way.direction == direction)
        call_ends(thread, (struct sock *)thread->under_way.socket, result);
}

SEC("kretprobe/send")
int us_kretprobe_send(REGISTERS *ctx) {
    on_return((int)RESULT(ctx), 1);
    return 0;
}

SEC("kretprobe/receive")
int us_kretprobe_receive(REGISTERS *ctx) {
    on_return((int)RESULT(ctx), 0);
    return 0;
}

/* void tcp_cleanup_rbuf(struct sock *, int copied): a receive has copied so much so far; the last step before
 * it returns, and before it waits for more. */
SEC("kprobe/tcp_cleanup_rbuf")
int us_kprobe_tcp_cleanup_rbuf(REGISTERS *ctx) {
    struct sock *sk = (struct sock *)ARG0(ctx);
    int copied = (int)ARG1(ctx);
    struct thread *thread;

    if (copied <= 0 || !traced(bpf_get_current_pid_tgid() >> 32))
        return 0;
    thread = thread_of(bpf_get_current_pid_tgid());
    if (!thread || thread->under_way.socket != (__u64)sk || thread->under_way.direction ||
        (__u64)copied <= thread->under_way.told)
        return 0;
    call_moved(sk, thread, copied - thread->under_way.told);
    thread->under_way.told = copied;
    return 0;
}

/* Whether a system call is one call of a socket function, whose result is its own. */
INLINE int is_single(long number) {
    switch (number) {
    case NR_READ:
    case NR_READV:
    case NR_RECVFROM:
    case NR_RECVMSG:
    case NR_WRITE:
    case NR_WRITEV:
    case NR_SENDTO:
    case NR_SENDMSG:
        return 1;
    }
    return 0;
}

/* void sys_exit(struct pt_regs *, long result): a call whose return was not told is under way still. */
TRACING("tp_btf/sys_exit", us_kprobe_sys_exit) {
    struct pt_regs *regs = (struct pt_regs *)ctx[0];
    __u64 id = bpf_get_current_pid_tgid();
    struct thread *thread;
    struct call *call;
    struct io *io;

    if (!traced(id >> 32))
        return 0;
    thread = thread_of(id);
    if (!thread || !thread->under_way.socket)
        return 0;
    if (!is_single(SYSCALL_NR(regs))) {
        recover(thread, NULL);
        return 0;
    }
    call = &thread->under_way;
    if (call->source) {
        io = &thread->io;
        /* The kernel's copy of the vector is gone by now. */
        source_of_syscall(io, thread, regs);
        call->source = io->source;
        call->segments = io->segments;
        call->skip = 0;
        call->copied = 0;
    }
    call_ends(thread, (struct sock *)call->socket, (long)ctx[1]);
    return 0;
}

/* int unix_release(struct socket *) */
SEC("kprobe/unix_release")
int us_kprobe_unix_release(REGISTERS *ctx) {
    unix_ends(READ((struct socket *)ARG0(ctx), sk));
    return 0;
}
