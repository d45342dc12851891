//! a file that a process has mapped -> where in it the probes go
//!
//! OpenSSL is a library of its own, or part of a program (Node.js). What it writes leaves it through its sibling `libcrypto`.

use std::path::Path;

use underspan_ebpf::elf::{Image, ImageError};
use underspan_ebpf::placement::Planner;
use underspan_ebpf::probes::openssl::{CALLS, CIPHER, ENTER, FREE, LEAVE, OUTPUT, RELEASE};
use underspan_ebpf::uprobes::Point;

/// What a file may be to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A TLS library by its name.
    Library,
    /// One that belongs to it.
    Sibling,
    /// The program itself, which may contain the library.
    Program,
}

impl Part {
    /// OpenSSL under its own name, and under those that packagers give to a copy: `libssl.so.3`, `libssl-1a2b3c.so.1.1`.
    pub(super) fn of(path: &Path, is_program: bool) -> Option<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match () {
            () if name.starts_with("libssl") => Some(Self::Library),
            () if name.starts_with("libcrypto") => Some(Self::Sibling),
            () if is_program => Some(Self::Program),
            () => None,
        }
    }
}

/// Places in a file. A program or sibling without any has none.
pub(super) fn places(image: &Image, part: Part) -> Result<Vec<Point>, ImageError> {
    let planner = Planner::new(image)?;
    let mut points = Vec::new();
    if part != Part::Sibling {
        match calls(&planner) {
            Ok(found) => points = found,
            Err(ImageError::NoFunction { .. }) if part == Part::Program => return Ok(points),
            Err(error) => return Err(error),
        }
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

/// Where the library's calls begin and end.
fn calls(planner: &Planner<'_>) -> Result<Vec<Point>, ImageError> {
    let mut points = Vec::new();
    for call in CALLS {
        match planner.plan(call.function, call.convention) {
            Ok(plan) => points.extend(plan.points(ENTER, LEAVE, call.cookie)),
            Err(ImageError::NoFunction { .. }) if !call.required => {}
            Err(error) => return Err(error),
        }
    }
    let (function, convention) = RELEASE;
    let [begins, _] = planner.plan(function, convention)?.points(FREE, FREE, 0);
    points.push(begins);
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_by_any_of_its_names() {
        for path in ["/usr/lib/libssl.so.3", "/opt/a.libs/libssl-8f3e1a2c.so.1.1", "/lib/libssl3.so"] {
            assert_eq!(Part::of(Path::new(path), false), Some(Part::Library), "{path}");
        }
        for path in ["/usr/lib/libcurl.so.4", "/usr/lib/libssl/module.so", "/usr/bin/notlibssl.so"] {
            assert_eq!(Part::of(Path::new(path), false), None, "{path}");
        }
        assert_eq!(Part::of(Path::new("/lib/libcrypto.so.3"), false), Some(Part::Sibling));
        assert_eq!(Part::of(Path::new("/usr/bin/node"), true), Some(Part::Program));
    }
}
