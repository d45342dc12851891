//! What the operator may say to underspan: data and validation, nothing that acts.
//!
//! A configuration is one YAML file. [`Config::parse`] reads it, substitutes `${VARIABLES}`, and reports every
//! mistake with its path. Keys that are absent (or null) have their defaults, so an empty file is
//! [`Config::default`].
#![forbid(unsafe_code)]

mod admin;
mod budget;
mod capture;
mod export;
mod parse;
mod print;
mod probes;
mod runtimes;
mod select;
mod signals;
mod units;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use admin::{Admin, Listen};
pub use budget::{Budget, Share};
pub use capture::{Capture, Http, Query, RouteMode, Routes, Tier};
pub use export::{Compression, Export, Log, LogFormat, LogLevel, Otlp, Protocol, Retry, Stdout};
pub use parse::error::{ConfigErrors, Mistake};
pub use probes::{
    Argument, ArgumentType, CallSpan, Counter, DURATION, Distribution, Function, Probe, RESULT, Usdt,
};
pub use runtimes::{Postgresql, Runtimes};
pub use select::{Ports, Rule, ServiceRule};
pub use signals::{Histogram, Metrics, Sampler, Temporality, Traces};
pub use units::{Period, Size};

/// Configuration of the underspan agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Processes to trace: those any rule matches. Default: none; selection is explicit. `- exe: "*"` is every
    /// process.
    pub select: Vec<Rule>,
    /// Processes never to trace, whatever `select` says. Default: none.
    pub exclude: Vec<Rule>,
    /// Names for services, where the process does not carry one in its own environment. Default: none.
    pub services: Vec<ServiceRule>,
    /// Reading the kernel.
    pub capture: Capture,
    /// What tracing may cost.
    pub budget: Budget,
    /// What programs tell of themselves.
    pub runtimes: Runtimes,
    /// Places in programs of your own choice, and the metrics and spans that are made of them. At most 64. Default: none.
    pub probes: Vec<Probe>,
    /// How HTTP is read.
    pub http: Http,
    /// How paths become routes.
    pub routes: Routes,
    /// Spans.
    pub traces: Traces,
    /// Metrics.
    pub metrics: Metrics,
    /// Where telemetry goes.
    pub export: Export,
    /// The agent's own log.
    pub log: Log,
    /// Operating the agent while it runs.
    pub admin: Admin,
    /// Time the agent takes at most to send what it has when it is told to stop. Default `10s`.
    pub shutdown_timeout: Period,
    /// How far the agent's threads stand back behind other processes that want the CPU, 0 (not at all) to 19. Default `5`.
    pub nice: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            select: Vec::new(),
            exclude: Vec::new(),
            services: Vec::new(),
            capture: Capture::default(),
            budget: Budget::default(),
            runtimes: Runtimes::default(),
            probes: Vec::new(),
            http: Http::default(),
            routes: Routes::default(),
            traces: Traces::default(),
            metrics: Metrics::default(),
            export: Export::default(),
            log: Log::default(),
            admin: Admin::default(),
            shutdown_timeout: Period::seconds(10),
            nice: 5,
        }
    }
}
