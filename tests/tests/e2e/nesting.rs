//! Calls made while serving: the parent is the request that is served, or none when that is not certain.

use std::time::Duration;

use serde_json::json;
use underspan_tests::oracle::{Books, Family, Kind, by_path};
use underspan_tests::workload::{Backend, Load, Script, scale, script};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 400;

#[test]
fn a_thread_per_request_one_at_a_time() {
    let Some(_turn) = enter("nesting::a_thread_per_request_one_at_a_time") else { return };
    threads(1);
}

#[test]
fn a_thread_per_request_sixteen_at_once() {
    let Some(_turn) = enter("nesting::a_thread_per_request_sixteen_at_once") else { return };
    threads(16);
}

#[test]
fn an_event_loop_with_thirty_at_once() {
    let Some(_turn) = enter("nesting::an_event_loop_with_thirty_at_once") else { return };
    let (books, requests) = drive(script::PROXY, 30, 1);
    books.perfect(2 * requests);
    let family = calls(&books);
    assert_eq!(family.wrong, [], "{family:?}");
    assert_eq!(family.right + family.none, requests);
    println!("right {} none {}", family.right, family.none);
}

fn threads(at_once: u64) {
    let (books, requests) = drive(script::FRONT, at_once, 2);
    books.perfect(3 * requests);
    assert_eq!(calls(&books), Family { right: 2 * requests, ..Family::default() });
}

/// Drives a front with `at_once` connections, each request making so many calls. Returns the books and the number of requests.
fn drive(source: &str, at_once: u64, calls: u64) -> (Books, u64) {
    // Different delays, so that answers come in another order than requests.
    let backend = Backend::start(|path| Duration::from_millis(path.len() as u64 * 7 % 5 + last_digit(path)));
    let front = Script::start(source, &json!({ "backend": backend.address().port() }));
    let session = Session::trace(&[front.pid()]);
    let load = Load { connections: at_once, ..Load::new(front.address(), scale::down(REQUESTS)) };
    load.run().complete(&load);
    assert_eq!(backend.served(), load.requests * calls);
    (session.finish(load.requests * (1 + calls)), load.requests)
}

/// The last digit of the request's number in `/r/NUMBER/CALL`.
fn last_digit(path: &str) -> u64 {
    let number = path.split('/').nth(2).and_then(|number| number.parse::<u64>().ok());
    number.map_or(0, |number| number % 10)
}

/// Compares the parents of all client spans with the requests in whose name they were made.
fn calls(books: &Books) -> Family {
    let servers = books.of(Kind::Server);
    let parent = |path| str::rsplit_once(path, '/').map_or("", |(request, _)| request);
    Family::compare(&books.of(Kind::Client), &by_path(&servers, Kind::Server), parent)
}
