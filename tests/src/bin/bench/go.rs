//! What the agent costs servers in Go, of HTTP and of gRPC, with and without it in turns; and how long it takes to attach to a large program.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use underspan_tests::agent::{Agent, audit, configuration, overlay};
use underspan_tests::workload::go::{Build, Relay, Speech, Toolchain, Web};
use underspan_tests::workload::process::{cpu_ticks, eventually, forget_peak, resident};
use underspan_tests::workload::{Gated, Process, Wrk};

use crate::saturated::{CONNECTIONS, TICK};
use crate::table::{line, mebibytes, median, micros, ratio};
use crate::{Plan, sink};

const BUILD: Build = Build { stripped: true, pie: false, cgo: false };

/// A server that just answers.
struct Server {
    process: Process,
    address: SocketAddr,
    load: fn(SocketAddr, u32) -> Load,
}

/// What was answered.
struct Load {
    requests: u64,
    rate: u64,
}

/// One run of the load, and what a request cost: nanoseconds of CPU of the server and of the agent.
struct Turn {
    rate: u64,
    server: u64,
    agent: u64,
}

/// Measures and prints.
pub(crate) fn run(plan: &Plan) {
    let toolchains = Toolchain::all().unwrap_or_else(|reason| panic!("{reason}"));
    let toolchain = &toolchains[0];
    let folder = tempfile::tempdir().expect("a temporary directory");
    println!(
        "# {}: {} rounds of {} s without, then with the agent\n",
        toolchain.version, plan.rounds, plan.seconds
    );
    let kinds = [
        ("net/http, HTTP/1.1: wrk -t1", "go.mod", "relay", Speech::Http, http as fn(_, _) -> _),
        (
            "grpc-go: h2load, 10 calls at a time on each of its connections",
            "latest.mod",
            "rpc",
            Speech::Grpc,
            grpc,
        ),
    ];
    for (title, modules, name, speech, load) in kinds {
        let program = toolchain.build_with(modules, name, BUILD, folder.path());
        let (process, address) = Relay::backend(&program, speech, folder.path());
        measure(title, &Server { process, address, load }, plan);
    }
    attach(toolchain, plan.rounds, folder.path());
}

fn measure(title: &str, server: &Server, plan: &Plan) {
    let sink = sink::start();
    let mut all = configuration(&[server.process.pid()], &sink);
    overlay(&mut all, json!({ "budget": { "target": "off", "host": "off" } }));
    (server.load)(server.address, 1); // the first requests are slow
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        without.push(turn(server, plan.seconds, None));
        let mut agent = Agent::start(&all);
        with.push(turn(server, plan.seconds, Some(&agent)));
        agent.stop();
    }
    println!("## {title} -c{CONNECTIONS}\n");
    let pick = |turns: &[Turn], field: fn(&Turn) -> u64| median(turns.iter().map(field).collect());
    let (one, other) = (pick(&without, |turn| turn.rate), pick(&with, |turn| turn.rate));
    line("requests/s without the agent, median", &one.to_string());
    line("requests/s with the agent, median", &other.to_string());
    line("throughput kept, ratio of medians", &ratio(other, one));
    let (one, other) = (pick(&without, |turn| turn.server), pick(&with, |turn| turn.server));
    line("CPU of the server per request without", &micros(one));
    line("CPU of the server per request with", &micros(other));
    line("CPU of the server, ratio of medians", &ratio(other, one));
    line("CPU of the agent per request", &micros(pick(&with, |turn| turn.agent)));
    println!("\nrequests/s, each round without and with, and the second over the first:");
    for (one, other) in without.iter().zip(&with) {
        println!("{:>8} {:>8} {:>8}", one.rate, other.rate, ratio(other.rate, one.rate));
    }
    println!();
}

fn turn(server: &Server, seconds: u32, agent: Option<&Agent>) -> Turn {
    let agents = agent.map_or(0, Agent::pid);
    let used = || [server.process.pid(), agents].map(|pid| cpu_ticks(pid) * TICK);
    let before = used();
    let load = (server.load)(server.address, seconds);
    let after = used();
    let each = |at: usize| (after[at] - before[at]) / load.requests.max(1);
    Turn { rate: load.rate, server: each(0), agent: each(1) }
}

fn http(address: SocketAddr, seconds: u32) -> Load {
    let wrk = Wrk::run(address, CONNECTIONS, seconds);
    assert_eq!(wrk.errors, 0, "{wrk:?}");
    Load { requests: wrk.requests, rate: wrk.rate() }
}

/// Calls with a message of seven bytes.
fn grpc(address: SocketAddr, seconds: u32) -> Load {
    let message = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(message.path(), b"\0\0\0\0\x07message").expect("own file");
    let (connections, seconds_text) = (format!("-c{CONNECTIONS}"), format!("-D{seconds}"));
    let (body, url) = (message.path().display().to_string(), format!("http://{address}/bench/Call"));
    let arguments = ["-t1", &connections, "-m10", &seconds_text, "-d", &body];
    let headers = ["-H", "content-type: application/grpc", "-H", "te: trailers", &url];
    let said = Gated::new("h2load", &[&arguments[..], &headers[..]].concat()).complete();
    // requests: 12345 total, 12345 started, 12345 done, 12345 succeeded, 0 failed, 0 errored, 0 timeout
    let done = said.lines().find_map(|line| line.strip_prefix("requests: ")).unwrap_or_default();
    let count = |what: &str| {
        let part = done.split(", ").find_map(|part| part.strip_suffix(what))?;
        part.trim().parse::<u64>().ok()
    };
    match (count("succeeded"), count("failed")) {
        (Some(requests), Some(0)) => Load { requests, rate: requests / u64::from(seconds) },
        _ => panic!("calls failed: {said}"),
    }
}

/// A program of 60 MB is started under the agent, which has attached to some other before: what it loads into the kernel is there.
fn attach(toolchain: &Toolchain, rounds: u32, folder: &Path) {
    let small = toolchain.build("web", BUILD, folder);
    let large = toolchain.build_large(BUILD, folder);
    let size = std::fs::metadata(&large).expect("just built").len();
    let log = folder.join("audit");
    let mut all = configuration(&[], &sink::start());
    overlay(
        &mut all,
        json!({ "select": [{ "exe": small }, { "exe": large }], "admin": { "audit_log": log } }),
    );
    let (mut times, mut reads, mut firsts, mut more) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let begin = Instant::now();
        std::hint::black_box(std::fs::read(&large).expect("just built"));
        reads.push(nanos(begin.elapsed()));
        let mut agent = Agent::start(&all);
        firsts.push(nanos(until_attached(&small, &log)));
        let before = resident(agent.pid()).0;
        forget_peak(agent.pid());
        times.push(nanos(until_attached(&large, &log)));
        more.push(resident(agent.pid()).1.saturating_sub(before));
        agent.stop();
    }
    println!("## attach to a stripped program of {} with 100,000 functions\n", mebibytes(size));
    let (time, read) = (median(times), median(reads));
    line("from its start until all probes are in place, median", &micros(time));
    line("reading the file once, from memory, median", &micros(read));
    line("ratio", &ratio(time, read));
    line("the same of a small program, the first since the start", &micros(median(firsts)));
    line("memory of the agent for it, at most", &mebibytes(more.into_iter().max().unwrap_or(0)));
}

/// From the start of the program.
fn until_attached(program: &Path, log: &Path) -> Duration {
    let begin = Instant::now();
    let web = Web::start(program);
    eventually("its functions are found", || audit::has_go_probes(log, web.pid()));
    begin.elapsed()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
