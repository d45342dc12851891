//! Programs in Go: their functions are found, stripped or not, by every version of Go, and what they encrypt is read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use underspan::attach::plaintext::Plaintext;
use underspan_ebpf::elf::Image;
use underspan_ebpf::go::{Abi, Program};
use underspan_ebpf::placement::Planner;
use underspan_ebpf::probes::go_routines::{HANDED_OVER, HandedOver};
use underspan_ebpf::probes::go_tls::CALLS;
use underspan_ebpf::uprobes::Uprobes;
use underspan_ebpf::{Settings, Tracer};
use underspan_tests::agent::binary;
use underspan_tests::oracle::{Family, Kind, by_path};
use underspan_tests::workload::go::{Build, Deep, Relay, Speech, Toolchain, Web};
use underspan_tests::workload::process::Process;
use underspan_tests::workload::scale;

use crate::inside::{end, measured};
use crate::soak;
use crate::stage::{Session, Turn, enter, skip};

const STRIPPED: Build = Build { stripped: true, ..Build::PLAIN };
/// How programs are built. Tests begin with different ones, so that each kind meets each protocol.
pub(crate) const KINDS: [Build; 4] =
    [Build::PLAIN, STRIPPED, Build { pie: true, ..STRIPPED }, Build { cgo: true, ..STRIPPED }];
/// Clients at a time, each with a connection of its own, and the requests of each.
const CLIENTS: u64 = 16;
const REQUESTS: u64 = 200;
/// Goroutines that work while probes come and go, and how often these do at the least.
const GOROUTINES: u32 = 1000;
const TIMES: usize = 5;

/// Begins a test that wants Go. `None`: there is none here, which it has said.
pub(crate) fn begin(name: &str) -> Option<(Turn, Vec<Toolchain>)> {
    match Toolchain::all() {
        Ok(toolchains) => enter(name).map(|turn| (turn, toolchains)),
        Err(reason) => {
            skip(name, &reason);
            None
        }
    }
}

/// Where a program's modules are listed in old versions and in recent ones.
pub(crate) fn modules(toolchain: &Toolchain) -> &'static str {
    if toolchain.is_since(24) { "latest.mod" } else { "go.mod" }
}

/// Every function's address by both accounts: the symbols of the program that has them, and the table in the one that may not.
fn compare(toolchain: &Toolchain, plain: &Path, other: &Path) {
    let image = Image::open(other).unwrap();
    let program = Program::of(&image).unwrap_or_else(|error| panic!("{}: {error}", other.display()));
    assert_eq!(program.build.version, toolchain.version);
    assert_eq!(program.build.path, "example.org/web");
    let stack = toolchain.version.starts_with("go1.16");
    assert_eq!(program.abi(&image), Some(if stack { Abi::Stack } else { Abi::Registers }));
    let functions = program.functions(&image, |_| true).unwrap();

    let symbols = toolchain.symbols(plain);
    let mut truth: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for (address, name) in &symbols {
        truth.entry(*address).or_default().insert(name);
    }
    assert!(functions.found.len() > 3000, "{}: {} functions", other.display(), functions.found.len());
    let mut known = BTreeSet::new();
    for function in &functions.found {
        let names = truth.get(&function.address);
        // The symbols tell more: which convention, and for which types. Go's tool prints its middle dot as a dot.
        let same = |name: &&str| plain_name(name) == plain_name(&function.name);
        assert!(
            names.is_some_and(|names| names.iter().any(same)),
            "{}: {function:?} is {names:?}",
            other.display()
        );
        known.insert(function.address);
    }
    for name in ["main.main", "crypto/tls.(*Conn).Read", "crypto/tls.(*Conn).Write", "runtime.newproc1"] {
        let (address, _) = symbols.iter().find(|(_, known)| known == name).unwrap();
        assert!(known.contains(address), "{}: {name} is missing", other.display());
    }
    assert!(program.goroutines(&image));
    let HandedOver { function, makes, hands_over, .. } = HANDED_OVER;
    let behind = program.call_behind(&image, function, makes, hands_over).unwrap();
    assert!(behind.is_some(), "{}: {function} is not understood", other.display());
    let hooked: Vec<_> = CALLS.iter().map(|(name, _)| *name).collect();
    for hook in program.hooks(&image, &hooked).unwrap() {
        let places = hook.places.unwrap_or_else(|refusal| panic!("{}: {refusal}", hook.name));
        assert!(!places.returns.is_empty(), "{places:?}");
    }
}

