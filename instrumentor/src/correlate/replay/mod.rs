//! Recorded kernel events -> exchanges, through the stages from assemble on. No kernel needed.

mod kernel;
mod rig;

use underspan_ebpf::{DESCENDS, GOROUTINE, Role as KernelRole};
use underspan_protocols::message::{Role, Value};
use underspan_protocols::semconv::attribute;

use kernel::*;
use rig::*;

#[test]
fn keep_alive() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    let first = rig.recv(2, 1, &request("/one"));
    let last = rig.send(2, 1, &(response(2) + "ok"));
    rig.recv(2, 1, &request("/two"));
    rig.send(2, 1, &(response(2) + "ok"));
    let exchanges = rig.check(2);
    let one = by_path(&exchanges, "/one");
    assert_eq!((one.start, one.first_response, one.end), (first, Some(last), last + 1));
    assert_eq!((one.request_size, one.response_size, one.error.as_deref()), (0, 2, None));
    assert_eq!(one.role, Role::Server);
}

#[test]
fn a_long_response_ends_when_its_last_byte_passed() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 1, &request("/big"));
    rig.io(2, 1, true, &response(1_000_000), 0);
    rig.run(2, true, 400_000);
    assert!(rig.finish().is_empty(), "more is to come");
    let end = rig.run(2, true, 600_000) + 1;
    let exchanges = rig.check(1);
    assert_eq!((exchanges[0].end, exchanges[0].response_size), (end, 1_000_000));
}

#[test]
fn bytes_decide_who_is_the_server() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Client, 0);
    rig.recv(2, 1, &request("/"));
    rig.send(2, 1, &response(0));
    assert_eq!(rig.check(1)[0].role, Role::Server);
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00";

fn headers(stream: u8, block: &[u8]) -> Vec<u8> {
    let length = u8::try_from(block.len()).expect("it is short");
    [&[0, 0, length, 1, 0x5, 0, 0, 0, stream], block].concat()
}

/// `GET http:/.`
fn asked(stream: u8, path: [u8; 2]) -> Vec<u8> {
    headers(stream, &[b"\x82\x86\x04\x02".as_slice(), &path].concat())
}

#[test]
fn streams_of_one_connection_interleave() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 1, &[PREFACE, SETTINGS].concat());
    let first = rig.recv(2, 1, &[asked(1, *b"/a"), asked(3, *b"/b")].concat());
    rig.send(2, 1, &[SETTINGS.to_vec(), headers(3, b"\x8e")].concat());
    rig.recv(2, 1, &asked(5, *b"/c"));
    rig.send(2, 1, &headers(5, b"\x8d"));
    let last = rig.send(2, 1, &headers(1, b"\x88"));
    rig.close(2);
    let exchanges = rig.check(3);
    let status = |path: &str| {
        let attributes = &by_path(&exchanges, path).attributes;
        let found = attributes.iter().find(|(held, _)| *held == attribute::HTTP_RESPONSE_STATUS_CODE);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(status("/a"), Some(Value::Int(200)));
    assert_eq!(status("/b"), Some(Value::Int(500)));
    assert_eq!(status("/c"), Some(Value::Int(404)));
    let slow = by_path(&exchanges, "/a");
    assert_eq!((slow.start, slow.end), (first, last + 1));
    assert_eq!(by_path(&exchanges, "/b").error.as_deref(), Some("500"));
}

#[test]
fn joined_in_the_middle() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, JOINED);
    rig.io(2, 1, true, &(response(2) + "ok"), 0);
    rig.recv(2, 1, &request("/second"));
    rig.send(2, 1, &response(0));
    rig.close(2);
    let exchanges = rig.check(2);
    assert_eq!(path(&exchanges[0]), "/second");
    assert_eq!(rig.stages.stats.exchanges_lost["no_request"], 1);
}

#[test]
fn a_loss_the_kernel_counted_is_not_counted_twice() {
    for (request_lost, response_lost) in [(true, false), (false, true), (true, true)] {
        let mut rig = Rig::new();
        rig.open(2, KernelRole::Server, 0);
        rig.recv(2, 1, &request("/one"));
        rig.send(2, 1, &response(0));
        if request_lost {
            rig.vanish(2, false, &request("/two"));
        } else {
            rig.recv(2, 1, &request("/two"));
        }
        if response_lost {
            rig.vanish(2, true, &response(0));
        } else {
            rig.send(2, 1, &response(0));
        }
        rig.recv(2, 1, &request("/three"));
        rig.send(2, 1, &response(0));
        rig.close(2);
        let exchanges = rig.check(3);
        let paths: Vec<_> = exchanges.iter().map(path).collect();
        // Where the one response there is could answer either request, neither is reported.
        assert!(paths == ["/one"] || paths == ["/one", "/three"], "{paths:?}");
    }
}

