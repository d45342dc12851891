//! Both ends of an HTTP/2 connection, with every freedom the specifications give them, and what they really said.

use std::collections::{BTreeMap, VecDeque};

use fastrand::Rng;
use underspan_protocols::message::Direction;

/// One frame, or the frames of one header block.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) direction: Direction,
    pub(crate) bytes: Vec<u8>,
    /// It is a `DATA` frame.
    pub(crate) content: bool,
}

/// What an exchange was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) status: i64,
    pub(crate) request: u64,
    pub(crate) response: u64,
}

/// A connection from its beginning, and its exchanges by stream.
pub(crate) fn connection(random: &mut Rng, streams: u32) -> (Vec<Segment>, BTreeMap<u32, Truth>) {
    let mut peers = Peers {
        random: random.fork(),
        segments: Vec::new(),
        client: Encoder::default(),
        server: Encoder::default(),
        truths: BTreeMap::new(),
        open: Vec::new(),
    };
    peers.push(Direction::Request, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), false);
    peers.settings();
    let mut next = 1;
    while next < 2 * streams || !peers.open.is_empty() {
        if next < 2 * streams && (peers.open.is_empty() || peers.random.u8(..) < 100) {
            peers.open(next);
            next += 2;
        } else {
            peers.step();
        }
        if peers.random.u8(..) < 20 {
            peers.distract();
        }
    }
    (peers.segments, peers.truths)
}

struct Peers {
    random: Rng,
    segments: Vec<Segment>,
    client: Encoder,
    server: Encoder,
    truths: BTreeMap<u32, Truth>,
    open: Vec<Open>,
}

/// A stream under way.
struct Open {
    id: u32,
    asking: bool,
    /// Content left to send; `None` before the head.
    answering: Option<u8>,
}

impl Peers {
    fn push(&mut self, direction: Direction, bytes: Vec<u8>, content: bool) {
        self.segments.push(Segment { direction, bytes, content });
    }

    fn settings(&mut self) {
        let setting = frame(4, 0, 0, &[0, 3, 0, 0, 0, 100]);
        for direction in [Direction::Request, Direction::Response] {
            self.push(direction, setting.clone(), false);
            self.push(direction, frame(4, 1, 0, &[]), false);
        }
    }

    /// Frames that say nothing of any exchange.
    fn distract(&mut self) {
        let direction = if self.random.bool() { Direction::Request } else { Direction::Response };
        let bytes = match self.random.u8(..4) {
            0 => frame(6, 0, 0, &[7; 8]),
            1 => frame(8, 0, 0, &[0, 0, 1, 0]),
            2 => frame(0xb5, 0xff, 0, &vec![3; self.random.usize(..30)]),
            _ => frame(2, 0, 1, &[0, 0, 0, 0, 7]),
        };
        self.push(direction, bytes, false);
    }

    fn open(&mut self, id: u32) {
        let method = ["GET", "POST", "DELETE", "PATCH"][self.random.usize(..4)];
        // Some paths come again and again, so that encoders have an entry for them.
        let path = match self.random.u8(..3) {
            0 => "/".to_owned(),
            1 => format!("/items/{}", self.random.u8(..4)),
            _ => format!("/only/{id}?q={id}"),
        };
        let mut fields = vec![(":method", method.to_owned()), (":scheme", "http".to_owned())];
        fields.push((":path", path.clone()));
        fields.push((":authority", format!("host{}.example", self.random.u8(..2))));
        self.random.shuffle(&mut fields);
        fields.push(("traceparent", parent(id)));
        fields.push(("user-agent", format!("peer/{}", self.random.u8(..3))));
        if self.random.bool() {
            fields.push(("x-decoy", parent(id + 1000)));
        }
        if self.random.bool() {
            fields.push(("x-some", format!("{:x<1$}", "", self.random.usize(..90))));
        }
        let block = self.client.encode(&mut self.random, &fields);
        let asking = self.random.bool();
        self.headers(Direction::Request, id, &block, !asking);
        self.truths.insert(id, Truth { method, path, ..Truth::default() });
        self.open.push(Open { id, asking, answering: None });
    }

    /// Sends something on one of the open streams.
    fn step(&mut self) {
        let index = self.random.usize(..self.open.len());
        let (id, asking, answering) = {
            let open = &self.open[index];
            (open.id, open.asking, open.answering)
        };
        if asking {
            let end = self.random.bool();
            let size = self.content(Direction::Request, id, end);
            self.truth(id).request += size;
            self.open[index].asking = !end;
            return;
        }
        match answering {
            None if self.random.u8(..) < 40 => {
                let block = self.server.encode(&mut self.random, &[(":status", "103".to_owned())]);
                self.headers(Direction::Response, id, &block, false);
            }
            None => {
                let status = [200, 204, 302, 404, 418, 500, 503][self.random.usize(..7)];
                self.truth(id).status = status;
                let mut fields = vec![(":status", status.to_string())];
                fields.push(("server", format!("s{}", self.random.u8(..2))));
                if self.random.bool() {
                    fields.push(("x-other", format!("{:y<1$}", "", self.random.usize(..90))));
                }
                let block = self.server.encode(&mut self.random, &fields);
                let left = self.random.u8(..4);
                self.headers(Direction::Response, id, &block, left == 0);
                self.open[index].answering = Some(left);
                self.close_if(index, left == 0);
            }
            Some(1) if self.random.bool() => {
                let block = self.server.encode(&mut self.random, &[("x-sum", "abc".to_owned())]);
                self.headers(Direction::Response, id, &block, true);
                self.close_if(index, true);
            }
            Some(left) => {
                let size = self.content(Direction::Response, id, left == 1);
                self.truth(id).response += size;
                self.open[index].answering = Some(left - 1);
                self.close_if(index, left == 1);
            }
        }
    }

