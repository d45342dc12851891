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
    /// What is off without it.
    pub without: &'static str,
    /// Whether nothing works without it.
    pub required: bool,
}

/// All of them.
pub const CAPABILITIES: [Capability; 4] = [
    Capability {
        name: "CAP_BPF",
        bit: 39,
        purpose: "every probe: loading BPF programs and maps",
        without: "nothing can be traced",
        required: true,
    },
    Capability {
        name: "CAP_PERFMON",
        bit: 38,
        purpose: "every probe: programs at tracepoints that read memory",
        without: "nothing can be traced",
        required: true,
    },
    Capability {
        name: "CAP_SYS_PTRACE",
        bit: 19,
        purpose: "executable, environment and sockets of other processes (exe and port rules, service names, build ids)",
        without: "processes that hold more privileges than the agent, or are another user's, match no exe or port rule and are named by \
                  their cgroup or command name alone",
        required: false,
    },
    Capability {
        name: "CAP_DAC_READ_SEARCH",
        bit: 2,
        purpose: "files of other users below /proc (port rules, service names), and a configuration only root may read",
        without: "processes of other users match no port rule, and their OTEL_SERVICE_NAME is not seen",
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

/// Says which are missing that the agent can do without, and what is off therefore. Of the others, its failure tells.
pub fn warn() {
    let missing = CAPABILITIES.iter().zip(held()).filter(|(_, held)| !held);
    for (capability, _) in missing.filter(|(capability, _)| !capability.required) {
        tracing::warn!("{} is missing; without it: {}", capability.name, capability.without);
    }
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
