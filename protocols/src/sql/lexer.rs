//! Bytes of a query -> tokens: just enough of SQL to tell literals from everything else.
//!
//! Never fails: a literal without end reaches to the end of the text, so that none of it passes for something else.

use super::{Dialect, Syntax};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// White space.
    Space,
    /// A comment, or a part of one that is no code.
    Comment,
    /// An unquoted name without dots: a keyword, or the name of something.
    Word,
    /// A quoted or dotted name.
    Name,
    /// A value.
    Literal,
    /// `?`: stands for a value already.
    Placeholder,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// Operators and everything else.
    Other,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a [u8],
    /// It touches the end of the text, so where that was cut there may be more of it.
    pub(super) last: bool,
}

impl Token<'_> {
    /// Is it this keyword?
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword.as_bytes())
    }

    /// Is it one of these keywords?
    pub(super) fn is_any(&self, keywords: &[&str]) -> bool {
        self.kind == Kind::Word
            && keywords.iter().any(|keyword| self.text.eq_ignore_ascii_case(keyword.as_bytes()))
    }
}

/// Walks over a text.
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    syntax: Syntax,
    /// What comes next is a name and no text.
    names: bool,
}

/// Keywords of `SQLite` with a name right behind them.
const BEFORE_NAME: &[&str] = &[
    "COLUMN",
    "EXISTS",
    "FROM",
    "INDEX",
    "INTO",
    "JOIN",
    "REFERENCES",
    "TABLE",
    "TO",
    "TRIGGER",
    "UPDATE",
    "VIEW",
];

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8], syntax: Syntax) -> Self {
        Self { rest: text, syntax, names: false }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let first = *self.rest.first()?;
        let (kind, length) = match scan(first, self.rest, self.syntax) {
            (Kind::Name, length) if first == b'"' && self.may_be_text(length) => (Kind::Literal, length),
            found => found,
        };
        let (text, rest) = self.rest.split_at(length.clamp(1, self.rest.len()));
        self.rest = rest;
        let token = Token { kind, text, last: rest.is_empty() };
        if !matches!(kind, Kind::Space | Kind::Comment) {
            self.names = token.is_any(BEFORE_NAME);
        }
        Some(token)
    }
}

impl Lexer<'_> {
    /// Whether something in double quotes, of this length, need not be a name.
    fn may_be_text(&self, length: usize) -> bool {
        let alone = quoted(self.rest, false) == length;
        self.syntax.dialect == Dialect::Sqlite && !self.names && alone
    }
}

fn scan(first: u8, rest: &[u8], syntax: Syntax) -> (Kind, usize) {
    let dialect = syntax.dialect;
    let (mysql, sqlite) = (dialect == Dialect::MySql, dialect == Dialect::Sqlite);
    let next = rest.get(1).copied().unwrap_or(0);
    match first {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => {
            (Kind::Space, count(rest, |byte| byte.is_ascii_whitespace() || byte == 0x0b))
        }
        b'-' if next == b'-' && (!mysql || rest.get(2).is_none_or(|byte| *byte <= b' ')) => line(rest),
        b'#' if mysql => line(rest),
        b'/' if next == b'*' => block(rest, dialect),
        // The end of a comment that MySQL executes.
        b'*' if mysql && next == b'/' => (Kind::Comment, 2),
        b'\'' => (Kind::Literal, quoted(rest, syntax.backslash)),
        b'"' if mysql => (Kind::Literal, quoted(rest, syntax.backslash)),
        b'"' => name(rest, dialect),
        b'`' if mysql || sqlite => name(rest, dialect),
        b'[' if sqlite => name(rest, dialect),
        b'$' => dollar(rest, dialect),
        b'0'..=b'9' => (Kind::Literal, number(rest)),
        b'.' if next.is_ascii_digit() => (Kind::Literal, number(rest)),
        // A sign belongs to the number behind it.
        b'+' | b'-' if begins_number(&rest[1..]) => (Kind::Literal, 1 + number(&rest[1..])),
        b'?' if sqlite => (Kind::Placeholder, 1 + count(&rest[1..], |byte| byte.is_ascii_digit())),
        b'?' => (Kind::Placeholder, 1),
        b'(' => (Kind::Open, 1),
        b')' => (Kind::Close, 1),
        b',' => (Kind::Comma, 1),
        b';' => (Kind::Semicolon, 1),
        _ if begins_word(first) => word(rest, syntax),
        _ => (Kind::Other, 1),
    }
}

fn count(bytes: &[u8], matches: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| matches(**byte)).count()
}

fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn in_word(byte: u8) -> bool {
    begins_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn begins_number(bytes: &[u8]) -> bool {
    match bytes {
        [b'.', digit, ..] | [digit, ..] => digit.is_ascii_digit(),
        [] => false,
    }
}

/// A comment to the end of the line, which is not part of it.
fn line(rest: &[u8]) -> (Kind, usize) {
    (Kind::Comment, count(rest, |byte| byte != b'\n'))
}

/// A comment in `/* */`. `PostgreSQL` nests them. `MySQL` executes what is in `/*! */`: only the marker is no code.
fn block(rest: &[u8], dialect: Dialect) -> (Kind, usize) {
    if dialect == Dialect::MySql && (rest.starts_with(b"/*!") || rest.starts_with(b"/*M!")) {
        let marker = count(rest, |byte| matches!(byte, b'/' | b'*' | b'M' | b'!'));
        return (Kind::Comment, marker + count(&rest[marker..], |byte| byte.is_ascii_digit()));
    }
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        match &rest[at..] {
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            [b'/', b'*', ..] if dialect == Dialect::PostgreSql => (at, depth) = (at + 2, depth + 1),
            _ => at += 1,
        }
    }
    (Kind::Comment, at)
}

/// Length of a text that begins with its quote: to the same quote that is not doubled (nor escaped), or to the end.
fn quoted(rest: &[u8], backslash: bool) -> usize {
    let quote = rest[0];
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' if backslash => at += 2,
            byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `$tag$ text $tag$` is a literal, `$1` a parameter.
fn dollar(rest: &[u8], dialect: Dialect) -> (Kind, usize) {
    let tag = count(&rest[1..], |byte| in_word(byte) && byte != b'$');
    let opening = tag + 2;
    let quotes =
        dialect == Dialect::PostgreSql && rest.get(tag + 1) == Some(&b'$') && !rest[1].is_ascii_digit();
    if !quotes {
        return (Kind::Other, 1 + tag);
    }
    let end = memchr::memmem::find(&rest[opening..], &rest[..opening]);
    (Kind::Literal, end.map_or(rest.len(), |at| opening + at + opening))
}

/// Digits and what clings to them: fractions, exponents, hexadecimals, separators, units.
fn number(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = rest.get(at) {
        let exponent = matches!(byte, b'e' | b'E')
            && matches!(rest.get(at + 1), Some(b'+' | b'-'))
            && rest.get(at + 2).is_some_and(u8::is_ascii_digit)
            && !rest.starts_with(b"0x")
            && !rest.starts_with(b"0X");
        match byte {
            _ if exponent => at += 2,
            b'.' => at += 1,
            _ if in_word(byte) => at += 1,
            _ => break,
        }
    }
    at
}

/// A name, with whatever follows after dots.
fn name(rest: &[u8], dialect: Dialect) -> (Kind, usize) {
    let mut at = 0;
    loop {
        at += part(&rest[at..], dialect);
        let dotted = rest.get(at) == Some(&b'.') && part(&rest[at + 1..], dialect) > 0;
        if !dotted {
            return (Kind::Name, at);
        }
        at += 1;
    }
}

/// Length of a quoted or unquoted part of a name; 0 for anything else.
fn part(rest: &[u8], dialect: Dialect) -> usize {
    match rest.first() {
        Some(b'"') if dialect != Dialect::MySql => quoted(rest, false),
        Some(b'`') if dialect != Dialect::PostgreSql => quoted(rest, false),
        Some(b'[') if dialect == Dialect::Sqlite => {
            memchr::memchr(b']', rest).map_or(rest.len(), |end| end + 1)
        }
        Some(byte) if begins_word(*byte) => count(rest, in_word),
        _ => 0,
    }
}

fn word(rest: &[u8], syntax: Syntax) -> (Kind, usize) {
    let length = count(rest, in_word);
    let (text, behind) = rest.split_at(length);
    if behind.first() == Some(&b'\'') {
        // Prefixes of strings; only after E do backslashes always escape.
        match text {
            [b'e' | b'E'] if syntax.dialect == Dialect::PostgreSql => {
                return (Kind::Literal, 1 + quoted(behind, true));
            }
            [b'b' | b'B' | b'x' | b'X' | b'n' | b'N'] => {
                return (Kind::Literal, 1 + quoted(behind, syntax.backslash));
            }
            _ => {}
        }
    }
    if behind.starts_with(b"&'") && matches!(text, b"u" | b"U") {
        return (Kind::Literal, 2 + quoted(&behind[1..], false));
    }
    if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false") {
        return (Kind::Literal, length);
    }
    match name(rest, syntax.dialect) {
        (_, whole) if whole == length => (Kind::Word, length),
        dotted => dotted,
    }
}
