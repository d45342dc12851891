//! Tokens of a statement -> `{operation} {target} {operation} {target}`.

use super::lexer::{Kind, Token};

/// Longest summary, in bytes, as the conventions say. No token is cut for it.
const LIMIT: usize = 255;
/// Deepest nesting that is followed.
const DEPTH: usize = 64;

/// Statements of which only the operation is told.
const PLAIN: &[&str] = &[
    "ABORT",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "BINLOG",
    "CHECK",
    "CHECKPOINT",
    "CHECKSUM",
    "CLOSE",
    "CLUSTER",
    "COMMIT",
    "DEALLOCATE",
    "DETACH",
    "DISCARD",
    "DO",
    "END",
    "FETCH",
    "FLUSH",
    "GET",
    "GRANT",
    "HANDLER",
    "HELP",
    "IMPORT",
    "INSTALL",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "OPTIMIZE",
    "PURGE",
    "REASSIGN",
    "REINDEX",
    "RELEASE",
    "REPAIR",
    "RESET",
    "RESIGNAL",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SET",
    "SHOW",
    "SHUTDOWN",
    "SIGNAL",
    "START",
    "STOP",
    "UNINSTALL",
    "UNLISTEN",
    "UNLOCK",
    "VACUUM",
    "VALUES",
    "XA",
];
/// Statements whose next name is their target, and nothing after it.
const NAMED: &[&str] = &["CALL", "COPY", "EXEC", "EXECUTE", "PRAGMA", "PREPARE", "REFRESH", "TABLE", "USE"];
/// Statements about objects.
const OBJECT_VERBS: &[&str] = &["ALTER", "COMMENT", "CREATE", "DROP", "RENAME", "TRUNCATE"];
/// Kinds of object.
const OBJECTS: &[&str] = &[
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "COLUMN",
    "CONSTRAINT",
    "CONVERSION",
    "DATABASE",
    "DOMAIN",
    "EVENT",
    "EXTENSION",
    "FUNCTION",
    "INDEX",
    "LANGUAGE",
    "OPERATOR",
    "PACKAGE",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "ROLE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "SYSTEM",
    "TABLE",
    "TABLESPACE",
    "TRIGGER",
    "TYPE",
    "USER",
    "VIEW",
];
/// Words between an object's kind and its name.
const BEFORE_NAME: &[&str] = &["CONCURRENTLY", "EXISTS", "IF", "NOT", "ONLY"];
/// Words between a verb and its target.
const BEFORE_TARGET: &[&str] = &[
    "DELAYED",
    "HIGH_PRIORITY",
    "IGNORE",
    "INTO",
    "LATERAL",
    "LOW_PRIORITY",
    "MATERIALIZED",
    "ONLY",
    "OVERWRITE",
    "QUICK",
    "VIEW",
];
/// Words after which a comma no longer separates targets.
const END_OF_LIST: &[&str] = &[
    "EXCEPT",
    "FETCH",
    "FOR",
    "GROUP",
    "HAVING",
    "INTERSECT",
    "LIMIT",
    "OFFSET",
    "ORDER",
    "RETURNING",
    "SET",
    "UNION",
    "VALUES",
    "WHERE",
    "WINDOW",
];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// At the first word.
    #[default]
    Start,
    /// Behind `CREATE` and its like: the kind of object is next.
    Object,
    /// Its name is next.
    ObjectName,
    /// The target is next, and nothing else is told.
    Target,
    /// Verbs, tables, subqueries.
    Body,
    /// Nothing more is told.
    Over,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Verb {
    #[default]
    None,
    /// Reads from a list of tables after `FROM`.
    Reads,
    /// Has a second table after `USING`.
    Merges,
    Other,
}

/// One level of parentheses.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    verb: Verb,
    /// In a list of tables: after a comma comes another.
    list: bool,
    /// The next name is a target.
    expects: bool,
    /// The query of a `WITH`.
    of_with: bool,
}

/// The word before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    As,
    Distinct,
    Using,
    #[default]
    Else,
}

/// A summary under construction.
#[derive(Debug, Default)]
pub(super) struct Summary {
    text: String,
    full: bool,
    mode: Mode,
    level: Level,
    outer: Vec<Level>,
    before: Before,
    verb: Option<&'static str>,
    /// It creates something that has a body of statements.
    routine: bool,
    /// It may create something from a query.
    query: bool,
    named: Option<String>,
}

impl Summary {
    pub(super) fn take(&mut self, token: &Token<'_>) {
        match self.mode {
            Mode::Start => self.start(token),
            Mode::Object => self.object(token),
            Mode::ObjectName => self.object_name(token),
            Mode::Target => self.target(token),
            Mode::Body => self.body(token),
            Mode::Over => {}
        }
        self.before = if token.is_any(&["AS", "MATERIALIZED"]) {
            Before::As
        } else if token.is("DISTINCT") {
            Before::Distinct
        } else if token.is("USING") {
            Before::Using
        } else {
            Before::Else
        };
    }

    /// Does it create something that has a body of statements?
    pub(super) fn creates_routine(&self) -> bool {
        self.routine
    }

    /// The summary, the procedure that is called, the database that is changed to.
    pub(super) fn finish(self) -> (String, Option<String>, Option<String>) {
        let (mut procedure, mut uses) = (None, None);
        match self.verb {
            Some("CALL" | "EXEC") => procedure = self.named,
            Some("USE") => uses = self.named.map(|name| name.trim_matches('`').replace("``", "`")),
            _ => {}
        }
        (self.text, procedure, uses)
    }

