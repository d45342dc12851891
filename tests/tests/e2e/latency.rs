//! How old a span is when it arrives, at one request per second.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use underspan_tests::workload::Nginx;
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::process::eventually;

use crate::stage::{Session, enter};

const REQUESTS: usize = 20;
/// Oldest a span should be: from its end in the kernel to its arrival at the receiver.
const AGE: Duration = Duration::from_millis(200);

#[test]
fn at_one_request_per_second_spans_arrive_at_once() {
    let Some(_turn) = enter("latency::at_one_request_per_second_spans_arrive_at_once") else { return };
    let nginx = Nginx::start(false);
    // The configuration as it comes: a batch may wait a second for more.
    let session = Session::with(&nginx.pids(), json!({ "traces": { "schedule_delay": "1s" } }));
    let mut connection = Connection::open(nginx.address()).unwrap();
    let mut ages = Vec::new();
    for number in 0..REQUESTS {
        connection.get(&format!("/{number}"), "").unwrap();
        eventually("its span arrives", || session.receiver.spans().len() > number);
        let end = UNIX_EPOCH + Duration::from_nanos(session.receiver.spans()[number].span.end_time_unix_nano);
        ages.push(SystemTime::now().duration_since(end).unwrap_or_default());
        std::thread::sleep(Duration::from_secs(1));
    }
    session.finish(REQUESTS as u64).perfect(REQUESTS as u64);
    ages.sort_unstable();
    println!(
        "age at arrival: median {:?}, oldest {:?}, all {ages:?}",
        ages[REQUESTS / 2],
        ages[REQUESTS - 1]
    );
    // The machine may take a moment away from the agent; a batch that waits to fill would show in most of them.
    let late = ages.iter().filter(|age| **age > AGE).count();
    assert!(late <= REQUESTS / 10, "{late} of {REQUESTS} spans were older than {AGE:?}: {ages:?}");
}
