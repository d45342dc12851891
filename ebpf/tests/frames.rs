//! A framed protocol in awkward cuts: what reaches user space is what the framing declares, at the right place, and every byte is told of.
//! Needs root; without it the test says that it was skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use underspan_ebpf::{Bare, Framing, Keep, Record, Settings, Signature, Tracer};

/// Bytes captured of the bodies of `Q`, and of `C`.
const KEPT: [usize; 2] = [10, 6];
/// Longer than what is captured rather than passed over.
const LONG: usize = 300;

/// A kind, then four bytes of length that count themselves, as `PostgreSQL` has it. `Q` is asked for in part, of `B` the header, of `X` nothing.
fn framing() -> Framing {
    let mut keep = [[Keep::Invalid; 256]; 2];
    for (direction, kinds) in keep.iter_mut().enumerate() {
        kinds[usize::from(b'Q')] = Keep::Body(u16::try_from(KEPT[direction]).unwrap());
        kinds[usize::from(b'B')] = Keep::Body(0);
        kinds[usize::from(b'X')] = Keep::Silent;
    }
    let mut opens = [false; 256];
    opens[usize::from(b'Q')] = true;
    Framing {
        keep,
        opens,
        signatures: vec![Signature {
            bytes: *b"\0\0\0\x08abcd",
            mask: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        }],
        midway: vec![Signature { bytes: *b"Q\0\0\x01\0\0\0\0", mask: [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0] }],
        response_first: false,
        runs: true,
        preface: 0,
        header: 5,
        length_at: 1,
        length_size: 4,
        length_counts: 4,
        big_endian: true,
        longest: 1 << 20,
        kind_at: [0, 0],
        bare: Some(Bare { header: 4, first: 0, keep: 100, answered: 4 }),
    }
}

/// Bytes of a stream, and which of them are wanted whatever the cuts; silent frames by their beginning.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    wanted: BTreeSet<usize>,
    silent: Vec<usize>,
}

impl Stream {
    fn raw(&mut self, bytes: &[u8]) {
        self.wanted.extend(self.bytes.len()..self.bytes.len() + bytes.len());
        self.bytes.extend(bytes);
    }

    fn frame(&mut self, kind: u8, body: usize, response: bool) {
        let start = self.bytes.len();
        self.bytes.push(kind);
        self.bytes.extend(u32::try_from(body + 4).unwrap().to_be_bytes());
        self.bytes.extend((0..body).map(|index| u8::try_from((start + index) % 251).unwrap()));
        let kept = if kind == b'Q' { KEPT[usize::from(response)].min(body) } else { 0 };
        match kind {
            b'X' => self.silent.push(start),
            _ => self.wanted.extend(start..start + 5 + kept),
        }
    }

    /// What is to be captured when the calls have these lengths, of which the first ends a run of the other direction.
    fn captured(&self, calls: &[usize]) -> BTreeSet<usize> {
        let mut ends = calls.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        let ends: Vec<_> = ends.by_ref().collect();
        let call_of = |at| ends.iter().position(|end| at < *end).unwrap();
        let mut wanted = self.wanted.clone();
        for start in &self.silent {
            if call_of(*start) != call_of(start + 4) || *start == 0 {
                wanted.extend(*start..start + 5);
            }
        }
        wanted
    }
}

/// What came of one direction.
#[derive(Default)]
struct Seen {
    captured: BTreeMap<usize, u8>,
    told: usize,
    aligned: bool,
}

/// All tests trace this very process, so what one does another would hear.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tracer(ring_bytes: u32, as_newest: bool) -> Option<Tracer> {
    let settings = Settings {
        ring_bytes,
        as_newest,
        request_budget: 64,
        response_budget: 64,
        deadline: Duration::from_mins(1),
        payload: std::env::var("PAYLOAD").into_iter().collect(),
        framings: vec![framing()],
        ..Settings::default()
    };
    match Tracer::start(&settings) {
        Ok(tracer) => Some(tracer),
        Err(error) => {
            eprintln!("skipped: frames: {error}");
            None
        }
    }
}