/// What the command line says of it.
fn show(toolchain: &Toolchain, program: &Path) {
    let output = Command::new(binary()).args(["list", "--go"]).arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [&*toolchain.version, "example.org/web", "crypto/tls.(*Conn).Read", "returns at"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    let output = Command::new(binary()).args(["list", "--go", "/bin/sh"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("not a Go program"));
}

fn plain_name(name: &str) -> String {
    let name = name.strip_suffix(".abi0").unwrap_or(name).replace('·', ".");
    match name.split_once('[') {
        Some((before, rest)) => {
            let behind = rest.rsplit_once(']').map_or("", |(_, behind)| behind);
            format!("{before}[]{behind}")
        }
        None => name,
    }
}

#[test]
fn functions_are_found_in_programs_of_every_kind() {
    let Some((_turn, toolchains)) = begin("go::functions_are_found_in_programs_of_every_kind") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for toolchain in toolchains {
        show(&toolchain, &toolchain.build("web", STRIPPED, folder.path()));
        for build in Build::ALL {
            let plain = toolchain.build("web", Build { stripped: false, ..build }, folder.path());
            let other = toolchain.build("web", build, folder.path());
            compare(&toolchain, &plain, &other);
        }
    }
}

/// No machine of that kind is needed to see where probes would go.
#[test]
fn returns_are_found_in_programs_for_aarch64() {
    let Some((_turn, toolchains)) = begin("go::returns_are_found_in_programs_for_aarch64") else { return };
    let folder = tempfile::tempdir().unwrap();
    for toolchain in toolchains {
        let program = toolchain.for_aarch64().build("web", Build::PLAIN, folder.path());
        let truth = toolchain.returns(&program, r"^crypto/tls\.");
        let image = Image::open(&program).unwrap();
        let found = Program::of(&image).unwrap();
        let stack = !toolchain.is_since(18);
        assert_eq!(found.abi(&image), Some(if stack { Abi::Stack } else { Abi::Registers }));
        // It is in a register, which nobody reads yet.
        assert!(!found.goroutines(&image), "{}", toolchain.version);
        let functions = found.functions(&image, |name| name.starts_with(b"crypto/tls.")).unwrap();
        let planner = Planner::of_go(&image, functions.starts);
        let mut returns: Vec<_> =
            functions.found.iter().flat_map(|function| planner.returns(function)).collect();
        returns.sort_unstable();
        let truth: Vec<_> = truth.iter().map(|address| image.offset_of(*address).unwrap()).collect();
        assert!(truth.len() > 500, "{}: {} returns", toolchain.version, truth.len());
        assert_eq!(returns, truth, "{}", toolchain.version);
    }
}

#[test]
fn https_of_stripped_programs_is_read_at_both_ends() {
    let Some((_turn, toolchains)) = begin("go::https_of_stripped_programs_is_read_at_both_ends") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (index, toolchain) in toolchains.iter().enumerate() {
        // A different kind each.
        let build = Build { stripped: true, pie: index % 2 == 1, cgo: index % 3 == 2 };
        let program = toolchain.build("web", build, folder.path());
        let requests = scale::down(REQUESTS);
        let web = Web::start(&program);
        let mut client = web.client(&program, "/go", CLIENTS, requests);
        let session = Session::trace(&[web.pid(), client.pid()]);
        client.begin();
        assert!(client.wait().success(), "{}: an answer was wrong", toolchain.version);
        let calls = CLIENTS * requests;
        let books = session.finish(2 * calls);
        books.perfect(2 * calls);
        let (servers, callers) = (books.of(Kind::Server), books.of(Kind::Client));
        assert_eq!((servers.len() as u64, callers.len() as u64), (calls, calls), "{}", toolchain.version);
        let family = Family::compare(&servers, &by_path(&callers, Kind::Client), |path| path);
        assert_eq!(family, Family { right: calls, ..Family::default() }, "{}", toolchain.version);
        // Whoever asks serves nobody.
        assert!(callers.iter().all(|span| span.parent.is_empty()), "{}", toolchain.version);
        for span in &books.spans {
            match span.kind {
                Kind::Server => assert_eq!(span.attribute("url.scheme"), "https", "{span:?}"),
                Kind::Client => assert!(span.attribute("url.full").starts_with("https://"), "{span:?}"),
            }
            assert_eq!(span.attribute("http.response.status_code"), "200", "{span:?}");
        }
    }
}

/// Stacks grow and shrink, and with them move, while goroutines are in the middle of functions that probes are put into and taken from. They
/// check every answer they get, and their stacks. Programs for the kernel are loaded once, so that the probes come and go as fast as can be.
#[test]
fn goroutines_do_not_notice_probes_that_come_and_go() {
    let Some((_turn, toolchains)) = begin("go::goroutines_do_not_notice_probes_that_come_and_go") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut tracer =
        Tracer::start(&Settings { deadline: Duration::from_hours(1), ..Settings::default() }).unwrap();
    let mut uprobes = tracer.take_uprobes().unwrap();
    for (index, toolchain) in toolchains.iter().enumerate() {
        // Without gRPC, as it was, and as it is.
        let modules = ["go.mod", "grpc.mod", "latest.mod"]
            [usize::from(toolchain.is_since(18)) + usize::from(toolchain.is_since(24))];
        // Both where there is time.
        let kinds = [STRIPPED, Build { stripped: true, pie: true, cgo: true }];
        for (kind, build) in kinds.into_iter().enumerate() {
            if !soak::is_long() && kind != index % 2 {
                continue;
            }
            let program = toolchain.build_with(modules, "deep", build, folder.path());
            come_and_go(&mut tracer, &mut uprobes, &program);
        }
    }
}

fn come_and_go(tracer: &mut Tracer, uprobes: &mut Uprobes, program: &Path) {
    let what = program.file_name().unwrap().display();
    let mut deep = Deep::start(program, GOROUTINES);
    let pid = deep.pid();
    tracer.select(pid).unwrap();
    tracer.set_go(pid, true);
    let mut plaintext = Plaintext::default();
    let (mut times, mut records) = (0, 0_u64);
    let end = Instant::now() + soak::duration(Duration::from_secs(3));
    while !deep.has_ended() && (Instant::now() < end || times < TIMES) {
        let found = plaintext.begin(uprobes, pid);
        assert_eq!(found.len(), 2, "{what}: {found:?}");
        assert!(found.iter().all(|library| library.probes.is_ok()), "{what}: {found:?}");
        // For some calls to begin and some to end.
        std::thread::sleep(Duration::from_millis(20));
        tracer.drain(Instant::now() + Duration::from_millis(20), |_| records += 1);
        assert_eq!(plaintext.end(pid).len(), 2, "{what}");
        times += 1;
    }
    let depths = deep.finish();
    tracer.deselect(pid);
    println!("{what}: probes came and went {times} times, {records} records, {depths:?}");
    assert!(times >= TIMES, "{what}: probes came and went {times} times");
    assert!(records > 0 && depths.moved > 0, "{what}: {records} records, {depths:?}");
    assert!(depths.calls >= u64::from(GOROUTINES), "{what}: {depths:?}");
}

/// Calls a server makes while it serves a request: of the same goroutine and of others it makes, over connections that all requests share, 30
/// requests at a time. The truth is in their paths. `connections` are those to the server that is asked, 0 for any number.
pub(crate) fn relay(toolchain: &Toolchain, program: &Path, speech: Speech, connections: u32, requests: u64) {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(program, speech, connections, folder.path());
    let session = Session::trace(&[relay.pid()]);
    let requests = scale::down(requests);
    relay.ask(30, requests);
    // What was missed of its connections shows when they end.
    drop(relay);
    let books = session.finish(5 * requests);
    let what = format!("{}, {speech:?}, {connections} connections: {books}", toolchain.version);
    books.perfect(5 * requests);
    let (servers, calls) = (books.of(Kind::Server), books.of(Kind::Client));
    let family = Family::compare(&calls, &by_path(&servers, Kind::Server), |path| &path["/seq/1".len()..]);
    let without: Vec<_> =
        calls.iter().filter(|call| call.parent.is_empty()).map(|call| call.path()).collect();
    assert_eq!(family, Family { right: 4 * requests, ..Family::default() }, "{without:?} {what}");
}

#[test]
fn calls_belong_to_the_request_they_are_made_for() {
    let Some((_turn, toolchains)) = begin("go::calls_belong_to_the_request_they_are_made_for") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (index, toolchain) in toolchains.iter().enumerate() {
        let build = Build { stripped: true, pie: index % 2 == 0, cgo: index % 3 == 1 };
        let program = toolchain.build("relay", build, folder.path());
        for connections in [0, 5] {
            relay(toolchain, &program, Speech::Http, connections, 1000);
        }
    }
}

#[test]
fn so_they_do_over_tls() {
    let Some((_turn, toolchains)) = begin("go::so_they_do_over_tls") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle()) {
        let program = toolchain.build("relay", build, folder.path());
        for connections in [0, 5] {
            relay(toolchain, &program, Speech::Https, connections, 500);
        }
    }
}

#[test]
fn so_they_do_over_http2() {
    let Some((_turn, toolchains)) = begin("go::so_they_do_over_http2") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle().skip(1)) {
        let program = toolchain.build("relay", build, folder.path());
        // A limit of connections is none of requests: they share one.
        for connections in [0, 5] {
            relay(toolchain, &program, Speech::Http2, connections, 500);
        }
    }
}

