//! The tree as serde sees it. Faults carry their path and line.
use std::fmt::{self, Write as _};

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, VariantAccess, Visitor,
    },
    forward_to_deserialize_any,
};

use super::{
    error::{Mistake, Path, Step, nearest},
    node::{Node, Value},
    scalar::Scalar,
};

/// Deserializer over one node.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    node: &'a Node,
}

/// What is wrong with a node.
#[derive(Debug)]
pub(super) struct Fault {
    /// Steps from the node up to the root.
    steps: Vec<Step>,
    line: Option<u32>,
    what: What,
}

#[derive(Debug)]
enum What {
    Text(String),
    /// A part of the node was wrong and has been reported; without it the node means nothing.
    Reported,
    /// A key that must be there is not.
    Missing(&'static str),
    /// Not one of the words that may stand here; told with the key's name, known only once the path is.
    Word {
        found: String,
        expected: &'static [&'static str],
    },
}

impl<'a> Reader<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Self { node }
    }

    fn fault(self, what: String) -> Fault {
        Fault { steps: Vec::new(), line: Some(self.node.line), what: What::Text(what) }
    }

    fn located<T>(self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| Fault { line: fault.line.or(Some(self.node.line)), ..fault })
    }

    /// What was found, for people.
    fn found(self) -> String {
        match &self.node.value {
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a section".to_owned(),
            Value::Scalar { text, plain: true } if matches!(Scalar::of(text), Scalar::Null) => {
                "nothing".to_owned()
            }
            Value::Scalar { text, plain: true } if !matches!(Scalar::of(text), Scalar::Text(_)) => {
                text.clone()
            }
            Value::Scalar { text, .. } => format!("{text:?}"),
            Value::Struck => "a mistake".to_owned(),
        }
    }

    fn expected<T>(self, what: &str) -> Result<T, Fault> {
        Err(self.fault(format!("expected {what}, found {}", self.found())))
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::List(items) => visitor.visit_seq(Items { of: items, next: 0 }),
            Value::Map(entries) => visitor.visit_map(Entries { of: entries, next: 0, skip_null: false }),
            Value::Scalar { text, plain: false } => visitor.visit_str(text),
            Value::Scalar { text, plain: true } => match Scalar::of(text) {
                Scalar::Null => visitor.visit_unit(),
                Scalar::Boolean(value) => visitor.visit_bool(value),
                Scalar::Unsigned(value) => visitor.visit_u64(value),
                Scalar::Signed(value) => visitor.visit_i64(value),
                Scalar::Float(value) => visitor.visit_f64(value),
                Scalar::Text(value) => visitor.visit_str(value),
            },
            Value::Struck => visitor.visit_unit(),
        };
        self.located(result)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// Text is wanted: `1.10` stays `1.10`, and needs no quotes.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Scalar { text, .. } if !self.node.is_null() => self.located(visitor.visit_str(text)),
            _ => self.expected("text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::List(items) => visitor.visit_seq(Items { of: items, next: 0 }),
            _ => self.expected("a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Map(entries) => visitor.visit_map(Entries { of: entries, next: 0, skip_null: false }),
            _ => self.expected("a section of \"key: value\" lines"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Value::Map(entries) = &self.node.value else {
            return self.expected("a section of \"key: value\" lines");
        };
        for (key, node) in entries {
            if !fields.contains(&key.as_str()) && !matches!(node.value, Value::Struck) {
                let mut fault = Reader::new(node).fault(unknown_key(key, fields));
                fault.steps.push(Step::Key(key.clone()));
                return Err(fault);
            }
        }
        let result = visitor.visit_map(Entries { of: entries, next: 0, skip_null: true });
        // What was struck is missing, and has been told.
        let struck = |missing: &str| {
            entries.iter().any(|(key, node)| key == missing && matches!(node.value, Value::Struck))
        };
        self.located(result.map_err(|fault| match fault.what {
            What::Missing(key) if fault.steps.is_empty() && struck(key) => {
                Fault { what: What::Reported, ..fault }
            }
            _ => fault,
        }))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::Scalar { text, .. } if !self.node.is_null() => {
                visitor.visit_enum(Word { word: text, content: None })
            }
            Value::Map(entries) => match entries.as_slice() {
                [(_, content)] if matches!(content.value, Value::Struck) => {
                    Err(Fault { steps: Vec::new(), line: None, what: What::Reported })
                }
                [(word, content)] => visitor.visit_enum(Word { word, content: Some(content) }),
                _ => self.expected(&one_of(words)),
            },
            _ => self.expected(&one_of(words)),
        };
        self.located(result)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct
        tuple tuple_struct identifier ignored_any
    }
}

