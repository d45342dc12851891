/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* BPF helper functions in use, by their number in the kernel's uapi, and the attributes a BPF object needs.
 */
#ifndef UNDERSPAN_HELPERS_H
#define UNDERSPAN_HELPERS_H

#include "kernel.h"

#define SEC(name) __attribute__((section(name), used))
#define INLINE static __attribute__((always_inline)) inline
#define NOINLINE static __attribute__((noinline))
#define UINT(name, value) int(*name)[value]
#define TYPE(name, type) type *name

#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_MAP_TYPE_PERCPU_ARRAY 6
#define BPF_MAP_TYPE_LRU_HASH 9
#define BPF_MAP_TYPE_QUEUE 22
#define BPF_MAP_TYPE_SK_STORAGE 24
#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_MAP_TYPE_TASK_STORAGE 29
#define BPF_ANY 0
#define BPF_NOEXIST 1
#define BPF_F_NO_PREALLOC 1
#define BPF_F_MMAPABLE 1024
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1
#define BPF_RB_NO_WAKEUP 1
#define BPF_RB_FORCE_WAKEUP 2
#define BPF_RB_AVAIL_DATA 0

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value,
                                         __u64 flags) = (void *)2;
static long (*const bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static __u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static __u64 (*const bpf_get_current_pid_tgid)(void) = (void *)14;
static __u64 (*const bpf_get_current_task)(void) = (void *)35;
static long (*const bpf_get_current_comm)(void *buf, __u32 size) = (void *)16;
static long (*const bpf_map_push_elem)(void *map, const void *value, __u64 flags) = (void *)87;
static void *(*const bpf_sk_storage_get)(void *map, void *sk, void *value, __u64 flags) = (void *)107;
static long (*const bpf_probe_read_user)(void *dst, __u32 size, const void *ptr) = (void *)112;
static long (*const bpf_probe_read_kernel)(void *dst, __u32 size, const void *ptr) = (void *)113;
static long (*const bpf_probe_read_user_str)(void *dst, __u32 size, const void *ptr) = (void *)114;
static long (*const bpf_probe_read_kernel_str)(void *dst, __u32 size, const void *ptr) = (void *)115;
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static void (*const bpf_ringbuf_discard)(void *data, __u64 flags) = (void *)133;
static __u64 (*const bpf_ringbuf_query)(void *ring, __u64 flags) = (void *)134;
static void *(*const bpf_task_storage_get)(void *map, struct task_struct *task, void *value,
                                           __u64 flags) = (void *)156;
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;
static long (*const bpf_task_pt_regs)(struct task_struct *task) = (void *)175;
static long (*const bpf_loop)(__u32 count, void *step, void *context, __u64 flags) = (void *)181;
static __u64 (*const bpf_get_smp_processor_id)(void) = (void *)8;

/* Functions of the kernel that are no helpers: the loader puts their calls in place of these numbers, or
 * nothing where the kernel (before 6.10) has none. */
static void (*const bpf_preempt_disable)(void) = (void *)0x7e000001;
static void (*const bpf_preempt_enable)(void) = (void *)0x7e000002;

/* Which of its copies a program is, counted from 0: a constant that the loader puts in place of the call. */
static __u32 (*const which_copy)(void) = (void *)0x7e000003;

/* Begins a program on a tracepoint or a function, whose arguments are in `ctx`. No other thread gets the CPU
 * meanwhile: the kernel skips a program that is under way on the CPU already, and a thread interrupted in the
 * middle of one may be away for long. */
#define TRACING(section, name)                                                                               \
    INLINE int name##_of(__u64 *ctx);                                                                        \
    SEC(section) int name(__u64 *ctx) {                                                                      \
        bpf_preempt_disable();                                                                               \
        name##_of(ctx);                                                                                      \
        bpf_preempt_enable();                                                                                \
        return 0;                                                                                            \
    }                                                                                                        \
    INLINE int name##_of(__u64 *ctx)

/* The same for a program that may have copies. A thread that has to leave the CPU leaves it when it may
 * again, at the end of the program, which the kernel then skips for all others on that CPU until the thread
 * goes on. Where that happens the loader puts copies at the hook. Whichever comes first does the work, and
 * the next one when that was skipped. */
#define TRACING_COPIES(section, name)                                                                        \
    INLINE int name##_of(__u64 *ctx, __u32 copy);                                                            \
    SEC(section) int name(__u64 *ctx) {                                                                      \
        __u32 copy = which_copy();                                                                           \
                                                                                                             \
        bpf_preempt_disable();                                                                               \
        name##_of(ctx, copy);                                                                                \
        bpf_preempt_enable();                                                                                \
        return 0;                                                                                            \
    }                                                                                                        \
    INLINE int name##_of(__u64 *ctx, __u32 copy __attribute__((unused)))

/* Reads one kernel field through any pointer, typed by the verifier or not. Zero when it cannot be read. */
#define READ(pointer, field)                                                                                 \
    ({                                                                                                       \
        __typeof__((pointer)->field) value_ = {};                                                            \
        bpf_probe_read_kernel(&value_, sizeof(value_), &(pointer)->field);                                   \
        value_;                                                                                              \
    })

/* What the running kernel has. Constants by the time the verifier looks, so that it skips the other branch.
 */
#define HAS_FIELD(field) __builtin_preserve_field_info(field, 2)
#define HAS_VALUE(enumeration, name) __builtin_preserve_enum_value(*(enum enumeration *)name, 0)
#define VALUE(enumeration, name) __builtin_preserve_enum_value(*(enum enumeration *)name, 1)

/* Reads a field of a struct in memory again, so that the verifier forgets what is in it. */
#define FRESH(field) (*(volatile __typeof__(field) *)&(field))

#define min(a, b) ((a) < (b) ? (a) : (b))

#endif
