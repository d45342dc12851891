//! arguments -> what to do, as a complete configuration
//!
//! The subcommands that need no agent (`config`, `version`, and the hidden `launch`) run right here. Nothing is dropped
//! and nothing counted.
mod act;
mod arguments;
mod config;
pub mod log;
mod offers;
mod report;
mod signals;
mod status;
mod trace;

use std::{
    ffi::OsString,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use clap::Parser;
use underspan_config::Config;

pub use act::act;
pub use arguments::Arguments;

use crate::discover::launch;
use arguments::{Command, Global, Operation};

/// What the command line asks for.
#[derive(Debug)]
pub enum Action {
    /// Run the agent until it is told to stop.
    Run(Config),
    /// Trace some processes on the terminal.
    Trace(Trace),
    /// Say what this kernel and this process allow.
    Check,
    /// Say which probes there are.
    List {
        /// And which of them would attach to this process.
        pid: Option<u32>,
    },
    /// Say which USDT probes a program or library has.
    ListUsdt(PathBuf),
    /// Say what a Go program was built of and offers.
    ListGo(PathBuf),
    /// Say where probes on a function would go.
    Explain {
        /// Of this program or library.
        path: PathBuf,
        /// Its name, or `NAME@VERSION`.
        symbol: String,
    },
    /// It is done; exit with this code.
    Done(u8),
}

/// What `underspan trace` asks for.
#[derive(Debug)]
pub struct Trace {
    /// Selection, export to standard output and, if wanted, over OTLP.
    pub config: Config,
    /// Program and arguments to launch, traced from its first instruction; empty for none. When it ends, so does the
    /// agent, and exits with its code ([`launch::exit_code`]). On SIGINT and SIGTERM it is terminated.
    pub command: Vec<OsString>,
    /// End with a table of rate, errors and duration.
    pub summary: bool,
}

/// Why the program ends without having done what it was asked for. Goes to standard error.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Exit code: one of [`Failure::FAILED`], [`Failure::USAGE`], [`Failure::PRIVILEGE`], or what a shell would give
    /// for a command it cannot start.
    pub code: u8,
    /// For people; may have several lines.
    pub message: String,
}

impl Failure {
    /// Something went wrong.
    pub const FAILED: u8 = 1;
    /// The command line or the configuration is wrong.
    pub const USAGE: u8 = 2;
    /// A privilege is missing.
    pub const PRIVILEGE: u8 = 3;

    /// A failure with one of the codes above.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Looks up an environment variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the arguments of this process. Wrong ones, and `--help`, end it as clap does: with code 2, or 0.
pub fn parse() -> Arguments {
    Arguments::parse()
}

/// Decides what to do. Subcommands that need no agent are done when this comes back.
pub fn resolve(arguments: Arguments, env: Environment<'_>) -> Result<Action, Failure> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Run { config, operation } => {
            let mut config = config::read(&config, env)?;
            if config.select.is_empty() {
                return Err(Failure::new(Failure::USAGE, NOTHING_SELECTED));
            }
            apply(&global, &mut config);
            operate(operation, &mut config)?;
            Ok(Action::Run(config))
        }
        Command::Trace(options) => {
            let mut trace = trace::resolve(options)?;
            apply(&global, &mut trace.config);
            Ok(Action::Trace(trace))
        }
        Command::Check => Ok(Action::Check),
        Command::Status { endpoint, json } => status::run(&endpoint, json),
        Command::List { usdt: Some(path), .. } => Ok(Action::ListUsdt(path)),
        Command::List { go: Some(path), .. } => Ok(Action::ListGo(path)),
        Command::List { explain: Some(words), .. } => explain(&words),
        Command::List { pid, .. } => Ok(Action::List { pid }),
        Command::Config { command } => print(&config::run(command, env)?),
        Command::Version => print(&version()),
        Command::Canary => underspan_ebpf::canary::child(),
        Command::Launch { gate, command } => Err(launch_failure(&gate, &command)),
    }
}

/// The configuration `check` and `list` log with.
pub fn default_log(arguments: &Arguments) -> underspan_config::Log {
    let mut config = Config::default();
    apply(&arguments.global, &mut config);
    config.log
}

const NOTHING_SELECTED: &str =
    "the configuration selects no process: add at least one rule to \"select\", for example

  select:
    - port: 8080

or, to trace every process:

  select:
    - exe: \"*\"";

fn apply(global: &Global, config: &mut Config) {
    if let Some(level) = global.log_level {
        config.log.level = level.into();
    }
    if let Some(format) = global.log_format {
        config.log.format = format.into();
    }
}

/// Lays what the command line says over the configuration.
fn operate(operation: Operation, config: &mut Config) -> Result<(), Failure> {
    let Operation { limit, audit_log, kill_switch, admin } = operation;
    if let Some(file) = kill_switch {
        // The agent keeps its directory, so a path as people type it will do here.
        let file = std::path::absolute(&file)
            .map_err(|error| Failure::new(Failure::USAGE, format!("--kill-switch: {error}")))?;
        config.admin.kill_switch = Some(file);
    }
    config.admin.audit_log = audit_log.or(config.admin.audit_log.take());
    config.admin.time_limit = limit.or(config.admin.time_limit);
    config.admin.listen = admin.unwrap_or(config.admin.listen);
    Ok(())
}

fn explain(words: &[OsString]) -> Result<Action, Failure> {
    let [path, symbol] = words else {
        return Err(Failure::new(Failure::USAGE, "--explain wants a path and the name of a function"));
    };
    Ok(Action::Explain { path: PathBuf::from(path), symbol: symbol.to_string_lossy().into_owned() })
}

/// Writes to standard output. A reader that has enough (`| head`) is no failure.
fn print(text: &str) -> Result<Action, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Failure::FAILED, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(Action::Done(0)),
    }
}

/// `underspan 0.1.0 (x86_64-linux)`.
fn version() -> String {
    format!("underspan {} ({}-{})\n", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH, std::env::consts::OS)
}

/// Becomes the command; what is left to tell is why that failed, with the codes of `env` and shells.
fn launch_failure(gate: &Path, command: &[OsString]) -> Failure {
    let error = launch::become_command(gate, command);
    let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
    let program = command.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
    Failure::new(code, format!("cannot run {program}: {error}"))
}

#[cfg(test)]
mod tests;
