//! Bytes of a `MySQL` or `MariaDB` connection -> statements and what came of them.
//!
//! One exchange per statement that is executed: each statement of a `COM_QUERY`, each execution of a prepared one, each
//! piece fetched through a cursor. A statement that fails while it is prepared is one too. `CALL` may have several results;
//! other statements have one, by which the statements of a script are counted. It begins with the first byte of the
//! command and ends with the last of its result.
//!
//! How results are framed depends on capabilities that both sides agree on at the start. Where that was not seen, it
//! shows in the packets: after the columns of a result either comes a packet of five bytes or it does not. `db.namespace`
//! is the database of the handshake, `COM_INIT_DB`, `COM_CHANGE_USER` or `USE`; of a connection joined late it is unknown
//! until one of these, and `db.system.name` is `mysql`. Drops quietly: `COM_PING` and other commands that are no
//! statements. Leaves at TLS, and at compression, which it does not read.
//!
//! # What has to be captured
//!
//! Headers of all packets (4 bytes; little-endian length in 3 bytes, then a number that is 0 for a command and begins at 1 in
//! its answer), and of their bodies:
//!
//! | from | packet | bytes | what for |
//! |---|---|---|---|
//! | server | greeting | 256 | version, capabilities |
//! | client | login | 2048 | capabilities, user, database, program |
//! | client | command | 16384 | text; what is missing is taken for literal |
//! | client | number other than 0 | 0 | data of `LOAD DATA LOCAL` |
//! | server | first byte 0x00, 0xfe, 0xff | 64 | counts and status, code of an error |
//! | server | others | 16 | number of columns |
//!
//! With less, an answer may be cut anywhere, if its last 64 bytes are there: they hold the packet that ends it.

mod client;
mod conversation;
mod detect;
mod packet;
mod server;

use std::sync::Arc;

use crate::decoder::{Decoder, Detection, Options, Protocol};
use crate::framed::Framed;
use crate::message::Role;

/// `MySQL` and `MariaDB`.
#[derive(Debug)]
pub struct MySql;

impl Protocol for MySql {
    fn name(&self) -> &'static str {
        "mysql"
    }

    fn detect(&self, bytes: &[u8]) -> Detection {
        detect::detect(bytes)
    }

    fn decoder(&self, role: Role, options: &Arc<Options>) -> Box<dyn Decoder> {
        Box::new(Framed::new(conversation::MySqlConversation::new(role, options)))
    }
}
