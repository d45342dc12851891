//! Tier T2, for kernels without trampolines: the same functions by kprobes -> `Data` and `Run` records.

use super::socket_trampolines::{RECEIVE, SEND, SEND_PAGE, SPLICE_READ};
use super::{Probe, Program};
use crate::loader::Attach::{Kprobe, Kretprobe, TypedTracepoint};
use crate::loader::Functions;

/// On the functions T1 stands on.
pub static PROBE: Probe = Probe {
    name: "socket_kprobes",
    gives: "plaintext of TCP and unix stream sockets (tier T2), io_uring included",
    without: "the next tier serves",
    typed_sockets: false,
    programs: &[
        sends_return(SEND),
        receives_return(RECEIVE),
        CLEANUP,
        CALL_RETURNS,
        Program { name: "us_kprobe_send", optional: None, attach: Kprobe(Functions::all(SEND)) },
        Program { name: "us_kprobe_receive", optional: None, attach: Kprobe(Functions::all(RECEIVE)) },
        SEND_PAGE_BEGINS,
        SPLICE_READ_BEGINS,
        UNIX_RELEASE,
    ],
};

/// On those of TCP, where the former have no symbol.
pub static TCP: Probe = Probe {
    name: "socket_kprobes_tcp",
    gives: "plaintext of TCP and unix stream sockets (tier T2, by the functions of TCP)",
    without: "the next tier serves",
    typed_sockets: false,
    programs: &[
        sends_return(&["tcp_sendmsg", UNIX_SEND]),
        receives_return(&["tcp_recvmsg", UNIX_RECEIVE]),
        CLEANUP,
        CALL_RETURNS,
        Program {
            name: "us_kprobe_tcp_send",
            optional: None,
            attach: Kprobe(Functions::all(&["tcp_sendmsg"])),
        },
        Program {
            name: "us_kprobe_tcp_receive",
            optional: None,
            attach: Kprobe(Functions::all(&["tcp_recvmsg"])),
        },
        Program { name: "us_kprobe_send", optional: None, attach: Kprobe(Functions::all(&[UNIX_SEND])) },
        Program {
            name: "us_kprobe_receive",
            optional: None,
            attach: Kprobe(Functions::all(&[UNIX_RECEIVE])),
        },
        SEND_PAGE_BEGINS,
        SPLICE_READ_BEGINS,
        UNIX_RELEASE,
    ],
};

const UNIX_SEND: &str = "unix_stream_sendmsg";
const UNIX_RECEIVE: &str = "unix_stream_recvmsg";

const fn sends_return(names: &'static [&'static str]) -> Program {
    let functions = Functions { names, where_present: SEND_PAGE };
    Program { name: "us_kretprobe_send", optional: None, attach: Kretprobe(functions) }
}

const fn receives_return(names: &'static [&'static str]) -> Program {
    let functions = Functions { names, where_present: SPLICE_READ };
    Program { name: "us_kretprobe_receive", optional: None, attach: Kretprobe(functions) }
}

const CLEANUP: Program = Program {
    name: "us_kprobe_tcp_cleanup_rbuf",
    optional: Some("bytes of receives that many threads wait in at once are counted, not read"),
    attach: Kprobe(Functions::all(&["tcp_cleanup_rbuf"])),
};
const CALL_RETURNS: Program = Program {
    name: "us_kprobe_sys_exit",
    optional: Some("bytes of unix sockets that many threads wait for at once are counted, not read"),
    attach: TypedTracepoint("sys_exit"),
};
const SEND_PAGE_BEGINS: Program =
    Program { name: "us_kprobe_send_page", optional: None, attach: Kprobe(Functions::present(SEND_PAGE)) };
const SPLICE_READ_BEGINS: Program = Program {
    name: "us_kprobe_splice_read",
    optional: None,
    attach: Kprobe(Functions::present(SPLICE_READ)),
};
const UNIX_RELEASE: Program = Program {
    name: "us_kprobe_unix_release",
    optional: Some("the end of unix sockets is told from silence"),
    attach: Kprobe(Functions::all(&["unix_release"])),
};
