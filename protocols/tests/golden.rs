//! Conversations as text -> events as text, one file each under `testdata/PROTOCOL/`.
//!
//! A file is a script, a line `---`, and the events expected. Lines of the script:
//!
//! ```text
//! role client         the traced process is the client (default: server)
//! @30                 time of what follows; otherwise every chunk is 10 later than the one before
//! > GET / HTTP/1.1\r\n     bytes from the client; adjoining lines of one direction are one chunk
//! < HTTP/1.1 200 OK\r\n    bytes from the server
//! >~ 5000 tail\r\n    5000 bytes not captured, then these: goes to the chunk of the lines before
//! ! lost <            records of that direction were lost
//! ! end <             that direction ended; `! end` ends the connection
//! ```
//!
//! An empty line ends a chunk; `#` begins a comment. Escapes: `\r \n \t \\ \xNN \0`; `\[Qtext\]` is a message of `PostgreSQL` of type
//! `Q`, `\(text\)` one without type, `\{NNtext\}` a packet of `MySQL` with sequence number `NN` (hexadecimal), lengths filled in. With `BLESS=1` in the environment
//! the expected events are written instead of compared; read the difference before committing it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use underspan_protocols::REGISTRY;
use underspan_protocols::decoder::{Chunk, Decoder, Detection, Event, Options, Protocol};
use underspan_protocols::message::{Attributes, Direction, Role, Value};

#[test]
fn conversations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut failures = String::new();
    for protocol in REGISTRY {
        let folder = root.join(protocol.name());
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{} has no conversations", folder.display());
        for file in files {
            check(*protocol, &file, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Whoever is asked first: a conversation is claimed by its own protocol, or by none.
#[test]
fn no_protocol_claims_the_conversations_of_another() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut claimed = 0;
    for protocol in REGISTRY {
        for file in std::fs::read_dir(root.join(protocol.name())).unwrap().map(|entry| entry.unwrap().path())
        {
            let text = std::fs::read_to_string(&file).unwrap();
            let (script, _) = text.split_once("\n---\n").unwrap();
            for line in script.lines().filter(|line| line.starts_with("> ") || line.starts_with("< ")) {
                let bytes = unescape(&line[2..]);
                let is_yes = |other: &&&dyn Protocol| matches!(other.detect(&bytes), Detection::Yes(_));
                let first = REGISTRY.iter().find(is_yes).map(|other| other.name());
                // One of HTTP/1 may go on as HTTP/2.
                let own = |name| name == protocol.name() || (protocol.name(), name) == ("http1", "http2");
                assert!(first.is_none_or(own), "{first:?} claims {line} of {}", file.display());
                claimed += usize::from(first.is_some());
            }
        }
    }
    assert!(claimed > 100, "{claimed}");
}

fn check(protocol: &dyn Protocol, file: &Path, failures: &mut String) {
    let text = std::fs::read_to_string(file).unwrap();
    let (script, expected) = text.split_once("\n---\n").unwrap_or((text.trim_end(), ""));
    let found = Player::play(protocol, script);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, format!("{script}\n---\n{found}")).unwrap();
    } else if found != expected {
        writeln!(failures, "{}:\n--- expected\n{expected}--- found\n{found}", file.display()).unwrap();
    }
}

/// Feeds a script to a decoder.
struct Player {
    decoder: Box<dyn Decoder>,
    events: Vec<Event>,
    pending: Option<Pending>,
    clock: u64,
}

/// A chunk under construction.
struct Pending {
    direction: Direction,
    bytes: Vec<u8>,
    skipped: u64,
    tail: Vec<u8>,
}

