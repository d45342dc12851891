//! Kernel x tier x result.

use std::fmt;

use super::kernels::Kernel;
use super::matrix::Run;

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) kernel: &'static Kernel,
    /// What `uname -r` says.
    pub(super) release: String,
    pub(super) tier: String,
    pub(super) result: Result,
}

/// What came of a cell.
#[derive(Debug)]
pub(super) enum Result {
    /// The kernel has no such tier.
    Lacks(&'static str),
    /// Tests ran.
    Ran(Run),
    /// They could not.
    Broken(String),
}

impl Row {
    pub(super) fn failed(&self) -> bool {
        match &self.result {
            Result::Lacks(_) => false,
            Result::Ran(run) => run.failed(),
            Result::Broken(_) => true,
        }
    }
}

/// The rows, and below them what numbers leave out.
#[derive(Debug)]
pub(super) struct Table<'a>(pub(super) &'a [Row]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<8}{:<30}{:<14}{:>7}{:>7}{:>8}{:>8}  result",
            "kernel", "release", "tier", "passed", "failed", "skipped", "s"
        )?;
        for row in self.0 {
            write!(f, "{:<8}{:<30}{:<14}", row.kernel, row.release, row.tier)?;
            let none = format!("{:>7}{:>7}{:>8}{:>8}", "-", "-", "-", "-");
            match &row.result {
                Result::Lacks(reason) => writeln!(f, "{none}  skipped: {reason}")?,
                Result::Broken(reason) => writeln!(f, "{none}  FAILED: {reason}")?,
                Result::Ran(run) => {
                    let Run { outcome, took, .. } = run;
                    let (passed, failed, skipped) =
                        (outcome.passed.len(), outcome.failed.len(), outcome.skipped.len());
                    let word = if run.failed() { "FAILED" } else { "passed" };
                    writeln!(f, "{passed:>7}{failed:>7}{skipped:>8}{:>8}  {word}", took.as_secs())?;
                }
            }
        }
        for row in self.0 {
            let Result::Ran(run) = &row.result else { continue };
            let at = format!("{} {}", row.kernel, row.tier);
            for name in &run.outcome.failed {
                writeln!(f, "{at}: failed: {name}")?;
            }
            for complaint in &run.complaints {
                writeln!(f, "{at}: the kernel: {complaint}")?;
            }
            for name in &run.outcome.again {
                writeln!(f, "{at}: passed the second time only: {name}")?;
            }
            for (name, reason) in &run.outcome.skipped {
                writeln!(f, "{at}: skipped: {name}: {reason}")?;
            }
            if let Some(log) = &run.log {
                writeln!(f, "{at}: log: {}", log.display())?;
            }
        }
        Ok(())
    }
}
