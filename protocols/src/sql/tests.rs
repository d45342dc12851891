//! Queries and what may be told of them, from `testdata/sql.txt`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fmt::Write as _;

use super::*;

const GENERIC: Syntax = Syntax { dialect: Dialect::PostgreSql, backslash: false };
const MYSQL: Syntax = Syntax { dialect: Dialect::MySql, backslash: true };
const SQLITE: Syntax = Syntax { dialect: Dialect::Sqlite, backslash: false };

/// Blocks of `key: value` lines, separated by empty lines; `\n` is a line feed.
#[test]
fn cases() {
    let file = include_str!("../../testdata/sql.txt");
    let mut failures = String::new();
    let mut count = 0;
    for block in file.split("\n\n") {
        let field = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))?;
            Some(line.replace("\\n", "\n"))
        };
        let Some(query) = field("query") else { continue };
        count += 1;
        let syntax = match field("dialect").as_deref() {
            Some("mysql") => MYSQL,
            Some("sqlite") => SQLITE,
            _ => GENERIC,
        };
        let cut = field("cut").is_some();
        let script = read(query.as_bytes(), syntax, cut, 4096);
        let texts: Vec<_> = script.statements.iter().map(|statement| statement.text.as_str()).collect();
        let summaries: Vec<_> =
            script.statements.iter().map(|statement| statement.summary.as_str()).collect();
        let found = (texts.join(" || "), summaries.join(" || "));
        let expected = (field("text").unwrap_or_default(), field("summary").unwrap_or_default());
        if found != expected {
            writeln!(failures, "{query}\n  expected {expected:?}\n  found    {found:?}").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 24, "the conventions have 24 cases");
}

#[test]
fn wherever_a_text_is_cut_no_literal_shows() {
    let queries: &[(&str, Syntax)] = &[
        ("SELECT 'SECRET''SECRET', E'SE\\'SECRET', $a$ SECRET ' $a$, U&'SECRET', -12345 FROM t", GENERIC),
        ("INSERT INTO t VALUES ('SECRET', 'SECRET'), (12345, 0x12345)", GENERIC),
        (
            "SELECT /* SECRET /* SECRET */ SECRET */ a -- SECRET\n FROM t WHERE b IN ('SECRET', 'SECRET')",
            GENERIC,
        ),
        ("SELECT \"SECRET\\\"SECRET\", 'SE\\'SECRET', _utf8'SECRET', x'12345' # SECRET", MYSQL),
        (
            "SELECT [a'b], \"SECRET\", 'SE''CRET', x'12345', \"SEC\"\"RET\" FROM `t'` WHERE \"x\" = \"SECRET\" /* SECRET /* */",
            SQLITE,
        ),
    ];
    for (query, syntax) in queries {
        for end in 0..=query.len() {
            for statement in read(&query.as_bytes()[..end], *syntax, true, 4096).statements {
                let told = format!("{} {}", statement.text, statement.summary);
                assert!(!told.contains("SEC") && !told.contains("12"), "{end} of {query}: {told}");
            }
        }
    }
}

#[test]
fn texts_and_summaries_are_bounded() {
    let query = format!("SELECT * FROM {} WHERE é = 1", vec!["a_table_with_a_name"; 100].join(", "));
    for limit in [0, 1, 40, 1000] {
        let script = read(query.as_bytes(), GENERIC, false, limit);
        assert!(script.statements[0].text.len() <= limit);
        let summary = &script.statements[0].summary;
        assert!(summary.len() <= 255 && summary.ends_with("a_table_with_a_name"), "{summary}");
    }
    let many = "SELECT 1;".repeat(2 * MAX_STATEMENTS);
    let script = read(many.as_bytes(), GENERIC, false, 100);
    assert_eq!((script.statements.len(), script.more), (MAX_STATEMENTS, true));
    let deep = "(".repeat(100_000);
    assert_eq!(read(deep.as_bytes(), GENERIC, false, 10).statements.len(), 1);
}

#[test]
fn a_comment_may_carry_a_context() {
    let query = "SELECT 1 /*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/";
    let script = read(query.as_bytes(), GENERIC, false, 100);
    let context = script.statements[0].context.as_ref().expect("there is one");
    assert_eq!((context.parent_id[7], context.flags), (0xb7, 1));
    assert_eq!(script.statements[0].text, "SELECT ?");
}

#[test]
fn procedures_and_databases() {
    let statement = |text: &str| read(text.as_bytes(), MYSQL, false, 100).statements.remove(0);
    assert_eq!(statement("CALL a.b(1)").procedure.as_deref(), Some("a.b"));
    assert_eq!(statement("use `shop``s`").uses.as_deref(), Some("shop`s"));
    assert_eq!(statement("SELECT 1").procedure, None);
}
