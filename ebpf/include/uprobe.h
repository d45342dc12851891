/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* What a program sees that is attached in user space: the process's registers, and through them the arguments
 * of the function or USDT probe it stands at. */
#ifndef UNDERSPAN_UPROBE_H
#define UNDERSPAN_UPROBE_H

#include "maps.h"
#include "go.h"

/* The number given with the place of the probe. Kernels before 5.15 have no such function; for them the
 * loader puts a constant in place of the call. */
static __u64 (*const bpf_get_attach_cookie)(void *ctx) = (void *)174;

/* Counts what passes a probe against the budget of its process. */
INLINE void count_hit(__u64 cookie) {
    struct us_target *target = target_of(bpf_get_current_pid_tgid() >> 32);

    if (target)
        __sync_fetch_and_add(cookie & US_STEPPED ? &target->steps : &target->hits, 1);
}

/* Begins a program at a place in a process, whose registers are in `ctx` and whose number is `cookie`. No
 * other thread gets the CPU meanwhile: since 6.13 programs of one kind have one stack for each CPU, and of
 * those in processes two may be under way on one where a thread can be interrupted. */
#define UPROBE(section, name)                                                                                \
    INLINE int name##_of(struct registers *ctx, __u64 cookie);                                               \
    SEC(section) int name(struct registers *ctx) {                                                           \
        __u64 cookie = bpf_get_attach_cookie(ctx);                                                           \
                                                                                                             \
        bpf_preempt_disable();                                                                               \
        count_hit(cookie);                                                                                   \
        name##_of(ctx, cookie & ~(__u64)US_STEPPED);                                                         \
        bpf_preempt_enable();                                                                                \
        return 0;                                                                                            \
    }                                                                                                        \
    INLINE int name##_of(struct registers *ctx, __u64 cookie __attribute__((unused)))

/* The context of every program here. The layout is the kernel's promise to debuggers (uapi ptrace.h), so no
 * relocation is needed. */
