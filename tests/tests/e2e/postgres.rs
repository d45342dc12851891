//! `PostgreSQL` from both sides: what clients say they executed is what both ends are seen to have executed.

use std::collections::BTreeMap;

use underspan_tests::oracle::{Books, Kind};
use underspan_tests::workload::{Gated, Postgres, scale};

use crate::stage::{Session, enter};

/// Transactions of each of 8 clients.
const TRANSACTIONS: u64 = 100;
const CLIENTS: u64 = 8;

/// Runs a client and the server under the agent; both ends must have seen the same, without loss.
pub(crate) fn watch(server: &Postgres, client: Gated, statements: u64) -> (Books, String) {
    let session = Session::trace(&[server.pid(), client.pid()]);
    let said = client.complete();
    let books = session.finish(2 * statements);
    let (servers, clients) = (books.of(Kind::Server).len(), books.of(Kind::Client).len());
    assert_eq!((servers, books.lost()), (clients, 0), "{books}");
    assert_eq!(books.measured("db.client.operation.duration"), clients as u64);
    assert_eq!(books.measured("underspan.db.server.operation.duration"), servers as u64);
    (books, said)
}

/// Spans of one kind by name.
fn names(books: &Books, kind: Kind) -> BTreeMap<&str, u64> {
    let mut names = BTreeMap::new();
    for span in books.of(kind) {
        *names.entry(span.name.as_str()).or_default() += 1;
    }
    names
}

fn bench(mode: &str, script: &str, expected: &[&str], unix: bool) {
    let server = Postgres::start();
    server.client("pgbench", &["-i", "-q", "-s", "1"], false).complete();
    let (transactions, clients) = (TRANSACTIONS.to_string(), CLIENTS.to_string());
    let arguments =
        ["-n", "-M", mode, "-b", script, "-c", clients.as_str(), "-j", "2", "-t", transactions.as_str()];
    let client = server.client("pgbench", &arguments, unix);
    let all = TRANSACTIONS * CLIENTS;
    let (books, said) = watch(&server, client, all * expected.len() as u64);
    assert!(said.contains(&format!("processed: {all}/{all}")), "{said}");
    for kind in [Kind::Server, Kind::Client] {
        let names = names(&books, kind);
        for name in expected {
            assert_eq!(names.get(name), Some(&all), "{kind:?} {name}: {names:?}");
        }
    }
    for span in &books.spans {
        assert_eq!(span.attribute("db.system.name"), "postgresql");
        assert_eq!(span.attribute("db.namespace"), "postgres");
        assert!(!span.failed && span.start <= span.end, "{span:?}");
        let text = span.attribute("db.query.text");
        if span.name == "SELECT pgbench_accounts" {
            let value = if mode == "simple" { "?" } else { "$1" };
            assert_eq!(
                text,
                format!("SELECT abalance FROM pgbench_accounts WHERE aid = {value};").trim_end_matches(';')
            );
            assert_eq!(span.attribute("db.response.returned_rows"), "1");
        }
    }
}

const SELECT: &[&str] = &["SELECT pgbench_accounts"];
const TPCB: &[&str] = &[
    "BEGIN",
    "UPDATE pgbench_accounts",
    "SELECT pgbench_accounts",
    "UPDATE pgbench_tellers",
    "UPDATE pgbench_branches",
    "INSERT pgbench_history",
    "END",
];

#[test]
fn select_only_simple() {
    let Some(_turn) = enter("postgres::select_only_simple") else { return };
    bench("simple", "select-only", SELECT, false);
}

#[test]
fn select_only_extended() {
    let Some(_turn) = enter("postgres::select_only_extended") else { return };
    bench("extended", "select-only", SELECT, false);
}

#[test]
fn select_only_prepared() {
    let Some(_turn) = enter("postgres::select_only_prepared") else { return };
    bench("prepared", "select-only", SELECT, false);
}

#[test]
fn select_only_over_a_unix_socket() {
    let Some(_turn) = enter("postgres::select_only_over_a_unix_socket") else { return };
    bench("simple", "select-only", SELECT, true);
}

#[test]
fn tpcb_like() {
    let Some(_turn) = enter("postgres::tpcb_like") else { return };
    bench("simple", "tpcb-like", TPCB, false);
    bench("extended", "tpcb-like", TPCB, false);
    bench("prepared", "tpcb-like", TPCB, false);
}

