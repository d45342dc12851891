//! Every protocol the agent understands.

use crate::decoder::Protocol;
use crate::http1::Http1;
use crate::http2::Http2;
use crate::mysql::MySql;
use crate::postgresql::PostgreSql;

/// In the order in which they are tried on a connection.
pub static REGISTRY: &[&dyn Protocol] = &[&Http1, &Http2, &PostgreSql, &MySql];

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::REGISTRY;

    /// A module implements a protocol when it, or the `mod.rs` of its folder, says so; its name is the protocol's.
    #[test]
    fn every_protocol_of_the_folder_is_registered() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(source).expect("the sources are there") {
            let path = entry.expect("the folder can be read").path();
            let module = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
            let Some(implementor) = implementor(&path) else { continue };
            assert!(
                REGISTRY.iter().any(|protocol| protocol.name() == module),
                "the protocol `{module}` is not registered: add `&crate::{module}::{implementor}` to REGISTRY in \
                 protocols/src/registry.rs (its `name` must be \"{module}\")",
            );
            found.push(module);
        }
        assert_eq!(
            found.len(),
            REGISTRY.len(),
            "registered protocols have a module of their name: {found:?}"
        );
    }

    /// Name of the type that implements `Protocol` in this module.
    fn implementor(path: &Path) -> Option<String> {
        let file: PathBuf = if path.is_dir() { path.join("mod.rs") } else { path.to_path_buf() };
        let text = std::fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with("impl Protocol for "))?;
        line.split_whitespace().nth(3).map(str::to_owned)
    }
}
