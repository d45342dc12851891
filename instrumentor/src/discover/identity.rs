//! Facts about a process -> its [`Resource`].
//!
//! Every attribute comes from the first of these that has it: the process's own environment, the first service rule
//! that matches, the process itself. `service.name` of the process itself is the container's name, the systemd unit,
//! the script behind an interpreter, or the executable. `process.*` and `telemetry.*` are what the agent saw, whatever
//! the environment says.
use std::path::Path;

use underspan_config::ServiceRule;
use underspan_protocols::{
    message::{Attributes, Value},
    semconv::attribute,
};
use uuid::Uuid;

use super::{
    Host, ProcFs, ProcessFacts, Resource, WrongGlob, cgroup,
    environment::OwnWords,
    names::{self, printable},
    program,
    resource::Collected,
    selector::Pattern,
};

/// Name and version the agent gives itself in `telemetry.*`. `opentelemetry` is reserved for OpenTelemetry's SDKs.
const AGENT: &str = "underspan";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Namespace the semantic conventions give for a `service.instance.id` made from something inherent.
const INSTANCES: Uuid = Uuid::from_u128(0x4d63_009a_8d0f_11ee_aad7_4c79_6ed8_e320);
/// Longest service name, in characters.
const NAME: usize = 255;
/// Clock ticks per second in /proc; the same on every architecture Rust and eBPF share.
const TICKS: u64 = 100;

/// Gives processes their resources.
#[derive(Debug)]
pub struct Identifier {
    host: Host,
    services: Vec<Service>,
}

#[derive(Debug)]
struct Service {
    pattern: Pattern,
    name: Option<String>,
    /// Namespace and attributes.
    attributes: Attributes,
}

/// When a process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Clock ticks since boot, from /proc.
    Ticks(u64),
    /// It was gone before it could be read; an event at this time (nanoseconds since the Unix epoch) was the first
    /// sign of it.
    Seen(u64),
}

/// What came out, and whether the target's own attributes were unreadable.
#[derive(Debug)]
pub(super) struct Identified {
    pub(super) resource: Resource,
    pub(super) malformed: bool,
}

impl Identifier {
    /// For the processes of `host`, with the `services` of a configuration.
    pub fn new(host: Host, services: &[ServiceRule]) -> Result<Self, WrongGlob> {
        let services = services.iter().map(Service::new).collect::<Result<_, _>>()?;
        Ok(Self { host, services })
    }

    /// Whether a service rule looks at ports.
    pub fn needs_ports(&self) -> bool {
        self.services.iter().any(|service| service.pattern.needs_ports())
    }

    /// The resource of a process that can be read.
    pub(super) fn identify(&self, proc: &ProcFs, facts: &ProcessFacts, now: u64) -> Identified {
        let own = OwnWords::read(proc, facts.pid);
        let rule = self.services.iter().find(|service| service.pattern.matches(facts));
        let mut collected = Collected::default();
        let service = own
            .service
            .as_deref()
            .or_else(|| {
                own.attributes
                    .iter()
                    .find(|(name, _)| name == "service.name")
                    .map(|(_, value)| value.as_str())
            })
            .or_else(|| rule.and_then(|rule| rule.name.as_deref()))
            .map_or_else(|| own_name(proc, facts), str::to_owned);
        let service = printable(&service, NAME);
        collected.say_text(attribute::SERVICE_NAME, service.as_str());
        for (name, value) in &own.attributes {
            let observed = name.starts_with("process.") || name.starts_with("telemetry.");
            if let Some((attribute, value)) = names::attribute(name, value).filter(|_| !observed) {
                collected.say(attribute, value);
            }
        }
        for (attribute, value) in rule.map(|rule| rule.attributes.as_slice()).unwrap_or_default() {
            collected.say(*attribute, value.clone());
        }
        self.say_observed(&mut collected, proc, facts, now);
        let resource = Resource { pid: facts.pid, service, attributes: collected.0 };
        Identified { resource, malformed: own.malformed }
    }

    /// The resource of a child that runs the same program: the parent's, but for what tells processes apart.
    pub(super) fn forked(&self, parent: &Resource, pid: u32, start: Start) -> Resource {
        let mut collected = Collected::default();
        self.say_process(&mut collected, pid, Some(parent.pid), start);
        for (attribute, value) in &parent.attributes {
            collected.say(*attribute, value.clone());
        }
        Resource { pid, service: parent.service.clone(), attributes: collected.0 }
    }

    /// The resource of a process nothing is known about but its name.
    pub(super) fn vanished(&self, pid: u32, name: &str, start: Start) -> Resource {
        let name = printable(name, NAME);
        let service = if name.is_empty() { "unknown_service".to_owned() } else { name };
        let mut collected = Collected::default();
        collected.say_text(attribute::SERVICE_NAME, service.as_str());
        self.say_process(&mut collected, pid, None, start);
        collected.say_text(attribute::PROCESS_EXECUTABLE_NAME, service.as_str());
        self.say_agent_and_host(&mut collected, "generic");
        Resource { pid, service, attributes: collected.0 }
    }

