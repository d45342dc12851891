//! The cases of the W3C's own test suite, as a table: headers in, context out.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::TraceContext;

const TRACE: &str = "12345678901234567890123456789012";
const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";
const UNSAMPLED: &str = "00-12345678901234567890123456789012-1234567890123456-00";

fn parse(headers: &[(&str, &str)]) -> Option<TraceContext> {
    TraceContext::from_headers(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

#[test]
fn valid_parents() {
    let cases = [
        ("traceparent", PARENT, 1),
        ("TraceParent", PARENT, 1),
        ("TrAcEpArEnT", PARENT, 1),
        ("TRACEPARENT", PARENT, 1),
        ("traceparent", UNSAMPLED, 0),
        // The random flag is kept, flags without a meaning are not.
        ("traceparent", "00-12345678901234567890123456789012-1234567890123456-02", 2),
        ("traceparent", "00-12345678901234567890123456789012-1234567890123456-ff", 3),
        // Later versions may be longer, after a dash.
        ("traceparent", "cc-12345678901234567890123456789012-1234567890123456-01", 1),
        (
            "traceparent",
            "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
            1,
        ),
        ("traceparent", " 00-12345678901234567890123456789012-1234567890123456-01", 1),
        ("traceparent", "\t00-12345678901234567890123456789012-1234567890123456-01", 1),
        ("traceparent", "00-12345678901234567890123456789012-1234567890123456-01 ", 1),
        ("traceparent", "00-12345678901234567890123456789012-1234567890123456-01\t", 1),
        ("traceparent", "\t 00-12345678901234567890123456789012-1234567890123456-01 \t", 1),
    ];
    for (name, value, flags) in cases {
        let context = parse(&[(name, value)]).unwrap_or_else(|| panic!("{name}: {value:?} is valid"));
        assert_eq!(hex(&context.trace_id), TRACE, "{value:?}");
        assert_eq!(hex(&context.parent_id), "1234567890123456", "{value:?}");
        assert_eq!(context.flags, flags, "{value:?}");
        assert_eq!(context.state, "");
    }
}

#[test]
fn invalid_parents() {
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[("tracestate", "foo=1")],
        &[("tracestate", "foo=1,bar=2")],
        &[("trace-parent", PARENT)],
        &[("trace.parent", PARENT)],
        // Twice, also when both say the same.
        &[
            ("traceparent", "00-12345678901234567890123456789011-1234567890123456-01"),
            ("traceparent", "00-12345678901234567890123456789012-1234567890123456-01"),
        ],
        &[("traceparent", PARENT), ("Traceparent", PARENT)],
        // Version 00 has one length.
        &[("traceparent", "00-12345678901234567890123456789012-1234567890123456-01.")],
        &[(
            "traceparent",
            "00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
        )],
        &[(
            "traceparent",
            "cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like",
        )],
        &[("traceparent", "ff-12345678901234567890123456789012-1234567890123456-01")],
        &[("traceparent", ".0-12345678901234567890123456789012-1234567890123456-01")],
        &[("traceparent", "0.-12345678901234567890123456789012-1234567890123456-01")],
        &[("traceparent", "000-12345678901234567890123456789012-1234567890123456-01")],
        &[("traceparent", "0000-12345678901234567890123456789012-1234567890123456-01")],
        &[("traceparent", "0-12345678901234567890123456789012-1234567890123456-01")],
        &[("traceparent", "00-00000000000000000000000000000000-1234567890123456-01")],
        &[("traceparent", "00-.2345678901234567890123456789012-1234567890123456-01")],
        &[("traceparent", "00-1234567890123456789012345678901.-1234567890123456-01")],
        &[("traceparent", "00-1234567890123456789012345678901A-1234567890123456-01")],
        &[("traceparent", "00-123456789012345678901234567890123-1234567890123456-01")],
        &[("traceparent", "00-1234567890123456789012345678901-1234567890123456-01")],
        &[("traceparent", "00-12345678901234567890123456789012-0000000000000000-01")],
        &[("traceparent", "00-12345678901234567890123456789012-.234567890123456-01")],
        &[("traceparent", "00-12345678901234567890123456789012-123456789012345.-01")],
        &[("traceparent", "00-12345678901234567890123456789012-12345678901234567-01")],
        &[("traceparent", "00-12345678901234567890123456789012-123456789012345-01")],
        &[("traceparent", "00-12345678901234567890123456789012-1234567890123456-.0")],
        &[("traceparent", "00-12345678901234567890123456789012-1234567890123456-0.")],
        &[("traceparent", "00-12345678901234567890123456789012-1234567890123456-001")],
        &[("traceparent", "00-12345678901234567890123456789012-1234567890123456-1")],
    ];
    for headers in cases {
        assert_eq!(parse(headers), None, "{headers:?}");
    }
}

#[test]
fn state_is_combined_in_order() {
    let all = "abcdefghijklmnopqrstuvwxyz0123456789_-*/= !\"#$%&'()*+-./0123456789:;<>?@\
               ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    let all_vendor = format!("abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/{}", &all[40..]);
    let cases: &[(&[&str], &str)] = &[
        (&["foo=1,bar=2"], "foo=1,bar=2"),
        (&[""], ""),
        (&["foo=1", ""], "foo=1"),
        (&["", "foo=1"], "foo=1"),
        (&["foo=1,,bar=2,"], "foo=1,bar=2"),
        (&["foo=1,bar=2", "rojo=1,congo=2", "baz=3"], "foo=1,bar=2,rojo=1,congo=2,baz=3"),
        // The first of equal keys stays.
        (&["foo=1,foo=1"], "foo=1"),
        (&["foo=1,foo=2"], "foo=1"),
        (&["foo=1", "foo=1"], "foo=1"),
        (&["foo=1", "foo=2"], "foo=1"),
        (&[all], all),
        (&[&all_vendor], &all_vendor),
        (&["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
        (&["foo=1\t \t,\t \tbar=2,\t \tbaz=3"], "foo=1,bar=2,baz=3"),
        (&[" foo=1"], "foo=1"),
        (&["\tfoo=1"], "foo=1"),
        (&["foo=1 "], "foo=1"),
        (&["foo=1\t"], "foo=1"),
        (&["\t foo=1 \t"], "foo=1"),
        // Level 2 dropped the rules about where `@` may stand.
        (&["foo@=1,bar=2"], "foo@=1,bar=2"),
        (&["foo@@bar=1,bar=2"], "foo@@bar=1,bar=2"),
        (&["foo@bar@baz=1,bar=2"], "foo@bar@baz=1,bar=2"),
        (&["foo=1", "t@vvvvvvvvvvvvvvv=1"], "foo=1,t@vvvvvvvvvvvvvvv=1"),
        (&["0a=1"], "0a=1"),
        // One bad member voids the whole.
        (&["foo =1"], ""),
        (&["FOO=1"], ""),
        (&["foo.bar=1"], ""),
        (&["@foo=1,bar=2"], ""),
        (&["foo=bar=baz"], ""),
        (&["foo=,bar=3"], ""),
        (&["foo"], ""),
        (&["foo=\u{e9}"], ""),
        (&["foo=1", "bar=\x01"], ""),
    ];
    for (headers, expected) in cases {
        assert_eq!(state(headers), *expected, "{headers:?}");
    }
    assert_eq!(parse(&[("traceparent", UNSAMPLED), ("trace-state", "foo=1")]).unwrap().state, "");
    assert_eq!(parse(&[("traceparent", UNSAMPLED), ("trace.state", "foo=1")]).unwrap().state, "");
    for name in ["TraceState", "TrAcEsTaTe", "TRACESTATE"] {
        assert_eq!(parse(&[("traceparent", UNSAMPLED), (name, "foo=1")]).unwrap().state, "foo=1");
    }
}

#[test]
fn state_has_limits() {
    let members = |count: usize| (1..=count).map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>();
    let four_headers = |count: usize| members(count).chunks(10).map(|ten| ten.join(",")).collect::<Vec<_>>();
    let full = four_headers(32);
    assert_eq!(state(&full.iter().map(String::as_str).collect::<Vec<_>>()), members(32).join(","));
    let over = four_headers(33);
    assert_eq!(state(&over.iter().map(String::as_str).collect::<Vec<_>>()), "");

    let keys = [
        "z".repeat(256),
        format!("{}@{}", "t".repeat(241), "v".repeat(14)),
        format!("{}@v", "t".repeat(242)),
    ];
    for key in keys {
        assert_eq!(state(&["foo=1", &format!("{key}=1")]), format!("foo=1,{key}=1"));
    }
    assert_eq!(state(&["foo=1", &format!("{}=1", "z".repeat(257))]), "");
    assert_eq!(state(&[&format!("foo={}", "v".repeat(256))]), format!("foo={}", "v".repeat(256)));
    assert_eq!(state(&[&format!("foo={}", "v".repeat(257))]), "");
}

/// The state kept of these `tracestate` headers beside a valid `traceparent`.
fn state(headers: &[&str]) -> String {
    let mut list = vec![("traceparent", UNSAMPLED)];
    list.extend(headers.iter().map(|value| ("tracestate", *value)));
    let context = parse(&list).expect("a bad tracestate never voids the traceparent");
    assert_eq!(hex(&context.trace_id), TRACE);
    context.state
}

fn hex(bytes: &[u8]) -> String {
    let number = bytes.iter().fold(0_u128, |number, &byte| number << 8 | u128::from(byte));
    format!("{number:0width$x}", width = 2 * bytes.len())
}
