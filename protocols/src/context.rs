//! W3C Trace Context: the headers of a request -> its position in a trace.
//!
//! Rules are those of the recommendation, level 2: a bad `traceparent` voids both headers, a bad `tracestate` only
//! itself. Nothing is counted: a request without a usable context simply starts a trace.

/// The position of a request in a trace, as `traceparent` and `tracestate` give it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceContext {
    /// Never all zero.
    pub trace_id: [u8; 16],
    /// Span id of the caller; never all zero.
    pub parent_id: [u8; 8],
    /// Bit 0 sampled, bit 1 random trace id; other bits are zero.
    pub flags: u8,
    /// `tracestate`, members in order, empty when absent or invalid.
    pub state: String,
}

/// Flags this level of the recommendation gives a meaning: sampled and random trace id.
const KNOWN_FLAGS: u8 = 0b11;

/// Length of a `traceparent` of version 00, and of the part every later version begins with.
const PARENT_LENGTH: usize = 55;

/// Most members a `tracestate` may have; with more of them it is discarded.
const MAX_MEMBERS: usize = 32;

/// Longest key and longest value of a member of `tracestate`, in bytes.
const MAX_MEMBER_PART: usize = 256;

impl TraceContext {
    /// Reads the context out of a request's headers, given as (name, value) in the order they were sent. Names are
    /// compared without case. `None` unless there is exactly one `traceparent` and it is valid.
    pub fn from_headers<'a>(headers: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Option<Self> {
        let mut parent = None;
        let mut state = StateBuilder::default();
        for (name, value) in headers {
            if name.eq_ignore_ascii_case(b"traceparent") {
                if parent.replace(value).is_some() {
                    return None;
                }
            } else if name.eq_ignore_ascii_case(b"tracestate") {
                state.add(value);
            }
        }
        let context = parse_parent(trim(parent?))?;
        Some(Self { state: state.finish(), ..context })
    }
}

/// `version "-" trace-id "-" parent-id "-" flags`, lower-case hex; later versions may append `-…`.
fn parse_parent(value: &[u8]) -> Option<TraceContext> {
    let (known, rest) = value.split_at_checked(PARENT_LENGTH)?;
    if known[2] != b'-' || known[35] != b'-' || known[52] != b'-' {
        return None;
    }
    let [version] = hex(&known[..2])?;
    match (version, rest) {
        (0xff, _) => return None,
        (_, []) => {}
        (0, _) => return None,
        (_, [b'-', ..]) => {}
        _ => return None,
    }
    let trace_id: [u8; 16] = hex(&known[3..35])?;
    let parent_id: [u8; 8] = hex(&known[36..52])?;
    let [flags] = hex(&known[53..])?;
    let zero = trace_id == [0; 16] || parent_id == [0; 8];
    (!zero).then(|| TraceContext { trace_id, parent_id, flags: flags & KNOWN_FLAGS, state: String::new() })
}

/// `N` bytes out of `2 * N` lower-case hexadecimal digits.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Combines the members of all `tracestate` headers.
#[derive(Default)]
struct StateBuilder {
    joined: String,
    members: usize,
    invalid: bool,
}

impl StateBuilder {
    fn add(&mut self, header: &[u8]) {
        for member in header.split(|&byte| byte == b',') {
            if self.invalid {
                return;
            }
            let member = trim(member);
            if !member.is_empty() {
                self.add_member(member);
            }
        }
    }

    /// Keeps the first of members with the same key.
    fn add_member(&mut self, member: &[u8]) {
        self.members += 1;
        let Some(member) = valid_member(member).filter(|_| self.members <= MAX_MEMBERS) else {
            self.invalid = true;
            return;
        };
        if self.joined.split(',').any(|earlier| key(earlier) == key(member)) {
            return;
        }
        if !self.joined.is_empty() {
            self.joined.push(',');
        }
        self.joined.push_str(member);
    }

    fn finish(self) -> String {
        if self.invalid { String::new() } else { self.joined }
    }
}

/// The part of a member before its `=`.
fn key(member: &str) -> &str {
    member.split_once('=').map_or(member, |(key, _)| key)
}

/// The member as text if its key and its value keep to the grammar.
fn valid_member(member: &[u8]) -> Option<&str> {
    let member = std::str::from_utf8(member).ok()?;
    let (key, value) = member.split_once('=')?;
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let key_valid = key.len() <= MAX_MEMBER_PART
        && key.bytes().next().is_some_and(lower)
        && key.bytes().all(|byte| lower(byte) || b"_-*/@".contains(&byte));
    let value_valid = (1..=MAX_MEMBER_PART).contains(&value.len())
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=');
    (key_valid && value_valid).then_some(member)
}

/// Without the optional white space around it.
fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

#[cfg(test)]
mod tests;
