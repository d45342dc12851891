//! Whether this machine lets us trace at all.

use std::path::Path;
use std::process::Command;

/// Programs the end-to-end tests start.
const PROGRAMS: [&str; 7] =
    ["nginx", "wrk", "curl", "bpftool", "pgbench", "mariadb", super::super::workload::script::PYTHON];

/// Why end-to-end tests cannot run here; `None` when they can.
pub fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("needs root".to_owned());
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Some("needs a kernel with type information (/sys/kernel/btf/vmlinux)".to_owned());
    }
    let absent = PROGRAMS.iter().find(|name| Command::new(name).arg("--version").output().is_err());
    absent.map(|name| format!("needs {name}, which is not installed"))
}
