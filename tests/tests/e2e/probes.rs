//! Probes that the configuration declares, on programs that know how often they passed them and with what.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};
use underspan_tests::agent::binary;
use underspan_tests::oracle::Books;
use underspan_tests::receiver::{PointValue, Receiver, Span};
use underspan_tests::semconv;
use underspan_tests::workload::process::eventually;
use underspan_tests::workload::script::COLLECTOR;
use underspan_tests::workload::{Postgres, Script, Shop};

use crate::inside::{close, get, latest, measured, seconds};
use crate::stage::{Session, enter};

/// Traces these processes with declared probes, which are all attached to as many processes.
fn declare(pids: &[u32], probes: &Value, processes: u64) -> Session {
    let count = probes.as_array().unwrap().len();
    let session = Session::with(pids, json!({ "probes": probes }));
    eventually("the probes are attached", || {
        let declared = declared(&session);
        declared.len() == count && declared.iter().all(|probe| probe["processes"].as_u64() >= Some(processes))
    });
    session
}

/// What the status says of them.
fn declared(session: &Session) -> Vec<Value> {
    session.agent.admin().status()["declared"].as_array().cloned().unwrap_or_default()
}

/// Ends the agent, which must succeed, and gives what it sent. Only the names that a test gives are unknown to the conventions.
pub(crate) fn end(session: Session) -> Receiver {
    let Session { mut agent, receiver } = session;
    let status = agent.stop();
    println!("{}", agent.log());
    // Shown when the test fails.
    println!("{}", Books::of_receiver(&receiver));
    assert!(status.success(), "the agent ended with {status}");
    let given = |finding: &semconv::Finding| {
        ["missing_attribute", "missing_metric"].contains(&finding.id) && finding.to_string().contains("shop.")
    };
    let findings: Vec<_> = semconv::check(&receiver.spans(), &receiver.points())
        .into_iter()
        .filter(|finding| !given(finding))
        .collect();
    assert!(findings.is_empty(), "{findings:#?}");
    receiver
}

/// Spans of this name.
fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.span.name == name).collect()
}

/// What the agent lost of moments, for one reason.
fn lost(receiver: &Receiver, reason: &str) -> u64 {
    let mut last = 0;
    for point in receiver.points() {
        let of = point.attributes.text("underspan.reason") == Some(reason);
        if let (true, PointValue::Sum(sum)) = (point.metric == "underspan.moments.lost" && of, &point.value) {
            use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
            let Some(Number::AsInt(value)) = sum.value else { panic!("{point:?}") };
            last = u64::try_from(value).unwrap();
        }
    }
    last
}

#[test]
fn a_usdt_probe_becomes_a_counter() {
    let Some(_turn) = enter("probes::a_usdt_probe_becomes_a_counter") else { return };
    let mut script = Script::start(COLLECTOR, &json!({}));
    let usdt = |name: &str| {
        let args = json!({ "generation": { "at": 0, "type": "int32" } });
        json!({ "path": "python3*", "provider": "python", "name": name, "args": args })
    };
    let probes = json!([
        { "name": "begun", "usdt": usdt("gc__start"), "counter": { "name": "shop.gc.begun", "unit": "{collection}" } },
        { "name": "sum", "usdt": usdt("gc__start"), "counter": { "name": "shop.gc.sum", "value": "generation" } },
        {
            "name": "by-generation",
            "usdt": usdt("gc__start"),
            "counter": { "name": "shop.gc.told", "attributes": { "shop.generation": "generation" } },
        },
    ]);
    let session = declare(&[script.pid()], &probes, 1);
    script.go(&json!({ "collections": 100 }));
    get(script.address());
    session.settle(1);
    let pid = Some(script.pid());
    let receiver = end(session);
    assert_eq!(measured(&receiver, pid, "shop.gc.begun").0, 101);
    assert_eq!(measured(&receiver, pid, "shop.gc.sum").0, 202, "all of generation 2");
    assert_eq!(measured(&receiver, pid, "shop.gc.told").0, 101);
    let points = latest(&receiver, pid, "shop.gc.told");
    assert!(points.iter().all(|point| point.attributes.int("shop.generation") == Some(2)), "{points:?}");
    // What is built in looks at the same places.
    assert_eq!(measured(&receiver, pid, "cpython.gc.collections").0, 101);
}

