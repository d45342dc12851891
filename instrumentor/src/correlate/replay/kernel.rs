//! What the kernel's programs make of the calls on one connection: the same decisions, in the same order, as `ebpf/include/io.h`.

use underspan_ebpf::{Conn, Data, End, Flags, Record, Role as KernelRole, Run};

pub(super) const SENT: u8 = 0x01;
pub(super) const FLIP: u8 = 0x02;
pub(super) const MORE: u8 = 0x04;
pub(super) const CLOSED: u8 = 0x10;
pub(super) const REQUEST: u8 = 0x10;
pub(super) const JOINED: u8 = 0x40;
pub(super) const OPENING: u8 = 0x80;

/// Bytes captured of each run.
const BUDGET: u64 = 1024;
const TAIL: usize = 64;

/// Where records go. False: there was no room.
pub(super) type Ring<'a> = dyn FnMut(Record<'_>) -> bool + 'a;

/// State of a connection.
#[derive(Default)]
pub(super) struct Kernel {
    pub(super) id: u64,
    pub(super) client: bool,
    pub(super) announced: bool,
    /// Exchanges counted as lost.
    pub(super) lost: u32,
    flags: u8,
    /// Index 1 is what the process sent.
    bytes: [u64; 2],
    reported: [u64; 2],
    last: [u64; 2],
    tail: [Vec<u8>; 2],
    turn: Option<bool>,
    exchange: u32,
    exchange_lost: bool,
    left: u64,
}

/// A call that has moved bytes: `segments`, and behind them `unreadable` bytes.
pub(super) struct Call<'a> {
    pub(super) tid: u32,
    pub(super) sent: bool,
    pub(super) segments: &'a [&'a [u8]],
    pub(super) unreadable: u64,
    pub(super) time: u64,
}

impl Kernel {
    pub(super) fn new(id: u64, role: KernelRole, flags: u8) -> Self {
        Self { id, client: role == KernelRole::Client, flags, ..Self::default() }
    }

    pub(super) fn announce(&mut self, time: u64, ring: &mut Ring<'_>) {
        let (server, client) = (([127, 0, 0, 1], 80).into(), ([127, 0, 0, 1], 4000).into());
        self.announced = ring(Record::Conn(Conn {
            conn: self.id,
            flags: Flags::from_bits(self.flags),
            time,
            tgid: 1,
            netns: 1,
            role: if self.client { KernelRole::Client } else { KernelRole::Server },
            // Odd connections are the other end of even ones.
            addresses: Some(if self.id % 2 == 1 { (client, server) } else { (server, client) }),
            path: &[],
        }));
    }

    pub(super) fn io(&mut self, call: &Call<'_>, ring: &mut Ring<'_>) {
        let direction = usize::from(call.sent);
        let flip = self.turn != Some(call.sent);
        let offset = self.bytes[direction];
        let captured: usize = call.segments.iter().map(|segment| segment.len()).sum();
        let length = captured as u64 + call.unreadable;
        self.bytes[direction] += length;
        self.last[direction] = call.time + 1;
        if !self.announced {
            self.announce(call.time, ring);
        }
        let begins_response = || call.segments.first().is_some_and(|bytes| bytes.starts_with(b"HTTP/1."));
        if flip {
            self.begin_run(call.sent, ring);
        } else if self.left < BUDGET / 2 && call.sent != self.client && begins_response() {
            self.left = BUDGET;
        }
        if self.left > 0 && captured > 0 {
            self.capture(call, flip, (offset, length), ring);
        } else {
            let last = call.segments.last().copied().unwrap_or_default();
            self.tail[direction] = last[last.len().saturating_sub(TAIL)..].to_vec();
        }
    }

    fn begin_run(&mut self, sent: bool, ring: &mut Ring<'_>) {
        if self.is_behind(!sent) {
            self.tell(!sent, ring);
        }
        self.turn = Some(sent);
        self.tail[usize::from(sent)].clear();
        if sent == self.client {
            self.exchange += 1;
            self.exchange_lost = false;
        }
        self.left = BUDGET;
    }

