//! Request target -> path, query and authority, with secrets taken out.

use crate::decoder::QueryPolicy;

/// What stands in place of a secret.
pub(crate) const REDACTED: &str = "REDACTED";

/// A request target in its parts, as they stood there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// `http` or `https` of the absolute form.
    pub(crate) scheme: Option<&'a str>,
    /// Credentials before the `@` were there.
    pub(crate) credentials: bool,
    /// Host and port of the absolute form and of `CONNECT`.
    pub(crate) authority: Option<&'a str>,
    /// Without query; `*` for the asterisk form, empty for the authority form.
    pub(crate) path: &'a str,
    /// Without `?`.
    pub(crate) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Splits a target. `connect` says that the method is `CONNECT`, whose target is an authority.
    pub(crate) fn parse(target: &'a str, connect: bool) -> Self {
        if connect {
            let (credentials, authority) = without_credentials(target);
            return Self { scheme: None, credentials, authority: Some(authority), path: "", query: None };
        }
        // Fragments are never sent; what follows a `#` is not part of a path either.
        let target = target.split('#').next().unwrap_or_default();
        let absolute = target.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
        let Some((scheme, rest)) = absolute else {
            let (path, query) = split_query(target);
            return Self { scheme: None, credentials: false, authority: None, path, query };
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = split_query(rest);
        let path = if path.is_empty() { "/" } else { path };
        let (credentials, authority) = without_credentials(authority);
        Self { scheme: Some(scheme), credentials, authority: Some(authority), path, query }
    }

    /// A target whose parts came one by one.
    pub(crate) fn parts(authority: Option<&'a str>, path: &'a str) -> Self {
        let (path, query) = split_query(path);
        let (credentials, authority) = match authority.map(without_credentials) {
            Some((credentials, authority)) => (credentials, Some(authority)),
            None => (false, None),
        };
        Self { scheme: None, credentials, authority, path, query }
    }
}

/// The query as the policy lets it out.
pub(crate) fn redact_query(query: &str, policy: &QueryPolicy) -> Option<String> {
    let secret = |key: &str| match policy {
        QueryPolicy::RedactKeys(keys) => keys.iter().any(|listed| listed == key),
        QueryPolicy::RedactValues | QueryPolicy::Drop => true,
    };
    if *policy == QueryPolicy::Drop {
        return None;
    }
    let mut redacted = String::with_capacity(query.len());
    for (index, pair) in query.split('&').enumerate() {
        if index > 0 {
            redacted.push('&');
        }
        match pair.split_once('=') {
            Some((key, _)) if secret(key) => {
                redacted.push_str(key);
                redacted.push('=');
                redacted.push_str(REDACTED);
            }
            _ => redacted.push_str(pair),
        }
    }
    Some(redacted)
}

/// At most `limit` bytes of it, cut between characters.
pub(crate) fn bounded(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
    }
    text
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn split_query(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

fn without_credentials(authority: &str) -> (bool, &str) {
    match authority.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str) -> (Option<&str>, bool, Option<&str>, &str, Option<&str>) {
        let Target { scheme, credentials, authority, path, query } = Target::parse(target, false);
        (scheme, credentials, authority, path, query)
    }

    #[test]
    fn forms_of_a_target() {
        assert_eq!(parts("/a/b?c=d"), (None, false, None, "/a/b", Some("c=d")));
        assert_eq!(parts("/a?"), (None, false, None, "/a", Some("")));
        assert_eq!(parts("*"), (None, false, None, "*", None));
        assert_eq!(parts("/go?to=http://x/"), (None, false, None, "/go", Some("to=http://x/")));
        assert_eq!(parts("/a#b?c"), (None, false, None, "/a", None));
        assert_eq!(parts("http://x"), (Some("http"), false, Some("x"), "/", None));
        assert_eq!(parts("http://x?q=1"), (Some("http"), false, Some("x"), "/", Some("q=1")));
        assert_eq!(parts("https://u:p@x:8/p"), (Some("https"), true, Some("x:8"), "/p", None));
        let connect = Target::parse("example.com:443", true);
        assert_eq!((connect.authority, connect.path), (Some("example.com:443"), ""));
    }

    #[test]
    fn queries_are_redacted_by_policy() {
        let all = |query| redact_query(query, &QueryPolicy::RedactValues);
        assert_eq!(all("a=1&b=2").as_deref(), Some("a=REDACTED&b=REDACTED"));
        assert_eq!(all("flag&a=&&b=c=d").as_deref(), Some("flag&a=REDACTED&&b=REDACTED"));
        assert_eq!(all("").as_deref(), Some(""));
        let keys = QueryPolicy::RedactKeys(vec!["sig".to_owned()]);
        assert_eq!(redact_query("sig=1&Sig=2&x=3", &keys).as_deref(), Some("sig=REDACTED&Sig=2&x=3"));
        assert_eq!(redact_query("a=1", &QueryPolicy::Drop), None);
    }

    #[test]
    fn bounds_respect_characters() {
        assert_eq!(bounded("a\u{e9}b".to_owned(), 2), "a");
        assert_eq!(bounded("a\u{e9}b".to_owned(), 3), "a\u{e9}");
        assert_eq!(bounded("ab".to_owned(), 3), "ab");
    }
}