#[test]
fn children_of_a_server_share_a_probe() {
    let Some(_turn) = enter("probes::children_of_a_server_share_a_probe") else { return };
    let server = Postgres::start();
    server.client("pgbench", &["-i", "-q", "-s", "1"], false).complete();
    let client = server.client(
        "pgbench",
        &["-n", "-M", "prepared", "-b", "select-only", "-c", "4", "-C", "-t", "10"],
        false,
    );
    let usdt = json!({ "path": "/usr/lib/postgresql/*/bin/postgres", "provider": "postgresql", "name": "transaction__commit" });
    let counter = json!({ "name": "shop.commits", "unit": "{transaction}" });
    let probes = json!([{ "name": "commits", "usdt": usdt, "counter": counter, "shared": true }]);
    let session = declare(&[server.pid()], &probes, 1);
    both_look(&session);
    let said = client.complete();
    assert!(said.contains("40/40"), "{said}");
    session.settle(40);
    let receiver = end(session);
    let statements = named_servers(&receiver.spans());
    // A connection begins with a transaction of its own, and prepares a statement in another: 40 connections, and the one that asks for
    // the scale first.
    let commits = measured(&receiver, None, "shop.commits").0;
    assert_eq!(commits, statements + 40 + 41, "{statements} statements");
}

/// The built-in probes of the same program do not stand in the way.
fn both_look(session: &Session) {
    let status = session.agent.admin().status();
    let inside = status["targets"][0]["inside"].as_array().cloned().unwrap_or_default();
    let named: BTreeSet<_> = inside.iter().filter_map(|inside| inside["runtime"].as_str()).collect();
    assert!(named.contains("probe commits") && named.contains("postgresql"), "{inside:?}");
}

fn named_servers(spans: &[Span]) -> u64 {
    spans.iter().filter(|span| span.span.kind() == SpanKind::Server).count() as u64
}

#[test]
fn a_function_becomes_a_span_of_the_request() {
    let Some(_turn) = enter("probes::a_function_becomes_a_span_of_the_request") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = Shop::compile(folder.path(), false);
    let mut shop = Shop::start(&program);
    let args = json!({ "item": { "at": 0, "type": "int32" }, "currency": { "at": 1, "type": "string" } });
    let probes = json!([{
        "name": "price-of",
        "function": { "path": program, "symbol": "price_of", "args": args, "result": "int64" },
        "span": {
            "name": "price_of",
            "attributes": { "shop.item": "item", "shop.currency": "currency", "shop.took": "result" },
        },
    }]);
    let session = declare(&[shop.pid()], &probes, 1);
    std::thread::scope(|scope| {
        for item in 0..4 {
            let shop = &shop;
            scope.spawn(move || shop.ask(item, 10));
        }
    });
    shop.order("price 10");
    assert_eq!(shop.order("calls"), 50);
    session.settle(40);
    let receiver = end(session);
    let spans = receiver.spans();
    let calls = named(&spans, "price_of");
    assert_eq!(calls.len(), 50, "{:?}", spans.iter().map(|span| &span.span.name).collect::<Vec<_>>());
    let mut served = BTreeSet::new();
    for call in &calls {
        assert_eq!(call.span.kind(), SpanKind::Internal);
        let took = call.attributes.int("shop.took").unwrap();
        let whole = call.span.end_time_unix_nano - call.span.start_time_unix_nano;
        assert!(took >= 10_000_000 && whole.cast_signed() >= took, "{took} ns of its own clock in {call:?}");
        let item = call.attributes.int("shop.item").unwrap();
        let request = spans.iter().find(|span| span.span.span_id == call.span.parent_span_id);
        let Some(request) = request else {
            assert!(call.span.parent_span_id.is_empty(), "{call:?}");
            let currency = call.attributes.text("shop.currency").unwrap();
            let long = "a currency with a name that is longer than what a record has room for";
            assert_eq!(currency, if item % 2 == 1 { "EUR" } else { &long[..63] });
            continue;
        };
        assert_eq!(call.attributes.text("shop.currency"), Some("EUR"));
        assert_eq!(request.attributes.text("url.path"), Some(format!("/price/{item}").as_str()));
        assert_eq!(call.span.trace_id, request.span.trace_id);
        assert!(call.span.start_time_unix_nano >= request.span.start_time_unix_nano);
        assert!(call.span.end_time_unix_nano <= request.span.end_time_unix_nano);
        served.insert(request.span.span_id.clone());
    }
    assert_eq!(served.len(), 40, "each request has its own");
    // The clocks agree where nothing came between.
    let extra = |call: &&Span| seconds(call) - nanos(call.attributes.int("shop.took").unwrap());
    let least = calls.iter().map(extra).fold(f64::INFINITY, f64::min);
    assert!(least < 0.005, "{least} s between the two clocks at least");
    assert_eq!(lost(&receiver, "unfinished") + lost(&receiver, "ring_full"), 0);
}

