//! What a decoder said, against what the peers said.

use std::collections::BTreeMap;
use std::sync::Arc;

use underspan_protocols::decoder::{Chunk, Decoder, Ending, Event, Options, Protocol, QueryPolicy};
use underspan_protocols::fuzzing::Ledger;
use underspan_protocols::http2::Http2;
use underspan_protocols::message::{Attribute, Attributes, Direction, Role, Value};
use underspan_protocols::semconv::attribute as name;
use underspan_protocols::semconv::underspan::{REQUEST_UNKNOWN, RESPONSE_UNKNOWN};

use crate::peers::Truth;

/// A decoder of the server's side.
pub(crate) fn new_decoder() -> Box<dyn Decoder> {
    let options = Options { query: QueryPolicy::RedactKeys(Vec::new()), ..Options::default() };
    Http2.decoder(Role::Server, &Arc::new(options))
}

/// Bytes that all passed at the same time.
pub(crate) fn chunk(direction: Direction, bytes: &[u8]) -> Chunk<'_> {
    Chunk { direction, bytes, skipped: 0, tail: &[], aligned: false, first: 0, last: 0 }
}

/// What a check found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) ended: u64,
    pub(crate) abandoned: u64,
    pub(crate) lost: u64,
    /// Methods, paths and statuses that were told, and those that were marked as unknown.
    pub(crate) known: u64,
    pub(crate) unknown: u64,
}

/// Panics where the events break their own rules, or say something that was not so.
pub(crate) fn check(events: &[Event], truths: &BTreeMap<u32, Truth>) -> Found {
    let mut ledger = Ledger::new(usize::MAX);
    ledger.enter(events);
    ledger.close();
    let mut found =
        Found { ended: ledger.ended, abandoned: ledger.abandoned, lost: ledger.lost, ..Found::default() };
    let mut asked = BTreeMap::new();
    for event in events {
        match event {
            Event::Request { key, request, .. } => {
                let marks = marks(&request.attributes, REQUEST_UNKNOWN);
                let Some(context) = &request.context else {
                    // A block that was cut before it.
                    assert!(marks.contains(&"headers".to_owned()), "{event:?}");
                    continue;
                };
                let id = u32::try_from(u64::from_be_bytes(context.parent_id)).unwrap();
                let truth = &truths[&id];
                asked.insert(*key, truth);
                let method = text(&request.attributes, name::HTTP_REQUEST_METHOD).unwrap();
                let hidden = marks.contains(&"method".to_owned());
                assert_eq!(method, if hidden { "_OTHER" } else { truth.method }, "{event:?}");
                let hidden_path = marks.contains(&"path".to_owned());
                let path = text(&request.attributes, name::URL_PATH);
                let query = text(&request.attributes, name::URL_QUERY);
                let target = path.map(|path| match query {
                    Some(query) => format!("{path}?{query}"),
                    None => path.to_owned(),
                });
                assert_eq!(target, (!hidden_path).then(|| truth.path.clone()), "{event:?}");
                found.count(&[hidden, hidden_path]);
            }
            Event::Response { key, response, .. } => {
                let Some(truth) = asked.get(key) else { continue };
                let hidden = !marks(&response.attributes, RESPONSE_UNKNOWN).is_empty();
                let status = find(&response.attributes, name::HTTP_RESPONSE_STATUS_CODE);
                let expected = (!hidden).then_some(Value::Int(truth.status));
                assert_eq!(status, expected.as_ref(), "{event:?} of {truth:?}");
                found.count(&[hidden]);
            }
            _ => {}
        }
    }
    found
}

/// Panics unless every exchange was reported in full.
pub(crate) fn check_all(events: &[Event], truths: &BTreeMap<u32, Truth>) {
    let found = check(events, truths);
    let all = truths.len() as u64;
    assert_eq!((found.ended, found.abandoned, found.lost, found.unknown), (all, 0, 0, 0));
    let truths: Vec<&Truth> = truths.values().collect();
    for event in events {
        if let Event::End { key, direction, body, ending, .. } = event {
            let truth = truths[usize::try_from(*key).unwrap()];
            let expected = match direction {
                Direction::Request => truth.request,
                Direction::Response => truth.response,
            };
            assert_eq!((*body, *ending), (expected, Ending::Complete), "{event:?}");
        }
    }
}

impl Found {
    fn count(&mut self, hidden: &[bool]) {
        let unknown = hidden.iter().filter(|hidden| **hidden).count() as u64;
        self.unknown += unknown;
        self.known += hidden.len() as u64 - unknown;
    }
}

fn find(attributes: &Attributes, wanted: Attribute) -> Option<&Value> {
    attributes.iter().find(|(attribute, _)| *attribute == wanted).map(|(_, value)| value)
}

fn text(attributes: &Attributes, wanted: Attribute) -> Option<&str> {
    match find(attributes, wanted)? {
        Value::Static(text) => Some(text),
        Value::String(text) => Some(text),
        other => panic!("{other:?} is no text"),
    }
}

fn marks(attributes: &Attributes, mark: Attribute) -> Vec<String> {
    match find(attributes, mark) {
        Some(Value::StringArray(parts)) => parts.clone(),
        _ => Vec::new(),
    }
}
