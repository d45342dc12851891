//! Header lines of a message -> the few that matter here.

use httparse::Header;

/// The headers a decoder looks at, as they stood in the message; the last of several wins unless said otherwise.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) host: Option<&'a [u8]>,
    pub(super) user_agent: Option<&'a [u8]>,
    /// First of several: the hop next to the client.
    pub(super) forwarded: Option<&'a [u8]>,
    /// First of several.
    pub(super) forwarded_for: Option<&'a [u8]>,
    /// First of several.
    pub(super) forwarded_host: Option<&'a [u8]>,
    /// First of several.
    pub(super) forwarded_proto: Option<&'a [u8]>,
    pub(super) length: Announced,
    pub(super) encoding: Encoding,
    pub(super) upgrade: bool,
    /// `Expect: 100-continue`.
    pub(super) expects_continue: bool,
}

/// What `Transfer-Encoding` says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Nothing.
    #[default]
    None,
    /// The last coding is `chunked`.
    Chunked,
    /// It is another one.
    Other,
}

/// What `Content-Length` says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// Nothing.
    #[default]
    Nothing,
    /// This many bytes.
    Bytes(u64),
    /// Different things, or something that is no number.
    Nonsense,
}

impl<'a> Fields<'a> {
    /// Goes through the headers once. Unused slots at the end have empty names and are passed over.
    pub(super) fn of(headers: &[Header<'a>]) -> Self {
        let mut fields = Self::default();
        for header in headers {
            fields.take(header);
        }
        fields
    }

    fn take(&mut self, header: &Header<'a>) {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let value = header.value;
        // The length tells most headers apart without a comparison.
        match header.name.len() {
            4 if is("host") => self.host = Some(value),
            6 if is("expect") => self.expects_continue = value.eq_ignore_ascii_case(b"100-continue"),
            7 if is("upgrade") => self.upgrade = true,
            9 if is("forwarded") => _ = self.forwarded.get_or_insert(value),
            10 if is("user-agent") => self.user_agent = Some(value),
            14 if is("content-length") => self.length.add(value),
            15 if is("x-forwarded-for") => _ = self.forwarded_for.get_or_insert(value),
            16 if is("x-forwarded-host") => _ = self.forwarded_host.get_or_insert(value),
            17 if is("x-forwarded-proto") => _ = self.forwarded_proto.get_or_insert(value),
            17 if is("transfer-encoding") => {
                let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default();
                let chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
                self.encoding = if chunked { Encoding::Chunked } else { Encoding::Other };
            }
            _ => {}
        }
    }
}

impl Announced {
    /// Joins another `Content-Length`; repeating the same number is allowed, also as a list.
    fn add(&mut self, value: &[u8]) {
        for item in value.split(|&byte| byte == b',') {
            let item = number(item.trim_ascii());
            *self = match (*self, item) {
                (Self::Nothing, Some(bytes)) => Self::Bytes(bytes),
                (Self::Bytes(before), Some(bytes)) if before == bytes => Self::Bytes(bytes),
                _ => Self::Nonsense,
            };
        }
    }
}

/// Decimal digits only: no sign, no blanks.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, &digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_length() {
        let length = |values: &[&str]| {
            let headers: Vec<_> = values
                .iter()
                .map(|value| Header { name: "Content-Length", value: value.as_bytes() })
                .collect();
            Fields::of(&headers).length
        };
        assert_eq!(length(&[]), Announced::Nothing);
        assert_eq!(length(&["0"]), Announced::Bytes(0));
        assert_eq!(length(&["18446744073709551615"]), Announced::Bytes(u64::MAX));
        assert_eq!(length(&["18446744073709551616"]), Announced::Nonsense);
        assert_eq!(length(&["5", "5"]), Announced::Bytes(5));
        assert_eq!(length(&["5, 5"]), Announced::Bytes(5));
        assert_eq!(length(&["5", "6"]), Announced::Nonsense);
        assert_eq!(length(&["+5"]), Announced::Nonsense);
        assert_eq!(length(&[""]), Announced::Nonsense);
    }

    #[test]
    fn transfer_encoding() {
        let encoding = |value: &str| {
            Fields::of(&[Header { name: "transfer-encoding", value: value.as_bytes() }]).encoding
        };
        assert_eq!(encoding("chunked"), Encoding::Chunked);
        assert_eq!(encoding("gzip, Chunked "), Encoding::Chunked);
        assert_eq!(encoding("chunked, gzip"), Encoding::Other);
        assert_eq!(Fields::of(&[]).encoding, Encoding::None);
    }
}
