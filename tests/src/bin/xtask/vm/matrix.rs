//! A kernel, a tier, tests -> a line of the table.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use underspan_tests::agent::TIER;
use underspan_tests::workload::scale;

use super::build::Programs;
use super::guest::Guest;
use super::image::Image;
use super::kernels::Kernel;
use super::outcome::{Outcome, Reader};

/// A guest that says nothing for so long hangs: several times the longest a test waits for anything.
const SILENCE: Duration = Duration::from_mins(10);
/// A test that fails runs once more, as `tests/e2e.sh` does, unless more fail than chance explains.
const CHANCE: usize = 2;
/// Says that the tests came to their end.
const END: &str = "guest: the tests have ended";

/// A place in the table.
#[derive(Debug)]
pub(super) struct Cell<'a> {
    pub(super) kernel: &'static Kernel,
    pub(super) tier: &'a str,
    pub(super) image: &'a Image,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) outcome: Outcome,
    /// What the kernel complained of.
    pub(super) complaints: Vec<String>,
    pub(super) took: Duration,
    /// Everything that was said, unless all is well and nobody wants it.
    pub(super) log: Option<PathBuf>,
}

impl Run {
    pub(super) fn failed(&self) -> bool {
        !self.outcome.failed.is_empty() || !self.complaints.is_empty()
    }
}

/// What all cells have in common.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) programs: &'a Programs,
    pub(super) tests: &'a [String],
    /// How many times slower guests are than the host.
    pub(super) scale: u64,
    /// Folder of the logs.
    pub(super) logs: &'a Path,
    pub(super) keep_log: bool,
}

impl Plan<'_> {
    /// Runs the tests of one cell.
    pub(super) fn run(&self, cell: &Cell) -> anyhow::Result<Run> {
        let begin = Instant::now();
        let mut log = String::new();
        let (mut outcome, mut complaints) = self.boot(cell, self.tests, &mut log)?;
        if (1..=CHANCE).contains(&outcome.failed.len()) && complaints.is_empty() {
            let failed = outcome.failed.clone();
            println!("{} {}: once more: {}", cell.kernel, cell.tier, failed.join(" "));
            let (second, more) = self.boot(cell, &failed, &mut log)?;
            outcome.retried(second);
            complaints = more;
        }
        let mut run = Run { outcome, complaints, took: begin.elapsed(), log: None };
        if run.failed() || self.keep_log {
            fs::create_dir_all(self.logs)?;
            let path = self.logs.join(format!("{}-{}.log", cell.kernel, cell.tier));
            fs::write(&path, &log)?;
            run.log = Some(path);
        }
        if run.failed() {
            println!("{}", failures(&log));
        }
        Ok(run)
    }

    /// Boots a guest for `tests`. All it says is added to `log`.
    fn boot(
        &self,
        cell: &Cell,
        tests: &[String],
        log: &mut String,
    ) -> anyhow::Result<(Outcome, Vec<String>)> {
        let script = self.script(cell, tests)?;
        let mut guest = Guest::boot(cell.image, &script, Stdio::null(), Stdio::piped())?;
        let lines = guest.lines();
        let mut reader = Reader::default();
        let (mut since, mut ended, mut silent) = (Instant::now(), false, false);
        loop {
            match lines.recv_timeout(SILENCE) {
                Ok(line) => {
                    ended |= line == END;
                    if let Some((name, result)) = reader.line(&line) {
                        let seconds = since.elapsed().as_secs_f32();
                        println!("{} {}: {name} {result} {seconds:.1} s", cell.kernel, cell.tier);
                        since = Instant::now();
                    }
                    log.push_str(&line);
                    log.push('\n');
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    silent = true;
                    break;
                }
            }
        }
        let mut complaints = guest.complaints();
        if silent {
            complaints.push(format!("the guest said nothing for {} minutes", SILENCE.as_secs() / 60));
        } else {
            guest.wait()?;
            if !ended {
                complaints.push("the guest ended before its tests".to_owned());
            }
        }
        let _ = writeln!(log, "--- console of the kernel\n{}", guest.console());
        Ok((reader.end(tests), complaints))
    }

    /// What a guest does: shows what the agent finds there, runs the tests, and switches itself off.
    fn script(&self, cell: &Cell, tests: &[String]) -> anyhow::Result<String> {
        let mut script = environment(self.programs, cell.tier, self.scale)?;
        // Changing the terminal's mode waits until all is written, which switching off does not. From then on there are no files: a program
        // that cannot be started would end the guest's first process, and the kernel would panic.
        let _ = write!(
            script,
            "stty -onlcr\n\"$UNDERSPAN_BIN\" check\n{} --color never --test-threads=1 --exact {}\n\
             echo '{END}'\nstty onlcr\necho o > /proc/sysrq-trigger\nwhile :; do :; done\n",
            quoted(&self.programs.tests)?,
            tests.join(" "),
        );
        Ok(script)
    }
}

/// Sets a guest's shell up for the tests.
pub(super) fn environment(programs: &Programs, tier: &str, scale: u64) -> anyhow::Result<String> {
    Ok(format!(
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8\n\
         export UNDERSPAN_BIN={} {}={scale} {TIER}={tier}\ncd {}\n",
        quoted(&programs.agent)?,
        scale::VARIABLE,
        quoted(&programs.folder)?,
    ))
}

/// A path as a word of the shell's.
fn quoted(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().context("paths are text")?;
    ensure!(!text.contains('\''), "{text} has a quote in its name");
    Ok(format!("'{text}'"))
}

/// The part of a log that says why tests failed, or its end.
fn failures(log: &str) -> String {
    const LINES: usize = 400;
    let from = log.find("\nfailures:\n").unwrap_or(0);
    let lines: Vec<_> = log[from..].lines().collect();
    let shown = if from == 0 {
        &lines[lines.len().saturating_sub(LINES)..]
    } else {
        &lines[..lines.len().min(LINES)]
    };
    shown.join("\n")
}
