//! Goroutines being made, and borrowing connections -> which request a call of a Go program belongs to.

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "go_routines",
    gives: "parents of calls that Go programs make in goroutines of their own, over pooled connections, and in servers of HTTP/2",
    without: "such calls have no parent; those of the goroutine that serves the request do",
    typed_sockets: true,
    programs: &[
        Program { name: CREATE_ENTER, optional: None, attach: Uprobe },
        Program { name: CREATE_LEAVE, optional: None, attach: Uprobe },
        Program { name: END, optional: None, attach: Uprobe },
        Program { name: ROUND_TRIP, optional: None, attach: Uprobe },
        Program { name: WRITE_LOOP, optional: None, attach: Uprobe },
        Program { name: WRITER, optional: None, attach: Uprobe },
        Program { name: STREAM_ENTER, optional: None, attach: Uprobe },
        Program { name: STREAM_LEAVE, optional: None, attach: Uprobe },
        Program { name: HEADERS_MADE, optional: None, attach: Uprobe },
        Program { name: HEADERS_WRITTEN, optional: None, attach: Uprobe },
    ],
};

const CREATE_ENTER: &str = "us_go_create_enter";
const CREATE_LEAVE: &str = "us_go_create_leave";
/// Runs where a goroutine ends.
pub const END: &str = "us_go_end";
const ROUND_TRIP: &str = "us_go_round_trip";
const WRITE_LOOP: &str = "us_go_write_loop";
const WRITER: &str = "us_go_writer";
const STREAM_ENTER: &str = "us_go_stream_enter";
const STREAM_LEAVE: &str = "us_go_stream_leave";
const HEADERS_MADE: &str = "us_go_headers_made";
const HEADERS_WRITTEN: &str = "us_go_headers_written";

/// A function and what runs on it.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    /// Runs where it begins.
    pub enter: Option<&'static str>,
    /// Runs where it returns.
    pub leave: Option<&'static str>,
    /// What it is worth.
    pub need: Need,
}

/// What a probe is worth to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// They do without.
    None,
    /// They would mislead if the function is in the program and is not probed.
    IfThere,
    /// Nothing is known without it.
    Always,
}

/// Those of pools come first, so that no goroutine of one is known without being known as that.
pub const CALLS: &[Call] = &[
    enter("net/http.(*persistConn).writeLoop", WRITE_LOOP, Need::IfThere),
    // Connections older than the agent.
    enter("net/http.persistConnWriter.Write", WRITE_LOOP, Need::None),
    enter("net/http.(*persistConn).roundTrip", ROUND_TRIP, Need::IfThere),
    enter("github.com/valyala/fasthttp.(*pipelineConnClient).writer", WRITER, Need::IfThere),
    enter(
        "google.golang.org/grpc/internal/transport.(*loopyWriter).writeHeader",
        HEADERS_WRITTEN,
        Need::IfThere,
    ),
    leave("google.golang.org/grpc/internal/transport.(*http2Client).createHeaderFields", HEADERS_MADE),
    around("google.golang.org/grpc/internal/transport.(*http2Server).operateHeaders"),
    around("golang.org/x/net/http2.(*serverConn).processHeaders"),
    around("net/http.(*http2serverConn).processHeaders"),
    around("net/http/internal/http2.(*serverConn).processHeaders"),
    Call {
        name: "runtime.newproc1",
        enter: Some(CREATE_ENTER),
        leave: Some(CREATE_LEAVE),
        need: Need::Always,
    },
];

const fn enter(name: &'static str, program: &'static str, need: Need) -> Call {
    Call { name, enter: Some(program), leave: None, need }
}

const fn leave(name: &'static str, program: &'static str) -> Call {
    Call { name, enter: None, leave: Some(program), need: Need::None }
}

/// A function that makes the goroutine for a stream.
const fn around(name: &'static str) -> Call {
    Call { name, enter: Some(STREAM_ENTER), leave: Some(STREAM_LEAVE), need: Need::None }
}

/// Where goroutines end: the first that is in the program, where it checks the stack's size. That is emulated in all versions of Go. These run on
/// the thread's own stack, which does not grow, so that no call starts anew. Without it, what goroutines do that others made has no parent.
pub const ENDS: [&str; 2] = ["runtime.gdestroy", "runtime.goexit0"];

/// `runtime.newproc1` gives back the new goroutine, and its caller hands that over to be run, by its second argument. A call is emulated by the
/// kernel and the return is not, which costs ten times as much.
pub const HANDED_OVER: HandedOver = HandedOver {
    function: "runtime.newproc.func1",
    makes: "runtime.newproc1",
    hands_over: "runtime.runqput",
    cookie: 4,
    unless: "runtime.newcoro",
};

/// See [`HANDED_OVER`].
#[derive(Debug)]
pub struct HandedOver {
    /// Whoever makes goroutines.
    pub function: &'static str,
    /// By this.
    pub makes: &'static str,
    /// And calls this, where the program that runs on returns may stand instead.
    pub hands_over: &'static str,
    /// Added to its cookie there (`HANDED_OVER` in the program).
    pub cookie: u64,
    /// Another one that makes goroutines, in programs that have coroutines (`iter.Pull`).
    pub unless: &'static str,
}

/// Cookies: where arguments are (`CREATOR_*` in the program).
pub const SINCE_18: u64 = 0;
/// See [`SINCE_18`].
pub const IN_17: u64 = 1;
/// See [`SINCE_18`].
pub const BEFORE_17: u64 = 2;
