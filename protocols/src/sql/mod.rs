//! Text of a query -> what may be told of it: statements without literals, and a summary of each.
//!
//! One lexer does both in one pass, over a text that may be cut anywhere. What it takes for a literal becomes `?`, and a
//! literal that does not end reaches to the end of the text: nothing of it passes. Comments are dropped. The rules are
//! those of the semantic conventions for databases: a sign belongs to its number, lists of literals after `IN` fold into
//! one, a summary names operations and their targets in order, as they are written, in at most 255 bytes.
//!
//! [`describe`] makes messages of it and [`exchanges`] events, for the protocols that carry SQL; [`embedded`] does without a protocol.

pub(crate) mod describe;
pub mod embedded;
pub(crate) mod exchanges;
mod lexer;
pub(crate) mod names;
mod summary;

#[cfg(test)]
mod tests;

use crate::context::TraceContext;
use lexer::{Kind, Lexer, Token};
use summary::Summary;

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `PostgreSQL` and standard SQL: `"` quotes names, `$tag$` quotes text, comments nest.
    PostgreSql,
    /// `MySQL` and `MariaDB`: `"` quotes text, `` ` `` names, `#` begins a comment.
    MySql,
    /// `SQLite`: `"`, `` ` `` and `[]` quote names, but what `"` quotes is text where there is no such name. It passes for a name just where no
    /// text can be: after words such as `FROM`, or with a dot behind it.
    Sqlite,
}

/// How to read a text.
#[derive(Debug, Clone, Copy)]
pub struct Syntax {
    /// Whose it is.
    pub dialect: Dialect,
    /// Backslashes escape in plain strings (`MySQL` unless told otherwise, `PostgreSQL` only when told so).
    pub backslash: bool,
}

/// Most statements of one text that are told apart.
pub const MAX_STATEMENTS: usize = 1024;

/// One statement without its literals.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statement {
    /// The text, at most as long as was asked for.
    pub text: String,
    /// Operations and targets; empty when the text does not begin with a statement that is known.
    pub summary: String,
    /// The procedure it calls.
    pub procedure: Option<String>,
    /// The database it changes to (`USE`), unquoted.
    pub uses: Option<String>,
    /// Trace context in a comment, as `sqlcommenter` writes it.
    pub context: Option<TraceContext>,
}

/// The statements of a text.
#[derive(Debug, Default)]
pub struct Script {
    /// In order.
    pub statements: Vec<Statement>,
    /// There may be more than these.
    pub more: bool,
}

/// Reads a text, of which the end may be missing (`cut`). No statement's text will be longer than `limit` bytes.
pub fn read(text: &[u8], syntax: Syntax, cut: bool, limit: usize) -> Script {
    let mut script = Script { statements: Vec::new(), more: cut };
    let mut reader = Reader::new(limit);
    for token in Lexer::new(text, syntax) {
        if token.kind != Kind::Semicolon || !reader.splits() {
            reader.take(&token, cut);
            continue;
        }
        script.statements.extend(reader.finish());
        reader = Reader::new(limit);
        if script.statements.len() >= MAX_STATEMENTS {
            script.more = true;
            return script;
        }
    }
    script.statements.extend(reader.finish());
    script
}

/// One statement under construction.
struct Reader {
    statement: Statement,
    summary: Summary,
    limit: usize,
    depth: usize,
    /// Tokens that are neither space nor comment.
    tokens: usize,
    /// It creates something whose body may hold statements of its own.
    has_body: bool,
    list: List,
}

/// Where the reader is with regard to a list after `IN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    None,
    In,
    /// Inside; where the first value ends.
    Values(Option<usize>),
}

impl Reader {
    fn new(limit: usize) -> Self {
        Self {
            statement: Statement::default(),
            summary: Summary::default(),
            limit,
            depth: 0,
            tokens: 0,
            has_body: false,
            list: List::None,
        }
    }

    /// Does a semicolon here end the statement?
    fn splits(&self) -> bool {
        self.depth == 0 && !self.has_body
    }

    fn take(&mut self, token: &Token<'_>, cut: bool) {
        match token.kind {
            Kind::Comment => {
                if self.statement.context.is_none() {
                    self.statement.context = context(token.text);
                }
                return;
            }
            Kind::Space if self.tokens == 0 => return,
            Kind::Open => self.depth += 1,
            Kind::Close => self.depth = self.depth.saturating_sub(1),
            Kind::Word => self.has_body |= self.begins_body(token),
            _ => {}
        }
        if token.kind != Kind::Space {
            self.tokens += 1;
            // Of a name that may go on nobody knows what it is.
            if !(cut && token.last) {
                self.summary.take(token);
            }
        }
        self.write(token);
    }

    /// From here on semicolons may belong to a body: `BEGIN ATOMIC`, or what `MySQL` has between `BEGIN` and `END`.
    fn begins_body(&self, token: &Token<'_>) -> bool {
        self.summary.creates_routine() && token.is_any(&["ATOMIC", "BEGIN"])
    }

    fn write(&mut self, token: &Token<'_>) {
        let list = self.list;
        self.list = match (list, token.kind) {
            (_, Kind::Word) if token.is("IN") => List::In,
            (List::In, Kind::Open) => List::Values(None),
            (List::Values(None), Kind::Literal | Kind::Placeholder) => {
                List::Values(Some(self.statement.text.len() + 1))
            }
            (List::In | List::Values(_), Kind::Space)
            | (List::Values(_), Kind::Comma | Kind::Literal | Kind::Placeholder) => list,
            (List::Values(Some(end)), Kind::Close) => {
                self.statement.text.truncate(end);
                List::None
            }
            _ => List::None,
        };
        if self.statement.text.len() >= self.limit {
            return;
        }
        if token.kind == Kind::Literal {
            self.statement.text.push('?');
        } else {
            self.statement.text.push_str(&String::from_utf8_lossy(token.text));
        }
    }

    fn finish(self) -> Option<Statement> {
        let Self { mut statement, summary, limit, tokens, .. } = self;
        if tokens == 0 {
            return None;
        }
        statement.text.truncate(statement.text.floor_char_boundary(limit));
        statement.text.truncate(statement.text.trim_end().len());
        (statement.summary, statement.procedure, statement.uses) = summary.finish();
        Some(statement)
    }
}

/// The trace context in a comment: `/*...traceparent='00-...'...*/`.
fn context(comment: &[u8]) -> Option<TraceContext> {
    let at = memchr::memmem::find(comment, b"traceparent='")?;
    let value = &comment[at + b"traceparent='".len()..];
    let end = memchr::memchr(b'\'', value)?;
    TraceContext::from_headers([(b"traceparent".as_slice(), &value[..end])])
}
