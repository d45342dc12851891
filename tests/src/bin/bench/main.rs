//! What the agent costs: nginx with and without it, in turns, in one run; with `pgbench` in place of a tier, `PostgreSQL` with and without
//! the USDT probes that are on by default; with `go`, servers in Go. `make bench`, or
//! `cargo run --release -p underspan-tests --bin bench -- [ROUNDS [SECONDS [TIER…]]]` as root with the agent built beside it.
//! `docs/performance.md` says how to read it.
#![forbid(unsafe_code)]

mod go;
mod paced;
mod pgbench;
mod saturated;
mod sink;
mod table;

use serde_json::{Value, json};
use underspan_tests::agent::{configuration, overlay, privilege};
use underspan_tests::workload::Nginx;

/// What is measured, and for how long.
#[derive(Debug)]
struct Plan {
    /// Turns without and with the agent.
    rounds: u32,
    /// Of each turn.
    seconds: u32,
    /// Hooks, by the name the configuration knows them by.
    tiers: Vec<String>,
}

impl Plan {
    fn read(arguments: impl Iterator<Item = String>) -> Self {
        let (numbers, mut tiers): (Vec<_>, Vec<_>) =
            arguments.partition(|argument| argument.parse::<u32>().is_ok());
        let mut numbers = numbers.iter().filter_map(|number| number.parse().ok());
        if tiers.is_empty() {
            tiers.push("auto".to_owned());
        }
        Self { rounds: numbers.next().unwrap_or(6), seconds: numbers.next().unwrap_or(3), tiers }
    }
}

/// A configuration that traces `nginx`, exports to `endpoint` and uses these hooks.
fn tracing(nginx: &Nginx, endpoint: &str, tier: &str) -> Value {
    let mut all = configuration(&nginx.pids(), endpoint);
    overlay(&mut all, json!({ "capture": { "tier": tier }, "metrics": { "interval": "500ms" } }));
    overlay(&mut all, json!({ "budget": { "target": "off", "host": "off" } }));
    all
}

fn main() {
    if let Some(reason) = privilege::missing() {
        println!("skipped: {reason}");
        return;
    }
    let plan = Plan::read(std::env::args().skip(1));
    if plan.tiers == ["pgbench"] {
        return pgbench::run(&plan);
    }
    if plan.tiers == ["go"] {
        return go::run(&plan);
    }
    let nginx = Nginx::start(false);
    let encrypted = Nginx::start_tls(false);
    for nginx in [&nginx, &encrypted] {
        saturated::load(nginx, 1); // the first requests of a fresh nginx are slow
    }
    for tier in &plan.tiers {
        println!(
            "# tier {tier}: {} rounds of {} s without, then with the agent\n",
            plan.rounds, plan.seconds
        );
        saturated::run(&nginx, &plan, tier);
        saturated::run(&encrypted, &plan, tier);
        for rate in paced::RATES {
            paced::run(&nginx, &plan, tier, rate);
        }
    }
}
