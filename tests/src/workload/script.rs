//! Programs in Python that are traced: typical of the services out there, and scriptable to the last system call.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

use super::process::Process;

/// Python as Debian installs it.
pub const PYTHON: &str = "/usr/bin/python3";

/// An HTTP server with a choice of system calls and address families.
pub const SERVER: &str = include_str!("scripts/server.py");
/// An HTTP client on `http.client`, or with pipelining.
pub const CLIENT: &str = include_str!("scripts/client.py");
/// A server that calls another one twice for each request, a thread per connection.
pub const FRONT: &str = include_str!("scripts/front.py");
/// The same on one thread with asyncio, calling once.
pub const PROXY: &str = include_str!("scripts/proxy.py");
/// A gRPC server or client on Google's C core.
pub const GRPC_PEER: &str = include_str!("scripts/grpc_peer.py");
/// A parent of many processes that each serve or make one request.
pub const SHORT: &str = include_str!("scripts/short.py");
/// A parent that runs a new curl for each request.
pub const CURLS: &str = include_str!("scripts/curls.py");
/// A proxy that is spoken to over TLS.
pub const TUNNEL: &str = include_str!("scripts/tunnel.py");
/// A server that collects its garbage when it is asked.
pub const COLLECTOR: &str = include_str!("scripts/collector.py");

/// An HTTPS server and client on asyncio.
pub const SECURE: &str = include_str!("scripts/secure.py");
/// The same on Node.js.
pub const SECURE_NODE: &str = include_str!("scripts/secure.js");
/// An HTTP/2 server and client on Node.js.
pub const STREAMS: &str = include_str!("scripts/streams.js");

/// A running script. Its first line of output says that it is up and holds the port it listens on, or 0.
#[derive(Debug)]
pub struct Script {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Script {
    /// Starts one of the scripts above with these arguments and waits until it is up.
    pub fn start(source: &str, arguments: &Value) -> Self {
        Self::of(Command::new(PYTHON).args(["-u", "-c", source]), arguments)
    }

    /// The same for one in JavaScript.
    pub fn start_node(source: &str, arguments: &Value) -> Self {
        Self::of(Command::new("node").args(["-e", source]), arguments)
    }

    /// The same of any program that speaks like one.
    pub fn of(program: &mut Command, arguments: &Value) -> Self {
        let mut child = program
            .arg(arguments.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.get_program().display()));
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut script = Self { process: Process::new(child), input, output, address };
        let port = script.line();
        script.address.set_port(port.parse().unwrap_or_else(|_| panic!("a port, not {port:?}")));
        script
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where it listens on IPv4 loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets it do one more piece of its work, and returns what it says of it.
    pub fn go(&mut self, order: &Value) -> Value {
        self.order(order);
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("JSON, not {line:?}"))
    }

    /// Lets it begin.
    pub fn order(&mut self, order: &Value) {
        writeln!(self.input, "{order}").expect("the script reads its input");
    }

    /// The next line it says.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a pipe");
        assert!(!line.is_empty(), "the script ended: {:?}", self.process.status());
        line.trim_end().to_owned()
    }

    /// Closes its input, which ends it, and waits.
    pub fn end(self) -> ExitStatus {
        let Self { mut process, input, .. } = self;
        drop(input);
        process.wait()
    }
}
