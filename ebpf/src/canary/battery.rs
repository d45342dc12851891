//! The parent's side: starts children, attaches to them, compares what they did with what was seen.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use zerocopy::IntoBytes;

use super::Outcome;
use super::channel::{Answer, ECHO, Order, SIZE, numbers};
use super::functions::{self, SEMAPHORE};
use crate::elf::{Arch, Image};
use crate::probes::canary::{ENTRY, RETURN, USDT};
use crate::record::Record;
use crate::tracer::{Tally, Tracer};
use crate::uprobes::{Kind, Point, Scope, UprobeError, UprobeLink, Uprobes, When};
use crate::usdt::{self, Argument, Place, Site};

/// Calls for each kind. Enough for a cost to stand out from the way to the child and back.
const CALLS: u32 = 400;
/// Measurements with and without the probe; the best of each count.
const ROUNDS: usize = 5;
/// Exchanges on a socket.
const EXCHANGES: u32 = 20;
/// A child that is silent for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where the programs tally.
const TALLY: u16 = 15;

type Failure = (bool, String);

/// Something is wrong with what was tried.
fn failed(what: impl Into<String>) -> Failure {
    (true, what.into())
}

/// It could not be tried.
fn unknown(what: &str) -> impl Fn(io::Error) -> Failure + '_ {
    move |error| (false, format!("{what}: {error}"))
}

fn outcome(result: Result<Option<u64>, Failure>) -> Outcome {
    match result {
        Ok(cost) => Outcome::Passed { cost },
        Err((true, reason)) => Outcome::Failed(reason),
        Err((false, reason)) => Outcome::Unknown(reason),
    }
}

/// Tries a kind of probe.
pub(super) fn probe(
    tracer: &mut Tracer,
    uprobes: &mut Uprobes,
    command: &impl Fn() -> Command,
    kind: Kind,
) -> Outcome {
    outcome(try_probe(tracer, uprobes, command, kind))
}

fn try_probe(
    tracer: &mut Tracer,
    uprobes: &mut Uprobes,
    command: &impl Fn() -> Command,
    kind: Kind,
) -> Result<Option<u64>, Failure> {
    let (ours, theirs) = UnixStream::pair().map_err(unknown("a socket for a canary"))?;
    ours.set_read_timeout(Some(PATIENCE)).map_err(unknown("a socket for a canary"))?;
    let mut canary = Canary::start(command, ours, theirs.into()).map_err(unknown("starting a canary"))?;
    let order = Order::of(kind, CALLS);
    let without = canary.fastest(order)?;
    let link = attach(uprobes, &canary, kind)?;
    tracer.clear_tally(TALLY.into()).map_err(|error| (false, error.to_string()))?;
    tracer.heartbeat();
    let answer = canary.give(order)?;
    compare(kind, answer, tracer.tally(TALLY.into()))?;
    let with = canary.fastest(order)?;
    drop(link);
    let answer = canary.give(order)?;
    // A program with a counter for those who look must have noticed that nobody does any more.
    let expected = if kind == Kind::Semaphore { 0 } else { CALLS };
    if answer != (Answer { calls: expected, wrong: 0 }) {
        return Err(failed("the process is not the same after the probe was taken back"));
    }
    Ok(Some((with.saturating_sub(without).as_nanos() / u128::from(CALLS)).try_into().unwrap_or(u64::MAX)))
}

fn attach(uprobes: &mut Uprobes, canary: &Canary<UnixStream>, kind: Kind) -> Result<UprobeLink, Failure> {
    let lost = |_| (false, "the agent's own program cannot be read".to_owned());
    let image = Image::of_process(canary.child.id()).map_err(lost)?;
    let specimen = functions::of(kind).ok_or_else(|| failed("there is no such kind here"))?;
    let own =
        Own::find(&image).ok_or_else(|| (false, "the agent's own program cannot be found".to_owned()))?;
    let offset =
        own.offset(&image, specimen.site).ok_or_else(|| (false, "no place for a probe".to_owned()))?;
    let point = Point {
        program: if kind == Kind::Return { RETURN } else { ENTRY },
        offset,
        when: if kind == Kind::Return { When::Return } else { When::Before },
        semaphore: None,
        cookie: u64::from(TALLY),
        at_entry: false,
    };
    let scope = Scope::Process(canary.child.id());
    let attached = if kind == Kind::Semaphore {
        let semaphore = own.offset(&image, (&raw const SEMAPHORE) as usize);
        let site = Site { address: 0, offset, semaphore, arguments: arguments() };
        let probe = usdt::Probe { provider: String::new(), name: String::new(), sites: vec![site] };
        uprobes.attach_usdt(&image, &probe, USDT, TALLY, scope)
    } else {
        uprobes.attach(&image, &[point], scope)
    };
    attached.map_err(|error: UprobeError| failed(format!("cannot be attached: {error}")))
}

/// The two numbers, as a note would describe them: the second as 32 bits, which it does not exceed.
fn arguments() -> Vec<Argument> {
    let (first, second) = match Arch::HOST {
        Arch::X86_64 => (14, 13),
        Arch::Aarch64 => (0, 1),
    };
    [(8, first), (4, second)]
        .map(|(size, word)| {
            let place = Place::Register { word, high: false };
            Argument { text: String::new(), size, signed: false, place }
        })
        .to_vec()
}

