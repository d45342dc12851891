//! a file that a process has mapped -> where in it the probes go
//!
//! OpenSSL is a library of its own, or part of a program (Node.js). What it writes leaves it through its sibling `libcrypto`.

use std::path::Path;

use underspan_ebpf::elf::{Image, ImageError};
use underspan_ebpf::placement::Planner;
use underspan_ebpf::probes::tls_libraries::{CIPHER, ENTER, FREE, GNUTLS, LEAVE, Library, OPENSSL, OUTPUT};
use underspan_ebpf::uprobes::Point;

/// What a file may be to a process.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// A TLS library by its name.
    Library(&'static Library),
    /// One that belongs to it.
    Sibling,
    /// The program itself, which may contain the library.
    Program,
}

impl Part {
    /// A library under its own name, or under those that packagers give to a copy: `libssl.so.3`, `libssl-1a2b3c.so.1.1`.
    pub(super) fn of(path: &Path, is_program: bool) -> Option<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let library = [&OPENSSL, &GNUTLS].into_iter().find(|library| name.starts_with(library.file));
        match library {
            Some(library) => Some(Self::Library(library)),
            None if name.starts_with("libcrypto") => Some(Self::Sibling),
            None if is_program => Some(Self::Program),
            None => None,
        }
    }
}

/// Places in a file. A program or sibling without any has none.
pub(super) fn places(image: &Image, part: Part) -> Result<Vec<Point>, ImageError> {
    let planner = Planner::new(image)?;
    let mut points = Vec::new();
    let library = match part {
        Part::Library(library) => Some(library),
        Part::Program => Some(&OPENSSL),
        Part::Sibling => None,
    };
    match library.map(|library| calls(&planner, library)) {
        Some(Ok(found)) => points = found,
        Some(Err(ImageError::NoFunction { .. })) if matches!(part, Part::Program) => return Ok(points),
        Some(Err(error)) => return Err(error),
        None => {}
    }
    let (function, convention) = OUTPUT;
    match planner.plan(function, convention) {
        Ok(plan) => {
            let [begins, _] = plan.points(CIPHER, CIPHER, 0);
            points.push(begins);
        }
        Err(ImageError::NoFunction { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(points)
}

/// Where a library's calls begin and end.
fn calls(planner: &Planner<'_>, library: &Library) -> Result<Vec<Point>, ImageError> {
    let mut points = Vec::new();
    for call in library.calls {
        match planner.plan(call.function, call.convention) {
            Ok(plan) => points.extend(plan.points(ENTER, LEAVE, call.cookie)),
            Err(ImageError::NoFunction { .. }) if !call.required => {}
            Err(error) => return Err(error),
        }
    }
    let (function, convention) = library.release;
    let [begins, _] = planner.plan(function, convention)?.points(FREE, FREE, 0);
    points.push(begins);
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_by_any_of_their_names() {
        let name = |path: &str, is_program| match Part::of(Path::new(path), is_program) {
            Some(Part::Library(library)) => library.file,
            Some(Part::Sibling) => "sibling",
            Some(Part::Program) => "program",
            None => "none",
        };
        for path in ["/usr/lib/libssl.so.3", "/opt/a.libs/libssl-8f3e1a2c.so.1.1", "/lib/libssl3.so"] {
            assert_eq!(name(path, false), "libssl", "{path}");
        }
        for path in ["/usr/lib/libcurl.so.4", "/usr/lib/libssl/module.so", "/usr/bin/notlibssl.so"] {
            assert_eq!(name(path, false), "none", "{path}");
        }
        assert_eq!(name("/usr/lib/libgnutls.so.30", false), "libgnutls");
        assert_eq!(name("/lib/libcrypto.so.3", false), "sibling");
        assert_eq!(name("/usr/bin/node", true), "program");
    }
}
