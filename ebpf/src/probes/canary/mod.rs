//! Canaries' calls -> tallies. See [`crate::canary`].

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "canary",
    gives: "proof that probes in user space work here, on a process of our own",
    without: "no probes in user space",
    typed_sockets: true,
    programs: &[
        Program { name: ENTRY, optional: None, attach: Uprobe },
        Program { name: RETURN, optional: None, attach: Uprobe },
        Program { name: USDT, optional: None, attach: Uprobe },
    ],
};

/// Tallies the arguments of a function.
pub const ENTRY: &str = "us_canary_entry";
/// Tallies the result of a function.
pub const RETURN: &str = "us_canary_return";
/// Tallies the arguments of a USDT probe.
pub const USDT: &str = "us_canary_usdt";
