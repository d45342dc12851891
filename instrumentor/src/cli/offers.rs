//! `underspan list --usdt` and `underspan list --explain`: what a program offers for probing.

use std::fmt::Write as _;
use std::path::Path;

use underspan_ebpf::elf::Image;
use underspan_ebpf::placement::{Convention, Planner};
use underspan_ebpf::usdt::{self, Place};

use super::{Action, Failure};

/// Prints the USDT probes of a file.
pub(super) fn list_usdt(path: &Path) -> Result<u8, Failure> {
    let image = Image::open(path).map_err(failed)?;
    let probes = usdt::probes(&image).map_err(failed)?;
    if probes.is_empty() {
        let message = format!(
            "{} has no USDT probes; programs have them when they were built so (PostgreSQL: --enable-dtrace, CPython: --with-dtrace)",
            path.display()
        );
        return Err(Failure::new(Failure::FAILED, message));
    }
    let mut text = String::new();
    for probe in &probes {
        let _ = writeln!(text, "{}:{}", probe.provider, probe.name);
        for site in &probe.sites {
            let semaphore = if site.semaphore.is_some() { "  semaphore" } else { "" };
            let _ = write!(text, "    {:#x}{semaphore}", site.address);
            for argument in &site.arguments {
                let _ = write!(text, "  {}", argument.text);
                if let Place::Unavailable(why) = argument.place {
                    let _ = write!(text, " (unavailable: {why})");
                }
            }
            text.push('\n');
        }
    }
    done(&text)
}

/// Prints where the probes on a function would go.
pub(super) fn explain(path: &Path, symbol: &str) -> Result<u8, Failure> {
    /// As many as most functions have of interest; more would only leave fewer places.
    const ARGUMENTS: u8 = 3;
    let image = Image::open(path).map_err(failed)?;
    let planner = Planner::new(&image).map_err(failed)?;
    let plan = planner.plan(symbol, Convention::C { arguments: ARGUMENTS }).map_err(failed)?;
    let mut text = plan.to_string();
    let _ = writeln!(text, "  file    {}, build id {}", path.display(), image.build_id().unwrap_or("-"));
    done(&text)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: impl ToString) -> Failure {
    Failure::new(Failure::FAILED, error.to_string())
}

fn done(text: &str) -> Result<u8, Failure> {
    super::print(text).map(|_: Action| 0)
}
