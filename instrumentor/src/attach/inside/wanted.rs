//! What is wanted of programs -> points in a file of theirs

use std::path::Path;

use underspan_ebpf::elf::Image;
use underspan_ebpf::go::Program;
use underspan_ebpf::placement::{Convention, Planner};
use underspan_ebpf::probes::inside::{FUNCTION, Mark, USDT};
use underspan_ebpf::uprobes::{Point, Sharing, Uprobes, When};
use underspan_ebpf::usdt;

use crate::discover::selector::FileGlob;

/// Probes that belong together, for all files that have them.
pub struct Wanted {
    /// A runtime, or `probe NAME` of the configuration. Unique.
    pub name: &'static str,
    /// Where they are.
    pub files: Files,
    /// Whether processes share them.
    pub sharing: Sharing,
    /// Somebody asked for just these: without one of them the others are of no use, and it is told.
    pub declared: bool,
    /// What they are.
    pub seek: Seek,
}

/// Files of programs.
pub enum Files {
    /// Those whose name is right.
    Named(fn(&str) -> bool),
    /// Those whose path is.
    Matching(FileGlob),
}

/// What is looked for in a file.
pub enum Seek {
    /// USDT probes.
    Usdt {
        /// Who defines them.
        provider: &'static str,
        /// Which.
        places: Vec<Place>,
        /// What to say when there is none.
        without: &'static str,
    },
    /// Functions where they begin, in programs of Go.
    Go(Vec<Place>),
    /// A function with C's calling convention.
    Function {
        /// Its symbol.
        symbol: String,
        /// Arguments that are read.
        arguments: u8,
        /// Where it begins: number and mark.
        entry: (u32, Mark),
        /// Where it returns, if that is wanted.
        exit: Option<(u32, Mark)>,
    },
}

/// A USDT probe, or a function of Go, that is wanted.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its name.
    pub probe: &'static str,
    /// Number of its mark.
    pub number: u32,
    /// What it means.
    pub mark: Mark,
    /// Only where it has so many arguments.
    pub arguments: Option<usize>,
    /// Only since Go 1.`since`.
    pub since: u32,
    /// Of a function of Go: where it returns.
    pub returns: bool,
    /// Arguments it is of no use without.
    pub needs: Vec<u8>,
}

impl Wanted {
    /// What the probes mean to the kernel, by number.
    pub(super) fn marks(&self) -> Vec<(u32, Mark)> {
        match &self.seek {
            Seek::Usdt { places, .. } | Seek::Go(places) => {
                places.iter().map(|place| (place.number, place.mark)).collect()
            }
            Seek::Function { entry, exit, .. } => [Some(*entry), *exit].into_iter().flatten().collect(),
        }
    }

    /// The program that runs there.
    pub(super) fn program(&self) -> &'static str {
        match self.seek {
            Seek::Usdt { .. } => USDT,
            Seek::Function { .. } | Seek::Go(_) => FUNCTION,
        }
    }

    /// Whether a file of this path may have them.
    pub(super) fn are_in(&self, path: &Path) -> bool {
        match &self.files {
            Files::Named(named) => path.file_name().is_some_and(|name| named(&name.to_string_lossy())),
            Files::Matching(glob) => glob.matches(path),
        }
    }

    /// Their places in a file; why there are none.
    pub(super) fn points(&self, uprobes: &mut Uprobes, image: &Image) -> Result<Vec<Point>, String> {
        match &self.seek {
            Seek::Usdt { provider, places, without } => {
                let points = self.usdt_points(uprobes, image, provider, places)?;
                if points.is_empty() { Err((*without).to_owned()) } else { Ok(points) }
            }
            Seek::Go(places) => Ok(go_points(image, places)),
            Seek::Function { symbol, arguments, entry, exit } => {
                function_points(image, symbol, *arguments, entry.0, exit.map(|(number, _)| number))
            }
        }
    }

    fn usdt_points(
        &self,
        uprobes: &mut Uprobes,
        image: &Image,
        provider: &str,
        places: &[Place],
    ) -> Result<Vec<Point>, String> {
        let probes = usdt::probes(image).map_err(|error| error.to_string())?;
        let mut points = Vec::new();
        for place in places {
            let meant = |probe: &&usdt::Probe| {
                probe.provider == provider
                    && probe.name == place.probe
                    && place
                        .arguments
                        .is_none_or(|count| probe.sites.iter().all(|site| site.arguments.len() == count))
            };
            let Some(probe) = probes.iter().find(meant) else {
                if self.declared {
                    return Err(format!(
                        "no USDT probe {provider}:{} in it (`underspan list --usdt` shows those there are)",
                        place.probe
                    ));
                }
                continue;
            };
            readable(probe, &place.needs)?;
            let number = u16::try_from(place.number).unwrap_or(u16::MAX);
            points.extend(uprobes.usdt_points(probe, USDT, number).map_err(|error| error.to_string())?);
        }
        Ok(points)
    }
}

/// Whether all sites of a probe have these arguments where they can be read.
fn readable(probe: &usdt::Probe, needs: &[u8]) -> Result<(), String> {
    let name = || format!("{}:{}", probe.provider, probe.name);
    for (site, at) in probe.sites.iter().flat_map(|site| needs.iter().map(move |at| (site, *at))) {
        match site.arguments.get(usize::from(at)) {
            None => {
                return Err(format!("{} has {} arguments, and none at {at}", name(), site.arguments.len()));
            }
            Some(usdt::Argument { place: usdt::Place::Unavailable(why), .. }) => {
                return Err(format!("argument {at} of {} cannot be read: {why}", name()));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// None in other programs, and of what cannot be had.
fn go_points(image: &Image, places: &[Place]) -> Vec<Point> {
    let Ok(program) = Program::of(image) else { return Vec::new() };
    let since = |place: &&Place| program.build.minor().is_some_and(|minor| minor >= place.since);
    // Arguments are in registers since the versions of those that have any.
    let places: Vec<_> = places.iter().filter(since).collect();
    let names: Vec<_> = places.iter().map(|place| place.probe).collect();
    let hooks = program.hooks(image, &names).unwrap_or_default();
    let mut points = Vec::new();
    for (hook, place) in hooks.into_iter().zip(places) {
        let Ok(found) = hook.places else { continue };
        let offsets = if place.returns { found.returns } else { vec![found.entry.offset] };
        points.extend(offsets.into_iter().map(|offset| Point {
            program: FUNCTION,
            offset,
            when: When::Before,
            semaphore: None,
            cookie: place.number.into(),
            at_entry: false,
        }));
    }
    points
}

fn function_points(
    image: &Image,
    symbol: &str,
    arguments: u8,
    entry_number: u32,
    exit_number: Option<u32>,
) -> Result<Vec<Point>, String> {
    let planner = Planner::new(image).map_err(|error| error.to_string())?;
    // A goroutine moves between threads and its stack in memory: ends are not matched with beginnings, and a return probe would crash it.
    if image.is_go() && (exit_number.is_some() || arguments > 0) {
        return Err("a Go program: of its functions, calls can be counted, but neither arguments nor returns can be seen; let a counter \
                    without `args`, `value` and `result` do"
            .to_owned());
    }
    let convention = if image.is_go() { Convention::Go } else { Convention::C { arguments } };
    let plan = planner.plan(symbol, convention).map_err(|error| error.to_string())?;
    let [mut entry, mut exit] = plan.points(FUNCTION, FUNCTION, 0);
    entry.cookie = entry_number.into();
    let mut points = vec![entry];
    if let Some(number) = exit_number {
        exit.cookie = number.into();
        points.push(exit);
    }
    Ok(points)
}