/// Sends a stream in calls of these segments, and receives it in the same.
fn pass(stream: &Stream, from: &mut TcpStream, to: &mut TcpStream, calls: &[Vec<usize>]) {
    let mut at = 0;
    for call in calls {
        let slices: Vec<_> = call
            .iter()
            .map(|size| {
                at += size;
                IoSlice::new(&stream.bytes[at - size..at])
            })
            .collect();
        assert_eq!(from.write_vectored(&slices).unwrap(), call.iter().sum::<usize>());
    }
    assert_eq!(at, stream.bytes.len(), "the calls are those of the stream");
    for call in calls {
        let length: usize = call.iter().sum();
        let mut waiting = vec![0; length];
        while to.peek(&mut waiting).unwrap() < length {}
        let mut buffers: Vec<_> = call.iter().map(|size| vec![0; *size]).collect();
        let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        assert_eq!(to.read_vectored(&mut slices).unwrap(), length);
    }
}

/// What is seen of two connections, of the client and of the server: by socket and direction.
fn drain(tracer: &mut Tracer) -> BTreeMap<(u64, bool), Seen> {
    let mut seen: BTreeMap<(u64, bool), Seen> = BTreeMap::new();
    let position = |offset: u64| usize::try_from(offset).unwrap();
    tracer.drain(Instant::now() + Duration::from_secs(5), |record| match record.unwrap() {
        Record::Data(data) => {
            if let Some((total, _)) = data.other {
                seen.entry((data.conn, !data.flags.sent())).or_default().told = position(total);
            }
            let direction = seen.entry((data.conn, data.flags.sent())).or_default();
            assert_eq!(direction.told, position(data.offset - data.before), "no hole: {data:?}");
            let bytes = data.bytes.iter().enumerate();
            direction.captured.extend(bytes.map(|(at, byte)| (position(data.offset) + at, *byte)));
            direction.told = position(data.offset + data.length);
            direction.aligned = data.flags.aligned();
        }
        Record::Run(run) => {
            let direction = seen.entry((run.conn, run.flags.sent())).or_default();
            direction.told = position(run.offset);
        }
        _ => {}
    });
    seen
}

fn check(name: &str, seen: &Seen, stream: &Stream, calls: &[Vec<usize>]) {
    let lengths: Vec<_> = calls.iter().map(|call| call.iter().sum()).collect();
    let expected = stream.captured(&lengths);
    let captured: BTreeSet<_> = seen.captured.keys().copied().collect();
    let differ: Vec<_> = captured.symmetric_difference(&expected).collect();
    assert!(differ.is_empty(), "{name}: wanted or not: {differ:?}");
    assert!(seen.captured.iter().all(|(at, byte)| stream.bytes[*at] == *byte), "{name}: other bytes");
    assert_eq!(seen.told, stream.bytes.len(), "{name}: bytes nobody told of");
    assert!(seen.aligned, "{name}");
}

/// Cuts `length` into calls of one segment.
fn cut(length: usize, size: usize) -> Vec<Vec<usize>> {
    (0..length).step_by(size).map(|at| vec![size.min(length - at)]).collect()
}

/// Cuts `length` into one call whose segments have this size.
fn segments(length: usize, size: usize) -> Vec<Vec<usize>> {
    vec![cut(length, size).concat()]
}

