//! A program that waits until it is told to begin, so that it can be traced from its first connection on.

use std::io::Write;
use std::process::{Command, Stdio};

use super::process::Process;

/// A program that has not begun yet.
#[derive(Debug)]
pub struct Gated(Process);

/// What a program said.
#[derive(Debug)]
pub struct Said {
    /// It ended with status 0.
    pub success: bool,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub error: String,
}

impl Gated {
    /// Prepares to run this program with these arguments, which reads nothing.
    pub fn new(program: &str, arguments: &[&str]) -> Self {
        let child = Command::new("sh")
            .args(["-c", "read -r _ && exec \"$@\" < /dev/null", "sh", program])
            .args(arguments)
            .env("PGCONNECT_TIMEOUT", "60")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh is there");
        Self(Process::new(child))
    }

    /// Its process id, before and after it begins.
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Lets it begin and waits for its end.
    pub fn run(mut self) -> Said {
        let child = self.0.child();
        child.stdin.take().expect("piped").write_all(b"\n").expect("it waits");
        let error = child.stderr.take().expect("piped");
        let error = std::thread::spawn(move || std::io::read_to_string(error));
        let output = std::io::read_to_string(child.stdout.take().expect("piped")).expect("a pipe");
        let error = error.join().expect("it only reads").expect("a pipe");
        Said { success: self.0.wait().success(), output, error }
    }

    /// The same for a program that must succeed; gives its output.
    pub fn complete(self) -> String {
        let said = self.run();
        assert!(said.success, "{said:?}");
        said.output
    }
}
