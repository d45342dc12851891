//! Probes the operator declares: where a program is looked at, and what becomes of it.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in programs, and the metric or span that is made of each pass. Exactly one of `usdt` and `function`, and exactly one of `counter`,
/// `histogram` and `span`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Probe {
    /// What it is called in the log and the status: letters, digits, `.`, `_` and `-`. Unique.
    pub name: String,
    /// A probe that the program's authors put there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usdt: Option<Usdt>,
    /// A function of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// Passes are counted, or a number that goes with them is added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<Counter>,
    /// A number, or the time something takes, goes into a histogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Distribution>,
    /// Each call becomes a span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<CallSpan>,
    /// All processes that map the file get the probe, of which those that are not traced pay for a pass and are ignored. For servers that
    /// fork: children have the probe from their first instruction. Default `false`.
    pub shared: bool,
}

/// A USDT probe. `underspan list --usdt PATH` shows what a file has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Usdt {
    /// Executables and libraries it is in: glob on the path as the process sees it; without a slash, on the file's name.
    pub path: String,
    /// Who defines it, such as `postgresql`.
    pub provider: String,
    /// Its name, such as `checkpoint__start`.
    pub name: String,
    /// The probe of the same provider that the same thread passes at the end of what begins here. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What goes with it, by a name of your choice. Default: nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, Argument>,
}

/// A function with the calling convention of C. `underspan list --explain PATH SYMBOL` shows where its probes would be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Function {
    /// Executables and libraries it is in: glob on the path as the process sees it; without a slash, on the file's name.
    pub path: String,
    /// Its symbol, as the linker knows it (mangled), with or without `@VERSION`.
    pub symbol: String,
    /// What goes with it, by a name of your choice: integers and addresses among the first six arguments. Default: nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, Argument>,
    /// Type of what it returns, an integer; it is then known as `result`. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ArgumentType>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// Its place, counted from 0.
    pub at: u8,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ArgumentType,
}

/// Type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArgumentType {
    /// 8 bits with sign.
    Int8,
    /// 16 bits with sign.
    Int16,
    /// 32 bits with sign: C's `int`.
    Int32,
    /// 64 bits with sign: C's `long`.
    Int64,
    /// 8 bits without sign.
    Uint8,
    /// 16 bits without sign.
    Uint16,
    /// 32 bits without sign.
    Uint32,
    /// 64 bits without sign. What exceeds 2^63-1 is taken for that.
    Uint64,
    /// Address of text that ends with a NUL; of it, the first 63 bytes.
    String,
}

impl ArgumentType {
    /// Bits, and whether there is a sign. `None` for text.
    pub fn integer(self) -> Option<(u8, bool)> {
        match self {
            Self::Int8 => Some((8, true)),
            Self::Int16 => Some((16, true)),
            Self::Int32 => Some((32, true)),
            Self::Int64 => Some((64, true)),
            Self::Uint8 => Some((8, false)),
            Self::Uint16 => Some((16, false)),
            Self::Uint32 => Some((32, false)),
            Self::Uint64 => Some((64, false)),
            Self::String => None,
        }
    }
}

/// A sum that only grows. Without attributes it is counted in the kernel, which costs least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Counter {
    /// Of the metric.
    pub name: String,
    /// In UCUM, such as `By` or `{order}`. Default `1`.
    pub unit: String,
    /// One sentence for people. Default: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The argument that is added up. Default: each pass counts one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Attributes of its series: name of the attribute, and of the argument. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl Default for Counter {
    fn default() -> Self {
        Self {
            name: String::new(),
            unit: "1".to_owned(),
            description: String::new(),
            value: None,
            attributes: BTreeMap::new(),
        }
    }
}

/// How values are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Distribution {
    /// Of the metric.
    pub name: String,
    /// In UCUM. Default `s` for a duration, else `1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// One sentence for people. Default: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The argument, or `duration`: seconds from the call to the return of the function, or from one USDT probe `until` the other. Default
    /// `duration`.
    pub value: String,
    /// Upper bounds of its buckets, rising. Default: those of OpenTelemetry's conventions for durations, else of its SDKs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boundaries: Vec<f64>,
    /// Attributes of its series: name of the attribute, and of the argument. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// The value of a histogram that is no argument.
pub const DURATION: &str = "duration";
/// What a function returns, among its arguments.
pub const RESULT: &str = "result";

impl Default for Distribution {
    fn default() -> Self {
        Self {
            name: String::new(),
            unit: None,
            description: String::new(),
            value: DURATION.to_owned(),
            boundaries: Vec::new(),
            attributes: BTreeMap::new(),
        }
    }
}

/// A span for each call of the function, or from one USDT probe `until` the other. Its parent is the request that the thread serves, where
/// that is certain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CallSpan {
    /// Its name.
    pub name: String,
    /// Its attributes: name of the attribute, and of the argument. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl Probe {
    /// Its arguments by name; empty where neither `usdt` nor `function` is there.
    pub fn args(&self) -> impl Iterator<Item = (&str, &Argument)> {
        let usdt = self.usdt.iter().flat_map(|usdt| &usdt.args);
        let function = self.function.iter().flat_map(|function| &function.args);
        usdt.chain(function).map(|(name, argument)| (name.as_str(), argument))
    }

    /// Type of an argument, or of the result.
    pub fn type_of(&self, name: &str) -> Option<ArgumentType> {
        let result = self.function.as_ref().and_then(|function| function.result);
        let mut args = self.args();
        args.find(|(arg, _)| *arg == name)
            .map(|(_, argument)| argument.kind)
            .or(result.filter(|_| name == RESULT))
    }

    /// The attributes that what is made of it has: name of the attribute, and of the argument.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let counter = self.counter.iter().map(|counter| &counter.attributes);
        let histogram = self.histogram.iter().map(|histogram| &histogram.attributes);
        let span = self.span.iter().map(|span| &span.attributes);
        let all = counter.chain(histogram).chain(span).flatten();
        all.map(|(attribute, arg)| (attribute.as_str(), arg.as_str()))
    }

    /// Whether the end of what begins at the probe has to be seen.
    pub fn has_end(&self) -> bool {
        let lasts = self.span.is_some()
            || self.histogram.as_ref().is_some_and(|histogram| histogram.value == DURATION);
        lasts || self.function.as_ref().is_some_and(|function| function.result.is_some())
    }
}