fn conversation(name: &str, tracer: &mut Tracer, calls: impl Fn(usize) -> Vec<Vec<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    tracer.find_listeners().unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_nodelay(true).unwrap();
    let mut server = listener.accept().unwrap().0;
    let _ = drain(tracer);
    // Asks whether something is possible; it is not. Both sides speak as if nothing had been asked.
    let (mut request, mut answer) = (Stream::default(), Stream::default());
    request.raw(b"\0\0\0\x08abcd");
    answer.raw(b"N");
    pass(&request, &mut client, &mut server, &[vec![8]]);
    pass(&answer, &mut server, &mut client, &[vec![1]]);
    for (kind, body) in [(b'Q', LONG), (b'X', LONG), (b'Q', 5), (b'B', LONG), (b'X', LONG), (b'Q', LONG)] {
        request.frame(kind, body, false);
        answer.frame(kind, body, true);
    }
    let after =
        |stream: &Stream, from: usize| Stream { bytes: stream.bytes[from..].to_vec(), ..Stream::default() };
    let (asks, answers) = (calls(request.bytes.len() - 8), calls(answer.bytes.len() - 1));
    pass(&after(&request, 8), &mut client, &mut server, &asks);
    pass(&after(&answer, 1), &mut server, &mut client, &answers);
    // What passed last and is not captured is told of at the end.
    drop((client, server));
    let seen = drain(tracer);
    assert_eq!(seen.len(), 4, "{name}: both directions of both ends");
    for ((conn, sent), direction) in &seen {
        // The client's requests and the server's responses are sent.
        let is_request = direction.captured.get(&0) == Some(&0);
        let (stream, first, calls) = if is_request { (&request, 8, &asks) } else { (&answer, 1, &answers) };
        let all: Vec<_> = std::iter::once(vec![first]).chain(calls.iter().cloned()).collect();
        check(&format!("{name}, {conn:#x} sent {sent}"), direction, stream, &all);
    }
}

#[test]
fn what_is_declared_is_captured_and_nothing_else() {
    captures_what_is_declared(false);
}

/// Where the kernel interrupts programs there are several at each hook, of which one is to do the work.
#[test]
fn copies_of_programs_capture_nothing_twice() {
    captures_what_is_declared(true);
}

fn captures_what_is_declared(as_newest: bool) {
    let _alone = alone();
    let Some(mut tracer) = tracer(8 << 20, as_newest) else { return };
    tracer.select(std::process::id()).unwrap();
    conversation("one call", &mut tracer, |length| segments(length, length));
    conversation("a byte per call", &mut tracer, |length| cut(length, 1));
    conversation("seven bytes per call", &mut tracer, |length| cut(length, 7));
    conversation("in calls of three frames", &mut tracer, |length| cut(length, 700));
    conversation("in segments", &mut tracer, |length| segments(length, 97));
    assert_eq!(tracer.counters().unaligned, 0);
    assert_eq!(tracer.counters().lost_records, 0);
}

