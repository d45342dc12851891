//! Prints every record of the processes named on the command line (with `PAYLOAD=NAME` by that payload probe), for work on the probes.
//! `cargo run -p underspan-ebpf --example dump -- PID…`

use std::time::{Duration, Instant};

use underspan_ebpf::{Settings, Tracer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut tracer = Tracer::start(&Settings {
        ring_bytes: 8 << 20,
        max_targets: 1024,
        payload: std::env::var("PAYLOAD").into_iter().collect(),
        ..Settings::default()
    })?;
    for report in tracer.reports() {
        println!("{:20} {:?} {:?}", report.probe.name, report.off, report.reduced);
    }
    for pid in std::env::args().skip(1) {
        tracer.select(pid.parse()?)?;
    }
    tracer.find_listeners()?;
    let mut records = 0;
    let mut beat = Instant::now();
    while !tracer.selected().is_empty() {
        tracer.wait(Duration::from_millis(50))?;
        records += tracer
            .drain(Instant::now() + Duration::from_secs(1), |record| match record {
                Ok(underspan_ebpf::Record::Data(data)) => {
                    println!("{:?} {:?}", data.flags, String::from_utf8_lossy(data.bytes));
                    println!("  {data:?}");
                }
                other => println!("{other:?}"),
            })
            .0;
        if beat.elapsed() > Duration::from_millis(500) {
            beat = Instant::now();
            tracer.heartbeat();
            tracer.flush()?;
        }
    }
    println!("{records} records, {:?}", tracer.counters());
    Ok(())
}
