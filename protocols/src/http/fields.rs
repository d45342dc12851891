//! Header fields of a message -> the few that matter here.

/// The headers a decoder looks at, as they stood in the message; the last of several wins unless said otherwise.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) user_agent: Option<&'a [u8]>,
    /// First of several: the hop next to the client.
    pub(crate) forwarded: Option<&'a [u8]>,
    /// First of several.
    pub(crate) forwarded_for: Option<&'a [u8]>,
    /// First of several.
    pub(crate) forwarded_host: Option<&'a [u8]>,
    /// First of several.
    pub(crate) forwarded_proto: Option<&'a [u8]>,
    pub(crate) length: Announced,
    pub(crate) encoding: Encoding,
    pub(crate) upgrade: Option<&'a [u8]>,
    /// `Expect: 100-continue`.
    pub(crate) expects_continue: bool,
}

/// What `Transfer-Encoding` says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
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
pub(crate) enum Announced {
    /// Nothing.
    #[default]
    Nothing,
    /// This many bytes.
    Bytes(u64),
    /// Different things, or something that is no number.
    Nonsense,
}

impl<'a> Fields<'a> {
    /// Goes through the headers, (name, value) in the order they were sent, once. Empty names are passed over.
    pub(crate) fn of(headers: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
            fields.take(name, value);
        }
        fields
    }

    fn take(&mut self, name: &[u8], value: &'a [u8]) {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        // The length tells most headers apart without a comparison.
        match name.len() {
            4 if is("host") => self.host = Some(value),
            6 if is("expect") => self.expects_continue = value.eq_ignore_ascii_case(b"100-continue"),
            7 if is("upgrade") => self.upgrade = Some(value),
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
            let headers = values.iter().map(|value| (b"Content-Length".as_slice(), value.as_bytes()));
            Fields::of(headers).length
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
        let encoding =
            |value: &str| Fields::of([(b"transfer-encoding".as_slice(), value.as_bytes())]).encoding;
        assert_eq!(encoding("chunked"), Encoding::Chunked);
        assert_eq!(encoding("gzip, Chunked "), Encoding::Chunked);
        assert_eq!(encoding("chunked, gzip"), Encoding::Other);
        assert_eq!(Fields::of([]).encoding, Encoding::None);
    }
}