/// grpc-go, as it was years ago and as it is.
#[test]
fn so_they_do_over_grpc() {
    let Some((_turn, toolchains)) = begin("go::so_they_do_over_grpc") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut kinds = KINDS.into_iter().cycle();
    for (index, toolchain) in toolchains.iter().enumerate() {
        for build in kinds.by_ref().take(if index == 0 { 2 } else { 1 }) {
            let program = toolchain.build_with(modules(toolchain), "rpc", build, folder.path());
            relay(toolchain, &program, Speech::Grpc, 0, 500);
        }
    }
}

/// Goroutines that end with the request they were made for work for it. Those of a pool for all requests, which is started in the midst of the
/// first one and serves others while that goes on, have no parent rather than that one.
fn pool(toolchain: &Toolchain, program: &Path, speech: Speech, connections: u32) {
    const CALLS: u64 = 7;
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(program, speech, connections, folder.path());
    let session = Session::trace(&[relay.pid()]);
    // More than the first one waits for.
    let requests = 300;
    relay.ask(30, requests);
    drop(relay);
    let books = session.finish((1 + CALLS) * requests);
    let what = format!("{}, {speech:?}, {connections} connections: {books}", toolchain.version);
    books.perfect((1 + CALLS) * requests);
    let servers = books.of(Kind::Server);
    let servers = by_path(&servers, Kind::Server);
    let (handed, own): (Vec<_>, Vec<_>) =
        books.of(Kind::Client).into_iter().partition(|call| call.path().starts_with("/job/"));
    let family = |calls: &[_]| Family::compare(calls, &servers, |path| &path["/own/1".len()..]);
    let without: Vec<_> = own.iter().filter(|call| call.parent.is_empty()).map(|call| call.path()).collect();
    assert_eq!(family(&own), Family { right: 5 * requests, ..Family::default() }, "{without:?} {what}");
    let handed = family(&handed);
    assert_eq!(handed.wrong, [], "{what}");
    assert_eq!(handed.right + handed.none, 2 * requests, "{what}");
}

