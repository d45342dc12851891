//! Probes -> points.

use super::Probe;
use super::spec::SpecError;
use crate::elf::Image;
use crate::uprobes::{Point, Scope, UprobeError, UprobeLink, Uprobes, When};

/// Largest number a program can be told about a USDT probe.
pub const TAG_MAX: u16 = 0x3fff;

impl Uprobes {
    /// Attaches `program` to every site of a probe. `tag`, at most [`TAG_MAX`], is what the program gets as `USDT_TAG` of its cookie.
    pub fn attach_usdt(
        &mut self,
        image: &Image,
        probe: &Probe,
        program: &'static str,
        tag: u16,
        scope: Scope,
    ) -> Result<UprobeLink, UprobeError> {
        let points = self.usdt_points(probe, program, tag)?;
        self.attach(image, &points, scope)
    }

    /// The points for [`Uprobes::attach`], to attach several probes of an image by as few links as possible.
    pub fn usdt_points(
        &mut self,
        probe: &Probe,
        program: &'static str,
        tag: u16,
    ) -> Result<Vec<Point>, UprobeError> {
        let point = |site: &super::Site, spec: u16| Point {
            program,
            offset: site.offset,
            when: When::Before,
            semaphore: site.semaphore,
            cookie: u64::from(tag.min(TAG_MAX)) << 16 | u64::from(spec),
            at_entry: false,
        };
        let specs: Result<Vec<_>, SpecError> =
            probe.sites.iter().map(|site| Ok(point(site, self.usdt.number(site)?))).collect();
        specs.map_err(|error| UprobeError::Arguments(error.to_string()))
    }
}
