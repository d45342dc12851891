//! The kernels of the matrix, and what each lacks. A kernel is one line here.

use std::fmt;

/// Debian's archive a suite lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archive {
    /// Releases and backports.
    Main,
    /// Security updates.
    Security,
}

/// A kernel series and where Debian keeps it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kernel {
    /// Major and minor version; the newest patch version the suites hold is taken.
    pub(super) series: (u32, u32),
    pub(super) suites: &'static [(Archive, &'static str)],
}

/// All of them, oldest first.
pub(super) const KERNELS: &[Kernel] = &[
    Kernel {
        series: (5, 10),
        suites: &[(Archive::Main, "bullseye"), (Archive::Security, "bullseye-security")],
    },
    Kernel {
        series: (6, 1),
        suites: &[(Archive::Main, "bookworm"), (Archive::Security, "bookworm-security")],
    },
    Kernel { series: (6, 12), suites: &[(Archive::Main, "trixie"), (Archive::Security, "trixie-security")] },
    Kernel { series: (6, 18), suites: &[(Archive::Main, "trixie-backports")] },
    Kernel { series: (7, 3), suites: &[(Archive::Main, "trixie-backports")] },
];

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{}", self.series.0, self.series.1);
        f.pad(&text)
    }
}

/// Tiers an agent can be told to use, best first, by their names in the configuration.
pub(super) const TIERS: &[&str] = &["t1", "t2", "t3", "t3-syscalls"];

impl Kernel {
    /// The kernel of a series such as `6.12`.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KERNELS.iter().find(|kernel| kernel.to_string() == name)
    }

    /// Why it cannot have a tier; `None` when it must.
    pub(super) fn lacks(&self, tier: &str) -> Option<&'static str> {
        // include/trace/events/sock.h
        (tier == "t3" && self.series < (6, 3))
            .then_some("no tracepoint sock_send_length before 6.3; t3-syscalls is what takes its place")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_found_by_name() {
        assert_eq!(Kernel::named("6.1").map(|kernel| kernel.series), Some((6, 1)));
        assert_eq!(Kernel::named("6.2"), None);
        assert!(KERNELS.is_sorted_by_key(|kernel| kernel.series));
    }

    #[test]
    fn old_kernels_lack_tracepoints_only() {
        let lacking = |tier| KERNELS.iter().filter(|kernel| kernel.lacks(tier).is_some()).count();
        assert_eq!(TIERS.iter().map(|tier| lacking(tier)).collect::<Vec<_>>(), [0, 0, 2, 0]);
    }
}
