/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What a system call was given: where the bytes of an I/O call lie in the process. The registers of the call
 * stay in the thread's saved state until it returns, so this works at any point inside it. */
#ifndef UNDERSPAN_SYSCALL_H
#define UNDERSPAN_SYSCALL_H

#include "io.h"

#if defined(__TARGET_ARCH_x86)
#define NR_READ 0
#define NR_WRITE 1
#define NR_CLOSE 3
#define NR_READV 19
#define NR_WRITEV 20
#define NR_SENDFILE 40
#define NR_SENDTO 44
#define NR_RECVFROM 45
#define NR_SENDMSG 46
#define NR_RECVMSG 47
#define NR_RECVMMSG 299
#define NR_SENDMMSG 307
#define SYSCALL_NR(regs) ((long)READ(regs, orig_ax))
#define SYSCALL_ARG0(regs) READ(regs, di)
#define SYSCALL_ARG1(regs) READ(regs, si)
#define SYSCALL_ARG2(regs) READ(regs, dx)
#define SYSCALL_ARG3(regs) READ(regs, r10)
/* A 32-bit process on a 64-bit kernel has its own numbers; bit 30 marks x32. None of them does socket I/O
 * under our numbers. */
#elif defined(__TARGET_ARCH_arm64)
#define NR_CLOSE 57
#define NR_READ 63
#define NR_WRITE 64
#define NR_READV 65
#define NR_WRITEV 66
#define NR_SENDFILE 71
#define NR_SENDTO 206
#define NR_RECVFROM 207
#define NR_SENDMSG 211
#define NR_RECVMSG 212
#define NR_RECVMMSG 243
#define NR_SENDMMSG 269
#define SYSCALL_NR(regs) ((long)READ(regs, syscallno))
#define SYSCALL_ARG0(regs) READ(regs, orig_x0)
#define SYSCALL_ARG1(regs) READ(regs, regs[1])
#define SYSCALL_ARG2(regs) READ(regs, regs[2])
#define SYSCALL_ARG3(regs) READ(regs, regs[3])
#endif

INLINE void source_of_msghdr(struct io *io, __u64 address) {
    struct user_msghdr header;

    if (bpf_probe_read_user(&header, sizeof(header), (const void *)address))
        return;
    io->source = (__u64)header.msg_iov;
    io->segments = header.msg_iovlen;
    if (!io->segments)
        io->source = 0;
}

/* Fills `source` and `segments`; leaves `source` 0 for calls whose bytes never lie in user memory (sendfile,
 * splice) or whose arguments are elsewhere (io_uring, 32-bit processes). `thread` tells the messages of one
 * sendmmsg or recvmmsg apart, which the registers do not. */
INLINE void source_of_call(struct io *io, struct thread *thread, long number, __u64 argument,
                           __u64 argument2) {
    io->source = 0;
    io->segments = 0;
    switch (number) {
    case NR_READ:
    case NR_RECVFROM:
    case NR_WRITE:
    case NR_SENDTO:
        io->source = argument;
        break;
    case NR_READV:
    case NR_WRITEV:
        io->source = argument;
        io->segments = argument2;
        break;
    case NR_RECVMSG:
    case NR_SENDMSG:
        source_of_msghdr(io, argument);
        break;
    case NR_RECVMMSG:
    case NR_SENDMMSG: {
        __u64 count = argument2 & 0xffffffff;
        __u32 index;

        if (thread->vector != argument)
            thread->vector_next = 0;
        index = thread->vector_next & 1023;
        source_of_msghdr(io, argument + index * sizeof(struct user_mmsghdr));
        thread->vector = index + 1 < count ? argument : 0;
        thread->vector_next = index + 1;
        break;
    }
    }
}

INLINE void source_of_syscall(struct io *io, struct thread *thread, struct pt_regs *regs) {
    source_of_call(io, thread, SYSCALL_NR(regs), SYSCALL_ARG1(regs), SYSCALL_ARG2(regs));
}

#endif