impl Player {
    fn play(protocol: &dyn Protocol, script: &str) -> String {
        let role = if script.lines().any(|line| line == "role client") { Role::Client } else { Role::Server };
        let decoder = protocol.decoder(role, &Arc::new(Options::default()));
        let mut player = Self { decoder, events: Vec::new(), pending: None, clock: 0 };
        for line in script.lines() {
            player.line(line);
        }
        player.flush();
        player.events.iter().map(render).collect()
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.flush();
        } else if let Some(command) = line.strip_prefix("! ") {
            self.command(command);
        } else if let Some(time) = line.strip_prefix('@') {
            self.flush();
            self.clock = time.parse::<u64>().unwrap() - 10;
        } else if let Some(rest) = line.strip_prefix('>') {
            self.bytes(Direction::Request, rest);
        } else if let Some(rest) = line.strip_prefix('<') {
            self.bytes(Direction::Response, rest);
        } else {
            assert!(line.starts_with('#') || line.starts_with("role "), "not a line of a script: {line:?}");
        }
    }

    fn command(&mut self, command: &str) {
        self.flush();
        let direction = match command.split_once(' ').map(|(_, side)| side) {
            Some(">") => Some(Direction::Request),
            Some("<") => Some(Direction::Response),
            None => None,
            Some(other) => panic!("{other:?} is no direction"),
        };
        self.clock += 10;
        match (command.split(' ').next().unwrap(), direction) {
            ("end", direction) => self.decoder.end(direction, self.clock, &mut self.events),
            ("lost", Some(direction)) => self.decoder.lost(direction, &mut self.events),
            _ => panic!("not a command: {command:?}"),
        }
    }

    fn bytes(&mut self, direction: Direction, rest: &str) {
        if self.pending.as_ref().is_some_and(|pending| pending.direction != direction || pending.skipped > 0)
        {
            self.flush();
        }
        let pending = self.pending.get_or_insert_with(|| Pending {
            direction,
            bytes: Vec::new(),
            skipped: 0,
            tail: Vec::new(),
        });
        if let Some(gap) = rest.strip_prefix("~ ") {
            let (skipped, tail) = gap.split_once(' ').unwrap_or((gap, ""));
            pending.skipped = skipped.parse().unwrap();
            pending.tail = unescape(tail);
        } else {
            pending.bytes.extend(unescape(rest.strip_prefix(' ').unwrap_or(rest)));
        }
    }

    fn flush(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        self.clock += 10;
        let chunk = Chunk {
            direction: pending.direction,
            bytes: &pending.bytes,
            skipped: pending.skipped,
            tail: &pending.tail,
            aligned: false,
            first: self.clock,
            last: self.clock + 1,
        };
        self.decoder.feed(&chunk, &mut self.events);
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Where the messages begin whose lengths are to be filled in.
    let mut open = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next().expect("something is escaped") {
            b'r' => bytes.push(b'\r'),
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'0' => bytes.push(0),
            b'\\' => bytes.push(b'\\'),
            b'x' => bytes.push(hexadecimal(&mut rest)),
            b'[' => {
                bytes.push(rest.next().expect("a type"));
                open.push(bytes.len());
                bytes.extend([0; 4]);
            }
            b'(' => {
                open.push(bytes.len());
                bytes.extend([0; 4]);
            }
            b'{' => {
                open.push(bytes.len());
                bytes.extend([0, 0, 0, hexadecimal(&mut rest)]);
            }
            b']' | b')' => {
                let at = open.pop().expect("a message is open");
                let length = u32::try_from(bytes.len() - at).unwrap();
                bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
            b'}' => {
                let at = open.pop().expect("a packet is open");
                let length = u32::try_from(bytes.len() - at - 4).unwrap();
                bytes[at..at + 3].copy_from_slice(&length.to_le_bytes()[..3]);
            }
            other => panic!("unknown escape {:?}", char::from(other)),
        }
    }
    assert!(open.is_empty(), "a message does not end: {text}");
    bytes
}

fn hexadecimal(rest: &mut impl Iterator<Item = u8>) -> u8 {
    let digits: String = rest.take(2).map(char::from).collect();
    u8::from_str_radix(&digits, 16).unwrap()
}

fn render(event: &Event) -> String {
    match event {
        Event::Request { key, first, request } => {
            let mut text = format!("request {key} @{first} {}", request.operation);
            if let Some(path) = &request.path {
                write!(text, " {path}").unwrap();
            }
            text.push('\n');
            text.push_str(&attributes(&request.attributes));
            if let Some(context) = &request.context {
                writeln!(
                    text,
                    "    context {:032x} {:016x} {:02x} {:?}",
                    u128::from_be_bytes(context.trace_id),
                    u64::from_be_bytes(context.parent_id),
                    context.flags,
                    context.state
                )
                .unwrap();
            }
            text
        }
        Event::Response { key, first, response } => {
            let error = response.error.as_ref().map(|error| format!(" error {error}")).unwrap_or_default();
            let renamed =
                response.operation.as_ref().map(|name| format!(" operation {name}")).unwrap_or_default();
            format!("response {key} @{first}{error}{renamed}\n{}", attributes(&response.attributes))
        }
        Event::End { key, direction, last, body, ending } => {
            format!("end {key} {direction:?} @{last} body {body} {ending:?}\n")
        }
        Event::Lost { reason, exchanges } => format!("lost {reason:?} {exchanges}\n"),
        Event::Abandoned { key, reason } => format!("abandoned {key} {reason:?}\n"),
        Event::Left => "left\n".to_owned(),
        Event::StartTls => "starttls\n".to_owned(),
    }
}

fn attributes(attributes: &Attributes) -> String {
    let mut text = String::new();
    for (attribute, value) in attributes {
        let value = match value {
            Value::Static(value) => (*value).to_owned(),
            Value::String(value) => value.clone(),
            Value::Int(value) => value.to_string(),
            Value::Double(value) => value.to_string(),
            Value::Boolean(value) => value.to_string(),
            Value::StringArray(value) => format!("{value:?}"),
        };
        writeln!(text, "    {} {value}", attribute.name).unwrap();
    }
    text
}