    fn say_observed(&self, collected: &mut Collected, proc: &ProcFs, facts: &ProcessFacts, now: u64) {
        self.say_process(
            collected,
            facts.pid,
            facts.parent,
            facts.start.map_or(Start::Seen(now), Start::Ticks),
        );
        let mut language = "generic";
        if let Some(path) = &facts.executable {
            collected.say_text(attribute::PROCESS_EXECUTABLE_NAME, file_name(path));
            collected.say_text(attribute::PROCESS_EXECUTABLE_PATH, printable(&path.to_string_lossy(), 1024));
            let program = program::detect(proc, facts.pid, path);
            language = program.name;
            if let Some(runtime) = program.runtime {
                collected.say_text(attribute::PROCESS_RUNTIME_NAME, runtime);
            }
        } else if let Some(name) = &facts.name {
            collected.say_text(attribute::PROCESS_EXECUTABLE_NAME, printable(name, NAME));
        }
        if let Some(id) = cgroup::container_id(&facts.cgroups) {
            collected.say_text(attribute::CONTAINER_ID, id);
        }
        if let Some(name) = cgroup::container_name(&facts.cgroups) {
            collected.say_text(attribute::CONTAINER_NAME, printable(&name, NAME));
        }
        self.say_agent_and_host(collected, language);
    }

    /// What tells this process from every other.
    fn say_process(&self, collected: &mut Collected, pid: u32, parent: Option<u32>, start: Start) {
        let (inherent, created) = match start {
            Start::Ticks(ticks) => {
                let since_boot = ticks * (1_000_000_000 / TICKS);
                let created =
                    (self.host.boot_time > 0).then(|| self.host.boot_time * 1_000_000_000 + since_boot);
                (format!("{}/{pid}/{ticks}", self.host.boot), created)
            }
            Start::Seen(time) => (format!("{}/{pid}/seen {time}", self.host.boot), Some(time)),
        };
        let instance = Uuid::new_v5(&INSTANCES, inherent.as_bytes());
        collected.say_text(attribute::SERVICE_INSTANCE_ID, instance.to_string());
        collected.say(attribute::PROCESS_PID, Value::Int(pid.into()));
        if let Some(parent) = parent {
            collected.say(attribute::PROCESS_PARENT_PID, Value::Int(parent.into()));
        }
        if let Some(created) = created {
            collected.say_text(attribute::PROCESS_CREATION_TIME, rfc3339(created));
        }
    }

    fn say_agent_and_host(&self, collected: &mut Collected, language: &'static str) {
        collected.say(attribute::TELEMETRY_SDK_NAME, Value::Static(AGENT));
        collected.say(attribute::TELEMETRY_SDK_VERSION, Value::Static(VERSION));
        collected.say(attribute::TELEMETRY_SDK_LANGUAGE, Value::Static(language));
        collected.say(attribute::TELEMETRY_DISTRO_NAME, Value::Static(AGENT));
        collected.say(attribute::TELEMETRY_DISTRO_VERSION, Value::Static(VERSION));
        for (attribute, value) in &self.host.attributes {
            collected.say(*attribute, value.clone());
        }
    }
}

impl Service {
    fn new(rule: &ServiceRule) -> Result<Self, WrongGlob> {
        let namespace = rule.namespace.iter().map(|namespace| ("service.namespace", namespace.as_str()));
        let others = rule.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let attributes =
            namespace.chain(others).filter_map(|(name, value)| names::attribute(name, value)).collect();
        Ok(Self { pattern: Pattern::of_service(rule)?, name: rule.name.clone(), attributes })
    }
}

/// The name a process has without anybody giving it one.
fn own_name(proc: &ProcFs, facts: &ProcessFacts) -> String {
    let program = || {
        let executable = facts.executable.as_deref()?;
        let arguments = proc.arguments(facts.pid).unwrap_or_default();
        Some(program::script(executable, &arguments).unwrap_or_else(|| file_name(executable)))
    };
    cgroup::container_name(&facts.cgroups)
        .or_else(|| cgroup::systemd_unit(&facts.cgroups))
        .or_else(program)
        .or_else(|| facts.name.clone())
        .unwrap_or_else(|| "unknown_service".to_owned())
}

fn file_name(path: &Path) -> String {
    printable(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(), NAME)
}

/// Nanoseconds since the Unix epoch -> `2023-05-22T14:03:53.52Z`, in UTC with hundredths, the resolution of /proc.
fn rfc3339(nanoseconds: u64) -> String {
    let (seconds, hundredths) = (nanoseconds / 1_000_000_000, nanoseconds / 10_000_000 % 100);
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    // Civil date from days, counting years from March so that the leap day is the last.
    let shifted = days + 719_468; // days since 0000-03-01
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{hundredths:02}Z")
}

#[cfg(test)]
mod tests;
