//! Who must be whose parent: tests put the truth into paths, where a call of `/r/7` asks for `/r/7/1`.

use std::collections::{BTreeMap, HashMap};

use super::span::{Kind, Span};

/// How the parents of some spans compare with the truth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Family {
    /// Spans with the parent they must have.
    pub right: u64,
    /// Spans without parent.
    pub none: u64,
    /// Spans with a parent that is not theirs: path of the span, and of that parent if it is known.
    pub wrong: Vec<(String, String)>,
}

impl Family {
    /// Compares each child's parent with the span `parents` has under the path `truth` makes of the child's.
    pub fn compare<'a>(
        children: &[&'a Span],
        parents: &BTreeMap<&str, &'a Span>,
        truth: impl Fn(&'a str) -> &'a str,
    ) -> Self {
        let by_id: HashMap<&str, &&Span> = parents.values().map(|span| (span.id.as_str(), span)).collect();
        let mut family = Self::default();
        for child in children {
            let expected = parents.get(truth(child.path()));
            if child.parent.is_empty() {
                family.none += 1;
            } else if expected.is_some_and(|span| span.id == child.parent && span.trace == child.trace) {
                family.right += 1;
            } else {
                let found = by_id.get(child.parent.as_str()).map_or("an unknown span", |span| span.path());
                family.wrong.push((child.path().to_owned(), found.to_owned()));
            }
        }
        family
    }
}

/// Spans of one kind by path, which must be unique.
pub fn by_path<'a>(spans: &[&'a Span], kind: Kind) -> BTreeMap<&'a str, &'a Span> {
    let mut map = BTreeMap::new();
    for span in spans.iter().filter(|span| span.kind == kind) {
        let before = map.insert(span.path(), *span);
        assert!(before.is_none(), "two {kind:?} spans of {}: {before:?} {span:?}", span.path());
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(kind: Kind, path: &str, id: &str, parent: &str) -> Span {
        let (name, value) = match kind {
            Kind::Server => ("url.path", path.to_owned()),
            Kind::Client => ("url.full", format!("http://h{path}")),
        };
        Span {
            kind,
            name: String::new(),
            trace: "t".to_owned(),
            id: id.to_owned(),
            parent: parent.to_owned(),
            state: String::new(),
            start: 0,
            end: 0,
            failed: false,
            attributes: BTreeMap::from([(name.to_owned(), value)]),
            resource: BTreeMap::new(),
        }
    }

    #[test]
    fn right_wrong_and_none_are_told_apart() {
        let (a, b) = (span(Kind::Server, "/a", "1", ""), span(Kind::Server, "/b", "2", ""));
        let calls = [
            span(Kind::Client, "/a/1", "3", "1"),
            span(Kind::Client, "/a/2", "4", "2"),
            span(Kind::Client, "/b/1", "5", ""),
            span(Kind::Client, "/b/2", "6", "9"),
        ];
        let parents = by_path(&[&a, &b], Kind::Server);
        let calls: Vec<_> = calls.iter().collect();
        let family =
            Family::compare(&calls, &parents, |path| path.rsplit_once('/').map_or("", |(front, _)| front));
        assert_eq!((family.right, family.none), (1, 1));
        let wrong = [("/a/2", "/b"), ("/b/2", "an unknown span")];
        assert_eq!(family.wrong, wrong.map(|(child, parent)| (child.to_owned(), parent.to_owned())));
    }
}
