//! A Java program that makes garbage, and its virtual machine's own log of collecting it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use super::process::Process;

/// Where its code is.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/workload/java/Churn.java");

/// The running program.
#[derive(Debug)]
pub struct Java {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: TempDir,
}

impl Java {
    /// Why it cannot be run here.
    pub fn missing() -> Option<String> {
        let there =
            |program: &str| Command::new(program).arg("-version").stderr(Stdio::null()).status().is_ok();
        let missing = ["java", "javac"].into_iter().find(|program| !there(program))?;
        Some(format!("no {missing}; install openjdk-17-jdk-headless"))
    }

    /// Compiles it and starts it with a collector, `-XX:+UseSerialGC` for example.
    pub fn start(collector: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let compiled = Command::new("javac").arg("-d").arg(folder.path()).arg(SOURCE).status();
        assert!(compiled.expect("javac is there").success(), "{SOURCE} does not compile");
        let mut child = Command::new("java")
            .args([collector, "-Xmx160m", "-Xms160m", "-Xmn24m", "-Xshare:auto"])
            .arg(format!("-Xlog:gc:file={}", folder.path().join("gc.log").display()))
            .arg("-cp")
            .arg(folder.path())
            .arg("Churn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("java is there");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut java = Self { process: Process::new(child), input, output, folder };
        assert_eq!(java.line(), "ready");
        java
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Makes garbage until it was collected so many times more.
    pub fn collect(&mut self, times: u64) {
        writeln!(self.input, "{times}").expect("it reads its input");
        self.line();
    }

    /// Pauses by its own log, in the order they were in, seconds.
    pub fn pauses(&self) -> Vec<f64> {
        let log = fs::read_to_string(self.folder.path().join("gc.log")).expect("the log is there");
        // [0.123s][info][gc] GC(3) Pause Young (Allocation Failure) 24M->4M(154M) 5.678ms
        let pauses = log.lines().filter(|line| line.contains(" Pause "));
        pauses
            .map(|line| {
                let took =
                    line.rsplit(' ').next().and_then(|word| word.strip_suffix("ms")?.parse::<f64>().ok());
                took.unwrap_or_else(|| panic!("no duration in {line}")) / 1e3
            })
            .collect()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a pipe");
        assert!(!line.is_empty(), "the program ended: {:?}", self.process.status());
        line.trim_end().to_owned()
    }
}
