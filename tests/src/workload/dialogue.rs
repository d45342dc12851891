//! A program that is told line by line what to do, so that it has loaded all it needs before it is traced.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use super::process::Process;

/// A running program.
#[derive(Debug)]
pub struct Dialogue {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Dialogue {
    /// Starts it.
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Self { process: Process::new(child), input, output }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Tells it something.
    pub fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("it reads its input");
    }

    /// Waits until it has said just this.
    pub fn hear(&mut self, expected: &str) {
        let mut line = String::new();
        while line.trim_end() != expected {
            line.clear();
            let length = self.output.read_line(&mut line).expect("a pipe");
            assert!(length > 0, "it ended without {expected:?}: {:?}", self.process.status());
        }
    }

    /// Closes its input, which ends it, and waits.
    pub fn end(self) -> ExitStatus {
        let Self { mut process, input, .. } = self;
        drop(input);
        process.wait()
    }
}
