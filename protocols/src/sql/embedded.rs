//! What a database within a process is asked -> messages, without a protocol.
//!
//! One call may be several statements. They are one request then: it has all of their texts, and the beginnings of their summaries.

use super::describe::{Outcome, Session};
use super::{Dialect, Statement, Syntax, read};
use crate::message::{Request, Response, Role};

/// `error.type` of a call of which is only known that it failed.
const FAILED: &str = "_OTHER";
/// Longest summary of several statements, in bytes, as the conventions say of one.
const SUMMARY: usize = 255;
/// Between statements.
const BETWEEN: &str = "; ";

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// `SQLite`.
    Sqlite,
}

impl System {
    /// Its name in the conventions (`db.system.name`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::Sqlite => Dialect::Sqlite,
        }
    }
}

/// The request for what `text` says, of which the end may be missing (`cut`); `None` where that is not known. No value will be longer than
/// `limit` bytes.
pub fn request(system: System, text: Option<&[u8]>, cut: bool, limit: usize) -> Request {
    let syntax = Syntax { dialect: system.dialect(), backslash: false };
    let statements = text.map(|text| read(text, syntax, cut, limit).statements);
    let whole = statements.and_then(join);
    Session::new(Role::Client, system.name(), limit).request(whole.as_ref())
}

/// What came of it.
pub fn response(failed: bool) -> Response {
    // The session only says where it happened.
    let outcome = Outcome { error: failed.then_some(FAILED), ..Outcome::default() };
    Session::new(Role::Client, System::Sqlite.name(), 0).response(outcome)
}

fn join(statements: Vec<Statement>) -> Option<Statement> {
    let mut all = statements.into_iter();
    let mut whole = all.next()?;
    let mut summed = !whole.summary.is_empty();
    for next in all {
        whole.text.push_str(BETWEEN);
        whole.text.push_str(&next.text);
        summed &=
            !next.summary.is_empty() && whole.summary.len() + BETWEEN.len() + next.summary.len() <= SUMMARY;
        if summed {
            whole.summary.push_str(BETWEEN);
            whole.summary.push_str(&next.summary);
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Value;
    use crate::semconv::attribute;

    fn value(request: &Request, wanted: crate::message::Attribute) -> Option<String> {
        let found = request.attributes.iter().find(|(attribute, _)| *attribute == wanted)?;
        match &found.1 {
            Value::String(text) => Some(text.clone()),
            Value::Static(text) => Some((*text).to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_is_one_request() {
        let text = b"CREATE TABLE t (a); INSERT INTO t VALUES ('secret');\n-- the end\n";
        let request = request(System::Sqlite, Some(text), false, 4096);
        assert_eq!(request.operation, "CREATE TABLE t; INSERT t");
        let text = value(&request, attribute::DB_QUERY_TEXT);
        assert_eq!(text.as_deref(), Some("CREATE TABLE t (a); INSERT INTO t VALUES (?)"));
        assert_eq!(value(&request, attribute::DB_SYSTEM_NAME).as_deref(), Some("sqlite"));
        assert_eq!(request.convention.duration.name, "db.client.operation.duration");
    }

    #[test]
    fn a_script_stays_within_bounds() {
        let script = "INSERT INTO a_table_with_a_long_name VALUES (1);".repeat(500);
        let request = request(System::Sqlite, Some(script.as_bytes()), true, 100);
        assert!(request.operation.len() <= SUMMARY, "{}", request.operation);
        assert!(value(&request, attribute::DB_QUERY_TEXT).is_some_and(|text| text.len() <= 100));
    }

    #[test]
    fn without_a_text_it_is_named_by_the_database() {
        for text in [None, Some(&b" -- nothing"[..])] {
            let request = request(System::Sqlite, text, false, 4096);
            assert_eq!(request.operation, "sqlite");
            assert_eq!(value(&request, attribute::DB_QUERY_TEXT), None);
        }
    }

    #[test]
    fn failures_have_a_type() {
        assert_eq!(response(true).error.as_deref(), Some("_OTHER"));
        assert_eq!(response(false), Response::default());
    }
}
