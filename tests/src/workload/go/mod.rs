//! Programs in Go, built by every toolchain that can be had.

mod ask;
mod deep;
mod large;
mod relay;
mod web;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::scale;
pub use ask::Ask;
pub use deep::{Deep, Depths};
pub use relay::{Relay, Speech};
pub use web::Web;

/// Where their code is: a folder for each program.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/workload/go");
/// Names the toolchains to use besides the installed one, separated by commas; none if empty.
const VARIABLE: &str = "UNDERSPAN_GO_TOOLCHAINS";
/// Without it: arguments on the stack, and the function table of 1.16; arguments in registers, and that of 1.18. The installed one has the
/// latest.
const USUAL: &str = "go1.16.15,go1.18.10";

/// A version of Go.
#[derive(Debug, Clone)]
pub struct Toolchain {
    go: PathBuf,
    /// As `GOTOOLCHAIN` names it.
    name: String,
    /// As `GOARCH` names it; this machine's without.
    arch: Option<&'static str>,
    /// As it names itself: `go1.22.3`.
    pub version: String,
}

/// How a program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    /// Without symbols and debug information.
    pub stripped: bool,
    /// Position-independent.
    pub pie: bool,
    /// With C, by the C compiler's linker.
    pub cgo: bool,
}

impl Build {
    /// The default.
    pub const PLAIN: Self = Self { stripped: false, pie: false, cgo: false };
    /// All there are.
    pub const ALL: [Self; 8] = {
        let mut all = [Self::PLAIN; 8];
        let mut index = 0;
        while index < all.len() {
            all[index] = Self { stripped: index & 1 != 0, pie: index & 2 != 0, cgo: index & 4 != 0 };
            index += 1;
        }
        all
    };
}

impl Toolchain {
    /// The installed one first. `Err` says why there is none; those that cannot be fetched are left out, which is printed.
    pub fn all() -> Result<Vec<Self>, String> {
        if scale::is_slow() {
            return Err("building programs takes too long on this machine".to_owned());
        }
        let go = installed().ok_or("Go is not installed")?;
        let own = Self::named(&go, "local")?;
        let more = std::env::var(VARIABLE).unwrap_or_else(|_| USUAL.to_owned());
        let mut all = vec![own];
        for name in more.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match Self::named(&go, name) {
                Ok(toolchain) if all.iter().all(|known| known.version != toolchain.version) => {
                    all.push(toolchain);
                }
                Ok(_) => {}
                Err(why) => eprintln!("without {name}: {why}"),
            }
        }
        Ok(all)
    }

    fn named(go: &Path, name: &str) -> Result<Self, String> {
        let mut toolchain =
            Self { go: go.to_owned(), name: name.to_owned(), arch: None, version: String::new() };
        let output =
            toolchain.command().args(["env", "GOVERSION"]).output().map_err(|error| error.to_string())?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        // Before 1.21, Go does not fetch others and takes no notice.
        if name != "local" && version != name {
            return Err(format!("{} does not fetch toolchains", go.display()));
        }
        toolchain.version = version;
        Ok(toolchain)
    }

    /// Whether it is at least Go 1.`minor`.
    pub fn is_since(&self, minor: u32) -> bool {
        let own = self.version.split('.').nth(1).and_then(|own| own.parse().ok());
        own.is_some_and(|own: u32| own >= minor)
    }

    /// The same, to build programs for aarch64.
    #[must_use]
    pub fn for_aarch64(&self) -> Self {
        Self { arch: Some("arm64"), ..self.clone() }
    }

    /// Builds the program of this name.
    pub fn build(&self, program: &str, build: Build, folder: &Path) -> PathBuf {
        self.build_with("go.mod", program, build, folder)
    }

    /// Builds it with the modules that this file of its folder names, whose own name, without its end, is a build tag.
    pub fn build_with(&self, modules: &str, program: &str, build: Build, folder: &Path) -> PathBuf {
        self.build_of(&Path::new(SOURCES).join(program), modules, program, build, folder)
    }

    fn build_of(&self, sources: &Path, modules: &str, program: &str, build: Build, folder: &Path) -> PathBuf {
        let kind = [(build.stripped, "-stripped"), (build.pie, "-pie"), (build.cgo, "-cgo")];
        let kind: String = kind.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        let output = folder.join(format!("{program}-{}{kind}", self.version));
        let mut command = self.command();
        command.current_dir(sources).args(["build", &format!("-modfile={modules}")]);
        command.args(["-tags", modules.trim_end_matches(".mod")]);
        command.env("CGO_ENABLED", if build.cgo { "1" } else { "0" });
        // Of C there is much, and it need not be fast.
        command.env("CGO_CFLAGS", "-O0");
        command.envs(self.arch.map(|arch| ("GOARCH", arch)));
        if build.pie {
            command.arg("-buildmode=pie");
        }
        let flags = [(build.stripped, "-s -w"), (build.cgo, "-linkmode=external")];
        let flags: Vec<_> = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect();
        let done =
            command.arg(format!("-ldflags={}", flags.join(" "))).arg("-o").arg(&output).arg(".").output();
        let done = done.expect("Go starts");
        assert!(done.status.success(), "{}: {}", self.version, String::from_utf8_lossy(&done.stderr));
        output
    }

    /// Addresses and names of a program's functions, as Go's own tool tells them from the symbols.
    pub fn symbols(&self, program: &Path) -> Vec<(u64, String)> {
        let done = self.command().args(["tool", "nm"]).arg(program).output().expect("Go starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let symbol = |line: &str| {
            let (address, rest) = line.trim_start().split_once(' ')?;
            let (kind, name) = rest.trim_start().split_once(' ')?;
            matches!(kind, "T" | "t")
                .then(|| Some((u64::from_str_radix(address, 16).ok()?, name.to_owned())))?
        };
        text.lines().filter_map(symbol).collect()
    }

    /// Addresses of all return instructions in functions whose names match an expression, by Go's own tool, in order.
    pub fn returns(&self, program: &Path, names: &str) -> Vec<u64> {
        let done = self.command().args(["tool", "objdump", "-s", names]).arg(program).output();
        let done = done.expect("Go starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        // FILE:LINE ADDRESS BYTES INSTRUCTION
        let address = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            let [_, address, _, "RET"] = words[..] else { return None };
            u64::from_str_radix(address.strip_prefix("0x")?, 16).ok()
        };
        let mut found: Vec<_> = String::from_utf8_lossy(&done.stdout).lines().filter_map(address).collect();
        found.sort_unstable();
        found
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.go);
        // The user's flags may be too new for it.
        command.env("GOTOOLCHAIN", &self.name).env("GOFLAGS", "-modcacherw").env("GOWORK", "off");
        command
    }
}

fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/local/go/bin", "/usr/lib/go/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|folder| folder.join("go")).find(|go| go.is_file())
}
