//! Packets of the client.

use std::collections::VecDeque;
use std::sync::Arc;

use super::conversation::{MySqlConversation, Phase};
use super::packet::{integer, text};
use crate::decoder::Event;
use crate::framed::Frame;
use crate::sql::exchanges::{Key, Span};
use crate::sql::{self, Script, Statement};

/// Bytes needed of a packet.
pub(super) const KEEP: usize = 16 * 1024;

pub(super) const QUIT: u8 = 0x01;
pub(super) const INIT_DB: u8 = 0x02;
pub(super) const QUERY: u8 = 0x03;
const FIELD_LIST: u8 = 0x04;
pub(super) const STATISTICS: u8 = 0x09;
pub(super) const PING: u8 = 0x0e;
const CHANGE_USER: u8 = 0x11;
const BINLOG_DUMP: u8 = 0x12;
pub(super) const PREPARE: u8 = 0x16;
pub(super) const EXECUTE: u8 = 0x17;
const SEND_LONG_DATA: u8 = 0x18;
const CLOSE: u8 = 0x19;
pub(super) const FETCH: u8 = 0x1c;
pub(super) const RESET: u8 = 0x1f;
const BINLOG_DUMP_GTID: u8 = 0x1e;
/// `MariaDB`: one execution with many sets of parameters.
const BULK_EXECUTE: u8 = 0xfa;

const CONNECT_WITH_DB: u32 = 1 << 3;
const COMPRESS: u32 = 1 << 5;
const SSL: u32 = 1 << 11;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
const CONNECT_ATTRIBUTES: u32 = 1 << 20;
const LENGTH_ENCODED_AUTH: u32 = 1 << 21;
const ZSTD: u32 = 1 << 26;
/// Length of a login that only asks for TLS.
const SSL_REQUEST: usize = 32;
/// Stands for the statement that was prepared last.
const LAST_PREPARED: u32 = u32::MAX;

/// One command that will be answered.
#[derive(Debug)]
pub(super) enum Command {
    Query(Query),
    /// Execution of a prepared statement, or rows of one.
    Execute {
        key: Key,
    },
    Fetch {
        key: Key,
    },
    Prepare {
        asked: Span,
        statement: Arc<Statement>,
    },
    /// Changes the database, if it succeeds.
    InitDb(Option<String>),
    ChangeUser(Option<String>),
    FieldList,
    Statistics,
    /// Answered by one packet.
    Simple,
    /// Commands that were not captured.
    Hidden,
    /// A command that was not seen.
    Orphan,
}

/// A script and its statements.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) asked: Span,
    /// The statement that is being executed, once it is reported: whether it calls a procedure, and the database it
    /// changes to.
    pub(super) open: Option<(Key, Effect)>,
    /// Those behind it.
    pub(super) rest: VecDeque<Statement>,
    /// There may be statements in it that nobody saw.
    pub(super) more: bool,
}

/// What is to be known of a statement when its results come.
#[derive(Debug, Clone, Default)]
pub(super) struct Effect {
    pub(super) calls: bool,
    pub(super) uses: Option<String>,
}

impl Effect {
    fn of(statement: Option<&Statement>) -> Self {
        statement.map_or_else(Self::default, |statement| Self {
            calls: statement.procedure.is_some(),
            uses: statement.uses.clone(),
        })
    }
}

impl Command {
    /// Is it a statement under way?
    pub(super) fn is_statement(&self) -> bool {
        matches!(self, Self::Query(_) | Self::Execute { .. } | Self::Fetch { .. })
    }
}

impl MySqlConversation {
    pub(super) fn client(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        match self.phase {
            Phase::Greeted(capabilities) => return self.login(capabilities, frame.body, out),
            Phase::Authenticating => return,
            Phase::Fresh => self.phase = Phase::Commands,
            Phase::Commands => {}
        }
        // Others continue what the server asked for.
        if frame.header[3] == 0 {
            self.command(frame, out);
        }
    }

    fn login(&mut self, server: u32, body: &[u8], out: &mut Vec<Event>) {
        let Some((flags, rest)) = body.split_first_chunk::<4>() else { return };
        let flags = u32::from_le_bytes(*flags);
        if flags & SSL != 0 && body.len() == SSL_REQUEST {
            // The same packet follows once more, whole.
            return out.push(Event::StartTls);
        }
        self.compresses = flags & server & (COMPRESS | ZSTD) != 0;
        self.phase = Phase::Authenticating;
        _ = rest.get(28..).and_then(|rest| self.identity(flags, rest));
    }