#[test]
fn failures_copies_and_long_answers() {
    let Some(_turn) = enter("postgres::failures_copies_and_long_answers") else { return };
    let server = Postgres::start();
    server.sql("CREATE TABLE t (a int, b text)");
    let client = server.client(
        "psql",
        &[
            "-X",
            "-q",
            "-c",
            "INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i",
            "-c",
            "SELECT * FROM t",
            "-c",
            "COPY t TO STDOUT",
            "-c",
            "SELECT 1/0",
            "-c",
            "SELECT 1; SELECT oops; SELECT 2",
            "-c",
            "LISTEN c",
            "-c",
            "SELECT pg_terminate_backend(pg_backend_pid()) FROM nowhere",
            "-c",
            "UPDATE t SET a = 0 WHERE a <= 10",
        ],
        false,
    );
    let (books, _) = watch(&server, client, 9);
    for kind in [Kind::Server, Kind::Client] {
        let spans = books.of(kind);
        let of = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
        let rows = |name: &str, attribute: &str| of(name)[0].number(attribute);
        assert_eq!(spans.len(), 9, "{spans:?}");
        assert_eq!(rows("INSERT t SELECT generate_series", "underspan.db.affected_rows"), Some(5000));
        assert_eq!(rows("SELECT t", "db.response.returned_rows"), Some(5000));
        assert_eq!(rows("COPY t", "db.response.returned_rows"), Some(5000));
        assert_eq!(rows("UPDATE t", "underspan.db.affected_rows"), Some(10));
        let codes: Vec<_> = spans.iter().map(|span| span.attribute("db.response.status_code")).collect();
        for code in ["22012", "42703", "42P01"] {
            assert_eq!(codes.iter().filter(|found| **found == code).count(), 1, "{codes:?}");
        }
    }
}

#[test]
fn a_thousand_statements_in_one_query_and_no_literal_of_them() {
    let Some(_turn) = enter("postgres::a_thousand_statements_in_one_query_and_no_literal_of_them") else {
        return;
    };
    let server = Postgres::start();
    let text = "SELECT 'geheim', 471108154711; ".repeat(1000);
    let client = server.client("psql", &["-X", "-q", "-c", &text], false);
    let (books, _) = watch(&server, client, 1000);
    books.balance(2000);
    let told = format!("{:?}", books.spans);
    assert!(!told.contains("geheim") && !told.contains("471108154711"), "a literal was exported");
    for span in &books.spans {
        assert!(!span.failed && span.name.starts_with("SELECT"), "{span:?}");
        assert_eq!(span.attribute("db.response.returned_rows"), "1", "{span:?}");
    }
    // The end of the text is not captured, from within the 529th statement on: what stands there is known by its results alone.
    let texts = books.spans.iter().map(|span| span.attribute("db.query.text"));
    assert_eq!(texts.clone().filter(|text| *text == "SELECT ?, ?").count(), 2 * 528);
    assert_eq!(texts.filter(|text| text.is_empty()).count(), 2 * 471);
}

/// Bytes that `COPY` moves in each direction.
const COPIED: u64 = 100_000_000;

#[test]
fn copies_of_a_hundred_megabytes_cross_as_a_few_kilobytes() {
    let Some(_turn) = enter("postgres::copies_of_a_hundred_megabytes_cross_as_a_few_kilobytes") else {
        return;
    };
    let rows = scale::down(COPIED / 100);
    let server = Postgres::start();
    server.sql("CREATE UNLOGGED TABLE t (a text)");
    let insert = format!("INSERT INTO t SELECT repeat('x', 99) FROM generate_series(1, {rows})");
    server.sql(&insert);
    let file = tempfile::NamedTempFile::new().unwrap();
    let copy = |what: &str| format!("\\copy t {what} '{}'", file.path().display());
    let (out, back) = (copy("TO"), copy("FROM"));
    let client =
        server.client("psql", &["-X", "-q", "-c", &out, "-c", &back, "-c", "SELECT * FROM t"], false);
    let (books, _) = watch(&server, client, 3);
    books.balance(6);
    for kind in [Kind::Server, Kind::Client] {
        let spans = books.of(kind);
        let copies: Vec<_> = spans.iter().filter(|span| span.name == "COPY t").collect();
        assert_eq!(copies.len(), 2, "{spans:?}");
        assert_eq!(copies[0].number("db.response.returned_rows"), Some(rows));
        assert_eq!(copies[1].number("underspan.db.affected_rows"), Some(rows));
        let [select] = spans.iter().filter(|span| span.name == "SELECT t").collect::<Vec<_>>()[..] else {
            panic!("{spans:?}")
        };
        assert_eq!(select.number("db.response.returned_rows"), Some(2 * rows));
        assert!(spans.iter().all(|span| !span.failed));
    }
    let crossed = books.counter("underspan.capture.size");
    assert!(crossed <= 64 << 10, "{crossed} bytes were captured");
}
