/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/* Life of processes: children of selected processes are selected from their first instruction, and forgotten
 * when they are gone. */
#include "emit.h"

INLINE void emit_process(__u8 kind, struct task_struct *leader, __u32 parent, const char *name,
                         struct us_control *ctl, __u64 now) {
    struct us_process *record = bpf_ringbuf_reserve(&ring, sizeof(*record) + US_NAME_MAX, 0);
    int size = 0;

    if (!record) {
        count(US_COUNT_LOST_RECORDS, 1);
        count(US_COUNT_LOST_PROCESSES, 1);
        return;
    }
    if (name)
        size = bpf_probe_read_kernel_str(record + 1, US_NAME_MAX, name);
    record->header.kind = kind;
    record->header.flags = 0;
    record->header.size = size > 0 ? size - 1 : 0;
    record->header.sequence = 0;
    record->header.time = now;
    record->header.conn = 0;
    record->tgid = leader->tgid;
    record->parent = parent;
    record->start = leader->start_boottime;
    bpf_probe_read_kernel(record->comm, sizeof(record->comm), &leader->comm);
    submit(record, sizeof(*record) + US_NAME_MAX, ctl, 1);
}

TRACING("tp_btf/sched_process_fork", us_process_fork) {
    struct task_struct *parent = (struct task_struct *)ctx[0];
    struct task_struct *child = (struct task_struct *)ctx[1];
    struct us_target target = {};
    struct us_control *ctl;
    __u32 parent_tgid = parent->tgid, tgid = child->tgid;

    if (parent_tgid == tgid || !target_of(parent_tgid))
        return 0;
    target.since = bpf_ktime_get_ns();
    ctl = alive(target.since);
    if (!ctl)
        return 0;
    if (bpf_map_update_elem(&targets, &tgid, &target, BPF_ANY)) {
        count(US_COUNT_TARGETS_FULL, 1);
        return 0;
    }
    emit_process(US_FORK, child, parent_tgid, NULL, ctl, target.since);
    return 0;
}

TRACING("tp_btf/sched_process_exec", us_process_exec) {
    struct task_struct *task = (struct task_struct *)ctx[0];
    struct linux_binprm *program = (struct linux_binprm *)ctx[2];
    __u64 now = bpf_ktime_get_ns();
    struct us_control *ctl = alive(now);

    if (!ctl || (!ctl->announce_execs && !target_of(task->tgid)))
        return 0;
    emit_process(US_EXEC, task, 0, program->filename, ctl, now);
    return 0;
}

TRACING("tp_btf/sched_process_exit", us_process_exit) {
    struct task_struct *task = (struct task_struct *)ctx[0];
    __u32 tgid = task->tgid;
    struct us_control *ctl;
    __u64 now;

    if (!target_of(tgid))
        return 0;
    thread_forget((__u64)tgid << 32 | task->pid);
    /* Fires for every thread; `live` has already been lowered for this one. */
    if (READ(READ(task, signal), live).counter > 0)
        return 0;
    bpf_map_delete_elem(&targets, &tgid);
    now = bpf_ktime_get_ns();
    ctl = alive(now);
    if (ctl)
        emit_process(US_EXIT, task, 0, NULL, ctl, now);
    return 0;
}
