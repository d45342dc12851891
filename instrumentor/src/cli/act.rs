//! What was decided -> done.

use std::io::Write;

use underspan_config::{Config, Log, Stdout};
use underspan_ebpf::LoadError;

use super::signals::Signals;
use super::{Action, Failure, Trace, log, offers, report};
use crate::agent::{Agent, StartError, Wishes};
use crate::attach::privileges;
use crate::discover::launch::Launched;
use crate::telemetry::Totals;

/// Does it. The result is the exit code.
pub fn act(action: Action, default_log: &Log) -> Result<u8, Failure> {
    match action {
        Action::Run(config) => {
            log::start(&config.log);
            run(&config)
        }
        Action::Trace(trace) => {
            log::start(&trace.config.log);
            run_trace(&trace)
        }
        Action::Check => {
            log::start(default_log);
            report::check()
        }
        Action::List { pid } => {
            log::start(default_log);
            report::list(pid)
        }
        Action::ListUsdt(path) => offers::list_usdt(&path),
        Action::ListGo(path) => offers::list_go(&path),
        Action::Explain { path, symbol } => offers::explain(&path, &symbol),
        Action::Done(code) => Ok(code),
    }
}

fn run(config: &Config) -> Result<u8, Failure> {
    let signals = Signals::listen()?;
    let agent = start(config, Wishes::default())?;
    signals.wait(agent.control(), config.admin.time_limit, None)?;
    say_goodbye(&agent.stop());
    Ok(0)
}

fn run_trace(trace: &Trace) -> Result<u8, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(Failure::FAILED, format!("cannot launch the command: {error}"));
    let signals = Signals::listen()?;
    let mut launched = match trace.command.as_slice() {
        [] => None,
        command => Some(Launched::start(command).map_err(failed)?),
    };
    let wishes = Wishes { launched: launched.as_ref().map(Launched::pid), summary: trace.summary };
    let agent = start(&trace.config, wishes)?;
    if let Some(launched) = &mut launched {
        launched.release().map_err(failed)?;
    }
    let code = signals.wait(agent.control(), trace.config.admin.time_limit, launched.as_mut())?;
    if let Some(launched) = &mut launched {
        launched.terminate().map_err(failed)?;
    }
    let totals = agent.stop();
    say_goodbye(&totals);
    if trace.config.export.stdout == Stdout::Json {
        // Standard output is for programs then.
        eprint!("{}", totals.summary);
    } else {
        let mut out = std::io::stdout().lock();
        // A reader that has enough is no failure.
        let _ = out.write_all(totals.summary.as_bytes()).and_then(|()| out.flush());
    }
    Ok(code)
}

fn start(config: &Config, wishes: Wishes) -> Result<Agent, Failure> {
    privileges::warn();
    let agent = Agent::start(config, wishes).map_err(|error| start_failure(&error))?;
    for report in agent.probes() {
        if let Some(reason) = &report.off {
            tracing::debug!(probe = report.probe.name, reason, "off");
        }
    }
    Ok(agent)
}

/// Why the agent did not start, with the fix where one is known.
pub(super) fn start_failure(error: &StartError) -> Failure {
    match error {
        StartError::Load(LoadError::Privilege { .. }) => {
            Failure::new(Failure::PRIVILEGE, format!("{error}; {}", privileges::GRANT))
        }
        StartError::Glob(_) | StartError::Pattern(_) | StartError::Export(_) => {
            Failure::new(Failure::USAGE, error.to_string())
        }
        _ => Failure::new(Failure::FAILED, error.to_string()),
    }
}

/// What was seen and what was lost, in one line.
fn say_goodbye(totals: &Totals) {
    let lost = totals.all_lost();
    let dropped: u64 = totals.exporters.iter().map(|(_, exporter)| exporter.lost()).sum();
    tracing::info!(exchanges = totals.stats.exchanges, lost, dropped, "stopped");
    for (reason, exchanges) in totals.lost() {
        tracing::info!(reason, exchanges, "lost");
    }
}
