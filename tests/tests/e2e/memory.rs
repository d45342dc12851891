//! Ceilings of memory.

use std::time::Instant;

use serde_json::json;
use underspan_tests::agent::audit;
use underspan_tests::oracle::Kind;
use underspan_tests::workload::go::{Build, Toolchain, Web};
use underspan_tests::workload::process::{eventually, forget_peak, resident};
use underspan_tests::workload::{Load, Nginx, scale};

use crate::stage::{Session, enter, skip};

const REQUESTS: u64 = 20_000;

const MIB: u64 = 1 << 20;

#[test]
fn the_agent_and_its_maps_stay_small() {
    let Some(_turn) = enter("memory::the_agent_and_its_maps_stay_small") else { return };
    let nginx = Nginx::start(false);
    let session = Session::trace(&nginx.pids());
    let load = Load::new(nginx.address(), scale::down(REQUESTS));
    load.run().complete(&load);
    session.settle(load.requests);
    let (resident, peak) = resident(session.agent.pid());
    let maps = session.agent.objects().map_memory;
    println!("resident {resident}, at most {peak}, kernel maps {maps}");
    session.finish(load.requests).balance(load.requests);
    assert!((1..=24 * MIB).contains(&resident), "{resident} bytes resident");
    assert!((1..=32 * MIB).contains(&maps), "{maps} bytes in kernel maps");
}

/// A program of 60 MB is started under the agent, which finds the functions it wants among a hundred thousand.
#[test]
fn a_large_program_in_go_costs_little_more() {
    const NAME: &str = "memory::a_large_program_in_go_costs_little_more";
    const CALLS: u64 = 200;
    let toolchains = match Toolchain::all() {
        Ok(toolchains) => toolchains,
        Err(reason) => return skip(NAME, &reason),
    };
    let Some(_turn) = enter(NAME) else { return };
    let folder = tempfile::tempdir().unwrap();
    // The first ones: today's tables, and those of old with as many addresses for the loader to adjust.
    for (toolchain, pie) in toolchains.iter().zip([false, true]) {
        let build = Build { stripped: true, pie, cgo: false };
        let client = toolchain.build("web", build, folder.path());
        let program = toolchain.build_large(build, folder.path());
        let size = std::fs::metadata(&program).unwrap().len();
        assert!(size >= 60_000_000, "{size} bytes");
        let log = folder.path().join(format!("audit-{}", toolchain.version));
        let select = json!({ "select": [{ "exe": program }], "admin": { "audit_log": log } });
        let session = Session::with(&[], select);
        let agent = session.agent.pid();
        let before = resident(agent).0;
        forget_peak(agent);

        let begin = Instant::now();
        let web = Web::start(&program);
        eventually("its functions are found", || audit::has_go_probes(&log, web.pid()));
        let took = begin.elapsed();
        let more = resident(agent).1.saturating_sub(before);
        println!("{}, {size} bytes: attached in {took:?}, {more} bytes more at most", toolchain.version);
        assert!(more <= 20 * MIB, "{}: {more} bytes more", toolchain.version);

        let mut client = web.client(&client, "/large", 1, CALLS);
        client.begin();
        assert!(client.wait().success(), "{}: an answer was wrong", toolchain.version);
        let books = session.finish(CALLS);
        books.balance(CALLS);
        assert_eq!(books.of(Kind::Server).len() as u64, CALLS, "{}: {books}", toolchain.version);
    }
}