#if defined(__TARGET_ARCH_x86)
struct registers {
    __u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#define ARGUMENT0(ctx) ((ctx)->di)
#define ARGUMENT1(ctx) ((ctx)->si)
#define ARGUMENT2(ctx) ((ctx)->dx)
#define ARGUMENT3(ctx) ((ctx)->cx)
#define ARGUMENT4(ctx) ((ctx)->r8)
#define ARGUMENT5(ctx) ((ctx)->r9)
#define RESULT(ctx) ((ctx)->ax)
#define STACK(ctx) ((ctx)->sp)
/* Go 1.17 and later, in the order in which the words of the arguments are assigned. */
#define GO_ARGUMENT0(ctx) ((ctx)->ax)
#define GO_ARGUMENT1(ctx) ((ctx)->bx)
#define GO_ARGUMENT2(ctx) ((ctx)->cx)
#define GO_ARGUMENT3(ctx) ((ctx)->di)
#define GO_ARGUMENT4(ctx) ((ctx)->si)
#define GO_ARGUMENT5(ctx) ((ctx)->r8)
#define GO_ARGUMENT6(ctx) ((ctx)->r9)
#define GO_ARGUMENT7(ctx) ((ctx)->r10)
#define GO_ARGUMENT8(ctx) ((ctx)->r11)
#define GO_GOROUTINE(ctx) ((ctx)->r14)
/* The same by number: which of the registers above, 4 bits each. */
#define GO_ARGUMENTS 0x6789deb5aULL
#elif defined(__TARGET_ARCH_arm64)
struct registers {
    __u64 x[31], sp, pc, flags;
};
#define ARGUMENT0(ctx) ((ctx)->x[0])
#define ARGUMENT1(ctx) ((ctx)->x[1])
#define ARGUMENT2(ctx) ((ctx)->x[2])
#define ARGUMENT3(ctx) ((ctx)->x[3])
#define ARGUMENT4(ctx) ((ctx)->x[4])
#define ARGUMENT5(ctx) ((ctx)->x[5])
#define RESULT(ctx) ((ctx)->x[0])
#define STACK(ctx) ((ctx)->sp)
#define GO_ARGUMENT0(ctx) ((ctx)->x[0])
#define GO_ARGUMENT1(ctx) ((ctx)->x[1])
#define GO_ARGUMENT2(ctx) ((ctx)->x[2])
#define GO_ARGUMENT3(ctx) ((ctx)->x[3])
#define GO_ARGUMENT4(ctx) ((ctx)->x[4])
#define GO_ARGUMENT5(ctx) ((ctx)->x[5])
#define GO_ARGUMENT6(ctx) ((ctx)->x[6])
#define GO_ARGUMENT7(ctx) ((ctx)->x[7])
#define GO_ARGUMENT8(ctx) ((ctx)->x[8])
#define GO_GOROUTINE(ctx) ((ctx)->x[28])
#define GO_ARGUMENTS 0x876543210ULL
#endif

/* Go before 1.17: a word of the arguments and results, which are on the stack above the return address. */
INLINE __u64 go_word(struct registers *ctx, __u32 word) {
    __u64 value = 0;

    bpf_probe_read_user(&value, sizeof(value), (const void *)(ctx->sp + 8 + 8 * word));
    return value;
}

/* A word of the arguments of a function of Go. */
#define GO_ARGUMENT(ctx, on_stack, word) ((on_stack) ? go_word(ctx, word) : GO_ARGUMENT##word(ctx))

/* The goroutine that calls a function of Go. */
INLINE __u64 goroutine_of(struct registers *ctx, int on_stack) {
    return on_stack ? goroutine_here() : GO_GOROUTINE(ctx);
}

/* A register by its place in `struct registers`: programs may not compute addresses in their context. */
INLINE __u64 register_at(void *ctx, __u32 number) {
    __u64 value = 0;
    bpf_probe_read_kernel(&value, sizeof(value), ctx + (number & 31) * 8);
    return value;
}

/* A word of the arguments or results of a function of Go whose number is known only here; at most 8 in
 * registers. */
INLINE __u64 go_word_at(struct registers *ctx, int on_stack, __u32 word) {
    return on_stack ? go_word(ctx, word) : register_at(ctx, (GO_ARGUMENTS >> (word * 4 & 63)) & 15);
}

struct {
    UINT(type, BPF_MAP_TYPE_ARRAY);
    UINT(max_entries, 1024);
    TYPE(key, __u32);
    TYPE(value, struct us_usdt_spec);
} usdt_specs SEC(".maps");

/* A USDT probe's cookie: where its arguments are, and what the program was told about it. Small enough to be
 * a constant. */
#define USDT_SPEC(cookie) ((__u32)(cookie) & 0xffff)
#define USDT_TAG(cookie) ((__u32)((cookie) >> 16))

INLINE struct us_usdt_spec *usdt_spec(__u64 cookie) {
    __u32 index = USDT_SPEC(cookie);
    return bpf_map_lookup_elem(&usdt_specs, &index);
}

/* Argument `index`, a constant below US_USDT_ARGUMENTS; widened as its type says. 0 if the probe has fewer or
 * it cannot be read. */
INLINE __u64 usdt_argument(void *ctx, struct us_usdt_spec *spec, __u32 index) {
    struct us_usdt_argument *argument = &spec->arguments[index];
    __u64 value = (__s64)argument->value, size = 1 << ((argument->shape >> 2) & 3);
    __u32 drop = 64 - 8 * size;

    switch (argument->kind) {
    case US_USDT_CONSTANT:
        return value;
    case US_USDT_WIDE:
        return spec->wide[argument->value & (US_USDT_WIDES - 1)];
    case US_USDT_REGISTER:
        value = register_at(ctx, argument->base) >> (argument->shape & US_USDT_HIGH ? 8 : 0);
        break;
    case US_USDT_MEMORY: {
        __u64 address = value, bytes[2] = {};

        if (argument->base != US_USDT_NO_REGISTER)
            address += register_at(ctx, argument->base);
        if (argument->index != US_USDT_NO_REGISTER) {
            __u64 scaled = register_at(ctx, argument->index);

            if (argument->shape & US_USDT_INDEX_SIGNED)
                scaled = (__s64)(__s32)scaled;
            else if (argument->shape & US_USDT_INDEX_UNSIGNED)
                scaled = (__u32)scaled;
            address += scaled << (argument->shape & 3);
        }
        /* The verifier must see the bound right before the call, and as much room. */
        __asm__ volatile("%0 &= 15" : "+r"(size));
        bpf_probe_read_user(bytes, size, (void *)address);
        value = bytes[0];
        break;
    }
    default:
        return 0;
    }
    value <<= drop;
    return argument->shape & US_USDT_SIGNED ? (__u64)((__s64)value >> drop) : value >> drop;
}

#endif
