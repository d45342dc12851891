//! Calls of Go's `database/sql` -> what databases within the process are asked, and whether they could do it.

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "go_sql",
    gives: "queries of Go programs to databases within them (SQLite)",
    without: "such queries are not seen, since they pass no socket",
    typed_sockets: true,
    programs: &[
        Program { name: ENTER, optional: None, attach: Uprobe },
        Program { name: ASKED, optional: None, attach: Uprobe },
        Program { name: LEAVE, optional: None, attach: Uprobe },
    ],
};

/// Runs when one of [`CALLS`] begins.
pub const ENTER: &str = "us_go_sql_enter";
/// Runs when a method of a [`Driver`] begins.
pub const ASKED: &str = "us_go_sql_driver";
/// Runs where one of [`CALLS`] returns.
pub const LEAVE: &str = "us_go_sql_leave";
/// Added to the cookies of programs that pass arguments on the stack (`SQL_STACK` in the program).
pub const STACK: u64 = 8;

/// A function of `database/sql` that asks a driver for something, and where the words of its arguments and results are. The same in every
/// version of Go from 1.16 to 1.26.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    operation: u64,
    /// The text is that of its receiver, a statement.
    of_statement: bool,
    /// The first word of the text among the arguments; 0 for none.
    text: u64,
    /// The first word of the error: of the results, and of what is on the stack, where these follow the arguments.
    error: [u64; 2],
}

const TEXT: u64 = 0;
const PREPARE: u64 = 1;
const BEGIN: u64 = 2;
const COMMIT: u64 = 3;
const ROLLBACK: u64 = 4;

/// See [`Call`].
pub const CALLS: &[Call] = &[
    // (db, ctx, txctx, dc, releaseConn, query, args) (*Rows, error)
    call("database/sql.(*DB).queryDC", TEXT, 7, [1, 13]),
    // (db, ctx, dc, release, query, args) (Result, error)
    call("database/sql.(*DB).execDC", TEXT, 5, [2, 12]),
    // (s, ctx, args) (*Rows, error)
    Call { of_statement: true, ..call("database/sql.(*Stmt).QueryContext", TEXT, 0, [1, 7]) },
    // (s, ctx, args) (Result, error)
    Call { of_statement: true, ..call("database/sql.(*Stmt).ExecContext", TEXT, 0, [2, 8]) },
    // (db, ctx, dc, release, cg, query) (*Stmt, error)
    call("database/sql.(*DB).prepareDC", PREPARE, 7, [1, 10]),
    // (db, ctx, dc, release, opts) (*Tx, error)
    call("database/sql.(*DB).beginDC", BEGIN, 0, [1, 7]),
    // (tx) error
    call("database/sql.(*Tx).Commit", COMMIT, 0, [0, 1]),
    // (tx, discardConn) error
    call("database/sql.(*Tx).rollback", ROLLBACK, 0, [0, 2]),
];

const fn call(name: &'static str, operation: u64, text: u64, error: [u64; 2]) -> Call {
    Call { name, operation, of_statement: false, text, error }
}

impl Call {
    /// What the programs have to know of it (`SQL_*` in them).
    pub fn cookie(&self, on_stack: bool) -> u64 {
        let error = self.error[usize::from(on_stack)];
        let stack = if on_stack { STACK } else { 0 };
        self.operation | stack | u64::from(self.of_statement) << 4 | self.text << 8 | error << 12
    }
}

/// A driver of a database that runs within the process.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// The module, without its major version.
    pub module: &'static str,
    /// Which database (`US_SYSTEM_*`).
    pub system: u64,
    /// Its methods through which `database/sql` asks it for anything. One of another version may lack some.
    pub methods: &'static [&'static str],
}

const SQLITE: u64 = 1;

/// Drivers that are known.
pub const DRIVERS: &[Driver] = &[
    Driver {
        module: "github.com/mattn/go-sqlite3",
        system: SQLITE,
        methods: &[
            "github.com/mattn/go-sqlite3.(*SQLiteConn).ExecContext",
            "github.com/mattn/go-sqlite3.(*SQLiteConn).QueryContext",
            "github.com/mattn/go-sqlite3.(*SQLiteConn).PrepareContext",
            "github.com/mattn/go-sqlite3.(*SQLiteConn).BeginTx",
            "github.com/mattn/go-sqlite3.(*SQLiteStmt).ExecContext",
            "github.com/mattn/go-sqlite3.(*SQLiteStmt).QueryContext",
            "github.com/mattn/go-sqlite3.(*SQLiteTx).Commit",
            "github.com/mattn/go-sqlite3.(*SQLiteTx).Rollback",
        ],
    },
    Driver {
        module: "modernc.org/sqlite",
        system: SQLITE,
        methods: &[
            "modernc.org/sqlite.(*conn).ExecContext",
            "modernc.org/sqlite.(*conn).QueryContext",
            "modernc.org/sqlite.(*conn).PrepareContext",
            "modernc.org/sqlite.(*conn).BeginTx",
            "modernc.org/sqlite.(*stmt).ExecContext",
            "modernc.org/sqlite.(*stmt).QueryContext",
            "modernc.org/sqlite.(*tx).Commit",
            "modernc.org/sqlite.(*tx).Rollback",
        ],
    },
    Driver {
        module: "github.com/glebarez/go-sqlite",
        system: SQLITE,
        methods: &[
            "github.com/glebarez/go-sqlite.(*conn).ExecContext",
            "github.com/glebarez/go-sqlite.(*conn).QueryContext",
            "github.com/glebarez/go-sqlite.(*conn).PrepareContext",
            "github.com/glebarez/go-sqlite.(*conn).BeginTx",
            "github.com/glebarez/go-sqlite.(*stmt).ExecContext",
            "github.com/glebarez/go-sqlite.(*stmt).QueryContext",
            "github.com/glebarez/go-sqlite.(*tx).Commit",
            "github.com/glebarez/go-sqlite.(*tx).Rollback",
        ],
    },
    Driver {
        module: "github.com/ncruces/go-sqlite3",
        system: SQLITE,
        methods: &[
            "github.com/ncruces/go-sqlite3/driver.(*conn).ExecContext",
            "github.com/ncruces/go-sqlite3/driver.(*conn).PrepareContext",
            "github.com/ncruces/go-sqlite3/driver.(*conn).BeginTx",
            "github.com/ncruces/go-sqlite3/driver.(*conn).Commit",
            "github.com/ncruces/go-sqlite3/driver.(*conn).Rollback",
            "github.com/ncruces/go-sqlite3/driver.(*stmt).ExecContext",
            "github.com/ncruces/go-sqlite3/driver.(*stmt).QueryContext",
        ],
    },
];