/// Bytes that are no frames end the following of a direction until its next run; what passes meanwhile is captured by the budget.
#[test]
fn a_run_later_frames_are_found_again() {
    let _alone = alone();
    let Some(mut tracer) = tracer(8 << 20, false) else { return };
    tracer.select(std::process::id()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    tracer.find_listeners().unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut server = listener.accept().unwrap().0;
    let mut requests = Stream::default();
    requests.raw(b"\0\0\0\x0cabcdefgh");
    let mut say = |bytes: &[u8], back: &[u8]| {
        client.write_all(bytes).unwrap();
        server.read_exact(&mut vec![0; bytes.len()]).unwrap();
        server.write_all(back).unwrap();
        client.read_exact(&mut vec![0; back.len()]).unwrap();
    };
    // The signature does not fit: nothing is known of the connection before the verdict.
    say(b"?\0\0\0\x08abcdefgh", b"Q\0\0\0\x05!");
    let conns: BTreeSet<_> = drain(&mut tracer).into_keys().map(|(conn, _)| conn).collect();
    assert_eq!(conns.len(), 2);
    for conn in &conns {
        tracer.set_verdict(*conn, underspan_ebpf::Verdict::Framing(1)).unwrap();
    }
    let body = [b'.'; LONG];
    let query = [&b"Q\0\0\x01\x30"[..], &body].concat();
    let silent = [&b"X\0\0\x01\x30"[..], &body].concat();
    let mut run = |bytes: &[u8]| {
        say(bytes, b"Q\0\0\0\x05!");
        let mut captured = Vec::new();
        tracer.drain(Instant::now() + Duration::from_secs(5), |record| {
            if let Ok(Record::Data(data)) = record
                && data.flags.request()
                && data.flags.sent()
            {
                captured.push((data.bytes.len(), data.flags.aligned()));
            }
        });
        captured
    };
    assert_eq!(run(&[&query[..], &silent, &query].concat()), [(15, true), (15, true)]);
    assert_eq!(run(&[&query[..], b"?????", &query].concat()), [(15, true), (64, true)]);
    assert_eq!(run(&query), [(15, true)]);
    assert_eq!(run(b"?????"), [(5, true)], "up to here, all was frames");
    assert_eq!(run(b"?????"), [(5, false)]);
    assert_eq!(run(&query), [(15, true)]);
    assert_eq!(tracer.counters().unaligned, 4, "twice, of both ends");
}

/// Of a connection older than the agent, frames are followed from the first that cannot be anything else, without anybody's verdict.
#[test]
fn a_connection_joined_on_its_way_is_followed() {
    let _alone = alone();
    let Some(mut tracer) = tracer(8 << 20, false) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    tracer.find_listeners().unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut server = listener.accept().unwrap().0;
    let mut say = |bytes: &[u8], back: &[u8]| {
        client.write_all(bytes).unwrap();
        server.read_exact(&mut vec![0; bytes.len()]).unwrap();
        server.write_all(back).unwrap();
        client.read_exact(&mut vec![0; back.len()]).unwrap();
    };
    say(b"before", b"before");
    tracer.select(std::process::id()).unwrap();
    let mut run = |request: &[u8], response: &[u8]| {
        say(request, response);
        let mut captured = BTreeMap::<_, Vec<_>>::new();
        tracer.drain(Instant::now() + Duration::from_secs(5), |record| {
            if let Ok(Record::Data(data)) = record {
                let of = captured.entry((data.flags.request(), data.flags.sent())).or_default();
                of.push((data.bytes.len(), data.flags.aligned()));
            }
        });
        captured
    };
    let both = |request: &[(usize, bool)], response: &[(usize, bool)]| {
        let ends = |request, captured: &[_]| [true, false].map(|sent| ((request, sent), captured.to_vec()));
        ends(true, request).into_iter().chain(ends(false, response)).collect::<BTreeMap<_, _>>()
    };
    let body = [b'.'; LONG];
    let (short, query) = (b"Q\0\0\0\x05!", [&b"Q\0\0\x01\x30"[..], &body].concat());
    // It may be one of its frames, or anything else.
    assert_eq!(run(short, short), both(&[(6, false)], &[(6, false)]));
    // The second would be beyond the budget.
    let two = [&query[..], &query].concat();
    assert_eq!(run(&two, &two), both(&[(15, true), (15, true)], &[(11, true), (11, true)]));
    assert_eq!(run(short, short), both(&[(6, true)], &[(6, true)]));
    assert_eq!(tracer.counters().unaligned, 0);
}

/// A record that does not fit the ring loses the exchanges that open in it: as many as there are.
#[test]
fn lost_openings_are_counted() {
    let _alone = alone();
    let Some(mut tracer) = tracer(4096, false) else { return };
    tracer.select(std::process::id()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    tracer.find_listeners().unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut server = listener.accept().unwrap().0;
    let mut requests = Stream::default();
    requests.raw(b"\0\0\0\x08abcd");
    // Three in each call, one of them silent: two exchanges.
    for _ in 0..100 {
        for kind in [b'Q', b'X', b'Q'] {
            requests.frame(kind, LONG, false);
        }
    }
    let calls: Vec<_> =
        std::iter::once(vec![8]).chain(cut(requests.bytes.len() - 8, 3 * (LONG + 5))).collect();
    pass(&requests, &mut client, &mut server, &calls);
    let mut heard = 0;
    tracer.drain(Instant::now() + Duration::from_secs(5), |record| {
        if let Ok(Record::Data(data)) = record {
            heard += u64::from(data.bytes.first() == Some(&b'Q'));
            heard += u64::from(data.bytes.len() == 8 + 15); // the first record, behind what comes before all frames
        }
    });
    let counters = tracer.counters();
    assert!(counters.lost_exchanges > 300 && heard > 4, "{heard} {counters:?}");
    assert_eq!(heard + counters.lost_exchanges, 2 * 200, "of both ends");
}
