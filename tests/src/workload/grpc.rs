//! gRPC between programs in two languages, each with the implementation its users use.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;
use tempfile::TempDir;

use super::script::{GRPC_PEER, Script};

/// Go and the gRPC of Go as Debian installs them.
const GO: &str = "/usr/lib/go/bin/go";
const GO_PACKAGES: &str = "/usr/share/gocode";
const GO_PEER: &str = include_str!("scripts/grpc_peer/main.go");

/// Whose gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// C, under Python.
    Python,
    /// Go.
    Go,
}

/// Starts a `server` or `client`. What it is told and what it says: `scripts/grpc_peer.py`.
pub fn peer(language: Language, role: &str) -> Script {
    let arguments = json!({ "role": role });
    match language {
        Language::Python => Script::start(GRPC_PEER, &arguments),
        Language::Go => Script::of(&mut Command::new(go_peer()), &arguments),
    }
}

/// The program in Go, built when first asked for.
fn go_peer() -> &'static Path {
    static BUILT: OnceLock<(TempDir, std::path::PathBuf)> = OnceLock::new();
    let (_, path) = BUILT.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (source, program) = (directory.path().join("main.go"), directory.path().join("grpc_peer"));
        std::fs::write(&source, GO_PEER).expect("own directory");
        let built = Command::new(GO)
            .args(["build", "-o"])
            .args([&program, &source])
            .env("GO111MODULE", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOPATH", GO_PACKAGES)
            .env("GOCACHE", directory.path().join("cache"))
            .output()
            .expect("Go is installed");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (directory, program)
    });
    path
}
