//! Bytes of a `PostgreSQL` connection (protocol 3) -> statements and what came of them.
//!
//! One exchange per statement that is executed: each statement of a simple query, each `Execute` of the extended protocol
//! (a portal that is fetched in pieces is executed once per piece), each function call. A statement that fails before it
//! is executed, in `Parse`, is one too. Statements of a simple query behind one that fails are never executed and no
//! exchanges; an `Execute` behind an error is answered by nothing until `Sync` and fails with `pipeline_aborted`.
//! It begins with the first byte of the message that brought it, or of the first since the last `Execute`, and ends with
//! its result.
//!
//! Which statement a result belongs to follows from order. The number of statements in a simple query is the number of its
//! results; the text only says what they are called. Names of prepared statements are resolved where their `Parse` was
//! seen. `db.namespace` is the database of the startup message (or the user, after which the server names it), the
//! schema being unknown. Drops quietly: notices, notifications, cancel requests, replication. Leaves at TLS and GSS.
//!
//! # What has to be captured
//!
//! Headers of all messages (5 bytes; a startup message has 4), and of their bodies:
//!
//! | from | type | bytes | what for |
//! |---|---|---|---|
//! | client | startup | 2048 | database, user, application |
//! | client | `Q`, `P` | 16384 | text; what is missing is taken for literal |
//! | client | `B`, `E`, `C` | 160 | names of portal and statement (63 bytes each), limit of rows |
//! | client | all others | 0 | |
//! | server | `C` | 64 | tag with its count |
//! | server | `E` | 128 | severity and SQLSTATE, the first fields |
//! | server | `S` | 64 | `standard_conforming_strings` |
//! | server | `Z` | 1 | |
//! | server | all others | 0 | |
//!
//! Rows (`D`) and data of `COPY` (`d`) need not be seen at all (`framing.rs`): how many there were, tags say.
//!
//! Where frames are not followed, a run of responses may be cut anywhere, if its last 64 bytes are there: they hold the
//! last result and `ReadyForQuery`. Where only one `ReadyForQuery` is due, these tell of everything before them. Where
//! also the end of a simple query's text is missing, its only statement is reported without rows, and of a script at
//! least one is lost.

mod backend;
mod conversation;
mod detect;
mod framing;
mod frontend;
mod unit;

use std::sync::Arc;

use crate::decoder::{Decoder, Detection, Options, Protocol};
use crate::framed::Framed;
use crate::framing::Framing;
use crate::message::Role;

/// `PostgreSQL`, and what speaks its protocol.
#[derive(Debug)]
pub struct PostgreSql;

impl Protocol for PostgreSql {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    fn detect(&self, bytes: &[u8]) -> Detection {
        detect::detect(bytes)
    }

    fn framing(&self) -> Option<&'static Framing> {
        Some(&framing::FRAMING)
    }

    fn decoder(&self, role: Role, options: &Arc<Options>) -> Box<dyn Decoder> {
        Box::new(Framed::new(conversation::PostgreSqlConversation::new(role, options)))
    }
}
