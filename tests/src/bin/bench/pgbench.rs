//! What the USDT probes that are on by default cost `PostgreSQL`: pgbench with the agent, without and with them, in turns.

use serde_json::{Value, json};
use underspan_tests::agent::{Agent, configuration, overlay};
use underspan_tests::workload::Postgres;
use underspan_tests::workload::process::eventually;

use crate::table::{line, median, ratio};
use crate::{Plan, sink};

/// Connections of pgbench, and rows of its tables in units of 100,000.
const CONNECTIONS: &str = "4";
const SCALE: &str = "10";

/// Measures and prints.
pub(crate) fn run(plan: &Plan) {
    let server = Postgres::start();
    server.client("pgbench", &["-i", "-q", "-s", SCALE], false).complete();
    transactions(&server, plan.seconds); // the first reads fill the buffers
    let sink = sink::start();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        let mut turns = [(&mut without, "off"), (&mut with, "brief")];
        // What drifts meets both alike.
        if round % 2 == 1 {
            turns.reverse();
        }
        for (rates, level) in turns {
            rates.push(turn(&server, plan.seconds, &sink, level));
        }
    }
    println!("## pgbench select-only, prepared, {CONNECTIONS} connections, all of them traced\n");
    let (one, other) = (median(without.clone()), median(with.clone()));
    line("transactions/s without USDT probes", &one.to_string());
    line("transactions/s with those that are on by default", &other.to_string());
    line("throughput kept (aim: 0.950 or more)", &ratio(other, one));
    println!("\ntransactions/s, each round without and with, and the second over the first:");
    for (one, other) in without.iter().zip(&with) {
        println!("{one:>8} {other:>8} {:>8}", ratio(*other, *one));
    }
}

/// Transactions per second while an agent traces the server.
fn turn(server: &Postgres, seconds: u32, sink: &str, level: &str) -> u64 {
    let mut all = configuration(&[server.pid()], sink);
    overlay(&mut all, json!({ "budget": { "target": "off", "host": "off" } }));
    overlay(&mut all, json!({ "runtimes": { "postgresql": level } }));
    let mut agent = Agent::start(&all);
    if level != "off" {
        eventually("the probes are attached", || has_probes(&agent.admin().status()));
    }
    let rate = transactions(server, seconds);
    agent.stop();
    rate
}

fn has_probes(status: &Value) -> bool {
    let targets = status["targets"].as_array().into_iter().flatten();
    let mut inside = targets.flat_map(|target| target["inside"].as_array().into_iter().flatten());
    inside.any(|inside| inside["runtime"] == "postgresql" && inside["places"].as_u64() > Some(0))
}

/// What pgbench says: `tps = 12345.678901 (without initial connection time)`.
fn transactions(server: &Postgres, seconds: u32) -> u64 {
    let seconds = seconds.to_string();
    let arguments = ["-n", "-M", "prepared", "-b", "select-only", "-c", CONNECTIONS, "-T", &seconds];
    let said = server.client("pgbench", &arguments, false).complete();
    let rate = said.split("tps = ").nth(1).and_then(|rest| rest.split('.').next());
    rate.and_then(|rate| rate.parse().ok()).unwrap_or_else(|| panic!("no rate in {said}"))
}
