//! What the audit log says.

use std::path::Path;

/// Whether a process has its probes for what Go encrypts and for the goroutines it makes.
pub fn has_go_probes(log: &Path, pid: u32) -> bool {
    let lines = std::fs::read_to_string(log).unwrap_or_default();
    let process = format!("of process {pid}\"");
    let has = |program: &str| {
        let program = format!("\"{program}\"");
        lines.lines().any(|line| line.contains(&program) && line.contains(&process))
    };
    has("us_go_tls_enter") && has("us_go_create_enter")
}
