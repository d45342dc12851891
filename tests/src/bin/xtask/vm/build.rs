//! The repository -> the programs that run in guests, and the tests they hold.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::programs::lines;

/// Begin the names of the variables by which cargo tells a program of its package.
const OF_PACKAGE: &[&str] = &["CARGO_MANIFEST_", "CARGO_PKG_"];

/// What runs in a guest, all built on the host.
#[derive(Debug)]
pub(super) struct Programs {
    /// The agent as it is shipped, or `UNDERSPAN_BIN`.
    pub(super) agent: PathBuf,
    /// The end-to-end tests.
    pub(super) tests: PathBuf,
    /// Where the tests run on the host.
    pub(super) folder: PathBuf,
}

impl Programs {
    pub(super) fn build(root: &Path) -> anyhow::Result<Self> {
        let agent = match std::env::var_os("UNDERSPAN_BIN") {
            Some(path) => std::path::absolute(path)?,
            None => cargo(root, "underspan", &["build", "--release", "-p", "underspan"])?,
        };
        ensure!(agent.is_file(), "there is no agent at {}", agent.display());
        let tests = cargo(root, "e2e", &["test", "-p", "underspan-tests", "--test", "e2e", "--no-run"])?;
        Ok(Self { agent, tests, folder: root.join("tests") })
    }

    /// Names of all tests.
    pub(super) fn names(&self) -> anyhow::Result<Vec<String>> {
        let list = lines(Command::new(&self.tests).args(["--list", "--format", "terse"]))?;
        Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }
}

/// Builds a program and what it needs; where cargo has put it.
fn cargo(root: &Path, name: &str, arguments: &[&str]) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let (verb, rest) = arguments.split_first().context("cargo is told what to do")?;
    let mut command = Command::new(cargo);
    // What cargo has told us of our own package would pass for a change with build scripts that ask for theirs.
    let own =
        |name: &OsStr| OF_PACKAGE.iter().any(|start| name.as_encoded_bytes().starts_with(start.as_bytes()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| own(name)) {
        command.env_remove(name);
    }
    let built = command
        .args([verb, "--locked", "--quiet", "--message-format=json-render-diagnostics"])
        .args(rest)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    ensure!(built.status.success(), "cargo {} failed", arguments.join(" "));
    let text = String::from_utf8_lossy(&built.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages
        .filter(|message| message["target"]["name"] == name)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().with_context(|| format!("cargo {} made no {name}", arguments.join(" ")))
}
