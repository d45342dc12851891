/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Loaded once at start and never attached: whether the kernel takes it says whether it has loops of its own.
 */
#include "helpers.h"

NOINLINE long us_nothing(__u64 index, __u64 *sum) {
    *sum += index;
    return 0;
}

SEC("tp_btf/sched_process_exec")
int us_try_loops(__u64 *ctx) {
    __u64 sum = 0;

    (void)ctx;
    bpf_loop(2, us_nothing, &sum, 0);
    return sum;
}
