//! As many requests as fit: what the agent takes from a server that has no core to spare.

use underspan_tests::agent::Agent;
use underspan_tests::oracle::Books;
use underspan_tests::receiver::{Receiver, Script};
use underspan_tests::workload::process::{cpu_ticks, resident};
use underspan_tests::workload::{Nginx, Wrk};

use crate::table::{line, mebibytes, median, micros, ratio};
use crate::{Plan, sink, tracing};

/// Connections of wrk's one thread.
pub(crate) const CONNECTIONS: u32 = 8;
/// Nanoseconds of a clock tick, as `/proc/PID/stat` counts.
pub(crate) const TICK: u64 = 10_000_000;

/// Measures and prints.
pub(crate) fn run(nginx: &Nginx, plan: &Plan, tier: &str) {
    let sink = sink::start();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        without.push(Round::run(nginx, plan.seconds, None));
        let mut agent = Agent::start(&tracing(nginx, &sink, tier));
        with.push(Round::run(nginx, plan.seconds, Some(&agent)));
        agent.stop();
    }
    println!(
        "## saturated{}: wrk -t1 -c{CONNECTIONS}, kept connections\n",
        if nginx.is_encrypted() { ", over TLS" } else { "" }
    );
    print(&without, &with, &Traffic::measure(nginx, plan.seconds, tier));
}

/// wrk at full speed.
pub(crate) fn load(nginx: &Nginx, seconds: u32) -> Wrk {
    let run = if nginx.is_encrypted() { Wrk::run_tls } else { Wrk::run };
    run(nginx.address(), CONNECTIONS, seconds)
}

/// One run of wrk.
struct Round {
    /// Requests per second.
    rate: u64,
    /// Nanoseconds of CPU per request of nginx, and of the agent.
    nginx: u64,
    agent: u64,
    /// Memory of the agent at the end and the most it had, and of its maps, bytes.
    resident: u64,
    peak: u64,
    maps: u64,
}

impl Round {
    fn run(nginx: &Nginx, seconds: u32, agent: Option<&Agent>) -> Self {
        let used = |pids: &[u32]| pids.iter().map(|pid| cpu_ticks(*pid)).sum::<u64>() * TICK;
        let (servers, agents) = (nginx.pids(), agent.map(Agent::pid).into_iter().collect::<Vec<_>>());
        let before = (used(&servers), used(&agents));
        let wrk = load(nginx, seconds);
        assert_eq!(wrk.errors, 0, "{wrk:?}");
        let (resident, peak) = agent.map_or((0, 0), |agent| resident(agent.pid()));
        Self {
            rate: wrk.rate(),
            nginx: (used(&servers) - before.0) / wrk.requests,
            agent: (used(&agents) - before.1) / wrk.requests,
            resident,
            peak,
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
    fn measure(nginx: &Nginx, seconds: u32, tier: &str) -> Self {
        let receiver = Receiver::start(Script::ok()).expect("loopback has free ports");
        let mut agent = Agent::start(&tracing(nginx, &receiver.http_endpoint(), tier));
        let wrk = load(nginx, seconds);
        agent.stop();
        Self { requests: wrk.requests, books: Books::of_receiver(&receiver), seconds }
    }
}

fn print(without: &[Round], with: &[Round], traffic: &Traffic) {
    let pick = |rounds: &[Round], field: fn(&Round) -> u64| median(rounds.iter().map(field).collect());
    let highest = |field: fn(&Round) -> u64| with.iter().map(field).max().unwrap_or(0);
    let (rate_without, rate_with) = (pick(without, |round| round.rate), pick(with, |round| round.rate));
    line("requests/s without the agent, median", &rate_without.to_string());
    line("requests/s with the agent, median", &rate_with.to_string());
    line("throughput kept, ratio of medians (aim: 0.850 or more)", &ratio(rate_with, rate_without));
    line("CPU of nginx per request without", &micros(pick(without, |round| round.nginx)));
    line("CPU of nginx per request with", &micros(pick(with, |round| round.nginx)));
    line("CPU of the agent per request", &micros(pick(with, |round| round.agent)));
    line("agent RSS under load (aim: 24 MiB or less)", &mebibytes(highest(|round| round.resident)));
    line("agent RSS, highest, at start", &mebibytes(highest(|round| round.peak)));
    line("kernel maps (aim: 32 MiB or less)", &mebibytes(highest(|round| round.maps)));
    let Traffic { requests, books, seconds } = traffic;
    let each = |bytes: u64| format!("{} B", bytes / requests.max(&1));
    line("bytes captured per request (aim: 1024 or less)", &each(books.counter("underspan.capture.size")));
    line("records per request", &ratio(books.counter("underspan.records"), *requests));
    line("spans/s received", &(books.spans.len() as u64 / u64::from(*seconds)).to_string());
    line("requests that wrk made", &requests.to_string());
    line("exchanges understood", &books.counter("underspan.exchanges").to_string());
    line("exchanges lost, counted", &books.counter("underspan.exchanges.lost").to_string());
    line("spans dropped, counted", &books.counter("underspan.spans.dropped").to_string());
    println!("\nwhat the agent said of itself in the last run: {books}");
    println!("\nrequests/s, each round without and with:");
    for (one, other) in without.iter().zip(with) {
        println!("{:>8} {:>8}", one.rate, other.rate);
    }
    println!();
}
