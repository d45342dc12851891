//! Everything the reader knows -> the status, with what is odd about it spelled out.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use underspan_ebpf::{ProbeReport, Running, probes};

use super::control::Standing;
use crate::attach::privileges::{CAPABILITIES, held};
use crate::export::{DropReason, Totals as ExportTotals};
use crate::telemetry::status::{
    AgentStatus, AuditStatus, BudgetStatus, DeclaredStatus, ExporterStatus, ProbeStatus, ProgramStatus,
    State, Status, TargetStatus, TotalsStatus,
};
use crate::telemetry::{Stats, Totals};

/// What the reader knows.
pub(super) struct Facts<'a> {
    pub(super) standing: Standing,
    pub(super) uptime: Duration,
    pub(super) reports: &'a [ProbeReport],
    pub(super) running: &'a [Running],
    pub(super) totals: &'a Totals,
    pub(super) exporters: &'a [(&'static str, ExportTotals)],
    pub(super) audit: Option<(u64, u64)>,
    pub(super) budget: Option<BudgetStatus>,
    pub(super) declared: Vec<DeclaredStatus>,
}

pub(super) fn status(facts: &Facts<'_>, targets: Vec<TargetStatus>) -> Status {
    let mut status = Status {
        agent: agent(facts),
        totals: totals(facts.totals),
        budget: facts.budget.clone(),
        probes: facts.reports.iter().map(|report| probe(report, facts)).collect(),
        declared: facts.declared.clone(),
        targets,
        exporters: facts.exporters.iter().map(|(name, totals)| exporter(name, totals)).collect(),
        findings: Vec::new(),
    };
    status.targets.sort_by_key(|target| (std::cmp::Reverse(target.bytes), target.pid));
    status.findings = findings(&status);
    status
}

fn agent(facts: &Facts<'_>) -> AgentStatus {
    let missing = CAPABILITIES.iter().zip(held()).filter(|(_, held)| !held);
    AgentStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        uptime_seconds: facts.uptime.as_secs_f64(),
        silent_seconds: 0.0,
        state: if facts.standing.attached { State::Attached } else { State::Detached },
        reasons: facts.standing.reasons.clone(),
        missing_capabilities: missing
            .map(|(capability, _)| (capability.name.to_owned(), capability.without.to_owned()))
            .collect(),
        audit: facts.audit.map(|(lines, lost)| AuditStatus { lines, lost }),
    }
}

fn totals(totals: &Totals) -> TotalsStatus {
    let mut lost = BTreeMap::new();
    for (reason, exchanges) in totals.lost() {
        *lost.entry(reason.to_owned()).or_default() += exchanges;
    }
    TotalsStatus {
        bytes: totals.kernel.seen,
        captured: totals.kernel.captured,
        exchanges: totals.stats.exchanges,
        lost,
        records: totals.stats.records,
        records_lost: totals.kernel.lost_records,
        faults: totals.kernel.faults,
        unreadable_calls: totals.kernel.unreadable,
        calls_lost: totals.calls_lost().map(|(reason, calls)| (reason.to_owned(), calls)).collect(),
    }
}

fn exporter(name: &str, totals: &ExportTotals) -> ExporterStatus {
    let dropped = DropReason::ALL.into_iter().map(|why| (why.name().to_owned(), totals.dropped(why)));
    ExporterStatus {
        name: name.to_owned(),
        pushed: totals.pushed,
        exported: totals.exported,
        waiting: totals.pushed.saturating_sub(totals.exported + totals.lost()),
        dropped: dropped.filter(|(_, items)| *items > 0).collect(),
        retries: totals.retries,
    }
}

fn probe(report: &ProbeReport, facts: &Facts<'_>) -> ProbeStatus {
    let counted = stats_enabled();
    let programs: Vec<_> =
        facts.running.iter().filter(|running| running.probe.name == report.probe.name).collect();
    let state = match (&report.off, report.reduced.is_empty()) {
        (Some(_), _) => "off",
        _ if !facts.standing.attached => "detached",
        (None, false) => "reduced",
        (None, true) => "on",
    };
    let reduced =
        report.reduced.iter().map(|(hook, reason, lost)| format!("{hook}: {reason}; without it: {lost}"));
    let off = report.off.iter().map(|reason| format!("{reason}; without it: {}", report.probe.without));
    let records = records(report.probe.name, &facts.totals.stats);
    let runs: u64 = programs.iter().map(|running| running.runs.count).sum();
    ProbeStatus {
        name: report.probe.name.to_owned(),
        state: state.to_owned(),
        reasons: off.chain(reduced).collect(),
        records,
        programs: programs
            .iter()
            .map(|running| ProgramStatus {
                hook: running.program.hook(),
                runs: counted.then_some(running.runs.count),
                run_nanoseconds: counted.then_some(running.runs.time),
            })
            .collect(),
        finding: (state == "on" || state == "reduced")
            .then(|| never_fired(report.probe.name, records, counted.then_some(runs), facts.totals))
            .flatten(),
    }
}

/// Records that only this probe makes.
fn records(probe: &str, stats: &Stats) -> Option<u64> {
    match probe {
        "process" => Some(stats.records_of.process),
        "socket_state" => Some(stats.records_of.state),
        "inside" => Some(stats.records_of.inside),
        "go_sql" => Some(stats.records_of.queries),
        payload if is_payload(payload) => Some(stats.records_of.payload),
        _ => None,
    }
}

