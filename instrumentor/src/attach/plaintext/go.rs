//! a Go program -> places in it where it encrypts and decrypts, and where it makes goroutines

use underspan_ebpf::elf::Image;
use underspan_ebpf::go::{Abi, GoError, Program, Refusal};
use underspan_ebpf::probes::go_routines::{HANDED_OVER, HandedOver, Need};
use underspan_ebpf::probes::{go_routines, go_tls};
use underspan_ebpf::uprobes::{Point, When};

/// What a Go program is good for.
#[derive(Debug, Clone)]
pub(super) struct GoPlan {
    /// Its threads run goroutines, which can be told apart.
    pub(super) goroutines: bool,
    /// Where its TLS is, if it has any; or why nowhere.
    pub(super) points: Result<Vec<Point>, String>,
    /// Where goroutines are made and lent, if it has any.
    pub(super) lineage: Vec<Point>,
}

impl GoPlan {
    /// `None` if the program is not Go's.
    pub(super) fn of(image: &Image) -> Option<Self> {
        let program = match Program::of(image) {
            Ok(program) => program,
            Err(GoError::NotGo | GoError::Image(_)) => return None,
            Err(error) => {
                return Some(Self { goroutines: false, points: Err(error.to_string()), lineage: Vec::new() });
            }
        };
        let goroutines = program.goroutines(image);
        let points = in_go(&program, image, goroutines);
        let lineage = if goroutines { lineage(&program, image) } else { Vec::new() };
        Some(Self { goroutines, points, lineage })
    }
}

fn in_go(program: &Program, image: &Image, goroutines: bool) -> Result<Vec<Point>, String> {
    let names: Vec<_> = go_tls::CALLS.iter().map(|(name, _)| *name).collect();
    let hooks = program.hooks(image, &names).map_err(|error| error.to_string())?;
    let abi = if program.abi(image) == Some(Abi::Stack) { go_tls::STACK } else { 0 };
    let mut points = Vec::new();
    for (hook, (_, kind)) in hooks.into_iter().zip(go_tls::CALLS) {
        let places = match hook.places {
            Ok(places) => places,
            Err(Refusal::Absent) => continue,
            Err(refusal) => return Err(format!("{}: {refusal}", hook.name)),
        };
        // In this order, so that no call is seen to begin and not to end.
        points.extend(places.returns.iter().map(|offset| at(go_tls::LEAVE, *offset, kind | abi)));
        points.push(at(go_tls::ENTER, places.entry.offset, kind | abi));
    }
    if !points.is_empty() && !goroutines {
        return Err("which goroutine a thread runs cannot be told in this program".to_owned());
    }
    Ok(points)
}

/// Less is known without them, and nothing is wrong: what cannot be had is left out. No places at all where making goroutines is not seen, since
/// then those of pools could not be told from others.
fn lineage(program: &Program, image: &Image) -> Vec<Point> {
    let cookie = match program.abi(image) {
        Some(Abi::Stack) => go_routines::BEFORE_17,
        Some(Abi::Registers) if program.build.minor() == Some(17) => go_routines::IN_17,
        Some(Abi::Registers) => go_routines::SINCE_18,
        None => return Vec::new(),
    };
    let names: Vec<_> = go_routines::CALLS.iter().map(|call| call.name).collect();
    let mut points = Vec::new();
    for (hook, call) in program.hooks(image, &names).unwrap_or_default().into_iter().zip(go_routines::CALLS) {
        match hook.places {
            Ok(places) => {
                let handed_over =
                    if call.name == HANDED_OVER.makes { handed_over(program, image) } else { None };
                let ends = match handed_over {
                    Some(offset) => vec![(offset, cookie | HANDED_OVER.cookie)],
                    None => places.returns.iter().map(|offset| (*offset, cookie)).collect(),
                };
                let leave = call.leave.iter();
                points.extend(
                    leave.flat_map(|leave| ends.iter().map(|(offset, cookie)| at(leave, *offset, *cookie))),
                );
                points.extend(call.enter.map(|enter| at(enter, places.entry.offset, cookie)));
            }
            Err(_) if call.need == Need::Always => return Vec::new(),
            Err(refusal) if call.need == Need::IfThere && refusal != Refusal::Absent => return Vec::new(),
            Err(_) => {}
        }
    }
    points
}

/// Where a new goroutine is handed over to be run, if all are.
fn handed_over(program: &Program, image: &Image) -> Option<u64> {
    let HandedOver { function, makes, hands_over, unless, .. } = HANDED_OVER;
    let others = program.functions(image, |name| name == unless.as_bytes()).ok()?;
    if !others.found.is_empty() {
        return None;
    }
    program.call_behind(image, function, makes, hands_over).ok()?
}

fn at(program: &'static str, offset: u64, cookie: u64) -> Point {
    Point { program, offset, when: When::Before, semaphore: None, cookie, at_entry: false }
}
