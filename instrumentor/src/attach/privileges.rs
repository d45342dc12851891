//! Capabilities of this process, and what each is for.

use std::fs;

/// A capability the agent has a use for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Its name.
    pub name: &'static str,
    /// Its bit (include/uapi/linux/capability.h).
    bit: u8,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether nothing works without it.
    pub required: bool,
}

/// All of them.
pub const CAPABILITIES: [Capability; 4] = [
    Capability { name: "CAP_BPF", bit: 39, purpose: "loading the BPF programs and maps", required: true },
    Capability { name: "CAP_PERFMON", bit: 38, purpose: "tracing programs", required: true },
    Capability {
        name: "CAP_SYS_PTRACE",
        bit: 19,
        purpose: "program, environment and sockets of other users' processes (service names, --port)",
        required: false,
    },
    Capability {
        name: "CAP_DAC_READ_SEARCH",
        bit: 2,
        purpose: "files of other users below /proc (service names, --port)",
        required: false,
    },
];

/// The command that grants what is needed, for error messages.
pub const GRANT: &str = "run underspan as root, or grant it once: \
    sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep \"$(command -v underspan)\"";

/// Capabilities that are in effect, in the order of [`CAPABILITIES`]. `CAP_SYS_ADMIN` includes the first two.
pub fn held() -> [bool; CAPABILITIES.len()] {
    // Unreadable, so that nothing is known: say so by naming all as missing.
    let effective =
        fs::read_to_string("/proc/self/status").ok().and_then(|status| effective(&status)).unwrap_or(0);
    CAPABILITIES.map(|capability| {
        let admin = capability.required && effective & (1 << 21) != 0;
        admin || effective & (1 << capability.bit) != 0
    })
}

fn effective(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_effective_set() {
        let status = "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t000000c000080004\nCapBnd:\t1\n";
        assert_eq!(effective(status), Some(0xc0_0008_0004));
        assert_eq!(effective("CapEff:\tnonsense\n"), None);
        assert_eq!(effective(""), None);
    }
}
