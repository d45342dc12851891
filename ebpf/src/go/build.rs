//! `.go.buildinfo`: which Go built a program, and of which modules.
//!
//! Formats: `runtime/debug.BuildInfo` and `debug/buildinfo` in Go's library. Since 1.18 both strings follow the header; before, it points
//! to them.

use super::memory::{bytes, pointers};
use super::{GoError, find};
use crate::elf::Image;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The header is aligned so.
const ALIGN: u64 = 16;
const HEADER: usize = 32;
/// Flags in the header.
const BIG_ENDIAN: u8 = 1;
const INLINE: u8 = 2;
/// Longest version that is read, bytes.
const VERSION_MAX: u64 = 256;
/// Longest list of modules that is read, bytes: several thousands of them.
const MODULES_MAX: u64 = 1 << 20;
/// Go puts marks of this length around the list of modules.
const MARK: usize = 16;

/// What a program says of how it was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Build {
    /// Go's version as it calls itself: `go1.22.3`, `devel go1.24-...`, with experiments behind it.
    pub version: String,
    /// Import path of the main package; empty where it is not told.
    pub path: String,
    /// The modules in it, the main one first.
    pub modules: Vec<Module>,
    /// Settings of the build, such as `CGO_ENABLED` (since Go 1.18).
    pub settings: Vec<(String, String)>,
}

/// A module in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its path.
    pub path: String,
    /// Its version, `(devel)` for one that is not a release.
    pub version: String,
    /// By what it was replaced: path and version, the latter empty for a folder.
    pub replaced: Option<(String, String)>,
}

impl Build {
    /// `None` for a program that has none.
    pub(super) fn of(image: &Image) -> Result<Option<Self>, GoError> {
        let start = match image.section(".go.buildinfo") {
            Some(section) => Some(section.address),
            None => find::first(image, ALIGN, |bytes| bytes.starts_with(MAGIC), |_| true),
        };
        let Some(start) = start else { return Ok(None) };
        let header = bytes(image, start, HEADER)?;
        if !header.starts_with(MAGIC) {
            return Ok(None);
        }
        let (pointer, flags) = (header[14], header[15]);
        let (version, modules) = if flags & INLINE != 0 {
            let (version, next) = inline(image, start + HEADER as u64, VERSION_MAX)?;
            (version, inline(image, next, MODULES_MAX)?.0)
        } else if pointer == 8 && flags & BIG_ENDIAN == 0 {
            let strings = pointers(image, start + 16, 2)?;
            (pointed(image, strings[0], VERSION_MAX)?, pointed(image, strings[1], MODULES_MAX)?)
        } else {
            return Err(GoError::Damaged("its build information is of a kind unknown"));
        };
        let mut build = Self { version: text(&version), ..Self::default() };
        build.read_modules(&modules);
        Ok(Some(build))
    }

    /// Minor version of Go 1: 22 for `go1.22.3`. `None` for one that is not told.
    pub fn minor(&self) -> Option<u32> {
        let (_, rest) = self.version.split_once("go1.")?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    }

    fn read_modules(&mut self, raw: &[u8]) {
        let marked = raw.len() > 2 * MARK && raw[raw.len() - MARK - 1] == b'\n';
        let lines = text(if marked { &raw[MARK..raw.len() - MARK] } else { raw });
        for line in lines.lines() {
            let mut words = line.split('\t');
            let mut word = || words.next().unwrap_or_default().to_owned();
            match word().as_str() {
                "path" => self.path = word(),
                "mod" | "dep" => {
                    self.modules.push(Module { path: word(), version: word(), replaced: None });
                }
                "=>" => {
                    if let Some(last) = self.modules.last_mut() {
                        last.replaced = Some((word(), word()));
                    }
                }
                "build" => {
                    if let Some((key, value)) = line["build\t".len()..].split_once('=') {
                        self.settings.push((key.to_owned(), value.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
}

/// A string behind its length, and where it ends.
fn inline(image: &Image, at: u64, most: u64) -> Result<(Vec<u8>, u64), GoError> {
    /// Of a length of 64 bits in 7 bits a byte.
    const LONGEST: usize = 10;
    let raw = image.data(at, LONGEST);
    let (mut length, mut size) = (0_u64, 0);
    for (index, byte) in raw.iter().enumerate() {
        length |=
            u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0);
        if byte & 0x80 == 0 {
            size = index + 1;
            break;
        }
    }
    if size == 0 || length > most {
        return Err(GoError::Damaged("its build information has no end"));
    }
    let start = at + size as u64;
    Ok((bytes(image, start, usize::try_from(length).unwrap_or_default())?, start + length))
}

/// The string whose header is at `address`. None of it for a null pointer.
fn pointed(image: &Image, address: u64, most: u64) -> Result<Vec<u8>, GoError> {
    if address == 0 {
        return Ok(Vec::new());
    }
    let header = pointers(image, address, 2)?;
    if header[1] > most {
        return Err(GoError::Damaged("its build information has no end"));
    }
    bytes(image, header[0], usize::try_from(header[1]).unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_versions() {
        for (version, minor) in [
            ("go1.22.3", Some(22)),
            ("go1.9", Some(9)),
            ("devel go1.24-0123abcd Tue Nov 5", Some(24)),
            ("go1.21rc2 X:boringcrypto", Some(21)),
            ("devel +0123abcd", None),
            ("", None),
        ] {
            let build = Build { version: version.to_owned(), ..Build::default() };
            assert_eq!(build.minor(), minor, "{version}");
        }
    }

    #[test]
    fn modules_and_settings() {
        let mut build = Build::default();
        let lines = "path\texample.org/a/cmd\nmod\texample.org/a\t(devel)\t\ndep\texample.org/b\tv1.2.3\th1:x=\n\
                     dep\texample.org/c\tv0.1.0\n=>\t../c\t(devel)\t\nbuild\tCGO_ENABLED=0\nbuild\t-ldflags=\"-X a=b\"\nwhat\n";
        let marked = format!("{0}{lines}{0}", "0123456789abcdef");
        build.read_modules(marked.as_bytes());
        let module = |path: &str, version: &str| Module {
            path: path.to_owned(),
            version: version.to_owned(),
            replaced: None,
        };
        let replaced = Module {
            replaced: Some(("../c".to_owned(), "(devel)".to_owned())),
            ..module("example.org/c", "v0.1.0")
        };
        assert_eq!(build.path, "example.org/a/cmd");
        assert_eq!(
            build.modules,
            [module("example.org/a", "(devel)"), module("example.org/b", "v1.2.3"), replaced]
        );
        let settings: Vec<_> =
            build.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(settings, [("CGO_ENABLED", "0"), ("-ldflags", "\"-X a=b\"")]);
    }
}
