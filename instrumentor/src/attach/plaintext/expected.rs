//! a process that was just started -> TLS libraries that it is likely to load
//!
//! Such a process has mapped nothing yet, and may speak before anybody looks at it again. A probe of its own in a file that it maps later is
//! there when it does.

use std::fs;
use std::path::Path;

use underspan_ebpf::elf::Image;

use super::places::Part;

/// Where distributions put libraries. Of two names of a folder, the second adds nothing.
const FOLDERS: [&str; 6] = [
    #[cfg(target_arch = "aarch64")]
    "usr/lib/aarch64-linux-gnu",
    #[cfg(not(target_arch = "aarch64"))]
    "usr/lib/x86_64-linux-gnu",
    "usr/lib64",
    "usr/lib",
    "lib64",
    "lib",
    "usr/local/lib",
];

/// The library before its sibling.
const FILES: [&str; 5] =
    ["libssl.so.3", "libcrypto.so.3", "libssl.so.1.1", "libcrypto.so.1.1", "libgnutls.so.30"];

/// Those that are installed where the process sees them, each once.
pub(super) fn expected(pid: u32) -> Vec<(Part, Image)> {
    let root = Path::new("/proc").join(pid.to_string()).join("root");
    let mut found: Vec<(Part, Image)> = Vec::new();
    for folder in FOLDERS.map(|folder| root.join(folder)) {
        for path in FILES.map(|file| folder.join(file)) {
            // Nothing else is opened, which might take forever.
            if !fs::metadata(&path).is_ok_and(|status| status.is_file()) {
                continue;
            }
            let image = Image::open(&path).ok();
            let image = image.filter(|image| found.iter().all(|(_, other)| other.id() != image.id()));
            found.extend(image.and_then(|image| Some((Part::of(&path, false)?, image))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_once_and_none_of_a_process_that_is_gone() {
        let found = expected(std::process::id());
        let mut ids: Vec<_> = found.iter().map(|(_, image)| image.id()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), found.len());
        assert!(expected(u32::MAX).is_empty());
    }
}