#[expect(clippy::cast_precision_loss, reason = "times below a second")]
fn nanos(value: i64) -> f64 {
    value as f64 / 1e9
}

#[test]
fn numbers_and_durations_become_histograms() {
    let Some(_turn) = enter("probes::numbers_and_durations_become_histograms") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = Shop::compile(folder.path(), false);
    let mut shop = Shop::start(&program);
    let args = json!({ "item": { "at": 0, "type": "uint32" } });
    let function = json!({ "path": "shop", "symbol": "price_of", "args": args });
    let items = json!({ "name": "shop.items", "unit": "{item}", "value": "item", "boundaries": [4, 9] });
    let probes = json!([
        { "name": "items", "function": function, "histogram": items },
        { "name": "took", "function": function, "histogram": { "name": "shop.price.duration" } },
        { "name": "sold", "function": function, "counter": { "name": "shop.sold", "value": "item" } },
    ]);
    let session = declare(&[shop.pid()], &probes, 1);
    let took = nanos(shop.order("price 20"));
    let pid = Some(shop.pid());
    let receiver = end(session);
    let (count, sum) = measured(&receiver, pid, "shop.items");
    assert_eq!((count, sum.to_bits()), (20, 190.0_f64.to_bits()));
    let PointValue::Histogram(point) = &latest(&receiver, pid, "shop.items")[0].value else {
        panic!("a histogram")
    };
    assert_eq!(
        (point.bucket_counts.as_slice(), point.explicit_bounds.as_slice()),
        ([5, 5, 10].as_slice(), [4.0, 9.0].as_slice())
    );
    let (count, sum) = measured(&receiver, pid, "shop.price.duration");
    assert_eq!(count, 20);
    assert!(sum >= took, "{sum} s, and {took} s by its own clock");
    close("seconds of all calls", sum, took);
    assert_eq!(measured(&receiver, pid, "shop.sold").0, 190);
}

