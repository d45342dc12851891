//! A steady rate, below what the machine can do: what the agent adds to each request, and whether all of them arrive.

use underspan_tests::agent::Agent;
use underspan_tests::oracle::Books;
use underspan_tests::receiver::{Receiver, Script};
use underspan_tests::workload::process::cpu_ticks;
use underspan_tests::workload::{Load, Nginx};

use crate::saturated::TICK;
use crate::table::{line, micros, percentile, ratio};
use crate::{Plan, sink, tracing};

/// Requests per second: a busy service, and five times that.
pub(crate) const RATES: [u32; 2] = [2_000, 10_000];

/// Measures one rate and prints.
pub(crate) fn run(nginx: &Nginx, plan: &Plan, tier: &str, rate: u32) {
    let sink = sink::start();
    let load = Load::new(nginx.address(), u64::from(rate * plan.seconds)).paced(rate);
    let (mut without, mut with) = (Turns::default(), Turns::default());
    for _ in 0..plan.rounds {
        without.add(nginx, &load, None);
        let mut agent = Agent::start(&tracing(nginx, &sink, tier));
        with.add(nginx, &load, Some(&agent));
        agent.stop();
    }
    let receiver = Receiver::start(Script::ok()).expect("loopback has free ports");
    let mut agent = Agent::start(&tracing(nginx, &receiver.http_endpoint(), tier));
    load.run().complete(&load);
    agent.stop();
    print(rate, without, with, load.requests, &Books::of_receiver(&receiver));
}

/// Several runs of the same load.
#[derive(Default)]
struct Turns {
    /// Nanoseconds each request took.
    took: Vec<u64>,
    /// Nanoseconds of CPU of nginx, and of the agent.
    nginx: u64,
    agent: u64,
}

impl Turns {
    fn add(&mut self, nginx: &Nginx, load: &Load, agent: Option<&Agent>) {
        let used = |pids: &[u32]| pids.iter().map(|pid| cpu_ticks(*pid)).sum::<u64>() * TICK;
        let (servers, agents) = (nginx.pids(), agent.map(Agent::pid).into_iter().collect::<Vec<_>>());
        let before = (used(&servers), used(&agents));
        let report = load.run();
        report.complete(load);
        self.nginx += used(&servers) - before.0;
        self.agent += used(&agents) - before.1;
        let took = report.answered.iter().flatten().map(|sent| sent.took.as_nanos());
        self.took.extend(took.map(|nanos| u64::try_from(nanos).unwrap_or(u64::MAX)));
    }
}

fn print(rate: u32, mut without: Turns, mut with: Turns, requests: u64, books: &Books) {
    println!("## {rate} requests/s on 8 kept connections\n");
    without.took.sort_unstable();
    with.took.sort_unstable();
    for percent in [50, 99] {
        let (one, other) = (percentile(&without.took, percent), percentile(&with.took, percent));
        line(&format!("p{percent} of a request without the agent"), &micros(one));
        line(&format!("p{percent} of a request with the agent"), &micros(other));
        line(&format!("p{percent} with over without"), &ratio(other, one));
    }
    let made = (with.took.len() as u64).max(1);
    line("CPU of nginx per request without", &micros(without.nginx / made));
    line("CPU of nginx per request with", &micros(with.nginx / made));
    line("CPU of the agent per request", &micros(with.agent / made));
    line("requests in the run that is checked", &requests.to_string());
    line("spans received", &books.spans.len().to_string());
    line("losses counted", &books.lost().to_string());
    line("complete: (spans + losses) / requests (aim: 1.000)", &ratio(books.accounted(), requests));
    println!();
}
