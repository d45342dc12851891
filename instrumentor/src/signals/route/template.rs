//! What a segment looks like: a name somebody chose, or a value.

/// Stands for a segment that looks like a value.
pub(super) const VARIABLE: &str = "{id}";

/// Longest name, of which package names are the longest kind.
const MAX_NAME: usize = 120;
/// Longest part of a name; tokens are longer.
const MAX_PART: usize = 40;
/// Digits that make a value of a part; fewer are found in `v2`, `s3`, `oauth2`, `sha256`.
const MANY_DIGITS: usize = 4;
/// Shortest text of hexadecimal digits that is a hash when some of them are letters and some are not.
const SHORT_HASH: usize = 8;
/// Shortest one that is a hash when all are letters: longer than words.
const LETTER_HASH: usize = 16;
/// Shortest text whose mixture of digits and letters says something.
const SHORT_TOKEN: usize = 8;
/// Changes between digits and letters that no name has.
const MANY_CHANGES: usize = 3;
/// Longest file name extension.
const MAX_EXTENSION: usize = 5;

/// A segment, split into what the route says of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// Stays as it is.
    Name(&'a str),
    /// Becomes [`VARIABLE`], followed by a file name extension with its dot, or nothing.
    Variable(&'a str),
}

/// Judges a segment by its looks.
pub(super) fn classify(segment: &str) -> Segment<'_> {
    let segment = segment.split(';').next().unwrap_or_default(); // matrix parameters: `;jsessionid=…`
    if is_typed(segment) {
        return Segment::Variable("");
    }
    match split_extension(segment) {
        Some((stem, extension)) if is_value(stem) => Segment::Variable(extension),
        _ if is_value(segment) => Segment::Variable(""),
        _ => Segment::Name(segment),
    }
}

/// Percent-encoded, not ASCII, an address or a handle: what users type.
fn is_typed(segment: &str) -> bool {
    segment.bytes().any(|byte| matches!(byte, b'%' | b'@' | b'=' | b'+' | b',' | b'|' | 0x80..))
}

/// Stem of a file name, and its extension with the dot.
fn split_extension(segment: &str) -> Option<(&str, &str)> {
    let (stem, extension) = segment.split_at(segment.rfind('.')?);
    let name = extension.get(1..)?;
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let named = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    (letters && named && !stem.is_empty() && name.len() <= MAX_EXTENSION).then_some((stem, extension))
}

fn is_value(text: &str) -> bool {
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    let letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    digits && !letters
        || text.len() > MAX_NAME
        || text.len() >= SHORT_TOKEN && changes(text) >= MANY_CHANGES
        // One by one: `app.3f2a91bc`, `x86_64`.
        || text.split(['.', '-', '_']).any(|part| is_value_part(part, digits))
}

fn is_value_part(part: &str, digits: bool) -> bool {
    let hash = if digits { SHORT_HASH } else { LETTER_HASH };
    part.len() > MAX_PART
        || part.bytes().filter(u8::is_ascii_digit).count() >= MANY_DIGITS
        || part.len() >= hash && part.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How often a digit stands next to a letter.
fn changes(text: &str) -> usize {
    let pairs = text.as_bytes().windows(2);
    pairs
        .filter(|pair| {
            pair[0].is_ascii_digit() != pair[1].is_ascii_digit() && pair.iter().all(u8::is_ascii_alphanumeric)
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay() {
        for name in [
            "",
            "api",
            "v1",
            "v2beta1",
            "users",
            "user-preferences",
            "getUserById2",
            "oauth2",
            "s3",
            "sha256",
            "utf8",
            "base64",
            "x86_64",
            "index.html",
            "app.js",
            "main.bundle.js",
            "favicon.ico",
            ".well-known",
            "openid-configuration",
            "wp-login.php",
            "facade",
            "defaced",
            "accessed",
            "OData",
            "step1",
            "i18n",
            "k8s",
            "jquery.min.js",
            "_search",
            "healthz",
            "CamelCaseServiceName",
            "http2",
            "mp3",
        ] {
            assert_eq!(classify(name), Segment::Name(name));
        }
    }

    #[test]
    fn values_do_not() {
        for (value, extension) in [
            ("0", ""),
            ("42", ""),
            ("-1", ""),
            ("1.5", ""),
            ("2024", ""),
            ("2024-01-31", ""),
            ("20240131T235959Z", ""),
            ("12:30", ""),
            ("10.0.0.1", ""),
            ("1,2,3", ""),
            ("550e8400-e29b-41d4-a716-446655440000", ""),
            ("550E8400E29B41D4A716446655440000", ""),
            ("deadbeef0", ""),
            ("3f2a91bc", ""),
            ("deadbeefdeadbeef", ""),
            ("507f1f77bcf86cd799439011", ""),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", ""),
            ("dQw4w9WgXcQ", ""),
            ("V1StGXR8_Z5jdHi6B-myT", ""),
            ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", ""),
            ("cus_9s6XKzkNRiz8i3", ""),
            ("AB-123456", ""),
            ("order-00042", ""),
            ("anna@example.com", ""),
            ("anna%40example.com", ""),
            ("@anna", ""),
            ("caf\u{e9}", ""),
            ("red+shoes", ""),
            ("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq", ""),
            ("app.3f2a91bc.js", ".js"),
            ("1234.png", ".png"),
            ("IMG_20240131.jpeg", ".jpeg"),
            ("550e8400-e29b-41d4-a716-446655440000.json", ".json"),
        ] {
            assert_eq!(classify(value), Segment::Variable(extension), "{value}");
        }
        assert_eq!(classify("cart;jsessionid=0A1B2C"), Segment::Name("cart"));
        assert_eq!(classify("42;v=1"), Segment::Variable(""));
    }
}