fn compare(kind: Kind, answer: Answer, tally: Tally) -> Result<(), Failure> {
    if answer.calls != CALLS {
        return Err(failed(format!(
            "{} of {CALLS} calls were made, so the process was not told",
            answer.calls
        )));
    }
    if answer.wrong != 0 {
        return Err(failed(format!(
            "{} of {CALLS} calls had a wrong result: what the function keeps on its stack was overwritten",
            answer.wrong
        )));
    }
    if tally.hits != u64::from(CALLS) {
        return Err(failed(format!("it fired {} times in {CALLS} calls", tally.hits)));
    }
    let (first, second) = (0..CALLS).map(numbers).fold((0, 0), |sums, (a, b)| (sums.0 + a, sums.1 + b));
    let right = match kind {
        Kind::Return => tally.sums[0] == first + second,
        _ => tally.sums[..2] == [first, second],
    };
    if right { Ok(()) } else { Err(failed("arguments or results were not what was passed")) }
}

/// Tries the programs that see sockets.
pub(super) fn sockets(tracer: &mut Tracer, command: &impl Fn() -> Command) -> Outcome {
    let before = tracer.counters();
    let result = try_sockets(tracer, command, &before);
    // Nothing of this is to be reported.
    while tracer.drain(Instant::now() + PATIENCE, |_| ()).0 > 0 {}
    tracer.forget_counters();
    outcome(result.map(|()| None))
}

fn try_sockets(
    tracer: &mut Tracer,
    command: &impl Fn() -> Command,
    before: &crate::Counters,
) -> Result<(), Failure> {
    let (ours, theirs) = connection().map_err(unknown("a TCP connection on loopback"))?;
    ours.set_read_timeout(Some(PATIENCE)).map_err(unknown("a TCP connection on loopback"))?;
    let mut canary = Canary::start(command, ours, theirs.into()).map_err(unknown("starting a canary"))?;
    let pid = canary.child.id();
    tracer.heartbeat();
    tracer.select(pid).map_err(|error| (false, error.to_string()))?;
    let order = Order { what: ECHO, times: 0 };
    // The process has waited for the first since before it was selected: that call may be seen in part.
    for _ in 0..=EXCHANGES {
        canary.give(order)?;
    }
    tracer.deselect(pid);
    drop(canary);
    let (mut received, mut sent, mut wrong) = (0_u32, 0_u32, 0_u32);
    while tracer
        .drain(Instant::now() + PATIENCE, |record| {
            if let Ok(Record::Data(data)) = record
                && data.offset > 0
            {
                let nothing = Answer { calls: 0, wrong: 0 };
                let expected = if data.flags.sent() { nothing.as_bytes() } else { order.as_bytes() };
                *(if data.flags.sent() { &mut sent } else { &mut received }) += 1;
                wrong += u32::from(data.bytes != expected);
            }
        })
        .0
        > 0
    {}
    let seen = tracer.counters().seen - before.seen;
    let passed = 2 * SIZE * u64::from(EXCHANGES);
    if (passed..=passed + 2 * SIZE).contains(&seen) && (received, sent, wrong) == (EXCHANGES, EXCHANGES, 0) {
        return Ok(());
    }
    Err(failed(format!(
        "of {EXCHANGES} messages each way, {received} and {sent} were seen, {wrong} of them changed; {seen} of {passed} bytes"
    )))
}

fn connection() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ours = TcpStream::connect(listener.local_addr()?)?;
    ours.set_nodelay(true)?;
    Ok((ours, listener.accept()?.0))
}

/// A child and the way to it.
struct Canary<T> {
    child: Child,
    channel: T,
}

impl<T: io::Read + io::Write> Canary<T> {
    fn start(command: &impl Fn() -> Command, ours: T, theirs: OwnedFd) -> io::Result<Self> {
        let input = Stdio::from(theirs.try_clone()?);
        let child = command().stdin(input).stdout(theirs).spawn()?;
        let mut canary = Self { child, channel: ours };
        // It answers as soon as it is ready.
        Order { what: ECHO, times: 0 }.give(&mut canary.channel)?;
        Ok(canary)
    }

    fn give(&mut self, order: Order) -> Result<Answer, Failure> {
        order.give(&mut self.channel).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => failed("the process is stuck"),
            _ => failed(self.death()),
        })
    }

    fn death(&mut self) -> String {
        let _ = self.child.kill();
        match self.child.wait().map(|status| status.signal()) {
            Ok(Some(libc::SIGKILL)) => {
                "a process under a strict seccomp filter was killed, so the probe makes it call the kernel"
                    .to_owned()
            }
            Ok(Some(signal)) => format!("the process was killed by signal {signal}"),
            _ => "the process ended".to_owned(),
        }
    }

    /// The shortest time it took to obey.
    fn fastest(&mut self, order: Order) -> Result<Duration, Failure> {
        let mut best = Duration::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            self.give(order)?;
            best = best.min(start.elapsed());
        }
        Ok(best)
    }
}

impl<T> Drop for Canary<T> {
    fn drop(&mut self) {
        // Gone already, perhaps.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where this program's file is in memory.
struct Own {
    /// Of the first byte of the file, had it all been mapped as its addresses say.
    bias: u64,
}

impl Own {
    fn find(image: &Image) -> Option<Self> {
        let anywhere = functions::of(Kind::Emulated)?.site as u64;
        let mappings = crate::elf::executable_mappings(std::process::id()).ok()?;
        let mapping = mappings.iter().find(|mapping| (mapping.start..mapping.end).contains(&anywhere))?;
        let address = image.address_of(anywhere - mapping.start + mapping.offset)?;
        Some(Self { bias: anywhere.wrapping_sub(address) })
    }

    fn offset(&self, image: &Image, place: usize) -> Option<u64> {
        image.offset_of((place as u64).wrapping_sub(self.bias))
    }
}