    fn truth(&mut self, id: u32) -> &mut Truth {
        self.truths.get_mut(&id).expect("it was opened")
    }

    fn close_if(&mut self, index: usize, closed: bool) {
        if closed {
            self.open.swap_remove(index);
        }
    }

    fn content(&mut self, direction: Direction, id: u32, end: bool) -> u64 {
        let size = self.random.usize(..200);
        let mut payload = vec![b'.'; size];
        let mut flags = u8::from(end);
        if self.random.u8(..) < 60 {
            let padding = self.random.u8(..9);
            payload.insert(0, padding);
            payload.extend(vec![0; usize::from(padding)]);
            flags |= 0x8;
        }
        self.push(direction, frame(0, flags, id, &payload), true);
        size as u64
    }

    /// A header block in one frame or several.
    fn headers(&mut self, direction: Direction, id: u32, block: &[u8], end: bool) {
        let mut pieces: Vec<&[u8]> = Vec::new();
        let mut rest = block;
        while self.random.u8(..) < 50 {
            let (piece, after) = rest.split_at(self.random.usize(..=rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        let last = pieces.len() - 1;
        let mut bytes = Vec::new();
        for (index, piece) in pieces.into_iter().enumerate() {
            let end_headers = if index == last { 0x4 } else { 0 };
            if index > 0 {
                bytes.extend(frame(9, end_headers, id, piece));
                continue;
            }
            let mut flags = end_headers | u8::from(end);
            let mut payload = piece.to_vec();
            if self.random.u8(..) < 40 {
                payload.splice(0..0, [0, 0, 0, 0, 16]);
                flags |= 0x20;
            }
            if self.random.u8(..) < 40 {
                payload.insert(0, 3);
                payload.extend([0; 3]);
                flags |= 0x8;
            }
            bytes.extend(frame(1, flags, id, &payload));
        }
        self.push(direction, bytes, false);
    }
}

/// A `traceparent` that tells the stream.
fn parent(id: u32) -> String {
    format!("00-000102030405060708090a0b0c0d0e0f-{id:016x}-01")
}

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Entries of the static table that are used here, at the index they have there.
const STATIC: &[(usize, &str, &str)] = &[
    (1, ":authority", ""),
    (2, ":method", "GET"),
    (3, ":method", "POST"),
    (4, ":path", "/"),
    (6, ":scheme", "http"),
    (8, ":status", "200"),
    (9, ":status", "204"),
    (13, ":status", "404"),
    (14, ":status", "500"),
    (54, "server", ""),
    (58, "user-agent", ""),
];

/// An HPACK encoder that chooses at random among all ways to write a field.
pub(crate) struct Encoder {
    /// Newest first.
    table: VecDeque<(String, String)>,
    size: usize,
    limit: usize,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { table: VecDeque::new(), size: 0, limit: 4096 }
    }
}

impl Encoder {
    pub(crate) fn encode(&mut self, random: &mut Rng, fields: &[(&str, String)]) -> Vec<u8> {
        let mut block = Vec::new();
        if random.u8(..) < 15 {
            self.limit = [0, 100, 300, 1000, 4096][random.usize(..5)];
            integer(&mut block, 0x20, 5, self.limit);
            self.evict();
        }
        for (name, value) in fields {
            self.field(random, &mut block, name, value);
        }
        block
    }

    fn field(&mut self, random: &mut Rng, block: &mut Vec<u8>, name: &str, value: &str) {
        // The identity of a request has to be readable whenever its block is.
        let plain = name == "traceparent";
        if !plain && random.u8(..) < 200 {
            let fixed = STATIC.iter().find(|entry| (entry.1, entry.2) == (name, value)).map(|entry| entry.0);
            let dynamic = self.table.iter().position(|entry| entry.0 == name && entry.1 == value);
            if let Some(index) = fixed.or(dynamic.map(|index| index + 62)) {
                return integer(block, 0x80, 7, index);
            }
        }
        let representation = if plain { 1 } else { random.u8(..4) };
        let (first, bits) = match representation {
            0 => (0x00, 4),
            1 => (0x10, 4),
            _ => (0x40, 6),
        };
        let fixed = STATIC.iter().find(|entry| entry.1 == name).map(|entry| entry.0);
        let dynamic = self.table.iter().position(|entry| entry.0 == name).map(|index| index + 62);
        let index = if random.bool() { fixed.or(dynamic) } else { dynamic.or(fixed) };
        if let Some(index) = index.filter(|_| !plain && random.u8(..) < 200) {
            integer(block, first, bits, index);
        } else {
            block.push(first);
            string(block, name);
        }
        string(block, value);
        if representation > 1 {
            self.size += name.len() + value.len() + 32;
            self.table.push_front((name.to_owned(), value.to_owned()));
            self.evict();
        }
    }

    fn evict(&mut self) {
        while self.size > self.limit {
            let (name, value) = self.table.pop_back().expect("the sizes add up");
            self.size -= name.len() + value.len() + 32;
        }
    }
}

fn string(block: &mut Vec<u8>, text: &str) {
    integer(block, 0, 7, text.len());
    block.extend(text.bytes());
}

fn integer(block: &mut Vec<u8>, first: u8, bits: u32, value: usize) {
    let most = (1 << bits) - 1;
    if value < most {
        return block.push(first | u8::try_from(value).expect("it fits"));
    }
    block.push(first | u8::try_from(most).expect("it fits"));
    let mut rest = value - most;
    while rest >= 0x80 {
        block.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    block.push(u8::try_from(rest).expect("seven bits"));
}