fn is_payload(probe: &str) -> bool {
    probes::PAYLOAD.iter().any(|payload| payload.name == probe)
}

/// What speaks against a probe that is said to run. Silence alone is no evidence: something must have happened that it should have seen.
fn never_fired(probe: &str, records: Option<u64>, runs: Option<u64>, totals: &Totals) -> Option<String> {
    let stats = &totals.stats.records_of;
    match probe {
        payload if is_payload(payload) && records == Some(0) && stats.state > 0 => Some(format!(
            "selected processes opened {} connections and this probe never fired: bytes may have flowed unseen",
            stats.state
        )),
        "socket_state" if runs == Some(0) && totals.kernel.seen > 0 => {
            Some("bytes flowed and this probe never fired".to_owned())
        }
        _ => None,
    }
}

/// Whether the kernel counts runs of programs (`sysctl kernel.bpf_stats_enabled`).
fn stats_enabled() -> bool {
    fs::read_to_string("/proc/sys/kernel/bpf_stats_enabled").is_ok_and(|text| text.trim() == "1")
}

fn findings(status: &Status) -> Vec<String> {
    let mut findings = Vec::new();
    if status.agent.state == State::Detached {
        findings.push(format!("detached, so nothing is seen: {}", status.agent.reasons.join("; ")));
    } else if status.targets.is_empty() {
        findings.push("no process is selected: nothing that runs matches the rules".to_owned());
    } else if status.totals.bytes == 0 {
        findings.push(
            "no byte was seen on a stream socket of a selected process; whether they are idle is not known"
                .to_owned(),
        );
    }
    for (capability, without) in &status.agent.missing_capabilities {
        findings.push(format!("{capability} is missing; without it: {without}"));
    }
    let lost: u64 = status.totals.lost.values().sum();
    if lost > 0 {
        findings.push(format!("{lost} exchanges were lost: {}", reasons(&status.totals.lost)));
    }
    for (reason, calls) in &status.totals.calls_lost {
        findings.push(match reason.as_str() {
            "expired" => format!("{calls} calls on sockets passed unseen while the agent stood still; how many exchanges is not known"),
            _ => format!("{calls} calls on sockets passed unseen: {reason}"),
        });
    }
    let paused = |target: &TargetStatus| target.budget.as_ref().is_some_and(|budget| budget.paused.is_some());
    let over: Vec<_> =
        status.targets.iter().filter(|target| paused(target)).map(|target| target.pid.to_string()).collect();
    if !over.is_empty() {
        findings.push(format!("not traced now, over budget: {}", over.join(", ")));
    }
    let state = status.agent.state;
    for DeclaredStatus { name, reason, .. } in status.declared.iter().filter(|_| state == State::Attached) {
        findings.extend(reason.as_ref().map(|reason| format!("probe {name}: {reason}")));
    }
    for exporter in status.exporters.iter().filter(|exporter| !exporter.dropped.is_empty()) {
        findings.push(format!("{} could not deliver: {}", exporter.name, reasons(&exporter.dropped)));
    }
    let probes =
        status.probes.iter().filter_map(|probe| Some(format!("{}: {}", probe.name, probe.finding.as_ref()?)));
    findings.extend(probes);
    findings
}

/// `12 ring_full, 3 malformed`.
pub(super) fn reasons(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::telemetry::status::Tls;

    fn facts<'a>(totals: &'a Totals, reports: &'a [ProbeReport]) -> Facts<'a> {
        Facts {
            standing: Standing { attached: true, reasons: Vec::new() },
            uptime: Duration::from_secs(1),
            reports,
            running: &[],
            totals,
            exporters: &[],
            audit: None,
            budget: None,
            declared: Vec::new(),
        }
    }

    fn reports() -> Vec<ProbeReport> {
        probes::REGISTRY.iter().map(|probe| ProbeReport { probe, off: None, reduced: Vec::new() }).collect()
    }

    #[test]
    fn silence_is_not_called_idle() {
        let (totals, reports) = (Totals::default(), reports());
        let target = TargetStatus { pid: 7, tls: Some(Tls::Plain), ..TargetStatus::default() };
        let status = status(&facts(&totals, &reports), vec![target]);
        assert!(
            status.findings.iter().any(|finding| finding.contains("is not known")),
            "{:?}",
            status.findings
        );
        assert!(status.probes.iter().all(|probe| probe.finding.is_none()), "no evidence against any probe");
    }

    #[test]
    fn a_probe_that_missed_what_another_saw_is_named() {
        let mut totals = Totals::default();
        totals.stats.records_of.state = 3;
        let reports = reports();
        let status = status(&facts(&totals, &reports), Vec::new());
        let named: Vec<_> =
            status.findings.iter().filter(|finding| finding.contains("never fired")).collect();
        assert!(named.iter().any(|finding| finding.starts_with("socket_tracepoints: ")), "{named:?}");
    }

    #[test]
    fn what_waits_is_neither_delivered_nor_lost() {
        let totals = ExportTotals { pushed: 10, exported: 4, dropped: [1, 0, 0, 2, 0, 0], retries: 3 };
        let status = exporter("otlp/traces", &totals);
        assert_eq!((status.waiting, reasons(&status.dropped)), (3, "1 queue_full, 2 unavailable".to_owned()));
    }
}
