//! Chores of the repository: `cargo xtask CHORE`.

mod semconv;
mod vm;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;

/// Chores of the repository
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Regenerate protocols/src/semconv/generated.rs
    Semconv {
        /// Registry of the semantic conventions, condensed JSON
        registry: PathBuf,
    },
    /// Run the end-to-end tests on stock Debian kernels, each in a virtual machine without KVM (root)
    Vm(vm::Options),
}

fn main() -> anyhow::Result<()> {
    match Chore::parse() {
        Chore::Semconv { registry } => semconv::generate(&registry, root()?),
        Chore::Vm(options) => vm::run(&options, root()?),
    }
}

/// The repository's root, which is the parent of this crate.
fn root() -> anyhow::Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the crate lies in the workspace")
}
