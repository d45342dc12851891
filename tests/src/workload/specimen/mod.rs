//! A program in C to put probes into.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::process::Process;

/// Where its code is.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/workload/specimen/specimen.c");

/// A running specimen.
#[derive(Debug)]
pub struct Specimen {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Specimen {
    /// Compiles it into a folder.
    pub fn compile(folder: &Path) -> PathBuf {
        let program = folder.join("specimen");
        compile(&["-fpie", "-pie", "-rdynamic"], &program);
        program
    }

    /// Compiles it as a library.
    pub fn compile_library(path: &Path) {
        compile(&["-fpic", "-shared"], path);
    }

    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the specimen starts");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Self { process: Process::new(child), input, output }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Gives an order and waits for the answer: a number.
    pub fn order(&mut self, order: &str) -> i64 {
        writeln!(self.input, "{order}").expect("the specimen reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a pipe");
        line.trim().parse().unwrap_or_else(|_| panic!("{order}: {line:?}, {:?}", self.process.status()))
    }
}

fn compile(options: &[&str], output: &Path) {
    let status = Command::new("cc")
        .args(["-O2", "-g0", "-fstack-protector-strong"])
        .args(options)
        .arg("-o")
        .args([output, Path::new(SOURCE)])
        .arg("-ldl")
        .status()
        .expect("a C compiler is installed, since Rust links with it");
    assert!(status.success(), "{SOURCE} does not compile");
}
