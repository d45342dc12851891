//! Chores of the repository: `cargo xtask CHORE`.

mod semconv;

use std::path::Path;

use anyhow::{Context, bail};

const USAGE: &str = "usage: cargo xtask semconv REGISTRY.json   \
                     regenerate protocols/src/semconv/generated.rs";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["semconv", registry] => semconv::generate(Path::new(registry), &root()?),
        _ => bail!(USAGE),
    }
}

/// The repository's root, which is the parent of this crate.
fn root() -> anyhow::Result<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the crate lies in the workspace")?;
    Ok(root.to_path_buf())
}
