//! `underspan check` and `underspan list`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use underspan_config::{Config, Rule};
use underspan_ebpf::probes;

use super::Failure;
use super::act::start_failure;
use crate::agent::{self, StartError};
use crate::attach::{self, canaries, privileges};
use crate::discover::{ProcFs, ProcessFacts};

/// Says what this kernel and this process allow. Fails as the agent would.
pub(super) fn check() -> Result<u8, Failure> {
    let mut text = String::new();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let _ = writeln!(text, "kernel      {:<20} {}", release.trim(), std::env::consts::ARCH);
    let btf = Path::new("/sys/kernel/btf/vmlinux").exists();
    let _ = writeln!(
        text,
        "kernel      {:<20} {}",
        "BTF",
        if btf { "yes" } else { "no    a kernel with CONFIG_DEBUG_INFO_BTF is needed" }
    );
    let held = privileges::held();
    for (capability, held) in privileges::CAPABILITIES.iter().zip(held) {
        let state = if held { "yes" } else { "no " };
        let _ = writeln!(text, "capability  {:<20} {state}   {}", capability.name, capability.purpose);
    }
    if held.contains(&false) {
        let _ = writeln!(text, "            {:<20}       {}", "", privileges::GRANT);
    }
    let outcome = agent::try_probes(&Config::default());
    if let Ok((reports, verdicts)) = &outcome {
        text.push_str(&attach::table(reports));
        text.push_str(&canaries::table(verdicts));
    }
    super::print(&text)?;
    match outcome {
        Ok(_) => Ok(0),
        Err(error) => Err(start_failure(&StartError::Load(error))),
    }
}

/// Lists the probes, and for a process what they would see of it.
pub(super) fn list(pid: Option<u32>) -> Result<u8, Failure> {
    let mut text = String::new();
    if let Some(pid) = pid {
        describe(pid, &mut text)?;
    }
    for probe in probes::REGISTRY {
        let _ = writeln!(text, "{:<20} {}", probe.name, probe.gives);
        for program in probe.programs {
            let _ = writeln!(text, "    {}", program.hook());
        }
    }
    super::print(&text)?;
    Ok(0)
}

fn describe(pid: u32, text: &mut String) -> Result<(), Failure> {
    let proc = ProcFs::host();
    let gone =
        || Failure::new(Failure::FAILED, format!("there is no process {pid}, or it may not be looked at"));
    let executable = proc.executable(pid).ok_or_else(gone)?;
    let rule = Rule { pid: Some(pid), ..Rule::default() };
    let config = Config { select: vec![rule], ..Config::default() };
    let resource = agent::resource_of(&config, pid).map_err(|error| start_failure(&error))?;
    let _ = writeln!(text, "{:<20} {}", "process", pid);
    let _ = writeln!(text, "{:<20} {}", "executable", executable.display());
    let _ = writeln!(text, "{:<20} {}", "service.name", resource.service);
    let mut facts = ProcessFacts::read(&proc, pid);
    facts.read_listening_ports(&proc);
    let ports: Vec<_> = facts.ports.iter().flatten().map(u16::to_string).collect();
    let _ = writeln!(
        text,
        "{:<20} {}",
        "listens on",
        if ports.is_empty() { "-".to_owned() } else { ports.join(" ") }
    );
    let tls = proc.maps_any_of(pid, &["libssl.so", "libgnutls.so"]);
    let _ = writeln!(
        text,
        "{:<20} {}",
        "TLS library",
        tls.map_or("-".to_owned(), |library| format!(
            "{library} (encrypted connections are counted, not read)"
        ))
    );
    let _ = writeln!(text, "\nProbes that would see it:");
    Ok(())
}
