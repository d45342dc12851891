//! wrk, the load generator everybody knows; what it measured.

use std::net::SocketAddr;
use std::process::Command;

/// Says what was measured as numbers rather than prose.
const REPORT: &str = "function done(summary, latency, requests)
  io.write(string.format('measured %d %d %d\\n', summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
";

/// What a run of wrk measured.
#[derive(Debug, Clone, Copy)]
pub struct Wrk {
    /// Answers it read.
    pub requests: u64,
    /// Microseconds it took.
    pub micros: u64,
    /// Requests that failed.
    pub errors: u64,
}

impl Wrk {
    /// One thread with this many kept connections, for some seconds.
    pub fn run(address: SocketAddr, connections: u32, seconds: u32) -> Self {
        Self::run_on(&format!("http://{address}/w"), connections, seconds)
    }

    /// The same over TLS.
    pub fn run_tls(address: SocketAddr, connections: u32, seconds: u32) -> Self {
        Self::run_on(&format!("https://{address}/w"), connections, seconds)
    }

    fn run_on(url: &str, connections: u32, seconds: u32) -> Self {
        let script = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(script.path(), REPORT).expect("own file");
        let output = Command::new("wrk")
            .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"])
            .arg(script.path())
            .arg(url)
            .output()
            .expect("wrk is installed");
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers = text
            .lines()
            .find_map(|line| line.strip_prefix("measured "))
            .map(|numbers| numbers.split(' ').filter_map(|number| number.parse().ok()).collect::<Vec<u64>>());
        match numbers.as_deref() {
            Some(&[requests, micros, errors]) => Self { requests, micros, errors },
            _ => panic!("wrk said nothing: {text} {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Requests per second.
    pub fn rate(self) -> u64 {
        self.requests * 1_000_000 / self.micros.max(1)
    }
}
