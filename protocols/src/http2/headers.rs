//! Fields of a header block -> those that matter here, and what could not be known.

use super::hpack::Field;
use crate::context::TraceContext;
use crate::http::is_token;
use crate::http::request::Unknown;

/// Most bytes kept of one block's fields.
const MAX_KEPT: usize = 64 * 1024;

/// The fields of one block.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what was seen, each on its own")]
pub(super) struct Headers {
    pub(super) method: Option<Vec<u8>>,
    pub(super) scheme: Option<Vec<u8>>,
    pub(super) authority: Option<Vec<u8>>,
    pub(super) path: Option<Vec<u8>>,
    pub(super) status: Option<Vec<u8>>,
    /// Other fields that somebody looks at, in the order they came.
    list: Vec<(&'static str, Vec<u8>)>,
    kept: usize,
    /// A field was unknown where pseudo-header fields stand, which is before all others.
    pseudo_unknown: bool,
    /// Fields that were unknown, at least in their names.
    unknown: usize,
    /// Values that look like a `traceparent` and whose names are unknown; two of them tell as little as more.
    nameless_parents: Vec<Vec<u8>>,
    /// A field with a name of its own was there.
    regular: bool,
    /// There was more.
    pub(super) cut: bool,
    /// It breaks the rules, or cannot be read.
    pub(super) malformed: bool,
}

/// Fields somebody looks at.
const WANTED: &[&str] = &[
    "content-type",
    "forwarded",
    "grpc-status",
    "grpc-timeout",
    "host",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Length of a `traceparent` of version 00.
const PARENT_LENGTH: usize = 55;

impl Headers {
    /// Of a block that is not all there.
    pub(super) fn of_cut_block() -> Self {
        Self { cut: true, ..Self::default() }
    }

    /// Of a block that cannot be read.
    pub(super) fn unreadable() -> Self {
        Self { malformed: true, ..Self::of_cut_block() }
    }

    pub(super) fn add(&mut self, field: Field<'_>) {
        let value = field.value.unwrap_or_default();
        let Some(name) = field.name else {
            self.add_nameless(value);
            return;
        };
        let is_pseudo = name.first() == Some(&b':');
        // Pseudo-header fields come first, and names are in lower case (RFC 9113, 8.2 and 8.3).
        self.malformed |= if is_pseudo { self.regular } else { !name.iter().copied().all(is_name) };
        self.regular |= !is_pseudo;
        let pseudo = match name {
            b":method" => &mut self.method,
            b":scheme" => &mut self.scheme,
            b":authority" => &mut self.authority,
            b":path" => &mut self.path,
            b":status" => &mut self.status,
            _ => {
                let wanted = WANTED.iter().find(|wanted| wanted.as_bytes() == name);
                if let Some(wanted) = wanted.filter(|_| self.kept + value.len() <= MAX_KEPT) {
                    self.kept += value.len();
                    self.list.push((wanted, value.to_vec()));
                }
                return;
            }
        };
        self.malformed |= pseudo.replace(value.to_vec()).is_some();
    }

    /// Whether the block is one that no peer should send, or was no header block at all.
    pub(super) fn is_malformed(&self) -> bool {
        let nonsense = |field: &Option<Vec<u8>>, valid: fn(&[u8]) -> bool| {
            field.as_deref().is_some_and(|value| !valid(value))
        };
        self.malformed
            || nonsense(&self.method, |method| !method.is_empty() && method.iter().copied().all(is_token))
            || nonsense(&self.path, |path| matches!(path.first(), Some(b'/' | b'*')))
            || nonsense(&self.scheme, |scheme| scheme.first().is_some_and(u8::is_ascii_alphabetic))
            || nonsense(&self.status, |status| status.len() == 3 && status.iter().all(u8::is_ascii_digit))
    }

    fn add_nameless(&mut self, value: &[u8]) {
        self.unknown += 1;
        self.pseudo_unknown |= !self.regular;
        let valid = value.len() == PARENT_LENGTH
            && TraceContext::from_headers([(b"traceparent".as_slice(), value)]).is_some();
        if valid && self.nameless_parents.len() < 2 {
            self.nameless_parents.push(value.to_vec());
        }
    }

    /// Name and value of the fields that are no pseudo-header fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.list.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()))
    }

    /// The first field of this name.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.list.iter().find(|(held, _)| *held == name).map(|(_, value)| value.as_slice())
    }

    /// The trace context. A value whose name is unknown stands in for a `traceparent` that is missing: nothing else
    /// has this form, and where there are two of them neither is taken.
    pub(super) fn context(&self) -> Option<TraceContext> {
        let nameless = match self.nameless_parents.as_slice() {
            [value] if self.get("traceparent").is_none() => Some(value.as_slice()),
            _ => None,
        };
        let nameless = nameless.map(|value| (b"traceparent".as_slice(), value));
        TraceContext::from_headers(self.fields().chain(nameless))
    }

    /// Whether a pseudo-header field that is not there may have been.
    pub(super) fn may_hide(&self) -> bool {
        self.pseudo_unknown || self.cut && !self.regular
    }

    /// Whether a field that is not there may have been.
    pub(super) fn has_unknown(&self) -> bool {
        self.unknown > 0 || self.cut
    }

    /// Whether it has fields of a request, and none of a response.
    pub(super) fn is_request(&self) -> bool {
        (self.method.is_some() || self.path.is_some() || self.scheme.is_some()) && self.status.is_none()
    }

    /// What of a request was there and could not be known.
    pub(super) fn unknown_of_request(&self) -> Unknown {
        let connect = self.method.as_deref() == Some(b"CONNECT");
        let missing = |field: &Option<Vec<u8>>| field.is_none() && self.may_hide();
        let method = missing(&self.method);
        let path = missing(&self.path) && !connect;
        let scheme = missing(&self.scheme) && !connect;
        // It may be that there was none: then `host` stands in for it.
        let authority = missing(&self.authority) && self.get("host").is_none();
        let pseudo = [method, path, scheme, authority].iter().filter(|missing| **missing).count();
        Unknown { method, path, scheme, authority, headers: self.cut || self.unknown > pseudo }
    }
}

/// Characters of a field's name.
fn is_name(byte: u8) -> bool {
    is_token(byte) && !byte.is_ascii_uppercase()
}
