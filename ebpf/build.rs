//! Compiles the BPF object with a pinned clang. Without it, everything that only checks Rust still works; a build that would need
//! the object fails with the name of the package (see `object.rs`).

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compilers have broken verifiers before, so the major version is pinned.
const CLANG_MAJOR: &str = "19";

fn main() {
    println!("cargo::rerun-if-changed=include");
    println!("cargo::rerun-if-changed=src/probes");
    println!("cargo::rerun-if-env-changed=UNDERSPAN_CLANG");
    println!("cargo::rustc-check-cfg=cfg(clang_missing)");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("underspan.bpf.o");
    let clang = env::var("UNDERSPAN_CLANG").unwrap_or_else(|_| format!("clang-{CLANG_MAJOR}"));
    if !is_pinned(&clang) {
        println!(
            "cargo::warning=clang {CLANG_MAJOR} not found, the BPF programs are not built: apt-get install clang-{CLANG_MAJOR} llvm-{CLANG_MAJOR}"
        );
        println!("cargo::rustc-cfg=clang_missing");
        std::fs::write(out, []).expect("OUT_DIR is writable");
        return;
    }
    compile(&clang, &out);
    // DWARF is ten times the size of the rest; BTF stays.
    let strip = clang.replace("clang", "llvm-strip");
    if !Command::new(&strip).arg("-g").arg(&out).status().is_ok_and(|status| status.success()) {
        println!(
            "cargo::warning={strip} not found, the binary is larger than need be: apt-get install llvm-{CLANG_MAJOR}"
        );
    }
}

fn is_pinned(clang: &str) -> bool {
    let Ok(output) = Command::new(clang).arg("--version").output() else { return false };
    let text = String::from_utf8_lossy(&output.stdout);
    text.contains(&format!("version {CLANG_MAJOR}."))
}

fn compile(clang: &str, out: &Path) {
    let arch = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "x86",
        Ok("aarch64") => "arm64",
        other => panic!("underspan runs on x86_64 and aarch64, not on {other:?}"),
    };
    let status = Command::new(clang)
        .args(["-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wall", "-Wextra", "-Werror", "-Iinclude"])
        .arg(format!("-D__TARGET_ARCH_{arch}"))
        .args(["-c", "src/probes/all.bpf.c", "-o"])
        .arg(out)
        .status()
        .expect("clang was found a moment ago");
    assert!(status.success(), "the BPF programs do not compile, see above");
}
