/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* One object, many programs: what is not wanted or not possible is not loaded. */
#include "process/probe.bpf.c"
#include "socket_iterators/probe.bpf.c"
#include "socket_state/probe.bpf.c"
#include "socket_tracepoints/probe.bpf.c"

char us_license[] SEC("license") = "Dual BSD/GPL";
