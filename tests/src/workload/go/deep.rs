//! Many goroutines that use TLS, HTTP and gRPC and make others, on stacks that grow and shrink meanwhile.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::workload::certificate;
use crate::workload::process::Process;

/// A program that talks to itself and checks what it hears, and its own stacks.
#[derive(Debug)]
pub struct Deep {
    process: Process,
    said: BufReader<ChildStdout>,
    _keys: TempDir,
}

/// What it did.
#[derive(Debug, Clone, Copy)]
pub struct Depths {
    /// Calls that were made from some depth of a stack.
    pub calls: u64,
    /// Those after which the stack was at another place.
    pub moved: u64,
}

impl Deep {
    /// Starts `program`, a build of `deep`. All its goroutines are at work when this returns.
    pub fn start(program: &Path, goroutines: u32) -> Self {
        let keys = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new(program)
            .args(certificate::write(keys.path()))
            .arg(goroutines.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a program");
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let mut deep = Self { process: Process::new(child), said, _keys: keys };
        assert_eq!(deep.line(), "at work");
        deep
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it has ended, which it does by itself only if something was wrong.
    pub fn has_ended(&mut self) -> bool {
        self.process.status().is_some()
    }

    /// Lets it end. Panics unless all that it checked was right.
    pub fn finish(mut self) -> Depths {
        drop(self.process.child().stdin.take());
        let line = self.line();
        let status = self.process.wait();
        assert!(status.success(), "{status}: an answer was wrong, or a stack");
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [calls, moved] = numbers[..] else { panic!("no counts: {line:?}") };
        Depths { calls, moved }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("a pipe");
        line.trim_end().to_owned()
    }
}