/// Any record of any connection may be lost: first records of runs are counted in the kernel, the rest shows here.
#[test]
fn the_books_balance_whatever_is_lost() {
    for seed in 0..20_000 {
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut rig = Rig::new();
        let server = random.bool();
        let role = if server { KernelRole::Server } else { KernelRole::Client };
        rig.conns.insert(2, Kernel::new(2, role, 0));
        let requests = random.u64(1..if seed % 8 == 0 { 100 } else { 8 });
        let loss = random.choice([0.0, 0.2, 0.5, 0.7, 1.0]).expect("one of them");
        let mut luck = random.fork();
        // Losses come in bursts, short or long.
        let mut full = false;
        let change = random.f32().powi(3);
        let mut fits = move || {
            full ^= luck.f32() < change;
            !full || luck.f32() >= loss
        };
        for number in 0..requests {
            let asked = request(&format!("/{number}"));
            rig.call(2, 1, !server, &[asked.as_bytes()], 0, &mut fits);
            if random.u8(..) < 20 {
                rig.with(2, &mut fits, Kernel::flush);
            }
            let body = [b'x'; 5000];
            let body = &body[..[0, 2, 5000][random.usize(..3)]];
            let head = response(body.len()).replace("200", &(220 + number % 200).to_string());
            match random.u8(..3) {
                0 => _ = rig.call(2, 1, server, &[head.as_bytes(), body], 0, &mut fits),
                1 => _ = rig.call(2, 1, server, &[&[head.as_bytes(), body].concat()], 0, &mut fits),
                _ => {
                    rig.call(2, 1, server, &[head.as_bytes()], 0, &mut fits);
                    if !body.is_empty() {
                        rig.call(2, 1, server, &[], body.len() as u64, &mut fits);
                    }
                }
            }
            if random.u8(..) < 20 {
                rig.with(2, &mut fits, Kernel::flush);
            }
        }
        rig.close_if(2, &mut fits);
        let exchanges = rig.check(requests);
        for exchange in &exchanges {
            assert_eq!(exchange.error, None, "a response there was is not reported as missing");
            let status = exchange.attributes.iter().find_map(|(name, value)| match value {
                Value::Int(status) if *name == attribute::HTTP_RESPONSE_STATUS_CODE => Some(*status),
                _ => None,
            });
            let number = status.expect("it was answered") - 220;
            assert!(
                path(exchange).ends_with(&format!("/{number}")),
                "{} answered by {number}",
                path(exchange)
            );
        }
    }
}

#[test]
fn a_response_lost_with_the_connection() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 1, &request("/one"));
    rig.vanish(2, true, &response(0));
    rig.close(2);
    assert!(rig.check(1).is_empty());
}

#[test]
fn a_call_made_while_serving_is_a_child() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 7, &request("/in"));
    rig.open(5, KernelRole::Client, 0);
    rig.send(5, 7, &request("/out"));
    rig.recv(5, 7, &response(0));
    rig.open(9, KernelRole::Client, 0);
    rig.send(9, 8, &request("/stranger"));
    rig.recv(9, 8, &response(0));
    rig.send(2, 7, &response(0));
    let exchanges = rig.check(3);
    let (server, child) = (by_path(&exchanges, "/in"), by_path(&exchanges, "/out"));
    assert_eq!((child.parent_id, child.trace_id), (Some(server.span_id), server.trace_id));
    assert!(!child.parent_remote);
    let stranger = by_path(&exchanges, "/stranger");
    assert_eq!(stranger.parent_id, None, "another thread");
    assert_ne!(stranger.trace_id, server.trace_id);
}

#[test]
fn an_event_loop_with_two_requests_is_nobodys_parent() {
    let mut rig = Rig::new();
    for conn in [2, 4] {
        rig.open(conn, KernelRole::Server, 0);
        rig.recv(conn, 7, &request(&format!("/in{conn}")));
    }
    rig.open(7, KernelRole::Client, 0);
    rig.send(7, 7, &request("/out"));
    rig.recv(7, 7, &response(0));
    rig.send(2, 7, &response(0));
    rig.send(4, 7, &response(0));
    let exchanges = rig.check(3);
    assert_eq!(by_path(&exchanges, "/out").parent_id, None);
}

#[test]
fn a_pooled_thread_whose_last_response_is_still_unreported() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 7, &request("/first"));
    rig.send(2, 7, &response(5000));
    // The body passes in silence, then the thread serves another connection.
    rig.open(4, KernelRole::Server, 0);
    rig.recv(4, 7, &request("/second"));
    rig.open(7, KernelRole::Client, 0);
    rig.send(7, 7, &request("/out"));
    rig.recv(7, 7, &response(0));
    rig.time -= 60;
    rig.run(2, true, 5000);
    rig.time += 60;
    rig.send(4, 7, &response(0));
    let exchanges = rig.check(3);
    let second = by_path(&exchanges, "/second");
    assert_eq!(by_path(&exchanges, "/out").parent_id, Some(second.span_id));
}

