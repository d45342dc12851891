//! Probes inside programs that have a [`Mark`] -> `Moment` and `Sums` records, and counts by process.

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;

pub use crate::marks::{DECLARED, MARKS_MAX, Mark, NUMBERS, RESULT, SLOTS, TEXT_MAX, TOTALS};

/// See the module.
pub static PROBE: Probe = Probe {
    name: "inside",
    gives: "what programs tell of themselves: garbage collections, lock waits, phases of queries, functions somebody asked for",
    without: "spans tell nothing of what happened inside a process",
    typed_sockets: true,
    programs: &[
        Program { name: USDT, optional: None, attach: Uprobe },
        Program { name: FUNCTION, optional: None, attach: Uprobe },
    ],
};

/// Runs at a USDT probe, whose tag is the number of its mark.
pub const USDT: &str = "us_inside_usdt";
/// Runs where a function of the configuration begins or returns; the cookie is the number of its mark.
pub const FUNCTION: &str = "us_inside_function";