/// Items of a list, without those struck.
struct Items<'a> {
    of: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        while let Some(node) = self.of.get(self.next) {
            let index = self.next;
            self.next += 1;
            if !matches!(node.value, Value::Struck) {
                let item = seed.deserialize(Reader::new(node));
                return item.map(Some).map_err(|fault| fault.under(Step::Index(index)));
            }
        }
        Ok(None)
    }
}

/// Entries of a section, without those struck, nor (for known keys) those without value: these have their default.
struct Entries<'a> {
    of: &'a [(String, Node)],
    next: usize,
    skip_null: bool,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        while let Some((key, node)) = self.of.get(self.next) {
            self.next += 1;
            let absent = matches!(node.value, Value::Struck) || (self.skip_null && node.is_null());
            if !absent {
                return seed.deserialize(key.as_str().into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, node) = &self.of[self.next - 1];
        seed.deserialize(Reader::new(node)).map_err(|fault| fault.under(Step::Key(key.clone())))
    }
}

/// One of several words, which may have content: `redact_keys: [a, b]`.
struct Word<'a> {
    word: &'a str,
    content: Option<&'a Node>,
}

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let variant = seed.deserialize(self.word.into_deserializer())?;
        Ok((variant, self))
    }
}

impl Word<'_> {
    fn under<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| fault.under(Step::Key(self.word.to_owned())))
    }
}

impl<'de> VariantAccess<'de> for Word<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(content) => self.under(Err(Reader::new(content).fault("takes no value".to_owned()))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        match self.content {
            Some(content) => self.under(seed.deserialize(Reader::new(content))),
            None => Err(Fault::custom(format_args!("\"{}\" needs a value: \"{0}: …\"", self.word))),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::invalid_type(Unexpected::TupleVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        Err(Fault::invalid_type(Unexpected::StructVariant, &visitor))
    }
}

impl Fault {
    fn under(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Where it is, and what to tell about it, if that has not been told yet.
    pub(super) fn into_mistake(mut self) -> (Path, Option<Mistake>) {
        self.steps.reverse();
        let path = Path(self.steps);
        let what = match self.what {
            What::Text(text) => text,
            What::Reported => return (path, None),
            What::Missing(key) => format!("needs {key:?}"),
            What::Word { found, expected } => {
                let name = path.0.iter().rev().find_map(|step| match step {
                    Step::Key(key) => Some(key.as_str()),
                    Step::Index(_) => None,
                });
                format!("unknown {} {found:?}, expected {}", name.unwrap_or("word"), one_of(expected))
            }
        };
        let mistake = Mistake { path: path.to_string(), line: self.line, what };
        (path, Some(mistake))
    }
}

fn unknown_key(key: &str, fields: &[&str]) -> String {
    match nearest(key, fields) {
        Some(meant) => format!("unknown key, did you mean \"{meant}\"?"),
        None => format!("unknown key, expected {}", one_of(fields)),
    }
}

/// `"a", "b" or "c"`.
fn one_of(words: &[&str]) -> String {
    let mut out = String::new();
    for (index, word) in words.iter().enumerate() {
        let joint = match index {
            0 => "",
            _ if index + 1 == words.len() => " or ",
            _ => ", ",
        };
        let _ = write!(out, "{joint}\"{word}\""); // writing to a String cannot fail
    }
    out
}

/// Serde's words for a type, for people.
fn plainly(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "a boolean" => "true or false".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ => expected,
    }
}

fn shown(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        Unexpected::Str(value) => format!("{value:?}"),
        Unexpected::Unit => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a section".to_owned(),
        other => other.to_string(),
    }
}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self { steps: Vec::new(), line: None, what: What::Text(what.to_string()) }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {}, found {}", plainly(expected), shown(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self { steps: Vec::new(), line: None, what: What::Missing(field) }
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self { steps: Vec::new(), line: None, what: What::Word { found: found.to_owned(), expected } }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Text(text) => f.write_str(text),
            What::Reported => f.write_str("reported before"),
            What::Missing(key) => write!(f, "needs {key:?}"),
            What::Word { found, .. } => write!(f, "unknown word {found:?}"),
        }
    }
}

impl std::error::Error for Fault {}