#[test]
fn both_ends_of_a_connection_are_one_trace() {
    for server_first in [false, true] {
        let mut rig = Rig::new();
        rig.open(3, KernelRole::Client, OPENING);
        rig.open(2, KernelRole::Server, 0);
        rig.open(3, KernelRole::Client, 0);
        for number in 0..3 {
            let wanted = format!("/{number}");
            if server_first {
                rig.recv(2, 1, &request(&wanted));
                rig.send(3, 2, &request(&wanted));
            } else {
                rig.send(3, 2, &request(&wanted));
                rig.recv(2, 1, &request(&wanted));
            }
            rig.send(2, 1, &response(0));
            rig.recv(3, 2, &response(0));
        }
        let exchanges = rig.check(6);
        for number in 0..3 {
            let ends: Vec<_> =
                exchanges.iter().filter(|exchange| path(exchange).ends_with(&format!("/{number}"))).collect();
            let (server, client) =
                if ends[0].role == Role::Server { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
            assert_eq!(server.parent_id, Some(client.span_id), "{server_first}");
            assert_eq!(server.trace_id, client.trace_id);
            assert!(server.parent_remote);
        }
    }
}

/// A goroutine that was made while a request was served calls, and all below the call waits with it until that has ended.
#[test]
fn a_call_of_a_goroutine_that_may_be_of_a_pool() {
    const CHILD: u32 = GOROUTINE | 3;
    for ends in [true, false] {
        let mut rig = Rig::new();
        rig.open(4, KernelRole::Server, 0);
        let made = rig.recv(4, 7, &request("/in"));
        rig.live(CHILD, 7, made, None);
        rig.open(3, KernelRole::Client, OPENING);
        rig.open(2, KernelRole::Server, 0);
        rig.open(3, KernelRole::Client, 0);
        rig.send(3, CHILD | DESCENDS, &request("/out"));
        rig.recv(2, 9, &request("/out"));
        rig.send(2, 9, &response(0));
        rig.recv(3, CHILD, &response(0));
        assert!(rig.finish().is_empty());
        rig.send(4, 7, &response(0));
        let mut exchanges = rig.finish();
        assert_eq!(exchanges.iter().map(path).collect::<Vec<_>>(), ["/in"]);
        if ends {
            rig.live(CHILD, 7, made, Some(rig.time));
        } else {
            rig.time += 5_000_000_000;
        }
        exchanges.extend(rig.check(2));
        let (server, rest) = exchanges.split_first().expect("three");
        let of = |role| rest.iter().find(|exchange| exchange.role == role).expect("both ends");
        let (call, answer) = (of(Role::Client), of(Role::Server));
        assert_eq!((answer.parent_id, answer.trace_id), (Some(call.span_id), call.trace_id));
        assert_eq!(call.parent_id, ends.then_some(server.span_id));
        assert_eq!(call.trace_id == server.trace_id, ends);
    }
}

#[test]
fn both_ends_of_streams_are_one_trace() {
    both_ends_of_streams(0);
    // What tells where it began is not known then.
    both_ends_of_streams(JOINED);
}

fn both_ends_of_streams(joined: u8) {
    let mut rig = Rig::new();
    rig.open(3, KernelRole::Client, OPENING);
    rig.open(2, KernelRole::Server, joined);
    rig.open(3, KernelRole::Client, joined);
    rig.send(3, 2, &[PREFACE, SETTINGS].concat());
    // One end moves at once what the other moves in pieces, and bytes cross on their way.
    rig.send(2, 1, SETTINGS);
    let both = [asked(1, *b"/a"), asked(3, *b"/b")];
    rig.send(3, 2, &both.concat());
    rig.recv(2, 1, &[PREFACE, SETTINGS, &both[0]].concat());
    rig.send(2, 1, &headers(1, b"\x88"));
    rig.recv(2, 1, &both[1]);
    rig.send(2, 1, &headers(3, b"\x8e"));
    rig.recv(3, 2, &[SETTINGS.to_vec(), headers(1, b"\x88"), headers(3, b"\x8e")].concat());
    let exchanges = rig.check(4);
    for path in ["/a", "/b"] {
        let of = |role| {
            let mut ends = exchanges.iter().filter(|end| self::path(end).ends_with(path));
            ends.find(|end| end.role == role).expect("both ends")
        };
        assert_eq!(of(Role::Server).parent_id, Some(of(Role::Client).span_id), "{path}");
        assert_eq!(of(Role::Server).trace_id, of(Role::Client).trace_id, "{path}");
    }
}

#[test]
fn the_server_died() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    rig.recv(2, 1, &request("/"));
    rig.close(2);
    let exchanges = rig.check(1);
    assert_eq!(exchanges[0].error.as_deref(), Some("connection_closed"));
}

#[test]
fn a_stranger_is_left_alone() {
    let mut rig = Rig::new();
    rig.open(2, KernelRole::Server, 0);
    for _ in 0..10 {
        rig.recv(2, 1, "*1\r\n$4\r\nPING\r\n");
        rig.send(2, 1, "+PONG\r\n");
    }
    assert!(rig.check(0).is_empty());
    assert_eq!(rig.stages.unwanted, [2]);
}
