//! `Host`, `Forwarded` and the `X-Forwarded-*` headers -> who was meant and who asked.

use std::borrow::Cow;

/// Host and port of an authority (`Host`, `Forwarded: host=`, a target). Brackets of an IPv6 address are removed.
/// `None` for an empty host or a port that is no port.
pub(crate) fn host_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let authority = authority.trim();
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            // More than one colon without brackets is an address, not a port.
            Some((_, port)) if port.contains(':') => (authority, None),
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        None | Some("") => None,
        Some(digits) => Some(digits.parse().ok()?),
    };
    (!host.is_empty()).then_some((host, port))
}

/// Value of a parameter (`for`, `host`, `proto`) of the first element of a `Forwarded` header, without quotes.
pub(crate) fn parameter<'a>(forwarded: &'a str, name: &str) -> Option<&'a str> {
    split_unquoted(forwarded, ',').next()?.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// First element of a comma-separated list.
pub(crate) fn first(list: &str) -> &str {
    list.split(',').next().unwrap_or_default().trim()
}

/// The client a node name stands for: an address with or without port, not `unknown` and no `_obfuscated` name.
pub(crate) fn client(node: &str) -> Option<&str> {
    let (host, _) = host_port(node)?;
    (!host.starts_with('_') && !host.eq_ignore_ascii_case("unknown")).then_some(host)
}

/// Header value as text; bytes that are no UTF-8 are replaced.
pub(crate) fn text(value: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(value)
}

/// Splits where the separator is not within quotes.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        assert_eq!(host_port("example.com"), Some(("example.com", None)));
        assert_eq!(host_port("example.com:8080"), Some(("example.com", Some(8080))));
        assert_eq!(host_port("example.com:"), Some(("example.com", None)));
        assert_eq!(host_port("[::1]:80"), Some(("::1", Some(80))));
        assert_eq!(host_port("::1"), Some(("::1", None)));
        assert_eq!(host_port(""), None);
        assert_eq!(host_port(":80"), None);
        assert_eq!(host_port("x:99999"), None);
        assert_eq!(host_port("[::1"), None);
    }

    #[test]
    fn forwarded_elements() {
        let header = "For=\"[2001:db8::17]:4711\";proto=https; host=\"a.example,b\", for=192.0.2.43";
        assert_eq!(parameter(header, "for"), Some("[2001:db8::17]:4711"));
        assert_eq!(parameter(header, "proto"), Some("https"));
        assert_eq!(parameter(header, "host"), Some("a.example,b"));
        assert_eq!(parameter(header, "by"), None);
        assert_eq!(parameter("", "for"), None);
    }

    #[test]
    fn clients() {
        assert_eq!(client("192.0.2.43:47011"), Some("192.0.2.43"));
        assert_eq!(client("[2001:db8::17]:4711"), Some("2001:db8::17"));
        assert_eq!(client("2001:db8::17"), Some("2001:db8::17"));
        assert_eq!(client("unknown"), None);
        assert_eq!(client("_hidden"), None);
        assert_eq!(client(""), None);
        assert_eq!(first("203.0.113.7, 10.0.0.1"), "203.0.113.7");
    }
}
