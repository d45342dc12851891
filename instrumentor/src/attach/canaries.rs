//! Canaries: which kinds of probe may be used on this kernel, found on a process of our own.

use std::fmt::Write;
use std::process::Command;

use underspan_ebpf::Tracer;
use underspan_ebpf::canary::{self, Outcome, Verdict};
use underspan_ebpf::uprobes::Uprobes;

/// Name of the hidden subcommand whose process is the canary.
pub const SUBCOMMAND: &str = "canary";

/// Tries everything, once, before any process is selected; what fails is refused from then on.
pub fn prove(tracer: &mut Tracer, uprobes: &mut Uprobes) -> Vec<Verdict> {
    let verdicts = canary::run(tracer, uprobes, || {
        // This very file, whatever has become of its path.
        let mut command = Command::new("/proc/self/exe");
        command.arg(SUBCOMMAND);
        command
    });
    for verdict in &verdicts {
        match &verdict.outcome {
            Outcome::Passed { cost } => tracing::debug!(canary = %verdict.subject, cost_ns = cost, "passed"),
            Outcome::Failed(reason) | Outcome::Unknown(reason) => {
                tracing::debug!(canary = %verdict.subject, reason, "off");
            }
        }
    }
    verdicts
}

/// A line for each.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for Verdict { subject, outcome } in verdicts {
        let line = match outcome {
            Outcome::Passed { cost: None } => "ok".to_owned(),
            // A hundred of a microsecond is more than the measurement is worth.
            Outcome::Passed { cost: Some(nanoseconds) } => {
                format!("ok    {}.{:02} us a hit", nanoseconds / 1000, nanoseconds % 1000 / 10)
            }
            Outcome::Failed(reason) => format!("off   {reason}"),
            Outcome::Unknown(reason) => format!("off   it could not be tried: {reason}"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "canary      {subject:<20} {line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use underspan_ebpf::canary::Subject;
    use underspan_ebpf::uprobes::Kind;

    use super::*;

    #[test]
    fn a_line_for_each() {
        let verdict = |subject, outcome| Verdict { subject, outcome };
        let text = table(&[
            verdict(Subject::Sockets, Outcome::Passed { cost: None }),
            verdict(Subject::Probe(Kind::Emulated), Outcome::Passed { cost: Some(1_045) }),
            verdict(Subject::Probe(Kind::Return), Outcome::Failed("it hurts".to_owned())),
            verdict(Subject::Probe(Kind::Stepped), Outcome::Unknown("no socket".to_owned())),
        ]);
        assert_eq!(
            text,
            "canary      sockets              ok\n\
             canary      uprobe-emulated      ok    1.04 us a hit\n\
             canary      uretprobe            off   it hurts\n\
             canary      uprobe-stepped       off   it could not be tried: no socket\n"
        );
    }
}
