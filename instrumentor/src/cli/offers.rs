//! `underspan list --usdt`, `--go` and `--explain`: what a program offers for probing.

use std::fmt::Write as _;
use std::path::Path;

use underspan_ebpf::elf::{Function, Image};
use underspan_ebpf::go::{Abi, GoError, Program, Refusal};
use underspan_ebpf::placement::{Convention, Entry, Planner};
use underspan_ebpf::probes::{go_sql, go_tls};
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

/// Prints what a Go program was built of, and where probes on its functions would go.
pub(super) fn list_go(path: &Path) -> Result<u8, Failure> {
    let image = Image::open(path).map_err(failed)?;
    let program = Program::of(&image)
        .map_err(|error| Failure::new(Failure::FAILED, format!("{}: {error}", path.display())))?;
    let build = &program.build;
    let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let mut text = String::new();
    let _ = writeln!(text, "go         {}", or_unknown(&build.version));
    let _ = writeln!(text, "package    {}", or_unknown(&build.path));
    let arguments = match program.abi(&image) {
        Some(Abi::Registers) => "in registers",
        Some(Abi::Stack) => "on the stack",
        None => "unknown",
    };
    let _ = writeln!(text, "arguments  {arguments}");
    for module in &build.modules {
        let _ = write!(text, "module     {} {}", module.path, module.version);
        if let Some((path, version)) = &module.replaced {
            let _ = write!(text, " => {path} {version}");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    for (key, value) in &build.settings {
        let _ = writeln!(text, "setting    {key}={value}");
    }
    let tls = go_tls::CALLS.iter().map(|(name, _)| *name);
    let databases = go_sql::CALLS.iter().map(|call| call.name);
    let drivers = go_sql::DRIVERS.iter().flat_map(|driver| driver.methods.iter().copied());
    let hooked: Vec<_> = tls.chain(databases).chain(drivers).collect();
    for (index, hook) in program.hooks(&image, &hooked).map_err(failed)?.into_iter().enumerate() {
        // Few programs have databases within them.
        if index >= go_tls::CALLS.len() && matches!(hook.places, Err(Refusal::Absent)) {
            continue;
        }
        let _ = write!(text, "function   {}  ", hook.name);
        match hook.places {
            Err(refusal) => {
                let _ = writeln!(text, "none: {refusal}");
            }
            Ok(places) => {
                let returns: Vec<_> = places.returns.iter().map(|offset| format!("{offset:#x}")).collect();
                let _ = writeln!(
                    text,
                    "{:#x}, {} bytes\n             entry at file offset {:#x} ({}), returns at {}",
                    places.function.address,
                    places.function.size,
                    places.entry.offset,
                    places.entry.instruction,
                    returns.join(" ")
                );
            }
        }
    }
    done(&text)
}

/// Prints where the probes on a function would go.
pub(super) fn explain(path: &Path, symbol: &str) -> Result<u8, Failure> {
    /// As many as most functions have of interest; more would only leave fewer places.
    const ARGUMENTS: u8 = 3;
    let image = Image::open(path).map_err(failed)?;
    let mut text = if let Some(text) = explain_go(&image, symbol)? {
        text
    } else {
        let planner = Planner::new(&image).map_err(failed)?;
        planner.plan(symbol, Convention::C { arguments: ARGUMENTS }).map_err(failed)?.to_string()
    };
    let _ = writeln!(text, "  file    {}, build id {}", path.display(), image.build_id().unwrap_or("-"));
    done(&text)
}

/// The same for a function of a Go program. `None` if it is none of those.
fn explain_go(image: &Image, symbol: &str) -> Result<Option<String>, Failure> {
    let program = match Program::of(image) {
        Ok(program) => program,
        Err(GoError::NotGo | GoError::Unknown(_)) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let hooks = program.hooks(image, &[symbol]).map_err(failed)?;
    let places = match hooks.into_iter().next().map(|hook| hook.places) {
        None | Some(Err(Refusal::Absent)) => return Ok(None),
        Some(Err(refusal)) => return Err(failed(format_args!("{symbol}: {refusal}"))),
        Some(Ok(places)) => places,
    };
    let Function { name, address, size } = &places.function;
    let Entry { offset, distance, instruction, emulated, .. } = &places.entry;
    let mut text = format!("{name} at {address:#x}, {size} bytes\n");
    let cost = if *emulated { "emulated" } else { "single-stepped" };
    let _ = writeln!(text, "  entry   +{distance:#x} (file offset {offset:#x})  {instruction:<28} {cost}");
    for offset in &places.returns {
        let _ = writeln!(text, "  return  file offset {offset:#x}");
    }
    text.push_str("          Go checks its return addresses, so each return instruction has a probe\n");
    Ok(Some(text))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: impl ToString) -> Failure {
    Failure::new(Failure::FAILED, error.to_string())
}

fn done(text: &str) -> Result<u8, Failure> {
    super::print(text).map(|_: Action| 0)
}
