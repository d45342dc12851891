//! A program as large as those of many modules, without waiting as long for the compiler.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Build, SOURCES, Toolchain};

/// Packages of their own, functions of each, and instructions of each of these: together some 60 MB when stripped. That is as many functions as
/// there are in programs of this size, a table of 15 MB.
const PACKAGES: u32 = 16;
const FUNCTIONS: u32 = 6250;
const INSTRUCTIONS: u32 = 45;

impl Toolchain {
    /// Builds `web` with a hundred thousand functions more. They are written in assembler, which is translated twenty times as fast as Go.
    pub fn build_large(&self, build: Build, folder: &Path) -> PathBuf {
        let sources = folder.join("large");
        write(&sources).expect("own folder");
        self.build_of(&sources, "go.mod", "large", build, folder)
    }
}

fn write(sources: &Path) -> std::io::Result<()> {
    let mut imports = String::from("package main\n\n");
    let mut keeps = String::from("\nfunc init() {\n");
    for package in 0..PACKAGES {
        let folder = sources.join(format!("part{package}"));
        fs::create_dir_all(&folder)?;
        let [go, assembler] = part(package);
        fs::write(folder.join("part.go"), go)?;
        fs::write(folder.join("part_amd64.s"), assembler)?;
        // A string accepts everything.
        let _ = writeln!(imports, "import \"example.org/web/part{package}\"");
        let _ = writeln!(keeps, "\tpart{package}.Keep()");
    }
    fs::write(sources.join("parts.go"), imports + &keeps + "}\n")?;
    let original = Path::new(SOURCES).join("web");
    fs::copy(original.join("main.go"), sources.join("main.go"))?;
    let shared = original.with_file_name("work").display().to_string();
    let modules = fs::read_to_string(original.join("go.mod"))?;
    fs::write(sources.join("go.mod"), modules.replace("../work", &shared))
}

/// A package: declarations of its functions in Go, and their code, with one that refers to all so that the linker keeps them.
fn part(package: u32) -> [String; 2] {
    let mut go = format!("package part{package}\n\n// Keep refers to all.\nfunc Keep()\n");
    let mut code = String::new();
    let mut keep = String::from("TEXT ·Keep(SB), 4, $0-0\n");
    for function in 0..FUNCTIONS {
        let name = format!("handleRequestsOfKindNumber{function}");
        let _ = writeln!(go, "func {name}()");
        let _ = writeln!(code, "TEXT ·{name}(SB), 0, $32-0");
        for instruction in 0..INSTRUCTIONS {
            let number = (function * 7919 + instruction * 104_729) & 0x7fff_ffff;
            let _ = writeln!(code, "\tMOVQ ${number}, {}(SP)", 8 * (instruction % 4));
        }
        code.push_str("\tRET\n");
        let _ = writeln!(keep, "\tLEAQ ·{name}(SB), AX");
    }
    [go, code + &keep + "\tRET\n"]
}
