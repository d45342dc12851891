//! Bytes that pass behind those that are captured are told of once their connection is silent, wherever the kernel keeps its state. Needs
//! root; without it the test says that it was skipped.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use underspan_ebpf::{Record, Settings, Tracer};

const CAPTURED: u32 = 64;
const CALL: usize = 1000;
const CALLS: usize = 3;

/// How far each end has told of the response, in the order of their records.
fn told(tracer: &mut Tracer) -> Vec<(bool, u64)> {
    let mut told = Vec::new();
    tracer.drain(Instant::now() + Duration::from_secs(5), |record| {
        if let Ok(Record::Run(run)) = record {
            told.push((run.flags.sent(), run.offset));
        }
    });
    told
}

fn is_told_of(as_newest: bool) {
    let settings = Settings {
        as_newest,
        request_budget: CAPTURED,
        response_budget: CAPTURED,
        deadline: Duration::from_mins(1),
        payload: std::env::var("PAYLOAD").into_iter().collect(),
        ..Settings::default()
    };
    let mut tracer = match Tracer::start(&settings) {
        Ok(tracer) => tracer,
        Err(error) => return eprintln!("skipped: silent connections: {error}"),
    };
    tracer.select(std::process::id()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut server = listener.accept().unwrap().0;
    client.write_all(b"request").unwrap();
    server.read_exact(&mut [0; 7]).unwrap();
    for _ in 0..CALLS {
        server.write_all(&[b'.'; CALL]).unwrap();
        client.read_exact(&mut [0; CALL]).unwrap();
    }
    assert_eq!(told(&mut tracer), [], "the next request may tell of it at no cost");
    sleep(Duration::from_millis(10));
    tracer.flush().unwrap();
    let mut ends = told(&mut tracer);
    ends.sort_unstable();
    let all = (CALL * CALLS) as u64;
    assert_eq!(ends, [(false, all), (true, all)]);
    tracer.flush().unwrap();
    assert_eq!(told(&mut tracer), [], "once is enough");
}

/// One after the other: each traces this very process.
#[test]
fn what_passed_on_a_silent_connection_is_told_of() {
    is_told_of(false);
    is_told_of(true);
}
