//! A server in C with functions to be probed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::process::Process;

/// Where its code is.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/workload/shop/shop.c");

/// A running shop.
#[derive(Debug)]
pub struct Shop {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Shop {
    /// Compiles it into a folder; with `go`, it looks like a program in Go.
    pub fn compile(folder: &Path, go: bool) -> PathBuf {
        let program = folder.join("shop");
        let status = Command::new("cc")
            .args([
                "-O2",
                "-g0",
                "-fpie",
                "-pie",
                "-pthread",
                if go { "-DPRETEND_GO" } else { "-UPRETEND_GO" },
            ])
            .arg("-o")
            .args([&program, Path::new(SOURCE)])
            .status()
            .expect("a C compiler is installed, since Rust links with it");
        assert!(status.success(), "{SOURCE} does not compile");
        program
    }

    /// Starts it and waits until it listens.
    pub fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the shop starts");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut shop = Self { process: Process::new(child), input, output, address };
        let port = u16::try_from(shop.number()).expect("a port");
        shop.address.set_port(port);
        shop
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Gives an order and waits for the answer: the sum of what the function it names returned in so many calls (`price`, `descend`), how
    /// many there were (`leap`), or all calls of `price_of` so far (`calls`).
    pub fn order(&mut self, order: &str) -> i64 {
        writeln!(self.input, "{order}").expect("the shop reads");
        self.number()
    }

    /// Asks for the price of an item so many times, on one connection.
    pub fn ask(&self, item: u32, times: u32) {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        let request = format!("GET /price/{item} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        for _ in 0..times {
            // In one piece: the shop takes each piece for a request.
            stream.write_all(request.as_bytes()).expect("it reads");
            let mut answer = [0; 40];
            stream.read_exact(&mut answer).expect("it answers");
            assert!(answer.ends_with(b"ok"), "{:?}", String::from_utf8_lossy(&answer));
        }
    }

    fn number(&mut self) -> i64 {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a pipe");
        line.trim().parse().unwrap_or_else(|_| panic!("{line:?}, {:?}", self.process.status()))
    }
}
