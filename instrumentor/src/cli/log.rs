//! The agent's own log lines.
use std::io::{IsTerminal, stderr};

use tracing::level_filters::LevelFilter;
use underspan_config::{Log, LogFormat, LogLevel};

/// Sends log lines of at least the given level to standard error, coloured on a terminal unless `NO_COLOR` is set. For
/// the whole process; a second call changes nothing.
pub fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let colour = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(stderr).with_target(false);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(colour).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}
