//! kernels x tiers x end-to-end tests -> a table
//!
//! Stock Debian kernels are fetched by package, booted under QEMU without KVM, and given the host's files to read and scratch memory
//! to write over them. So a guest runs the very binaries that were built on the host, against the host's servers. Nothing is dropped: a
//! cell of the matrix that a kernel cannot have gives its reason, and a test without an outcome has failed.

mod apt;
mod build;
mod guest;
mod image;
mod kernels;
mod matrix;
mod outcome;
mod programs;
mod selection;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::stdin;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{bail, ensure};

use build::Programs;
use guest::Guest;
use image::Image;
use kernels::{KERNELS, Kernel, TIERS};
use matrix::{Cell, Plan, environment};
use selection::Form;
use table::{Result, Row, Table};

/// Gives the reason why this machine does not run guests; then `cargo xtask vm` does nothing and succeeds.
const SKIP: &str = "UNDERSPAN_VM_SKIP";

/// What of the matrix to run.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Options {
    /// Tests whose names contain one of these; without any, those whose result depends on the kernel
    filters: Vec<String>,
    /// Kernels by series, such as 6.1,6.12; all without it
    #[arg(long, value_name = "SERIES", value_delimiter = ',', value_parser = kernel)]
    kernel: Vec<&'static Kernel>,
    /// Tiers, such as t1,t2; t1, t2, t3 and t3-syscalls without it. `auto`: what the agent chooses
    #[arg(long, value_name = "TIER", value_delimiter = ',', value_parser = tier)]
    tier: Vec<String>,
    /// Only the tests of the short form
    #[arg(long, conflicts_with = "all")]
    short: bool,
    /// All tests there are
    #[arg(long)]
    all: bool,
    /// Open a shell in the first of the kernels instead of running tests; `exit` ends the guest
    #[arg(long)]
    shell: bool,
    /// Keep the logs of cells that pass, too
    #[arg(long)]
    keep_log: bool,
    /// Ask Debian for newer kernels than those in the cache
    #[arg(long)]
    update: bool,
    /// Folder for kernels and logs [default: `vm` in the build folder]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// How many times slower guests are than the host: sizes and rates of the tests are divided by it [default: 40, all: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    scale: Option<u64>,
    /// Guests at the same time [default: one for each CPU of the host; each has 3 GiB of memory]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    jobs: Option<u64>,
}

impl Options {
    fn scale(&self) -> u64 {
        self.scale.unwrap_or(if self.all { 20 } else { 40 })
    }

    fn form(&self) -> Form {
        match self {
            Self { short: true, .. } => Form::Short,
            Self { all: true, .. } => Form::All,
            _ => Form::Matrix,
        }
    }

    fn jobs(&self) -> u64 {
        self.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64))
    }
}

fn kernel(name: &str) -> std::result::Result<&'static Kernel, String> {
    let known: Vec<_> = KERNELS.iter().map(Kernel::to_string).collect();
    Kernel::named(name).ok_or_else(|| format!("known are {}", known.join(", ")))
}

fn tier(name: &str) -> std::result::Result<String, String> {
    let known = name == "auto" || TIERS.contains(&name);
    known.then(|| name.to_owned()).ok_or_else(|| format!("known are auto, {}", TIERS.join(", ")))
}

