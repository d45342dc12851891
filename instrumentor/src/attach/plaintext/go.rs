//! a Go program -> places in it where it encrypts and decrypts, where it makes goroutines, and where it asks databases within it

use underspan_ebpf::elf::Image;
use underspan_ebpf::go::{Abi, GoError, Hook, Places, Program, Refusal};
use underspan_ebpf::probes::go_routines::{ENDS, HANDED_OVER, HandedOver, Need};
use underspan_ebpf::probes::{go_routines, go_sql, go_tls};
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
    /// Where it asks databases that are a part of it, if it has any; or why that is not seen.
    pub(super) databases: Result<Vec<Point>, String>,
}

/// What is said of a program whose goroutines have no place that is known.
const NO_GOROUTINES: &str = "which goroutine a thread runs cannot be told in this program";

impl GoPlan {
    /// `None` if the program is not Go's.
    pub(super) fn of(image: &Image) -> Option<Self> {
        let program = match Program::of(image) {
            Ok(program) => program,
            Err(GoError::NotGo | GoError::Image(_)) => return None,
            Err(error) => {
                let points = Err(error.to_string());
                return Some(Self {
                    goroutines: false,
                    points,
                    lineage: Vec::new(),
                    databases: Ok(Vec::new()),
                });
            }
        };
        let goroutines = program.goroutines(image);
        let points = in_go(&program, image, goroutines);
        let lineage = if goroutines { lineage(&program, image) } else { Vec::new() };
        let databases = databases(&program, image, goroutines);
        Some(Self { goroutines, points, lineage, databases })
    }
}

fn in_go(program: &Program, image: &Image, goroutines: bool) -> Result<Vec<Point>, String> {
    let names: Vec<_> = go_tls::CALLS.iter().map(|(name, _)| *name).collect();
    let hooks = program.hooks(image, &names).map_err(|error| error.to_string())?;
    let abi = if program.abi(image) == Some(Abi::Stack) { go_tls::STACK } else { 0 };
    let mut points = Vec::new();
    for (hook, (_, kind)) in hooks.into_iter().zip(go_tls::CALLS) {
        let Some(places) = there(hook)? else { continue };
        // In this order, so that no call is seen to begin and not to end.
        points.extend(places.returns.iter().map(|offset| at(go_tls::LEAVE, *offset, kind | abi)));
        points.push(at(go_tls::ENTER, places.entry.offset, kind | abi));
    }
    if !points.is_empty() && !goroutines {
        return Err(NO_GOROUTINES.to_owned());
    }
    Ok(points)
}

/// All of them, since what would be seen of a part would pass for everything.
fn databases(program: &Program, image: &Image, goroutines: bool) -> Result<Vec<Point>, String> {
    let linked = |driver: &&go_sql::Driver| {
        let modules = &program.build.modules;
        modules.is_empty() || modules.iter().any(|module| module.path == driver.module)
    };
    let drivers: Vec<_> = go_sql::DRIVERS.iter().filter(linked).collect();
    if drivers.is_empty() {
        return Ok(Vec::new());
    }
    let methods =
        drivers.iter().flat_map(|driver| driver.methods.iter().map(move |name| (*name, driver.system)));
    let methods: Vec<_> = methods.collect();
    let calls = go_sql::CALLS.iter().map(|call| call.name);
    let names: Vec<_> = calls.chain(methods.iter().map(|(name, _)| *name)).collect();
    let mut hooks = program.hooks(image, &names).map_err(|error| error.to_string())?.into_iter();
    let on_stack = program.abi(image) == Some(Abi::Stack);
    let stack = if on_stack { go_sql::STACK } else { 0 };
    let (mut begun, mut asked) = (Vec::new(), Vec::new());
    for (call, hook) in go_sql::CALLS.iter().zip(hooks.by_ref()) {
        let Some(places) = there(hook)? else { continue };
        let cookie = call.cookie(on_stack);
        begun.extend(places.returns.iter().map(|offset| at(go_sql::LEAVE, *offset, cookie)));
        begun.push(at(go_sql::ENTER, places.entry.offset, cookie));
    }
    for ((_, system), hook) in methods.iter().zip(hooks) {
        let places = there(hook)?;
        asked.extend(places.map(|places| at(go_sql::ASKED, places.entry.offset, system | stack)));
    }
    if begun.is_empty() || asked.is_empty() {
        return Ok(Vec::new());
    }
    if !goroutines {
        return Err(NO_GOROUTINES.to_owned());
    }
    // In this order, so that no call is seen to begin and not to end.
    Ok(begun.into_iter().chain(asked).collect())
}

/// Places in a function, if it is in the program.
fn there(hook: Hook) -> Result<Option<Places>, String> {
    match hook.places {
        Ok(places) => Ok(Some(places)),
        Err(Refusal::Absent) => Ok(None),
        Err(refusal) => Err(format!("{}: {refusal}", hook.name)),
    }
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
    let names: Vec<_> = ENDS.into_iter().chain(go_routines::CALLS.iter().map(|call| call.name)).collect();
    let mut hooks = program.hooks(image, &names).unwrap_or_default();
    let calls = hooks.split_off(ENDS.len().min(hooks.len()));
    let mut ends = hooks.into_iter().filter_map(|hook| hook.places.ok());
    let mut points: Vec<_> =
        ends.next().map(|places| at(go_routines::END, places.check.offset, cookie)).into_iter().collect();
    for (hook, call) in calls.into_iter().zip(go_routines::CALLS) {
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