    fn push(&mut self, token: &Token<'_>) {
        let text = String::from_utf8_lossy(token.text);
        self.full |= self.text.len() + usize::from(!self.text.is_empty()) + text.len() > LIMIT;
        if self.full {
            self.mode = Mode::Over;
            return;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&text);
    }

    fn start(&mut self, token: &Token<'_>) {
        match token.kind {
            Kind::Word => {}
            // `(SELECT ...) UNION (SELECT ...)`
            Kind::Open => {
                self.mode = Mode::Body;
                return self.body(token);
            }
            // `{call p}`
            Kind::Other if token.text == b"{" => return,
            _ => return self.mode = Mode::Over,
        }
        let known = |list: &[&'static str]| {
            list.iter().copied().find(|known| token.text.eq_ignore_ascii_case(known.as_bytes()))
        };
        self.mode = if let Some(verb) = known(OBJECT_VERBS) {
            self.verb = Some(verb);
            Mode::Object
        } else if let Some(verb) = known(NAMED) {
            self.verb = Some(verb);
            Mode::Target
        } else if token.is_any(PLAIN) {
            Mode::Over
        } else if token.is_any(&["DECLARE", "DESC", "DESCRIBE", "EXPLAIN"]) {
            Mode::Body
        } else {
            self.mode = Mode::Body;
            if !token.is("WITH") {
                self.body(token);
                // A word that begins no statement.
                if self.text.is_empty() {
                    self.mode = Mode::Over;
                }
            }
            return;
        };
        let mode = self.mode;
        self.push(token);
        if self.mode != Mode::Over {
            self.mode = mode;
        }
    }

    fn object(&mut self, token: &Token<'_>) {
        if token.is_any(OBJECTS) {
            self.routine = token.is_any(&["EVENT", "FUNCTION", "PACKAGE", "PROCEDURE", "TRIGGER"]);
            self.query = token.is_any(&["TABLE", "VIEW"]);
            self.mode = Mode::ObjectName;
            self.push(token);
        } else if self.verb == Some("TRUNCATE") {
            self.mode = Mode::ObjectName;
            self.object_name(token);
        }
    }

    fn object_name(&mut self, token: &Token<'_>) {
        if token.is_any(BEFORE_NAME) {
            return;
        }
        if !matches!(token.kind, Kind::Word | Kind::Name) || token.is_any(&["ON", "FOR"]) {
            self.mode = Mode::Over;
            return;
        }
        self.level.verb = Verb::Other;
        self.level.list = matches!(self.verb, Some("DROP" | "TRUNCATE"));
        self.mode = if self.query || self.level.list { Mode::Body } else { Mode::Over };
        self.push(token);
    }

    fn target(&mut self, token: &Token<'_>) {
        match token.kind {
            Kind::Word if token.is_any(BEFORE_TARGET) || token.is("TABLE") => {}
            Kind::Word | Kind::Name => {
                self.named = Some(String::from_utf8_lossy(token.text).into_owned());
                self.mode = Mode::Over;
                self.push(token);
            }
            // `COPY (SELECT ...) TO`
            Kind::Open => {
                self.mode = Mode::Body;
                self.body(token);
            }
            _ => self.mode = Mode::Over,
        }
    }

    fn body(&mut self, token: &Token<'_>) {
        match token.kind {
            Kind::Word => self.word(token),
            Kind::Name => self.named(token),
            Kind::Literal | Kind::Placeholder => self.level.expects = false,
            Kind::Comma => self.level.expects = self.level.list,
            Kind::Open if self.outer.len() < DEPTH => {
                let inner = Level {
                    // The columns of `JOIN ... USING (...)` are no tables.
                    expects: self.level.expects && self.before != Before::Using,
                    of_with: self.before == Before::As,
                    ..Level::default()
                };
                self.level.expects = false;
                self.outer.push(self.level);
                self.level = inner;
            }
            Kind::Open => self.mode = Mode::Over,
            Kind::Close => {
                if let Some(outer) = self.outer.pop() {
                    self.level = outer;
                }
            }
            _ => {}
        }
    }

    fn named(&mut self, token: &Token<'_>) {
        if self.level.expects {
            self.level.expects = false;
            self.push(token);
        }
    }

    fn word(&mut self, token: &Token<'_>) {
        let level = &mut self.level;
        let begins = level.verb == Verb::None && (self.outer.is_empty() || level.of_with);
        if token.is("SELECT") {
            *level = Level { verb: Verb::Reads, ..Level::default() };
            self.push(token);
        } else if begins && token.is("DELETE") {
            level.verb = Verb::Reads;
            self.push(token);
        } else if begins && token.is_any(&["INSERT", "REPLACE", "UPDATE", "MERGE"]) {
            level.verb = match token.text[0].to_ascii_uppercase() {
                b'U' => Verb::Reads,
                b'M' => Verb::Merges,
                _ => Verb::Other,
            };
            level.list = level.verb == Verb::Reads;
            level.expects = true;
            self.push(token);
        } else if token.is("FROM") && level.verb == Verb::Reads && self.before != Before::Distinct {
            (level.list, level.expects) = (true, true);
        } else if token.is("USING") {
            level.expects = level.verb == Verb::Merges || level.list;
        } else if token.is_any(&["JOIN", "STRAIGHT_JOIN"]) {
            level.expects = level.verb != Verb::Other;
        } else if token.is("INTO") && level.verb == Verb::Reads {
            level.expects = true;
        } else if token.is_any(END_OF_LIST) {
            (level.list, level.expects) = (false, false);
        } else if level.expects && !token.is_any(BEFORE_TARGET) {
            level.expects = false;
            self.push(token);
        }
    }
}
