//! What the agent costs: nginx with and without it, in turns, in one run. `make bench`, or
//! `cargo run --release -p underspan-tests --bin bench [ROUNDS [SECONDS]]` as root with the agent built beside it.
#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use underspan_tests::agent::{Agent, configuration, overlay, privilege};
use underspan_tests::oracle::Books;
use underspan_tests::receiver::{Receiver, Script};
use underspan_tests::workload::process::{cpu_ticks, resident};
use underspan_tests::workload::{Nginx, Wrk};

/// Connections of wrk's one thread.
const CONNECTIONS: u32 = 8;
/// Microseconds of a clock tick, as `/proc/PID/stat` counts.
const TICK: u64 = 10_000;

fn main() {
    if let Some(reason) = privilege::missing() {
        println!("skipped: {reason}");
        return;
    }
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u32>().ok());
    let (rounds, seconds) = (numbers.next().unwrap_or(6), numbers.next().unwrap_or(3));
    println!(
        "{rounds} rounds of {seconds} s without, then {seconds} s with the agent; wrk -t1 -c{CONNECTIONS}, kept connections\n"
    );

    let nginx = Nginx::start(false);
    let sink = sink();
    Wrk::run(nginx.address(), CONNECTIONS, 1);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        without.push(Round::run(&nginx, seconds, None));
        let pids = nginx.pids();
        let mut agent = Agent::start(&configuration(&pids, &format!("http://{sink}")));
        with.push(Round::run(&nginx, seconds, Some(&agent)));
        agent.stop();
    }
    let traffic = Traffic::measure(&nginx, seconds);
    print(&without, &with, &traffic);
}

/// One run of wrk.
struct Round {
    /// Requests per second.
    rate: u64,
    /// Nanoseconds of CPU per request of nginx, and of the agent.
    nginx: u64,
    agent: u64,
    /// Memory of the agent and of its maps at the end, bytes.
    resident: u64,
    maps: u64,
}

impl Round {
    fn run(nginx: &Nginx, seconds: u32, agent: Option<&Agent>) -> Self {
        let used = |pids: &[u32]| pids.iter().map(|pid| cpu_ticks(*pid)).sum::<u64>() * TICK * 1000;
        let (servers, agents) = (nginx.pids(), agent.map(Agent::pid).into_iter().collect::<Vec<_>>());
        let before = (used(&servers), used(&agents));
        let wrk = Wrk::run(nginx.address(), CONNECTIONS, seconds);
        assert_eq!(wrk.errors, 0, "{wrk:?}");
        Self {
            rate: wrk.rate(),
            nginx: (used(&servers) - before.0) / wrk.requests,
            agent: (used(&agents) - before.1) / wrk.requests,
            resident: agent.map_or(0, |agent| resident(agent.pid()).1),
            maps: agent.map_or(0, |agent| agent.objects().map_memory),
        }
    }
}

/// What crossed and what arrived, in a run of its own with a receiver that reads everything.
struct Traffic {
    requests: u64,
    books: Books,
    seconds: u32,
}

impl Traffic {
    fn measure(nginx: &Nginx, seconds: u32) -> Self {
        let receiver = Receiver::start(Script::ok()).expect("loopback has free ports");
        let mut all = configuration(&nginx.pids(), &receiver.http_endpoint());
        overlay(&mut all, serde_json::json!({ "metrics": { "interval": "500ms" } }));
        let mut agent = Agent::start(&all);
        let wrk = Wrk::run(nginx.address(), CONNECTIONS, seconds);
        agent.stop();
        Self { requests: wrk.requests, books: Books::of_receiver(&receiver), seconds }
    }
}

fn print(without: &[Round], with: &[Round], traffic: &Traffic) {
    let pick = |rounds: &[Round], field: fn(&Round) -> u64| median(rounds.iter().map(field).collect());
    let line = |name: &str, value: String| println!("{name:<48}{value:>14}");
    let micros = |nanos: u64| format!("{}.{:02} us", nanos / 1000, nanos % 1000 / 10);
    let (rate_without, rate_with) = (pick(without, |round| round.rate), pick(with, |round| round.rate));
    line("requests/s without the agent, median", rate_without.to_string());
    line("requests/s with the agent, median", rate_with.to_string());
    let permille = rate_with * 1000 / rate_without.max(1);
    line("ratio of medians (aim: 0.850 or more)", format!("{}.{:03}", permille / 1000, permille % 1000));
    line("CPU of nginx per request without", micros(pick(without, |round| round.nginx)));
    line("CPU of nginx per request with", micros(pick(with, |round| round.nginx)));
    line("CPU of the agent per request", micros(pick(with, |round| round.agent)));
    line("agent RSS, highest (aim: 24 MiB or less)", mebibytes(highest(with, |round| round.resident)));
    line("kernel maps (aim: 32 MiB or less)", mebibytes(highest(with, |round| round.maps)));
    let Traffic { requests, books, seconds } = traffic;
    let each = |bytes: u64| format!("{} B", bytes / requests.max(&1));
    line("bytes captured per request (aim: 1024 or less)", each(books.counter("underspan.capture.size")));
    line(
        "records per request, hundredths",
        (books.counter("underspan.records") * 100 / requests).to_string(),
    );
    line("spans/s received", (books.spans.len() as u64 / u64::from(*seconds)).to_string());
    line("exchanges lost, counted", books.counter("underspan.exchanges.lost").to_string());
    line("spans dropped, counted", books.counter("underspan.spans.dropped").to_string());
    println!("\nwhat the agent said of itself in the last run: {books}");
    println!("\nrequests/s, each round without and with:");
    for (one, other) in without.iter().zip(with) {
        println!("{:>8} {:>8}", one.rate, other.rate);
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() {
        0 => 0,
        length if length % 2 == 1 => values[middle],
        _ => u64::midpoint(values[middle - 1], values[middle]),
    }
}

fn highest(rounds: &[Round], field: fn(&Round) -> u64) -> u64 {
    rounds.iter().map(field).max().unwrap_or(0)
}

fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}

/// A receiver that takes everything and looks at nothing, so that its own cost is not measured.
fn sink() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    let address = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || swallow(&stream));
        }
    });
    address
}

/// Answers each request of a connection with an empty success.
fn swallow(stream: &TcpStream) -> Option<()> {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        writer.write_all(answer).ok()?;
    }
}