#[test]
fn those_of_a_pool_are_nobodys() {
    let Some((_turn, toolchains)) = begin("go::those_of_a_pool_are_nobodys") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (toolchain, build) in toolchains.iter().zip(KINDS.into_iter().cycle().skip(3)) {
        let program = toolchain.build("pool", build, folder.path());
        for (speech, connections) in [(Speech::Http, 0), (Speech::Https, 5), (Speech::Http2, 0)] {
            pool(toolchain, &program, speech, connections);
        }
    }
}

/// As often and as long as the program itself says.
#[test]
fn garbage_collections() {
    const TIMES: u64 = 20;
    let Some((_turn, toolchains)) = begin("go::garbage_collections") else { return };
    let folder = tempfile::tempdir().unwrap();
    for toolchain in toolchains {
        let program = toolchain.build("collector", STRIPPED, folder.path());
        let mut command = Command::new(program);
        command.arg(TIMES.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::new(command.spawn().unwrap());
        let pid = process.pid();
        let session = Session::trace(&[pid]);
        process.child().stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        let mut line = String::new();
        BufReader::new(process.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Vec<u64> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
        assert_eq!(said[0], TIMES, "{}", toolchain.version);
        let receiver = end(session);
        let cycles = measured(&receiver, Some(pid), "go.memory.gc.cycles").0;
        assert_eq!(cycles, TIMES, "{}", toolchain.version);
        let (pauses, seconds) = measured(&receiver, Some(pid), "go.memory.gc.pause.duration");
        if toolchain.is_since(21) {
            assert_eq!(pauses, 2 * TIMES, "{}", toolchain.version);
            // Its own account begins when all have stopped.
            let own = Duration::from_nanos(said[1]).as_secs_f64();
            assert!(
                seconds >= 0.9 * own,
                "{}: {seconds} s, and {own} s by its own account",
                toolchain.version
            );
        } else {
            assert_eq!(pauses, 0, "{}", toolchain.version);
        }
    }
}
