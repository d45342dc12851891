//! Arguments of `underspan trace` -> a configuration.
use std::time::Duration;

use underspan_config::{Config, Listen, Period, Rule, Stdout};

use super::{
    Failure, Trace,
    arguments::{Format, TraceOptions},
};
use crate::discover::Selectors;

/// A person watches: a span must not wait long for others to share a batch with.
const DELAY: Period = Period(Duration::from_millis(100));
/// Between two metric exports with `--otlp`.
const INTERVAL: Period = Period::seconds(10);

/// Errors when nothing is selected, or a selector makes no sense.
pub(super) fn resolve(options: TraceOptions) -> Result<Trace, Failure> {
    let select = rules(&options);
    if select.is_empty() && options.command.is_empty() {
        return Err(Failure::new(
            Failure::USAGE,
            "nothing is selected: name what to trace with --pid PID, --exe GLOB, --port PORT, --cgroup PATH or \
             -- COMMAND, or trace every process with --all",
        ));
    }
    if let Some(path) = options.cgroup.iter().find(|path| !path.starts_with('/')) {
        return Err(Failure::new(Failure::USAGE, format!("--cgroup {path}: expected a path from the root")));
    }
    Selectors::new(&select, &[]).map_err(|error| Failure::new(Failure::USAGE, format!("--exe: {error}")))?;

    let mut config = Config { select, ..Config::default() };
    config.capture.tier = options.tier.into();
    config.traces.schedule_delay = DELAY;
    config.metrics.enabled = options.otlp || options.summary;
    config.metrics.interval = INTERVAL;
    config.export.otlp.enabled = options.otlp;
    config.export.stdout = match options.format {
        Format::Text => Stdout::Text,
        Format::Json => Stdout::Json,
    };
    // Two people may look at one host, beside an agent.
    config.admin.listen = Listen::Off;
    super::operate(options.operation, &mut config)?;
    Ok(Trace { config, command: options.command, summary: options.summary })
}

/// Each selector is a rule of its own: any may match.
fn rules(options: &TraceOptions) -> Vec<Rule> {
    let pids = options.pid.iter().map(|pid| Rule { pid: Some(*pid), ..Rule::default() });
    let exes = options.exe.iter().map(|glob| Rule { exe: Some(glob.clone()), ..Rule::default() });
    let ports = options.port.iter().map(|ports| Rule { port: Some(*ports), ..Rule::default() });
    let cgroups =
        options.cgroup.iter().map(|path| Rule { cgroup: Some(below_mount(path)), ..Rule::default() });
    let all = options.all.then(|| Rule { exe: Some("*".to_owned()), ..Rule::default() });
    pids.chain(exes).chain(ports).chain(cgroups).chain(all).collect()
}

/// People complete the path in their shell: what is mounted at `/sys/fs/cgroup` begins at `/`.
fn below_mount(path: &str) -> String {
    match path.strip_prefix("/sys/fs/cgroup") {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path.to_owned(),
    }
}
