//! Every probe the agent has. A probe is a folder with its programs (`probe.bpf.c`, included by `all.bpf.c`) and its description
//! (`mod.rs`), plus one line in [`REGISTRY`].

pub mod canary;
pub mod go_routines;
pub mod go_sql;
pub mod go_tls;
pub mod inside;
pub mod loops;
pub mod process;
pub mod socket_iterators;
pub mod socket_kprobes;
pub mod socket_state;
pub mod socket_syscalls;
pub mod socket_tracepoints;
pub mod socket_trampolines;
pub mod storage;
pub mod tls_libraries;

use crate::loader::{Attach, Functions};

/// All probes, in the order they are attached: what tells about processes and connections before what tells about bytes.
pub static REGISTRY: &[&Probe] = &[
    &storage::PROBE,
    &loops::PROBE,
    &canary::PROBE,
    &process::PROBE,
    &socket_state::PROBE,
    &socket_iterators::PROBE,
    &socket_trampolines::PROBE,
    &socket_kprobes::PROBE,
    &socket_kprobes::TCP,
    &socket_tracepoints::PROBE,
    &socket_syscalls::PROBE,
    &tls_libraries::PROBE,
    &inside::PROBE,
    &go_tls::PROBE,
    &go_routines::PROBE,
    &go_sql::PROBE,
];

/// Probes that bring payload, best first. Just one runs: the first the kernel accepts whole. Where there are tracepoints at the end of
/// calls, nothing can fall out of step between a beginning and an end: kernels skip a trampoline's or kprobe's program where it interrupts
/// itself, which costs a call.
pub static PAYLOAD: &[&Probe] = &[
    &socket_tracepoints::PROBE,
    &socket_trampolines::PROBE,
    &socket_kprobes::PROBE,
    &socket_kprobes::TCP,
    &socket_syscalls::PROBE,
];

/// A group of programs that give one kind of insight.
#[derive(Debug)]
pub struct Probe {
    /// Name of its folder.
    pub name: &'static str,
    /// What it gives, for `underspan check` and `underspan list`.
    pub gives: &'static str,
    /// What is missing without it.
    pub without: &'static str,
    /// Its programs hold typed sockets, so that connections are kept in socket storage where there is any. Matters for [`PAYLOAD`] only.
    pub typed_sockets: bool,
    /// Its programs.
    pub programs: &'static [Program],
}

/// One program of a probe.
#[derive(Debug)]
pub struct Program {
    /// Name of the C function.
    pub name: &'static str,
    /// The probe works without it, less well: what is lost.
    pub optional: Option<&'static str>,
    pub(crate) attach: Attach,
}

impl Program {
    /// The hook in the kernel's words, for people.
    pub fn hook(&self) -> String {
        let of = |kind: &str, functions: Functions| {
            format!("{kind}/{}", functions.iter().collect::<Vec<_>>().join(","))
        };
        match self.attach {
            Attach::TypedTracepoint(name) => format!("tp_btf/{name}"),
            Attach::Iterator { target, .. } => format!("iter/{target}"),
            Attach::Entry(functions) => of("fentry", functions),
            Attach::Exit(functions) => of("fexit", functions),
            Attach::Kprobe(functions) => of("kprobe", functions),
            Attach::Kretprobe(functions) => of("kretprobe", functions),
            Attach::Uprobe => "uprobe".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_is_registered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/probes");
        for entry in std::fs::read_dir(folder).expect("the folder of this file") {
            let entry = entry.expect("readable");
            if !entry.file_type().expect("a type").is_dir() {
                continue;
            }
            let name = entry.file_name().into_string().expect("ASCII");
            assert!(
                REGISTRY.iter().any(|probe| probe.name == name),
                "add `&{name}::PROBE` to REGISTRY and `#include \"{name}/probe.bpf.c\"` to all.bpf.c"
            );
        }
    }

    #[test]
    fn every_program_is_registered() {
        let object = aya_obj::Object::parse(crate::object::bytes::<()>()).expect("the object parses");
        let mut registered: Vec<_> =
            REGISTRY.iter().flat_map(|probe| probe.programs).map(|program| program.name.to_owned()).collect();
        let mut compiled: Vec<_> = object.programs.keys().cloned().collect();
        registered.sort();
        registered.dedup(); // one program may stand at several hooks
        compiled.sort();
        assert_eq!(compiled, registered, "each SEC() function needs its line in its probe's mod.rs");
    }
}
