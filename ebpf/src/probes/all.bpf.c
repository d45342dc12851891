/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* One object, many programs: what is not wanted or not possible is not loaded. */
#include "canary/probe.bpf.c"
#include "go_routines/probe.bpf.c"
#include "go_sql/probe.bpf.c"
#include "go_tls/probe.bpf.c"
#include "inside/probe.bpf.c"
#include "loops/probe.bpf.c"
#include "process/probe.bpf.c"
#include "socket_iterators/probe.bpf.c"
#include "socket_kprobes/probe.bpf.c"
#include "socket_state/probe.bpf.c"
#include "socket_syscalls/probe.bpf.c"
#include "socket_tracepoints/probe.bpf.c"
#include "socket_trampolines/probe.bpf.c"
#include "storage/probe.bpf.c"
#include "tls_libraries/probe.bpf.c"

/* Never called: keep the types of the records in BTF, where a test compares them with the Rust side. */
__attribute__((used)) NOINLINE int us_records(struct us_data *data, struct us_run *run, struct us_conn *conn,
                                              struct us_end *end, struct us_process *process) {
    return data && run && conn && end && process;
}

__attribute__((used)) NOINLINE int us_more_records(struct us_moment *moment, struct us_sums *sums) {
    return moment && sums;
}

__attribute__((used)) NOINLINE int us_records_of_go(struct us_stream *stream, struct us_life *life,
                                                    struct us_query *query, struct us_result *result) {
    return stream && life && query && result;
}

char us_license[] SEC("license") = "Dual BSD/GPL";
