//! probes x this kernel and this process -> what is on, what is off, and why
//!
//! The mechanism is `underspan_ebpf`; here it is decided where it is used, and put into words. Drops and counts nothing.

pub mod canaries;
pub mod framing;
pub mod inside;
pub mod plaintext;
pub mod privileges;

use std::fmt::Write;

use underspan_ebpf::ProbeReport;

/// One line per probe and one per program of it that does not run.
pub fn table(reports: &[ProbeReport]) -> String {
    let mut text = String::new();
    for report in reports {
        let line = match &report.off {
            None => format!("on    {}", report.probe.gives),
            Some(reason) => format!("off   {reason}; without it: {}", report.probe.without),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "probe       {:<20} {line}", report.probe.name);
        for (hook, reason, lost) in &report.reduced {
            let _ = writeln!(text, "            {:<20} off   {hook}: {reason}; without it: {lost}", "");
        }
    }
    text
}
