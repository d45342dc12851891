//! The command line as it is written.
use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use underspan_config::{Listen, LogFormat, LogLevel, Period, Ports, Tier};

use crate::attach::canaries;
use crate::discover::launch;

/// The arguments of the program.
#[derive(Debug, Parser)]
#[command(
    name = "underspan",
    version,
    about = "Attach to running services and get OpenTelemetry, without touching them",
    after_help = "Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, 3 missing privilege (which is \
                  named). With `trace -- COMMAND` the command's own code, as `env` and shells give it.",
    disable_help_subcommand = true,
    max_term_width = 110
)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every subcommand.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Least severe level to log; goes before the configuration [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(super) log_level: Option<Level>,
    /// Form of log lines on standard error; goes before the configuration [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(super) log_format: Option<Format>,
}

/// How a running agent is operated; goes before the configuration.
#[derive(Debug, Args)]
pub(super) struct Operation {
    /// End after this time: 90s, 10m, 2h, or a number of seconds
    #[arg(long = "for", visible_alias = "duration", value_name = "TIME", value_parser = time)]
    pub(super) limit: Option<Period>,
    /// Write a JSON line for each program attached or detached and each process selected or deselected; - is standard
    /// error
    #[arg(long, value_name = "FILE")]
    pub(super) audit_log: Option<PathBuf>,
    /// Stay detached from the kernel while this file exists
    #[arg(long, value_name = "FILE")]
    pub(super) kill_switch: Option<PathBuf>,
    /// Serve /healthz, /readyz, /metrics and /status here, or nowhere: off
    #[arg(long, value_name = "ADDRESS:PORT|off")]
    pub(super) admin: Option<Listen>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the agent with a configuration file
    #[command(after_help = "Examples:\n  underspan run -c /etc/underspan.yaml\n  \
                            UNDERSPAN_CONFIG=/etc/underspan.yaml underspan run --log-format json")]
    Run {
        /// Configuration file
        #[arg(short, long, env = "UNDERSPAN_CONFIG", value_name = "FILE")]
        config: PathBuf,
        #[command(flatten)]
        operation: Operation,
    },
    /// Trace some processes, or a command, on the terminal
    #[command(
        after_help = "A process is traced if any selector matches it; its children are traced too.\n\n\
                            Examples:\n  \
                            underspan trace --port 8080                         whatever listens on the port\n  \
                            underspan trace --exe 'python3*' --for 30s --summary\n  \
                            underspan trace --pid 4242 --format json > spans.jsonl\n  \
                            underspan trace -- curl http://localhost:8080/      a command, from its first instruction"
    )]
    Trace(TraceOptions),
    /// Say what this kernel and this process allow, and how to fix what they do not
    Check,
    /// Say how a running agent is doing: what it traces, what it understood, what it lost and why
    #[command(after_help = "Exit code 1 when no agent answers.\n\nExamples:\n  underspan status\n  \
                            underspan status --json | jq .targets")]
    Status {
        /// Its admin endpoint
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4316")]
        endpoint: String,
        /// Print the answer as it is
        #[arg(long)]
        json: bool,
    },
    /// List the probes, or what a program offers for probing
    #[command(after_help = "Examples:\n  \
                            underspan list --pid 4242\n  \
                            underspan list --usdt /usr/lib/postgresql/15/bin/postgres\n  \
                            underspan list --go /usr/bin/docker\n  \
                            underspan list --explain /usr/lib/x86_64-linux-gnu/libssl.so.3 SSL_read")]
    List {
        /// Say what would attach to this process
        #[arg(long, value_name = "PID", value_parser = pid())]
        pid: Option<u32>,
        /// List the USDT probes of a program or library, with their sites and arguments
        #[arg(long, value_name = "PATH", conflicts_with = "pid")]
        usdt: Option<PathBuf>,
        /// Say what a Go program was built of, and where probes on its functions would go
        #[arg(long, value_name = "PATH", conflicts_with_all = ["pid", "usdt"])]
        go: Option<PathBuf>,
        /// Say where probes on a function of a program or library would go, and why
        #[arg(long, num_args = 2, value_names = ["PATH", "SYMBOL"], conflicts_with_all = ["pid", "usdt", "go"])]
        explain: Option<Vec<OsString>>,
    },
    /// Print, check or describe the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the version
    Version,
    /// Be the process on which probes are tried
    #[command(name = canaries::SUBCOMMAND, hide = true)]
    Canary,
    /// Wait at a gate, then become a command
    #[command(name = launch::SUBCOMMAND, hide = true)]
    Launch {
        gate: PathBuf,
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
pub(super) struct TraceOptions {
    /// Trace this process; may be repeated
    #[arg(long, value_name = "PID", value_parser = pid(), help_heading = SELECTORS)]
    pub(super) pid: Vec<u32>,
    /// Trace executables whose path matches, or whose name does if GLOB has no slash; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = SELECTORS)]
    pub(super) exe: Vec<String>,
    /// Trace processes that listen on this TCP port, or on one from A to B; may be repeated
    #[arg(long, value_name = "PORT|A-B", help_heading = SELECTORS)]
    pub(super) port: Vec<Ports>,
    /// Trace processes in this control group or below it; may be repeated
    #[arg(long, value_name = "PATH", help_heading = SELECTORS)]
    pub(super) cgroup: Vec<String>,
    /// Trace every process
    #[arg(long, help_heading = SELECTORS)]
    pub(super) all: bool,
    /// Launch this command and trace it from its first instruction; underspan ends with it, with its exit code
    #[arg(last = true, value_name = "COMMAND", help_heading = SELECTORS)]
    pub(super) command: Vec<OsString>,
    /// How spans are printed: lines for people, or OTLP/JSON
    #[arg(long, default_value = "text")]
    pub(super) format: Format,
    #[arg(long, help = "Export over OTLP too, as the OTEL_EXPORTER_OTLP_* variables say")]
    pub(super) otlp: bool,
    #[command(flatten)]
    pub(super) operation: Operation,
    /// End with a table of rate, errors and duration per route
    #[arg(long)]
    pub(super) summary: bool,
    /// Hooks to use instead of the best the kernel allows
    #[arg(long, value_name = "TIER", default_value = "auto")]
    pub(super) tier: TierName,
}

/// Title of the selectors in the help text.
const SELECTORS: &str = "Selectors (at least one)";

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the configuration in force, every default written out; secrets are left out
    Print {
        /// Configuration file; without it, the defaults
        #[arg(short, long, env = "UNDERSPAN_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Report every mistake of a configuration file
    Validate {
        /// Configuration file
        #[arg(short, long, env = "UNDERSPAN_CONFIG", value_name = "FILE")]
        config: PathBuf,
    },
    /// Print the JSON Schema of the configuration file, for editors
    Schema,
}

/// Word for a [`LogLevel`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Word for a form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// Word for a [`Tier`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum TierName {
    Auto,
    T1,
    T2,
    T3,
    T3Syscalls,
}

/// A period, or a plain number of seconds.
fn time(text: &str) -> Result<Period, &'static str> {
    let period = match text.parse::<u64>() {
        Ok(seconds) => Ok(Period(Duration::from_secs(seconds))),
        Err(_) => text.parse::<Period>(),
    };
    match period {
        Ok(Period(Duration::ZERO)) => Err("must be more than 0"),
        other => other,
    }
}

fn pid() -> clap::builder::RangedI64ValueParser<u32> {
    // The kernel's own limit is 2^22.
    clap::value_parser!(u32).range(1..=4_194_304)
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
            Level::Debug => Self::Debug,
            Level::Trace => Self::Trace,
        }
    }
}

impl From<Format> for LogFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}

impl From<TierName> for Tier {
    fn from(tier: TierName) -> Self {
        match tier {
            TierName::Auto => Self::Auto,
            TierName::T1 => Self::T1,
            TierName::T2 => Self::T2,
            TierName::T3 => Self::T3,
            TierName::T3Syscalls => Self::T3Syscalls,
        }
    }
}
