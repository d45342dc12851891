//! `underspan status`: asks a running agent and puts its answer into words.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use super::{Action, Failure};
use crate::telemetry::status::{
    DeclaredStatus, ExporterStatus, InsideStatus, ProbeStatus, State, Status, TargetStatus, Tls,
};

/// Longest wait for the answer, and its largest size: a few hundred bytes for each of some thousand processes.
const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST: usize = 32 << 20;

/// Prints the answer of the agent at `endpoint`.
pub(super) fn run(endpoint: &str, json: bool) -> Result<Action, Failure> {
    let body = ask(endpoint)?;
    if json {
        return super::print(&body);
    }
    let status = serde_json::from_str(&body).map_err(|error| {
        Failure::new(
            Failure::FAILED,
            format!("{endpoint} does not answer like an agent of this version: {error}"),
        )
    })?;
    super::print(&text(&status))
}

fn ask(endpoint: &str) -> Result<String, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new(
            Failure::USAGE,
            format!("--endpoint {endpoint}: expected a URL such as http://127.0.0.1:4316: {error}"),
        )
    };
    let uri: http::Uri = format!("{}/status", endpoint.trim_end_matches('/'))
        .parse()
        .map_err(|error: http::uri::InvalidUri| wrong(&error))?;
    if uri.scheme_str() != Some("http") || uri.host().is_none() {
        return Err(wrong(&"only http is served"));
    }
    let silent = |error: &dyn std::fmt::Display| {
        let hint = "is `underspan run` running, with `admin.listen` not off?";
        Failure::new(Failure::FAILED, format!("no agent answers at {endpoint}: {error}; {hint}"))
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| silent(&error))?;
    runtime.block_on(async {
        let answer = async {
            let response = Client::builder(TokioExecutor::new())
                .build_http::<Empty<Bytes>>()
                .get(uri)
                .await
                .map_err(|error| silent(&root(&error)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST)
                .collect()
                .await
                .map_err(|error| silent(&error))?;
            if !status.is_success() {
                return Err(silent(&status));
            }
            String::from_utf8(body.to_bytes().into()).map_err(|error| silent(&error))
        };
        timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(silent(&"it takes too long")))
    })
}

/// The error below all others: `Connection refused` instead of `client error (Connect)`.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn text(status: &Status) -> String {
    let mut out = String::new();
    let agent = &status.agent;
    let state = match agent.state {
        State::Attached => "attached",
        State::Detached => "detached",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "underspan {}  pid {}  up {}  {state}",
        agent.version,
        agent.pid,
        period(agent.uptime_seconds)
    );
    let totals = &status.totals;
    let lost: u64 = totals.lost.values().sum();
    let _ = writeln!(
        out,
        "{} exchanges understood, {lost} lost; {} passed, {} copied from the kernel",
        totals.exchanges,
        size(totals.bytes),
        size(totals.captured)
    );
    if let Some(budget) = &status.budget {
        let limit = |limit: Option<f64>| limit.map_or("none".to_owned(), |percent| format!("{percent} %"));
        let _ = writeln!(
            out,
            "tracing takes {} % of a CPU in the kernel; limits: {} per process, {} for all",
            budget.spent_percent,
            limit(budget.target_percent),
            limit(budget.host_percent)
        );
    }
    for finding in &status.findings {
        let _ = writeln!(out, "! {finding}");
    }
    targets(&mut out, &status.targets);
    probes(&mut out, &status.probes);
    declared(&mut out, &status.declared);
    exporters(&mut out, &status.exporters);
    out
}

fn targets(out: &mut String, targets: &[TargetStatus]) {
    let _ = writeln!(
        out,
        "\n{:>8}  {:<24} {:>9} {:>9} {:>10} {:>8}  {:<9} protocols",
        "PID", "SERVICE", "BYTES", "COPIED", "EXCHANGES", "LOST", "TLS"
    );
    for target in targets {
        let tls = match target.tls {
            Some(Tls::Plain) => "plain",
            Some(Tls::Decrypted) => "decrypted",
            Some(Tls::Blind) => "blind",
            None => "-",
        };
        let (understood, lost): (u64, u64) = (target.exchanges.values().sum(), target.lost.values().sum());
        let _ = writeln!(
            out,
            "{:>8}  {:<24} {:>9} {:>9} {understood:>10} {lost:>8}  {tls:<9} {}",
            target.pid,
            target.service,
            size(target.bytes),
            size(target.captured),
            counts(&target.exchanges),
        );
        for (what, list) in [
            ("exchanges lost", counts(&target.lost)),
            ("bytes not understood", counts(&target.not_understood)),
        ] {
            if !list.is_empty() {
                let _ = writeln!(out, "{:>10}{what}: {list}", "");
            }
        }
        for inside in &target.inside {
            let InsideStatus { runtime, file, places, reason } = inside;
            let state =
                reason.as_ref().map_or_else(|| format!("{places} probes"), |reason| format!("off: {reason}"));
            let _ = writeln!(out, "{:>10}inside {runtime} ({file}): {state}", "");
        }
        if let Some(finding) = &target.finding {
            let _ = writeln!(out, "{:>10}! {finding}", "");
        }
    }
}

