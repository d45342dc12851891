/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Tallies for canaries: processes of our own on which each kind of probe is tried before others are touched.
 */
#include "uprobe.h"

struct {
    UINT(type, BPF_MAP_TYPE_ARRAY);
    UINT(max_entries, 16);
    TYPE(key, __u32);
    TYPE(value, struct us_canary);
} canaries SEC(".maps");

INLINE struct us_canary *canary_of(__u32 index) {
    struct us_canary *canary = alive(bpf_ktime_get_ns()) ? bpf_map_lookup_elem(&canaries, &index) : NULL;

    if (canary)
        __sync_fetch_and_add(&canary->hits, 1);
    return canary;
}

UPROBE("uprobe", us_canary_entry) {
    struct us_canary *canary = canary_of(cookie);

    if (!canary)
        return 0;
    __sync_fetch_and_add(&canary->sums[0], ARGUMENT0(ctx));
    __sync_fetch_and_add(&canary->sums[1], ARGUMENT1(ctx));
    __sync_fetch_and_add(&canary->sums[2], ARGUMENT2(ctx));
    __sync_fetch_and_add(&canary->sums[3], ARGUMENT3(ctx));
    __sync_fetch_and_add(&canary->sums[4], ARGUMENT4(ctx));
    __sync_fetch_and_add(&canary->sums[5], ARGUMENT5(ctx));
    return 0;
}

UPROBE("uprobe", us_canary_return) {
    struct us_canary *canary = canary_of(cookie);

    if (canary)
        __sync_fetch_and_add(&canary->sums[0], RESULT(ctx));
    return 0;
}

UPROBE("uprobe", us_canary_usdt) {
    struct us_usdt_spec *spec = usdt_spec(cookie);
    struct us_canary *canary = canary_of(USDT_TAG(cookie));

    if (!canary || !spec)
        return 0;
#pragma clang loop unroll(full)
    for (__u32 i = 0; i < US_USDT_ARGUMENTS; i++)
        __sync_fetch_and_add(&canary->sums[i], usdt_argument(ctx, spec, i));
    return 0;
}