    /// User, challenge, database, plugin, attributes.
    fn identity(&mut self, flags: u32, rest: &[u8]) -> Option<()> {
        let (user, rest) = text(rest)?;
        self.session.user = self.session.text(user);
        let (size, rest) = if flags & LENGTH_ENCODED_AUTH != 0 {
            integer(rest)?
        } else if flags & SECURE_CONNECTION != 0 {
            let (size, rest) = rest.split_first()?;
            (u64::from(*size), rest)
        } else {
            (memchr::memchr(0, rest)? as u64 + 1, rest)
        };
        let mut rest = rest.get(usize::try_from(size).ok()?..)?;
        if flags & CONNECT_WITH_DB != 0 {
            let (database, behind) = text(rest)?;
            self.session.namespace = self.session.text(database);
            rest = behind;
        }
        if flags & PLUGIN_AUTH != 0 {
            rest = text(rest)?.1;
        }
        if flags & CONNECT_ATTRIBUTES != 0 {
            self.attributes(integer(rest)?.1);
        }
        Some(())
    }

    fn attributes(&mut self, mut rest: &[u8]) {
        let string = |bytes: &[u8]| {
            let (size, rest) = integer(bytes)?;
            let (text, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
            Some((text.to_vec(), rest.len()))
        };
        while let Some((key, left)) = string(rest) {
            rest = &rest[rest.len() - left..];
            let Some((value, left)) = string(rest) else { return };
            rest = &rest[rest.len() - left..];
            if key == b"program_name" {
                self.session.application = self.session.text(&value);
            }
        }
    }

    fn command(&mut self, frame: &Frame<'_>, out: &mut Vec<Event>) {
        let Some((command, body)) = frame.body.split_first() else { return };
        let asked = Span { first: frame.first, last: frame.last };
        let number = body.first_chunk::<4>().map(|number| u32::from_le_bytes(*number));
        let waiting = match *command {
            QUIT | SEND_LONG_DATA => return,
            CLOSE => {
                if let Some(number) = number {
                    self.statements.remove(&number.to_le_bytes());
                }
                return;
            }
            // A replica: what follows is no conversation.
            BINLOG_DUMP | BINLOG_DUMP_GTID => return self.leave(out),
            QUERY => return self.query(body, frame.whole, asked, out),
            PREPARE => {
                let script = self.read(body, frame.whole);
                let statement = script.statements.into_iter().next().unwrap_or_default();
                let statement = Arc::new(Statement { context: None, ..statement });
                self.prepared = Some(Arc::clone(&statement));
                Command::Prepare { asked, statement }
            }
            EXECUTE | BULK_EXECUTE | FETCH => {
                let known = match number {
                    Some(LAST_PREPARED) => self.prepared.clone(),
                    number => number.and_then(|number| self.statements.get(&number.to_le_bytes())),
                };
                let key = self.exchanges.open(&self.session, known.as_deref(), asked, out);
                if *command == FETCH { Command::Fetch { key } } else { Command::Execute { key } }
            }
            INIT_DB => Command::InitDb(self.session.text(body)),
            CHANGE_USER => Command::ChangeUser(self.new_user(body)),
            FIELD_LIST => Command::FieldList,
            STATISTICS => Command::Statistics,
            _ => Command::Simple,
        };
        self.wait(waiting, out);
    }

    /// The database of `COM_CHANGE_USER`.
    fn new_user(&self, body: &[u8]) -> Option<String> {
        let (_, rest) = text(body)?;
        let (size, rest) = rest.split_first()?;
        let (database, _) = text(rest.get(usize::from(*size)..)?)?;
        self.session.text(database)
    }

    fn read(&self, text: &[u8], whole: bool) -> Script {
        sql::read(text, self.syntax, !whole, self.session.limit)
    }

    fn query(&mut self, body: &[u8], whole: bool, asked: Span, out: &mut Vec<Event>) {
        // Clients that may send attributes with a query begin with the number of them, and of sets of them.
        let script = match body {
            // Values of types that would all have to be known: the text behind them is left alone.
            [1..=8, 1, ..] => Script { statements: Vec::new(), more: true },
            [0, 1, text @ ..] | text => self.read(text, whole),
        };
        let mut rest = VecDeque::from(script.statements);
        let first = rest.pop_front();
        let key = self.exchanges.open(&self.session, first.as_ref(), asked, out);
        let open = Some((key, Effect::of(first.as_ref())));
        self.wait(Command::Query(Query { asked, open, rest, more: script.more }), out);
    }

    /// The statement of a script that is being executed.
    pub(super) fn statement(&mut self, query: &mut Query, out: &mut Vec<Event>) -> (Key, Effect) {
        if let Some(open) = query.open.take() {
            return open;
        }
        let next = query.rest.pop_front();
        let key = self.exchanges.open(&self.session, next.as_ref(), query.asked, out);
        (key, Effect::of(next.as_ref()))
    }
}