#[test]
fn calls_within_calls_and_calls_that_do_not_return() {
    let Some(_turn) = enter("probes::calls_within_calls_and_calls_that_do_not_return") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = Shop::compile(folder.path(), false);
    let mut shop = Shop::start(&program);
    let probe = |symbol: &str| {
        let args = json!({ "number": { "at": 0, "type": "int32" } });
        let function = json!({ "path": program, "symbol": symbol, "args": args });
        let span = json!({ "name": symbol, "attributes": { "shop.number": "number" } });
        json!({ "name": symbol, "function": function, "span": span })
    };
    let session = declare(&[shop.pid()], &json!([probe("descend"), probe("leap"), probe("price_of")]), 1);
    assert_eq!(shop.order("descend 16"), 16);
    // As many are kept of a thread; the outermost of these are counted.
    assert_eq!(shop.order("descend 40"), 40);
    assert_eq!(shop.order("leap 20"), 20);
    shop.order("price 3");
    let receiver = end(session);
    let spans = receiver.spans();
    let numbers = |name: &str| {
        let mut numbers: Vec<_> =
            named(&spans, name).iter().map(|span| span.attributes.int("shop.number").unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    let mut expected: Vec<_> = (0..16).chain(0..16).collect();
    expected.sort_unstable();
    assert_eq!(numbers("descend"), expected);
    // Each is within the one that called it.
    let whole: Vec<_> = named(&spans, "descend").into_iter().take(16).collect();
    for pair in whole.windows(2) {
        assert!(pair[0].span.start_time_unix_nano >= pair[1].span.start_time_unix_nano);
        assert!(pair[0].span.end_time_unix_nano <= pair[1].span.end_time_unix_nano);
    }
    assert_eq!(numbers("leap"), Vec::<i64>::new());
    assert_eq!(numbers("price_of"), [0, 1, 2]);
    // 24 of the descent; of the leaps those whose place others needed: 20 and a call, 16 places.
    assert_eq!(lost(&receiver, "unfinished"), 24 + 5);
}

#[test]
fn what_is_not_there_is_said() {
    let Some(_turn) = enter("probes::what_is_not_there_is_said") else { return };
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = Shop::compile(folder.path(), false);
    let pretender = Shop::compile(other.path(), true);
    let (mut shop, go) = (Shop::start(&program), Shop::start(&pretender));
    let span = json!({ "span": { "name": "x" } });
    let counter = |name: &str| json!({ "counter": { "name": name } });
    let probe = |name: &str, place: Value, made: Value| {
        let mut probe = json!({ "name": name });
        underspan_tests::agent::overlay(&mut probe, place);
        underspan_tests::agent::overlay(&mut probe, made);
        probe
    };
    let function = |path: &Value, symbol: &str| json!({ "function": { "path": path, "symbol": symbol } });
    let (here, there) = (json!(program), json!(pretender));
    let probes = json!([
        probe("no-symbol", function(&here, "prize_of"), span.clone()),
        probe("no-file", function(&json!("/nowhere/*"), "price_of"), counter("shop.a")),
        probe(
            "no-probe",
            json!({ "usdt": { "path": here, "provider": "shop", "name": "sold" } }),
            counter("shop.b")
        ),
        probe("go-return", function(&there, "price_of"), span),
        probe("go-count", function(&there, "price_of"), counter("shop.go.calls")),
        probe("sound", function(&here, "price_of"), counter("shop.calls")),
    ]);
    let session = Session::with(&[shop.pid(), go.pid()], json!({ "probes": probes }));
    eventually("what is nowhere is told", || session.agent.log().contains("a declared probe is nowhere"));
    let declared = declared(&session);
    for (name, reason) in [
        ("no-symbol", "no function prize_of"),
        ("no-file", "no traced process has mapped"),
        ("no-probe", "no USDT probe shop:sold"),
        ("go-return", "a Go program"),
    ] {
        let probe = declared.iter().find(|probe| probe["name"] == name).unwrap();
        assert_eq!(probe["places"], 0, "{probe}");
        assert!(probe["reason"].as_str().unwrap_or_default().contains(reason), "{probe}");
        let log = session.agent.log();
        assert!(log.lines().any(|line| line.contains("WARN") && line.contains(name)), "{name} in {log}");
        let findings = session.agent.admin().status()["findings"].to_string();
        assert!(findings.contains(name), "{findings}");
    }
    shop.order("price 3");
    go.ask(1, 2);
    session.settle(2);
    let receiver = end(session);
    assert_eq!(measured(&receiver, Some(shop.pid()), "shop.calls").0, 3);
    assert_eq!(measured(&receiver, Some(go.pid()), "shop.go.calls").0, 2);
}

#[test]
fn bad_declarations_are_refused_with_every_mistake() {
    let Some(_turn) = enter("probes::bad_declarations_are_refused_with_every_mistake") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("underspan.yaml");
    let text = "
select: [{ pid: 1 }]
probes:
  - name: a
    function: { path: p, symbol: s, args: { x: { at: 9, type: int32 } } }
    counter: { name: 9lives, attributes: { Shop.X: x } }
  - name: a
    usdt: { path: p, provider: q, name: r }
    span: { nam: t }
";
    fs::write(&file, text).unwrap();
    for command in [["config", "validate"].as_slice(), ["run"].as_slice()] {
        let output = Command::new(binary()).args(command).arg("-c").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for mistake in [
            "probes[0].function.args.x.at",
            "probes[0].counter.name",
            "probes[0].counter.attributes.Shop.X",
            "probes[1].name",
            "probes[1].usdt",
            "probes[1].span.nam",
        ] {
            assert!(said.contains(mistake), "{mistake} is missing in {said}");
        }
    }
}