    fn capture(
        &mut self,
        call: &Call<'_>,
        mut flip: bool,
        (mut offset, mut length): (u64, u64),
        ring: &mut Ring<'_>,
    ) {
        let (direction, peer) = (usize::from(call.sent), usize::from(!call.sent));
        // Both ends count the bytes of a connection alike; odd connections are the other end of even ones.
        let base = u32::try_from(self.id / 2 * 100_000).expect("small");
        let small = |number: u64| u32::try_from(number).expect("small");
        let toward_server = |sent: bool| if sent == (self.id % 2 == 1) { 0 } else { 50_000 };
        for (index, segment) in call.segments.iter().enumerate() {
            let size = self.left.min(segment.len() as u64);
            let more = size == segment.len() as u64
                && length > size
                && index + 1 < call.segments.len()
                && self.left > size;
            let other = flip && self.is_behind(!call.sent);
            let flags = if call.sent { SENT } else { 0 }
                | if flip { FLIP } else { 0 }
                | if more { MORE } else { 0 }
                | if call.sent == self.client { REQUEST } else { 0 };
            let fits = ring(Record::Data(Data {
                conn: self.id,
                sequence: 0,
                flags: Flags::from_bits(flags),
                entered: call.time,
                left: call.time + 1,
                offset,
                length,
                tgid: 1,
                tid: call.tid,
                seq: if flip { base + toward_server(call.sent) + small(offset) } else { 0 },
                peer_seq: if flip { base + toward_server(!call.sent) + small(self.bytes[peer]) } else { 0 },
                exchange: self.exchange,
                lost: self.lost,
                other: other.then_some((self.bytes[peer], self.last[peer])),
                before: 0,
                bytes: &segment[..usize::try_from(size).expect("it fits")],
            }));
            if !fits {
                if flip && !self.exchange_lost {
                    self.exchange_lost = true;
                    self.lost += 1;
                }
                return;
            }
            if other {
                self.reported[peer] = self.bytes[peer];
            }
            flip = false;
            self.left -= size;
            self.reported[direction] = offset + length;
            if !more {
                return;
            }
            offset += size;
            length -= size;
        }
    }

    fn is_behind(&self, sent: bool) -> bool {
        self.bytes[usize::from(sent)] > self.reported[usize::from(sent)]
    }

    /// Reports bytes that passed in silence.
    fn tell(&mut self, sent: bool, ring: &mut Ring<'_>) {
        let direction = usize::from(sent);
        let fits = ring(Record::Run(Run {
            conn: self.id,
            sequence: 0,
            flags: Flags::from_bits(
                if sent { SENT } else { 0 } | if sent == self.client { REQUEST } else { 0 },
            ),
            last: self.last[direction],
            offset: self.bytes[direction],
            tgid: 1,
            tid: 1,
            exchange: self.exchange,
            lost: self.lost,
            tail: &self.tail[direction],
        }));
        if fits {
            self.reported[direction] = self.bytes[direction];
        }
    }

    /// The same in both directions.
    pub(super) fn flush(&mut self, ring: &mut Ring<'_>) {
        for sent in [false, true] {
            if self.is_behind(sent) {
                self.tell(sent, ring);
            }
        }
    }

    /// The connection closes. Gives its end back when there is no room for that.
    pub(super) fn close(&mut self, time: u64, ring: &mut Ring<'_>) -> Option<End> {
        self.turn?;
        self.flush(ring);
        let end = End {
            conn: self.id,
            flags: Flags::from_bits(CLOSED),
            time,
            received: self.bytes[0],
            sent: self.bytes[1],
            exchange: self.exchange,
            lost: self.lost,
        };
        (!ring(Record::End(end))).then_some(end)
    }
}