fn declared(out: &mut String, declared: &[DeclaredStatus]) {
    if !declared.is_empty() {
        let _ = writeln!(out, "\n{:<20} {:>9} {:>9}", "DECLARED", "PROCESSES", "PLACES");
    }
    for DeclaredStatus { name, processes, places, reason } in declared {
        let reason = reason.as_ref().map(|reason| format!("  {reason}")).unwrap_or_default();
        let _ = writeln!(out, "{name:<20} {processes:>9} {places:>9}{reason}");
    }
}

fn probes(out: &mut String, probes: &[ProbeStatus]) {
    let _ =
        writeln!(out, "\n{:<20} {:<9} {:>12} {:>12} {:>10}", "PROBE", "STATE", "RECORDS", "RUNS", "NS/RUN");
    for probe in probes {
        let runs: Option<u64> = probe.programs.iter().map(|program| program.runs).sum();
        let time: Option<u64> = probe.programs.iter().map(|program| program.run_nanoseconds).sum();
        let shown = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        let _ = writeln!(
            out,
            "{:<20} {:<9} {:>12} {:>12} {:>10}",
            probe.name,
            probe.state,
            shown(probe.records),
            shown(runs),
            shown(time.zip(runs).and_then(|(time, runs)| time.checked_div(runs))),
        );
        for reason in &probe.reasons {
            let _ = writeln!(out, "  {reason}");
        }
        if let Some(finding) = &probe.finding {
            let _ = writeln!(out, "  ! {finding}");
        }
    }
}

fn exporters(out: &mut String, exporters: &[ExporterStatus]) {
    let _ = writeln!(out, "\n{:<20} {:>12} {:>10} {:>10}", "DESTINATION", "DELIVERED", "WAITING", "DROPPED");
    for exporter in exporters {
        let dropped: u64 = exporter.dropped.values().sum();
        let _ = writeln!(
            out,
            "{:<20} {:>12} {:>10} {dropped:>10}  {}",
            exporter.name,
            exporter.exported,
            exporter.waiting,
            counts(&exporter.dropped)
        );
    }
}

/// `12 http1, 3 http2`.
fn counts(counts: &std::collections::BTreeMap<String, u64>) -> String {
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

fn size(bytes: u64) -> String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

fn period(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_it() {
        let target = TargetStatus {
            pid: 42,
            service: "shop".into(),
            bytes: 1536,
            exchanges: [("http1".to_owned(), 7)].into(),
            not_understood: [("tls".to_owned(), 9)].into(),
            tls: Some(Tls::Blind),
            finding: Some("odd".into()),
            inside: vec![InsideStatus { runtime: "jvm".into(), places: 9, ..InsideStatus::default() }],
            ..TargetStatus::default()
        };
        let probe = ProbeStatus { name: "process".into(), state: "on".into(), ..ProbeStatus::default() };
        let text = text(&Status {
            targets: vec![target],
            probes: vec![probe],
            findings: vec!["look here".into()],
            ..Status::default()
        });
        for wanted in [
            "1.5 KiB",
            "7 http1",
            "bytes not understood: 9 tls",
            "! odd",
            "inside jvm (): 9 probes",
            "! look here",
            "blind",
            "detached",
        ] {
            assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
        }
    }

    #[test]
    fn endpoints_are_checked() {
        for wrong in ["127.0.0.1:4316", "https://127.0.0.1", "http://", "x y"] {
            assert_eq!(ask(wrong).map_err(|failure| failure.code), Err(Failure::USAGE), "{wrong}");
        }
        let nobody = ask("http://127.0.0.1:1").expect_err("nobody listens there");
        assert_eq!(nobody.code, Failure::FAILED);
        assert!(
            nobody.message.contains("refused") && nobody.message.contains("underspan run"),
            "{}",
            nobody.message
        );
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((size(1023), size(1 << 30)), ("1023 B".to_owned(), "1.0 GiB".to_owned()));
        assert_eq!((period(59.9), period(3720.0)), ("59 s".to_owned(), "1 h 2 min".to_owned()));
        assert_eq!(period(f64::NAN), "0 s");
    }
}
