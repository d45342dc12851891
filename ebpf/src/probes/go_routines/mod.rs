//! Goroutines being made, and borrowing connections -> which request a call of a Go program belongs to.

use super::{Probe, Program};
use crate::loader::Attach::Uprobe;

/// See the module.
pub static PROBE: Probe = Probe {
    name: "go_routines",
    gives: "parents of calls that Go programs make in goroutines of their own, and over pooled connections of net/http",
    without: "such calls have no parent; those of the goroutine that serves the request do",
    typed_sockets: true,
    programs: &[
        Program { name: CREATE_ENTER, optional: None, attach: Uprobe },
        Program { name: CREATE_LEAVE, optional: None, attach: Uprobe },
        Program { name: ROUND_TRIP, optional: None, attach: Uprobe },
        Program { name: WRITE_LOOP, optional: None, attach: Uprobe },
    ],
};

const CREATE_ENTER: &str = "us_go_create_enter";
const CREATE_LEAVE: &str = "us_go_create_leave";
const ROUND_TRIP: &str = "us_go_round_trip";
const WRITE_LOOP: &str = "us_go_write_loop";

/// A function and its programs: where it begins, and where it returns. Those of pools come first, so that no goroutine of one is known
/// without being known as that.
pub const CALLS: &[(&str, &str, Option<&str>)] = &[
    ("google.golang.org/grpc/internal/transport.(*loopyWriter).run", WRITE_LOOP, None),
    ("net/http.(*persistConn).writeLoop", WRITE_LOOP, None),
    ("net/http.(*persistConn).roundTrip", ROUND_TRIP, None),
    ("runtime.newproc1", CREATE_ENTER, Some(CREATE_LEAVE)),
];

/// Cookies: where arguments are (`CREATOR_*` in the program).
pub const SINCE_18: u64 = 0;
/// See [`SINCE_18`].
pub const IN_17: u64 = 1;
/// See [`SINCE_18`].
pub const BEFORE_17: u64 = 2;
