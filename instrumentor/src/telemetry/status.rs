//! What the agent says about itself and its targets when asked: `/status`, and `underspan status`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole. Counts are since the start of the agent, times in seconds unless their name says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The agent.
    pub agent: AgentStatus,
    /// Everything together.
    pub totals: TotalsStatus,
    /// What tracing may cost and does; null without limits.
    #[serde(default)]
    pub budget: Option<BudgetStatus>,
    /// Programs in the kernel, by probe.
    pub probes: Vec<ProbeStatus>,
    /// Probes that the configuration declares.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub declared: Vec<DeclaredStatus>,
    /// Traced processes, those with most bytes first.
    pub targets: Vec<TargetStatus>,
    /// Where telemetry goes.
    pub exporters: Vec<ExporterStatus>,
    /// What an operator should know and might not expect.
    pub findings: Vec<String>,
}

/// The agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// Time since its start.
    pub uptime_seconds: f64,
    /// Time since its pipeline last did anything; more than a few seconds means that it is stuck, and that the rest of this is old.
    pub silent_seconds: f64,
    /// Whether its programs are in the kernel.
    pub state: State,
    /// Why not.
    pub reasons: Vec<String>,
    /// Capabilities it does not hold, and what is off without each.
    pub missing_capabilities: BTreeMap<String, String>,
    /// Lines of the audit log; null without one.
    pub audit: Option<AuditStatus>,
}

/// Whether the agent's programs are in the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// They are.
    Attached,
    /// They are not: somebody said so, or the kernel refused.
    #[default]
    Detached,
}

/// Lines of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditStatus {
    /// In the file.
    pub lines: u64,
    /// Missing there.
    pub lost: u64,
}

/// Everything together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TotalsStatus {
    /// Bytes that passed on connections of traced processes, as the kernel counts.
    pub bytes: u64,
    /// Of these, copied from the kernel.
    pub captured: u64,
    /// Exchanges understood.
    pub exchanges: u64,
    /// Exchanges that passed and could not be reported, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Records read from the kernel.
    pub records: u64,
    /// Records the kernel could not hand over.
    pub records_lost: u64,
    /// Reads of user memory that failed.
    pub faults: u64,
    /// Calls whose bytes cannot be read: sendfile, splice, `io_uring`.
    pub unreadable_calls: u64,
    /// Calls that nobody heard of, by reason: `expired` (the agent stood still), `over_budget` (the process was paused).
    #[serde(default)]
    pub calls_lost: BTreeMap<String, u64>,
}

/// A probe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeStatus {
    /// Its name.
    pub name: String,
    /// `on`, `reduced` (part of it does not run), `off` (the kernel refused it), `detached`.
    pub state: String,
    /// Why it is not on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reasons: Vec<String>,
    /// Records it made; null for probes that make none of their own.
    pub records: Option<u64>,
    /// Its programs in the kernel.
    pub programs: Vec<ProgramStatus>,
    /// What is odd about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finding: Option<String>,
}

/// A program in the kernel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProgramStatus {
    /// Its hook.
    pub hook: String,
    /// Times it ran and the time that took in nanoseconds; null unless `kernel.bpf_stats_enabled` is on.
    pub runs: Option<u64>,
    /// See `runs`.
    pub run_nanoseconds: Option<u64>,
}

/// A traced process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetStatus {
    /// Its id.
    pub pid: u32,
    /// `service.name`.
    pub service: String,
    /// Path of its executable, if known.
    pub executable: Option<String>,
    /// Why it is traced.
    pub reason: String,
    /// Connections with at least a byte.
    pub connections: u64,
    /// Bytes that passed on its sockets, as far as the kernel has told.
    pub bytes: u64,
    /// Of these, copied from the kernel.
    pub captured: u64,
    /// Exchanges understood, by protocol.
    pub exchanges: BTreeMap<String, u64>,
    /// Exchanges lost, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Bytes not understood, by reason.
    pub not_understood: BTreeMap<String, u64>,
    /// Whether its bytes are encrypted; null before its first connection.
    pub tls: Option<Tls>,
    /// What tracing it costs; null without limits.
    #[serde(default)]
    pub budget: Option<TargetBudget>,
    /// What it tells of itself.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub inside: Vec<InsideStatus>,
    /// What is odd about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finding: Option<String>,
}

/// What tracing costs in the kernel, in percent of one CPU.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetStatus {
    /// Limit for each process; null for none.
    pub target_percent: Option<f64>,
    /// Limit for all together.
    pub host_percent: Option<f64>,
    /// What all that are traced cost together.
    pub spent_percent: f64,
    /// Cost of a call on a socket.
    pub call_nanoseconds: u64,
    /// Where that is from: `own_calls` (of the agent, at the start), `run_time` (of the programs, as the kernel counts now and then),
    /// `assumed`.
    pub measured_by: String,
    /// Cost of a hit of a probe inside a process where the kernel emulates the instruction, as canaries measured it.
    pub hit_nanoseconds: u64,
    /// The same where it executes a copy of the instruction, and of return probes.
    pub step_nanoseconds: u64,
    /// Times a process was paused.
    pub pauses: u64,
}

/// What tracing a process costs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetBudget {
    /// In percent of one CPU; of one that is paused, what it would.
    pub cost_percent: f64,
    /// The part of it for hits of probes inside the process.
    pub probes_percent: f64,
    /// It is not traced for a while; null when it is.
    pub paused: Option<PauseStatus>,
}

/// A pause. Times are RFC 3339.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PauseStatus {
    /// When it began.
    pub since: String,
    /// When the process is tried again.
    pub until: String,
    /// Which limit was exceeded.
    pub reason: String,
    /// Calls on its sockets that passed unseen since then. Requests they were part of are in no book.
    pub calls_unseen: u64,
}

/// A probe that the configuration declares.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeclaredStatus {
    /// Its name.
    pub name: String,
    /// Traced processes that have it.
    pub processes: usize,
    /// Places in all of them.
    pub places: usize,
    /// Why there are none, or not in each of its files.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// A file of a process that may have probes inside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InsideStatus {
    /// What kind of program it is: `jvm`, `cpython`, `go`, `postgresql`; or `probe NAME` of the configuration.
    pub runtime: String,
    /// Where the process has it from.
    pub file: String,
    /// Places that are probed.
    pub places: usize,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// Whether the agent reads what a process says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Nothing is encrypted.
    Plain,
    /// Encrypted, and read before encryption.
    Decrypted,
    /// At least one connection is encrypted and not read.
    Blind,
}

/// A destination of telemetry, in spans and data points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExporterStatus {
    /// Its name.
    pub name: String,
    /// Handed over to it.
    pub pushed: u64,
    /// Delivered.
    pub exported: u64,
    /// Waiting or on their way.
    pub waiting: u64,
    /// Lost, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Requests sent again.
    pub retries: u64,
}