/// Runs it and prints the table. Fails when a cell does.
pub(crate) fn run(options: &Options, root: &Path) -> anyhow::Result<()> {
    if let Some(reason) = std::env::var_os(SKIP).filter(|reason| !reason.is_empty()) {
        println!("vm: skipped: {SKIP} says: {}", reason.display());
        return Ok(());
    }
    programs::check()?;
    let cache = match &options.cache {
        Some(folder) => std::path::absolute(folder)?,
        None => target(root).join("vm"),
    };
    let kernels: Vec<_> =
        if options.kernel.is_empty() { KERNELS.iter().collect() } else { options.kernel.clone() };
    if options.shell {
        let image = Image::get(kernels[0], &cache, options.update)?;
        return shell(&image, options, &Programs::build(root)?);
    }
    // First, since it fails sooner than building ends.
    let images: Vec<_> =
        kernels.iter().map(|kernel| (*kernel, Image::get(kernel, &cache, options.update))).collect();
    if images.iter().all(|(_, image)| image.is_err()) {
        let errors = images.iter().filter_map(|(_, image)| image.as_ref().err());
        let errors: Vec<_> = errors.map(|error| format!("{error:#}")).collect();
        bail!("there is no kernel to run; {SKIP}=REASON leaves the matrix out\n{}", errors.join("\n"));
    }
    let rows = rows(&images, options, &Programs::build(root)?, &cache.join("logs"))?;
    println!("\n{}", Table(&rows));
    let failed = rows.iter().filter(|row| row.failed()).count();
    ensure!(failed == 0, "{failed} of {} cells failed", rows.len());
    Ok(())
}

fn rows(
    images: &[(&'static Kernel, anyhow::Result<Image>)],
    options: &Options,
    programs: &Programs,
    logs: &Path,
) -> anyhow::Result<Vec<Row>> {
    let tests = selection::choose(programs.names()?, options.form(), &options.filters)?;
    let default: Vec<_> = TIERS.iter().map(|&tier| tier.to_owned()).collect();
    let tiers = if options.tier.is_empty() { &default } else { &options.tier };
    let plan = Plan { programs, tests: &tests, scale: options.scale(), logs, keep_log: options.keep_log };
    let cells: Vec<_> = images
        .iter()
        .flat_map(|(kernel, image)| tiers.iter().map(move |tier| (*kernel, image, tier)))
        .collect();
    let rows = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(kernel, image, tier)) = cells.get(place) else { return };
            let row = row(&plan, kernel, image, tier);
            rows.lock().unwrap_or_else(PoisonError::into_inner).insert(place, row);
        }
    };
    thread::scope(|scope| {
        for _ in 0..options.jobs() {
            scope.spawn(work);
        }
    });
    Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

/// Runs one cell.
fn row(plan: &Plan, kernel: &'static Kernel, image: &anyhow::Result<Image>, tier: &str) -> Row {
    let release = image.as_ref().map_or("-", |image| &image.release).to_owned();
    let result = match (image, kernel.lacks(tier)) {
        (Err(error), _) => Result::Broken(format!("{error:#}")),
        (Ok(_), Some(reason)) => Result::Lacks(reason),
        (Ok(image), None) => match plan.run(&Cell { kernel, tier, image }) {
            Ok(run) => Result::Ran(run),
            Err(error) => Result::Broken(format!("{error:#}")),
        },
    };
    Row { kernel, release, tier: tier.to_owned(), result }
}

/// Lets a person look around in a guest.
fn shell(image: &Image, options: &Options, programs: &Programs) -> anyhow::Result<()> {
    let tier = options.tier.first().map_or("auto", String::as_str);
    let mut script = environment(programs, tier, options.scale())?;
    if let Ok(size) = rustix::termios::tcgetwinsize(stdin()) {
        let _ = writeln!(script, "stty rows {} cols {}", size.ws_row, size.ws_col);
    }
    let _ = write!(
        script,
        "export TERM={}\necho 'The agent is $UNDERSPAN_BIN, the tests are {}.'\n\
         setsid -c -w bash -l\nstty onlcr\necho o > /proc/sysrq-trigger\nsleep 60\n",
        std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned()),
        programs.tests.display(),
    );
    let mut guest = Guest::boot(image, &script, Stdio::inherit(), Stdio::inherit())?;
    guest.wait()?;
    let complaints = guest.complaints();
    if !complaints.is_empty() {
        bail!("the kernel complained:\n{}", complaints.join("\n"));
    }
    Ok(())
}

/// Cargo's build folder.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}
