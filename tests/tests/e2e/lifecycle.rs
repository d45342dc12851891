//! The agent comes and goes while its targets work.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use underspan_tests::oracle::{Kind, by_path};
use underspan_tests::workload::http::Connection;
use underspan_tests::workload::process::{Process, eventually};
use underspan_tests::workload::{Load, Nginx, scale};

use crate::stage::{Session, enter};

const CONNECTIONS: usize = 8;
const LATER: u64 = 10;

#[test]
fn killed_under_load_nothing_is_left_and_nobody_notices() {
    let Some(_turn) = enter("lifecycle::killed_under_load_nothing_is_left_and_nobody_notices") else {
        return;
    };
    let nginx = Nginx::start(false);
    let load = Load::new(nginx.address(), u64::MAX);
    let ((), report) = load.during(|| {
        let mut session = Session::trace(&nginx.pids());
        eventually("the load is traced", || !session.receiver.spans().is_empty());
        let objects = session.agent.objects();
        assert!(!objects.programs.is_empty() && !objects.maps.is_empty() && !objects.links.is_empty());
        session.agent.kill();
        eventually("the kernel has let go", || objects.left().is_empty());
    });
    assert!(report.failed.is_empty(), "requests failed: {:?}", report.failed);
    assert!(report.total() > 0);

    // A new agent finds the place clean and works.
    let session = Session::trace(&nginx.pids());
    let load = Load::new(nginx.address(), 100).below("/again");
    load.run().complete(&load);
    session.finish(100).perfect(100);
}

#[test]
fn stopped_under_load_it_ends_and_leaves_nothing() {
    let Some(_turn) = enter("lifecycle::stopped_under_load_it_ends_and_leaves_nothing") else { return };
    let nginx = Nginx::start(false);
    let load = Load::new(nginx.address(), u64::MAX);
    let ((), report) = load.during(|| {
        let mut session = Session::trace(&nginx.pids());
        eventually("the load is traced", || !session.receiver.spans().is_empty());
        let objects = session.agent.objects();
        let status = session.agent.stop();
        eventually("the kernel has let go", || objects.left().is_empty());
        assert!(status.success(), "{status} {}", session.agent.log());
    });
    assert!(report.failed.is_empty(), "requests failed: {:?}", report.failed);
}

/// A program that was just started has probes in libraries that it may load; they are given back if it does not.
#[test]
fn what_a_program_has_not_loaded_is_given_back() {
    let Some(_turn) = enter("lifecycle::what_a_program_has_not_loaded_is_given_back") else { return };
    let mut shell = Command::new("sh");
    shell.args(["-c", "read line; exec sleep 300"]).stdin(Stdio::piped());
    let mut shell = Process::new(shell.spawn().unwrap());
    let mut session = Session::trace(&[shell.pid()]);
    let before = session.agent.objects().links.len();
    writeln!(shell.child().stdin.as_mut().unwrap(), "go").unwrap();
    eventually("the new program has probes", || session.agent.objects().links.len() > before);
    eventually("it has none", || session.agent.objects().links.len() == before);
    assert!(session.agent.stop().success());
}

#[test]
fn quiet_connections_older_than_the_agent() {
    let Some(_turn) = enter("lifecycle::quiet_connections_older_than_the_agent") else { return };
    let nginx = Nginx::start(false);
    let mut connections: Vec<_> =
        (0..CONNECTIONS).map(|_| Connection::open(nginx.address()).unwrap()).collect();
    for connection in &mut connections {
        connection.get("/before", "").unwrap();
    }
    let session = Session::trace(&nginx.pids());
    for (which, connection) in connections.iter_mut().enumerate() {
        for number in 0..LATER {
            assert_eq!(connection.get(&format!("/after/{which}/{number}"), "").unwrap().status, 200);
        }
    }
    let requests = CONNECTIONS as u64 * LATER;
    let books = session.finish(requests);
    books.balance(requests);
    let servers = books.of(Kind::Server);
    let spans = by_path(&servers, Kind::Server);
    for which in 0..CONNECTIONS {
        for number in 1..LATER {
            assert!(
                spans.contains_key(format!("/after/{which}/{number}").as_str()),
                "{which} {number}: {books}"
            );
        }
    }
    assert!(spans.keys().all(|path| path.starts_with("/after/")), "{:?}", spans.keys());
}

#[test]
fn busy_connections_older_than_the_agent() {
    let Some(_turn) = enter("lifecycle::busy_connections_older_than_the_agent") else { return };
    let nginx = Nginx::start(false);
    let load = Load { connections: 16, ..Load::new(nginx.address(), u64::MAX) }.paced(scale::rate(800));
    let ((session, ready), report) = load.during(|| {
        thread::sleep(Duration::from_millis(300));
        let session = Session::trace(&nginx.pids());
        let ready = SystemTime::now();
        thread::sleep(Duration::from_secs(2));
        (session, ready)
    });
    assert!(report.failed.is_empty(), "{:?}", report.failed);

    let after = |at: SystemTime| at >= ready;
    let made = report.answered.iter().flatten().filter(|sent| after(sent.at)).count() as u64;
    let books = session.finish(made);
    let servers = books.of(Kind::Server);
    let spans = by_path(&servers, Kind::Server);
    let mut without = BTreeMap::new();
    for (connection, sent) in report.answered.iter().enumerate() {
        for (nth, sent) in sent.iter().filter(|sent| after(sent.at)).enumerate() {
            if !spans.contains_key(load.path(sent.id).as_str()) {
                without.insert((connection, nth), sent.id);
            }
        }
    }
    assert!(
        without.keys().all(|(_, nth)| *nth == 0),
        "later than the first of a connection: {without:?} {books}"
    );
    assert!(books.lost() >= without.len() as u64, "{without:?} are not counted: {books}");
    // Those it saw before it said so come on top. A few more were under way: at most one for each connection is known or counted besides.
    let since = ready.duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let early = servers.iter().filter(|span| u128::from(span.start) < since).count() as u64;
    let more = books.accounted() - early - made;
    assert!(more <= 2 * load.connections, "{made} made: {books}");
}
