//! Literals of statements leave the agent by none of its ways out.

use std::process::Stdio;

use serde_json::json;
use underspan_tests::workload::{MariaDb, Postgres};

use crate::command_line::tracing;
use crate::stage::{Session, enter};

/// What is planted.
const WORD: &str = "geheim";
const NUMBER: &str = "471108";

/// Wherever `PostgreSQL` takes values or comments, and where its messages quote them. Some of these fail.
const POSTGRES: &[&str] = &[
    "SELECT 'geheim', 471108, -471108.5, 471108e3",
    r"SELECT E'a\'geheim', $$geheim$$, $x$geheim$x$, U&'geheim', B'101', 'a''geheim'",
    "SELECT 1 -- geheim",
    "SELECT /* geheim /* 471108 */ geheim */ 2",
    "SELECT 'geheim'::int",
    "CREATE ROLE planted PASSWORD 'geheim'",
    "DO $$ BEGIN RAISE NOTICE 'geheim'; END $$",
    "COPY (SELECT 'geheim', 471108) TO STDOUT",
    "SELECT 1; SELECT 'geheim'; SELECT 'geheim",
    "SELECT $x$ geheim 'geheim",
    "PREPARE planted (text) AS SELECT $1 || 'geheim'; EXECUTE planted ('geheim')",
];

/// The same for `MariaDB`, where double quotes are quotes of texts.
const MARIADB: &[&str] = &[
    "SELECT 'geheim', \"geheim\", 471108, -471108.5, 471108e3, 'a''geheim', \"a\"\"geheim\"",
    r#"SELECT 'a\'geheim', "a\"geheim", _utf8mb4'geheim', N'geheim'"#,
    "SELECT 1 # geheim",
    "SELECT 1 -- geheim",
    "SELECT /* geheim */ 2",
    "SELECT date 'geheim'",
    "CREATE USER planted IDENTIFIED BY 'geheim'",
    "SELECT 'geheim",
    "SET @planted = 'geheim'",
    "PREPARE planted FROM 'SELECT \"geheim\", ?'; EXECUTE planted USING @planted",
];

/// Whatever was told, in any form: names of what was executed are in it, and nothing that was planted.
fn inspect(way: &str, told: &str) {
    assert!(told.contains("SELECT"), "{way} tells of no statement: {told}");
    secret(way, told);
}

fn secret(way: &str, told: &str) {
    for planted in [WORD, NUMBER] {
        let found = told.match_indices(planted).next();
        let around = found.map(|(at, _)| &told[told.floor_char_boundary(at.saturating_sub(200))..]);
        assert!(around.is_none(), "{planted} leaves by {way}: {}", around.unwrap_or_default());
    }
}

/// Runs statements one by one, of which some fail.
fn execute(postgres: &Postgres, mariadb: &MariaDb) {
    for text in POSTGRES {
        postgres.client("psql", &["-X", "-q", "-c", text], false).run();
    }
    for text in MARIADB {
        mariadb.client(&["test", "-e", text], false).run();
    }
}

#[test]
fn literals_stay_on_the_host_over_otlp() {
    let Some(_turn) = enter("secrets::literals_stay_on_the_host_over_otlp") else { return };
    for protocol in ["http/protobuf", "grpc"] {
        let (postgres, mariadb) = (Postgres::start(), MariaDb::start());
        let otlp = json!({ "export": { "otlp": { "protocol": protocol } } });
        let mut session = Session::with(&[postgres.pid(), mariadb.pid()], otlp);
        execute(&postgres, &mariadb);
        session.settle((POSTGRES.len() + MARIADB.len()) as u64);
        let pages = ["/metrics", "/status"].map(|page| session.agent.admin().get(page).body);
        assert!(session.agent.stop().success());
        let spans = session.receiver.spans();
        assert!(spans.len() >= POSTGRES.len() + MARIADB.len(), "{}", session.books());
        inspect(protocol, &format!("{spans:?}"));
        let points = format!("{:?}", session.receiver.points());
        assert!(points.contains("underspan.db.server.operation.duration"), "{points}");
        secret("metrics", &points);
        for page in pages {
            secret("the admin endpoint", &page);
        }
        secret("the log", &session.agent.log());
    }
}

#[test]
fn literals_stay_in_the_client_that_is_traced() {
    let Some(_turn) = enter("secrets::literals_stay_in_the_client_that_is_traced") else { return };
    let postgres = Postgres::start();
    for format in ["text", "json"] {
        let arguments: Vec<_> = POSTGRES.iter().flat_map(|text| ["-c", text]).collect();
        let output = tracing(&["--format", format, "--"])
            .args(postgres.psql(&[&["-X", "-q", "-o", "/dev/null"], &arguments[..]].concat()))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        inspect(format, &String::from_utf8_lossy(&output.stdout));
    }
}
