//! Probes -> programs at their hooks, and which the kernel refuses.

use std::collections::HashMap;

use aya_obj::btf::Btf;

use super::{ProbeReport, Running};
use crate::loader::{Attach, Iterator, Link, Loader, ProgramError, Template, try_hooks};
use crate::probes::{Probe, Program, socket_iterators};

/// The refusal of a probe whose hooks the kernel does not have or does not open to anybody: found before anything is made for it.
pub(super) fn refused_at_once(kernel: &Btf, probe: &'static Probe) -> Option<ProbeReport> {
    let required = probe.programs.iter().filter(|program| program.optional.is_none());
    required
        .map(|program| (program, try_hooks(kernel, &program.attach)))
        .find_map(|(program, tried)| tried.err().map(|error| refusal(probe, program, &error)))
}

fn refusal(probe: &'static Probe, program: &Program, error: &ProgramError) -> ProbeReport {
    ProbeReport { probe, off: Some(format!("{error} ({})", program.hook())), reduced: Vec::new() }
}

/// What holds the programs in the kernel.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub(super) links: Vec<(&'static Probe, &'static Program, Link)>,
    pub(super) flush: Option<(&'static Program, Iterator)>,
    pub(super) listeners: Option<(&'static Program, Iterator)>,
    /// Programs for user space, which are attached later.
    pub(super) templates: HashMap<&'static str, Template>,
}

impl Attached {
    pub(super) fn running(&self) -> Vec<Running> {
        let links = self.links.iter().map(|(probe, program, link)| (*probe, *program, link.runs()));
        let iterators = [&self.flush, &self.listeners].into_iter().flatten();
        let iterators = iterators.map(|(program, made)| (&socket_iterators::PROBE, *program, made.runs()));
        links.chain(iterators).map(|(probe, program, runs)| Running { probe, program, runs }).collect()
    }

    /// Attaches a probe's programs, of those that flush just that one; a required one that fails takes the whole probe back.
    pub(super) fn attach(&mut self, loader: &Loader<'_>, probe: &'static Probe, flush: &str) -> ProbeReport {
        let mut report = ProbeReport { probe, off: None, reduced: Vec::new() };
        let mut links = Vec::new();
        for program in probe.programs {
            let result: Result<(), ProgramError> = match (&program.attach, program.name) {
                (Attach::Iterator { .. }, socket_iterators::LISTENERS) => loader
                    .iterator(program.name, &program.attach)
                    .map(|made| self.listeners = Some((program, made))),
                (Attach::Iterator { .. }, name) if name == flush => loader
                    .iterator(program.name, &program.attach)
                    .map(|made| self.flush = Some((program, made))),
                (Attach::Iterator { .. }, _) => Ok(()),
                (Attach::Uprobe, name) => {
                    loader.template(name).map(|made| drop(self.templates.insert(name, made)))
                }
                (hook, _) => loader.attach(program.name, hook).map(|made| {
                    links.extend(made.into_iter().map(|link| (probe, program, link)));
                }),
            };
            match (result, program.optional) {
                (Ok(()), _) => {}
                (Err(error), Some(lost)) => report.reduced.push((program.hook(), error.to_string(), lost)),
                (Err(error), None) => return refusal(probe, program, &error),
            }
        }
        self.links.append(&mut links);
        report
    }
}
