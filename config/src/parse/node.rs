//! YAML text -> a tree that remembers lines.
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

use super::{
    error::{Mistake, Path, Step},
    scalar::Scalar,
};

/// A value and the line it begins on.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// From 1. For an entry of a section the line of its key.
    pub(super) line: u32,
    pub(super) value: Value,
}

/// A value of the file.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Text as written, quotes and escapes undone. `plain` text may still mean a number, a truth value or nothing.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// A section: its entries in order, keys unique.
    Map(Vec<(String, Node)>),
    /// Was wrong, has been reported, and counts as absent.
    Struck,
}

type Events<'a> = dyn Iterator<Item = Result<(Event<'a>, u32), Mistake>> + 'a;

impl Node {
    /// Reads one document. Refuses what a configuration does not need and a reader would trip over: several
    /// documents, anchors and aliases, tags, keys that are not text or appear twice.
    pub(super) fn parse(yaml: &str) -> Result<Self, Mistake> {
        let mut events = Parser::new_from_str(yaml).filter_map(|event| match event {
            Ok((
                Event::Comment(..) | Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd,
                _,
            )) => None,
            Ok((event, span)) => Some(Ok((event, line(span.start.line())))),
            Err(error) => Some(Err(mistake(line(error.marker().line()), &error.info()))),
        });
        let root = match next(&mut events)? {
            (Event::StreamEnd, line) => {
                return Ok(Self { line, value: Value::Scalar { text: String::new(), plain: true } });
            }
            (event, line) => read(event, line, &mut events)?,
        };
        match next(&mut events)? {
            (Event::StreamEnd, _) => Ok(root),
            (_, line) => Err(mistake(line, "expected one YAML document, found another")),
        }
    }

    /// Whether the value is absent: nothing, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar { text, plain: true } => matches!(Scalar::of(text), Scalar::Null),
            _ => false,
        }
    }

    /// Strikes the node at `path`. False when it is the root or already struck.
    pub(super) fn strike(&mut self, path: &Path) -> bool {
        let mut node = self;
        for step in &path.0 {
            let child = match (step, &mut node.value) {
                (Step::Key(key), Value::Map(entries)) => {
                    entries.iter_mut().find(|(name, _)| name == key).map(|(_, child)| child)
                }
                (Step::Index(index), Value::List(items)) => items.get_mut(*index),
                _ => None,
            };
            match child {
                Some(child) => node = child,
                None => return false,
            }
        }
        let struck = !path.0.is_empty() && !matches!(node.value, Value::Struck);
        node.value = Value::Struck;
        struck
    }

    /// Turns a path in the configuration into one of the file: a list read from the file lacks its struck items.
    /// Also gives the line of the deepest node on the way.
    pub(super) fn locate(&self, path: &str) -> (String, Option<u32>) {
        let mut node = self;
        let mut line = None;
        let mut located = String::with_capacity(path.len());
        let mut rest = path;
        while !rest.is_empty() {
            let end = rest[1..].find(['.', '[']).map_or(rest.len(), |end| end + 1);
            let step = &rest[..end];
            let child = match &node.value {
                Value::Map(entries) => {
                    let key = step.trim_start_matches('.');
                    entries.iter().find(|(name, _)| name == key).map(|(_, child)| (step.to_owned(), child))
                }
                Value::List(items) => {
                    let index = step.trim_matches(['[', ']']).parse::<usize>().ok();
                    let mut kept =
                        items.iter().enumerate().filter(|(_, item)| !matches!(item.value, Value::Struck));
                    index
                        .and_then(|index| kept.nth(index))
                        .map(|(index, child)| (format!("[{index}]"), child))
                }
                Value::Scalar { .. } | Value::Struck => None,
            };
            let Some((step, child)) = child else { break };
            located.push_str(&step);
            line = Some(child.line);
            node = child;
            rest = &rest[end..];
        }
        located.push_str(rest);
        (located, line)
    }
}

/// The node that begins with `event`.
fn read(event: Event<'_>, line: u32, events: &mut Events<'_>) -> Result<Node, Mistake> {
    let value = match event {
        Event::Scalar(_, _, _, Some(_))
        | Event::SequenceStart(_, _, Some(_))
        | Event::MappingStart(_, _, Some(_)) => {
            return Err(mistake(line, "YAML tags are not supported"));
        }
        Event::Alias(_) => return Err(mistake(line, "YAML aliases are not supported")),
        Event::Scalar(text, style, _, None) => {
            Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
        }
        Event::SequenceStart(_, _, None) => {
            let mut items = Vec::new();
            loop {
                match next(events)? {
                    (Event::SequenceEnd, _) => break Value::List(items),
                    (event, line) => items.push(read(event, line, events)?),
                }
            }
        }
        Event::MappingStart(_, _, None) => read_map(events)?,
        _ => return Err(mistake(line, "expected a value")),
    };
    Ok(Node { line, value })
}

fn read_map(events: &mut Events<'_>) -> Result<Value, Mistake> {
    let mut entries: Vec<(String, Node)> = Vec::new();
    loop {
        let (key, line) = match next(events)? {
            (Event::MappingEnd, _) => return Ok(Value::Map(entries)),
            (Event::Scalar(key, ..), line) => (key.into_owned(), line),
            (_, line) => return Err(mistake(line, "expected a key")),
        };
        if entries.iter().any(|(name, _)| *name == key) {
            return Err(mistake(line, &format!("key \"{key}\" appears twice in the same section")));
        }
        let (event, value_line) = next(events)?;
        let node = read(event, value_line, events)?;
        entries.push((key, Node { line, ..node }));
    }
}

fn next<'a>(events: &mut Events<'a>) -> Result<(Event<'a>, u32), Mistake> {
    // The parser ends a well-formed stream with `StreamEnd`, behind which nobody reads.
    events.next().unwrap_or(Ok((Event::StreamEnd, 0)))
}

fn line(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn mistake(line: u32, what: &str) -> Mistake {
    Mistake { path: String::new(), line: Some(line), what: what.to_owned() }
}
