//! Programs that are loaded and dropped again at start -> what the kernel has, as switches of the others.

use crate::loader::{Fitted, LoadError, Loader, ProgramError};
use crate::probes::{Probe, loops, storage};
use crate::tracer::ProbeReport;

/// What the kernel has.
pub(crate) struct Trials {
    /// It keeps state on sockets, for programs with typed ones, ...
    pub(crate) sockets: bool,
    /// ... and on threads.
    pub(crate) tasks: bool,
    /// Its programs may have loops that the verifier goes through just once.
    pub(crate) loops: bool,
    pub(crate) reports: Vec<ProbeReport>,
}

impl Trials {
    /// Finds out.
    pub(crate) fn of(fitted: &Fitted<'_>) -> Result<Self, LoadError> {
        let smallest = [
            ("ring", 1 << 16),
            ("conns_by_socket", 1),
            ("threads_by_id", 1),
            ("inside_by_id", 1),
            ("calls_by_id", 1),
        ];
        let loader = Loader::new(fitted, &smallest, &[])?;
        let reports = [&storage::PROBE, &loops::PROBE]
            .map(|probe| try_out(&loader, probe))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let has = |name: &str| {
            reports.iter().all(|report| report.reduced.iter().all(|(refused, ..)| refused != name))
        };
        Ok(Self {
            sockets: has(storage::SOCKETS),
            tasks: has(storage::TASKS),
            loops: has(loops::LOOPS),
            reports,
        })
    }
}

fn try_out(loader: &Loader<'_>, probe: &'static Probe) -> Result<ProbeReport, LoadError> {
    let mut report = ProbeReport { probe, off: None, reduced: Vec::new() };
    for program in probe.programs {
        match loader.load(program.name, &program.attach, None) {
            Ok(_) => {}
            // Every tracing program would be: no need to blame the kernel.
            Err(ProgramError::NotPermitted(_)) => {
                return Err(LoadError::Privilege {
                    capability: "CAP_PERFMON",
                    what: "loading tracing programs".to_owned(),
                });
            }
            Err(error) => {
                report.reduced.push((
                    program.name.to_owned(),
                    error.to_string(),
                    program.optional.unwrap_or(probe.without),
                ));
            }
        }
    }
    Ok(report)
}
