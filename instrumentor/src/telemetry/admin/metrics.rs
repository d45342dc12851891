//! A snapshot -> the agent's own numbers for Prometheus.

use std::fs;

use crate::agent::Snapshot;
use crate::telemetry::prometheus::{Kind, Text};
use crate::telemetry::status::{ExporterStatus, ProbeStatus, State, Status, TargetStatus};

pub(super) fn text(snapshot: &Snapshot) -> String {
    let Snapshot { status, counters } = snapshot;
    let mut out = Text::default();
    out.counters(counters);
    agent(&mut out, status);
    probes(&mut out, &status.probes);
    exporters(&mut out, &status.exporters);
    process(&mut out);
    out.finish()
}

fn agent(out: &mut Text, status: &Status) {
    let version: &[_] = &[("version", status.agent.version.as_str())];
    let attached = u8::from(status.agent.state == State::Attached).to_string();
    let is_paused =
        |target: &&TargetStatus| target.budget.as_ref().is_some_and(|budget| budget.paused.is_some());
    let paused = status.targets.iter().filter(is_paused).count();
    for (name, help, labels, value) in [
        ("underspan_build_info", "The version, as a label.", version, "1".to_owned()),
        ("underspan_attached", "Whether the agent's programs are in the kernel.", &[], attached),
        (
            "underspan_targets_paused",
            "Processes not traced now since they cost more than their budget.",
            &[],
            paused.to_string(),
        ),
        ("underspan_targets", "Processes traced now.", &[], status.targets.len().to_string()),
        (
            "underspan_pipeline_silent_seconds",
            "Time since the pipeline last moved.",
            &[],
            status.agent.silent_seconds.to_string(),
        ),
    ] {
        out.metric(name, Kind::Gauge, help, &[(labels, value)]);
    }
    if let Some(audit) = &status.agent.audit {
        let points: [(&[_], _); 2] = [
            (&[("outcome", "written")], audit.lines.to_string()),
            (&[("outcome", "lost")], audit.lost.to_string()),
        ];
        out.metric("underspan_audit_lines_total", Kind::Counter, "Lines of the audit log.", &points);
    }
}

fn probes(out: &mut Text, probes: &[ProbeStatus]) {
    let labels: Vec<_> = probes.iter().map(|probe| [("probe", probe.name.as_str())]).collect();
    let running = |probe: &ProbeStatus| u8::from(matches!(probe.state.as_str(), "on" | "reduced"));
    let up: Vec<(&[_], _)> =
        probes.iter().zip(&labels).map(|(probe, labels)| (&labels[..], running(probe).to_string())).collect();
    out.metric("underspan_probe_up", Kind::Gauge, "Whether the probe runs.", &up);

    let programs: Vec<_> = probes
        .iter()
        .flat_map(|probe| probe.programs.iter().map(move |program| (probe, program)))
        .filter_map(|(probe, program)| {
            let labels = [("probe", probe.name.as_str()), ("hook", program.hook.as_str())];
            Some((labels, program.runs?, program.run_nanoseconds?))
        })
        .collect();
    if programs.is_empty() {
        return; // the kernel does not count
    }
    let runs: Vec<(&[_], _)> =
        programs.iter().map(|(labels, runs, _)| (&labels[..], runs.to_string())).collect();
    out.metric("underspan_program_runs_total", Kind::Counter, "Times a program ran in the kernel.", &runs);
    #[expect(clippy::cast_precision_loss, reason = "a program that ran for 100 days may be rounded")]
    let time: Vec<(&[_], _)> =
        programs.iter().map(|(labels, _, time)| (&labels[..], (*time as f64 / 1e9).to_string())).collect();
    out.metric(
        "underspan_program_run_seconds_total",
        Kind::Counter,
        "Time programs ran in the kernel.",
        &time,
    );
}

fn exporters(out: &mut Text, exporters: &[ExporterStatus]) {
    let sent: Vec<_> =
        exporters.iter().map(|exporter| ([("destination", exporter.name.as_str())], exporter)).collect();
    let exported: Vec<(&[_], _)> =
        sent.iter().map(|(labels, exporter)| (&labels[..], exporter.exported.to_string())).collect();
    out.metric("underspan_export_items_total", Kind::Counter, "Spans and data points delivered.", &exported);
    let dropped: Vec<_> = exporters
        .iter()
        .flat_map(|exporter| exporter.dropped.iter().map(move |(reason, items)| (exporter, reason, items)))
        .map(|(exporter, reason, items)| {
            ([("destination", exporter.name.as_str()), ("reason", reason.as_str())], items.to_string())
        })
        .collect();
    let dropped: Vec<(&[_], _)> =
        dropped.iter().map(|(labels, items)| (&labels[..], items.clone())).collect();
    out.metric(
        "underspan_export_dropped_items_total",
        Kind::Counter,
        "Spans and data points not delivered.",
        &dropped,
    );
    let waiting: Vec<(&[_], _)> =
        sent.iter().map(|(labels, exporter)| (&labels[..], exporter.waiting.to_string())).collect();
    out.metric(
        "underspan_export_waiting_items",
        Kind::Gauge,
        "Spans and data points not delivered yet.",
        &waiting,
    );
}

/// The names every Prometheus client library uses for its own process.
fn process(out: &mut Text) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are fields 14 and 15, in ticks of 1/100 s; the name, field 2, may hold anything.
    let ticks: u64 = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident: u64 = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    // One of them is the listing itself.
    let files = fs::read_dir("/proc/self/fd").map_or(0, |list| list.count().saturating_sub(1));
    for (name, kind, help, value) in [
        (
            "process_cpu_seconds_total",
            Kind::Counter,
            "User and system CPU time.",
            format!("{}.{:02}", ticks / 100, ticks % 100),
        ),
        ("process_resident_memory_bytes", Kind::Gauge, "Resident memory.", (resident * 1024).to_string()),
        ("process_open_fds", Kind::Gauge, "Open file descriptors.", files.to_string()),
    ] {
        out.metric(name, kind, help, &[(&[], value)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::status::ProgramStatus;

    #[test]
    fn every_line_is_a_comment_or_a_sample() {
        let program =
            ProgramStatus { hook: "tp_btf/x".into(), runs: Some(2), run_nanoseconds: Some(1_500_000_000) };
        let probe = ProbeStatus {
            name: "p".into(),
            state: "on".into(),
            programs: vec![program],
            ..ProbeStatus::default()
        };
        let exporter = ExporterStatus {
            name: "otlp/traces".into(),
            dropped: [("timeout".to_owned(), 3)].into(),
            ..ExporterStatus::default()
        };
        let status = Status { probes: vec![probe], exporters: vec![exporter], ..Status::default() };
        let text = text(&Snapshot { status, counters: Vec::new() });
        for line in text.lines() {
            let sample = line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok());
            assert!(line.starts_with("# ") || sample, "{line}");
        }
        for wanted in [
            "underspan_attached 0",
            "underspan_probe_up{probe=\"p\"} 1",
            "underspan_program_run_seconds_total{probe=\"p\",hook=\"tp_btf/x\"} 1.5",
            "underspan_export_dropped_items_total{destination=\"otlp/traces\",reason=\"timeout\"} 3",
        ] {
            assert!(text.lines().any(|line| line == wanted), "{wanted} is missing in\n{text}");
        }
        let opened = text.lines().find_map(|line| line.strip_prefix("process_open_fds "));
        assert!(opened.and_then(|count| count.parse::<u32>().ok()).is_some_and(|count| count > 2));
    }
}
