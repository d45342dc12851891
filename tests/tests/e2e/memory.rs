//! Ceilings of memory.

use underspan_tests::workload::process::resident;
use underspan_tests::workload::{Load, Nginx, scale};

use crate::stage::{Session, enter};

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
