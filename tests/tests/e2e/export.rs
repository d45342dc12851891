//! The same requests over both transports, and a receiver that is not always well.

use serde_json::json;
use underspan_tests::agent::{Agent, configuration, overlay};
use underspan_tests::oracle::{Books, Kind, by_path};
use underspan_tests::receiver::{Answer, Receiver, Script};
use underspan_tests::workload::{Load, Nginx};

use crate::stage::{Session, enter};

const REQUESTS: u64 = 100;

#[test]
fn http_and_grpc_carry_the_same() {
    let Some(_turn) = enter("export::http_and_grpc_carry_the_same") else { return };
    let paths: Vec<Vec<String>> = ["http/protobuf", "grpc"]
        .into_iter()
        .map(|protocol| {
            let (books, _) = export(protocol, Script::ok());
            let servers = books.of(Kind::Server);
            by_path(&servers, Kind::Server).into_keys().map(str::to_owned).collect()
        })
        .collect();
    assert_eq!(paths[0].len() as u64, REQUESTS);
    assert_eq!(paths[0], paths[1]);
}

#[test]
fn http_503_loses_nothing() {
    let Some(_turn) = enter("export::http_503_loses_nothing") else { return };
    let (_, asked) = export("http/protobuf", Script::repeat(&Answer::status(503), 3));
    assert!(asked > 3, "{asked} requests");
}

#[test]
fn grpc_unavailable_loses_nothing() {
    let Some(_turn) = enter("export::grpc_unavailable_loses_nothing") else { return };
    let (_, asked) = export("grpc", Script::repeat(&Answer::grpc(tonic::Code::Unavailable), 3));
    assert!(asked > 3, "{asked} requests");
}

/// Traces 100 requests to nginx, exporting to a receiver with this script. The books and the requests it got.
fn export(protocol: &str, script: Script) -> (Books, usize) {
    let nginx = Nginx::start(false);
    let receiver = Receiver::start(script).unwrap();
    let mut all = configuration(&nginx.pids(), &receiver.http_endpoint());
    let retry = json!({ "initial_interval": "100ms", "max_interval": "200ms" });
    overlay(&mut all, json!({ "export": { "otlp": { "protocol": protocol, "retry": retry } } }));
    let session = Session { agent: Agent::start(&all), receiver };
    let load = Load::new(nginx.address(), REQUESTS);
    load.run().complete(&load);
    session.settle(REQUESTS);
    let Session { mut agent, receiver } = session;
    let status = agent.stop();
    assert!(status.success(), "{status} {}", agent.log());
    let books = Books::of_receiver(&receiver);
    println!("{books}\n{}", agent.log());
    books.perfect(REQUESTS);
    assert!(books.counter("underspan.exchanges") >= REQUESTS, "the agent's own counters arrive too: {books}");
    assert_eq!(books.measured("http.server.request.duration"), REQUESTS);
    (books, receiver.requests().len())
}

#[test]
fn metrics_are_exact_whatever_the_sampler() {
    let Some(_turn) = enter("export::metrics_are_exact_whatever_the_sampler") else { return };
    let nginx = Nginx::start(false);
    let session = Session::with(&nginx.pids(), json!({ "traces": { "sampler": "always_off" } }));
    let load = Load::new(nginx.address(), REQUESTS);
    load.run().complete(&load);
    let books = session.finish(0);
    assert_eq!(books.spans.len(), 0);
    assert_eq!(books.measured("http.server.request.duration"), REQUESTS, "{books}");
}
