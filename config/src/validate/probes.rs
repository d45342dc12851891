//! Declared probes: names as OpenTelemetry wants them, and arguments that are there.
use std::collections::{BTreeMap, HashSet};

use globset::Glob;

use super::Check;
use crate::probes::{ArgumentType, DURATION, Probe, RESULT};

/// Most probes: each takes two of the marks that the kernel keeps for them.
const MOST: usize = 64;
/// Arguments of functions are in so many registers; of USDT probes, so many are read.
const FUNCTION_ARGUMENTS: u8 = 6;
const USDT_ARGUMENTS: u8 = 8;
/// Texts that a record has room for.
const TEXTS: usize = 2;
/// Longest names and units, as the specification of metrics bounds those of instruments.
const NAME_MAX: usize = 255;
const UNIT_MAX: usize = 63;
/// Most buckets of a histogram.
const BOUNDARIES_MAX: usize = 200;
/// Beginnings of names that others own.
const RESERVED: [&str; 2] = ["otel.", "underspan."];

pub(super) fn check(check: &mut Check, probes: &[Probe]) {
    check
        .that(probes.len() <= MOST, &["probes"], || format!("at most {MOST} probes, found {}", probes.len()));
    let (mut names, mut metrics) = (HashSet::new(), HashSet::new());
    for (index, probe) in probes.iter().enumerate() {
        let mut one = One { check, path: format!("probes[{index}]"), probe };
        one.name(names.insert(probe.name.as_str()));
        one.place();
        one.args();
        one.outcome(&mut metrics);
    }
}

/// One probe being checked.
struct One<'c, 'a> {
    check: &'c mut Check,
    path: String,
    probe: &'a Probe,
}

impl<'a> One<'_, 'a> {
    /// Notes `what` about a key of the probe unless `holds`.
    fn that(&mut self, holds: bool, key: &str, what: impl FnOnce() -> String) {
        self.check.that(holds, &[&format!("{}.{key}", self.path)], what);
    }

    fn name(&mut self, is_new: bool) {
        let name = &self.probe.name;
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_name = !name.is_empty() && name.len() <= UNIT_MAX && name.bytes().all(sound);
        self.that(is_name, "name", || {
            format!("expected up to {UNIT_MAX} letters, digits, \".\", \"_\" and \"-\", found {name:?}")
        });
        self.that(is_new || !is_name, "name", || format!("another probe is called {name:?}"));
    }

    fn place(&mut self) {
        let Probe { usdt, function, .. } = self.probe;
        self.one_of(["usdt", "function"], &[usdt.is_some(), function.is_some()]);
        let path = usdt.as_ref().map(|usdt| ("usdt", &usdt.path));
        let path = path.or(function.as_ref().map(|function| ("function", &function.path)));
        if let Some((key, path)) = path {
            let glob = Glob::new(path);
            self.that(!path.is_empty() && glob.is_ok(), &format!("{key}.path"), || {
                let reason = glob.err().map_or("it is empty".to_owned(), |error| error.kind().to_string());
                format!("{path:?} is not a glob: {reason}")
            });
        }
        if let Some(usdt) = usdt {
            self.word("usdt.provider", &usdt.provider);
            self.word("usdt.name", &usdt.name);
            if let Some(until) = &usdt.until {
                self.word("usdt.until", until);
                self.that(*until != usdt.name, "usdt.until", || {
                    "must be another probe than \"name\"".to_owned()
                });
            }
        }
        if let Some(function) = function {
            self.word("function.symbol", &function.symbol);
            let number = function.result != Some(ArgumentType::String);
            self.that(number, "function.result", || "expected an integer type, found \"string\"".to_owned());
        }
    }

    fn args(&mut self) {
        let (key, most) = match &self.probe.usdt {
            Some(_) => ("usdt", USDT_ARGUMENTS),
            None => ("function", FUNCTION_ARGUMENTS),
        };
        for (name, argument) in self.probe.args() {
            self.that(is_argument(name), &format!("{key}.args.{name}"), || {
                "a name is lower-case letters, digits and \"_\", and neither \"duration\" nor \"result\""
                    .to_owned()
            });
            self.that(argument.at < most, &format!("{key}.args.{name}.at"), || {
                format!("expected a number from 0 to {}, found {}", most - 1, argument.at)
            });
        }
        let texts = self.probe.args().filter(|(_, argument)| argument.kind == ArgumentType::String).count();
        self.that(texts <= TEXTS, &format!("{key}.args"), || {
            format!("at most {TEXTS} arguments can be text, found {texts}")
        });
    }

    fn outcome(&mut self, metrics: &mut HashSet<&'a str>) {
        let Probe { counter, histogram, span, .. } = self.probe;
        self.one_of(
            ["counter", "histogram", "span"],
            &[counter.is_some(), histogram.is_some(), span.is_some()],
        );
        let mut ends = self.probe.has_end();
        if let Some(counter) = counter {
            self.metric("counter", &counter.name, metrics);
            self.unit("counter", &counter.unit);
            self.attributes("counter", &counter.attributes);
            if let Some(value) = &counter.value {
                self.number("counter.value", value);
            }
        }
        if let Some(histogram) = histogram {
            self.metric("histogram", &histogram.name, metrics);
            self.attributes("histogram", &histogram.attributes);
            if let Some(unit) = &histogram.unit {
                self.unit("histogram", unit);
                let seconds = histogram.value != DURATION || unit == "s";
                self.that(seconds, "histogram.unit", || {
                    format!("a duration is in seconds, \"s\", found {unit:?}")
                });
            }
            if histogram.value != DURATION {
                self.number("histogram.value", &histogram.value);
            }
            let rising = histogram.boundaries.windows(2).all(|pair| pair[0] < pair[1]);
            let finite = histogram.boundaries.iter().all(|boundary| boundary.is_finite());
            let few = histogram.boundaries.len() <= BOUNDARIES_MAX;
            self.that(rising && finite && few, "histogram.boundaries", || {
                format!("expected at most {BOUNDARIES_MAX} numbers, each greater than the one before")
            });
        }
        if let Some(span) = span {
            let visible = !span.name.trim().is_empty() && !span.name.contains(char::is_control);
            self.that(visible, "span.name", || format!("expected a name, found {:?}", span.name));
            self.attributes("span", &span.attributes);
        }
        ends &= span.is_some() || histogram.is_some();
        if let Some(usdt) = &self.probe.usdt {
            let until = format!("{}.usdt.until", self.path);
            let usdt_path = format!("{}.usdt", self.path);
            let histogram = format!("{}.histogram.value", self.path);
            self.check.that(usdt.until.is_some() || !ends, &[&usdt_path, &until, &histogram], || {
                "needs \"until\", the probe at the end: what is made of it has a duration".to_owned()
            });
            self.check.that(usdt.until.is_none() || ends, &[&until, &histogram], || {
                "has no effect: what is made of it has no duration".to_owned()
            });
        }
    }

    /// Exactly one of several keys.
    fn one_of<const N: usize>(&mut self, keys: [&str; N], there: &[bool; N]) {
        let count = there.iter().filter(|there| **there).count();
        let paths: Vec<_> = keys.iter().map(|key| format!("{}.{key}", self.path)).collect();
        let mut paths: Vec<_> = paths.iter().map(String::as_str).collect();
        paths.insert(0, &self.path);
        self.check.that(count == 1, &paths, || {
            let listed = keys.map(|key| format!("\"{key}\"")).join(", ");
            let found = if count == 0 { "none".to_owned() } else { count.to_string() };
            format!("a probe needs exactly one of {listed}, found {found}")
        });
    }

    fn word(&mut self, key: &str, word: &str) {
        let visible = |c: char| c.is_ascii_graphic() && c != '"';
        self.that(!word.is_empty() && word.chars().all(visible), key, || {
            format!("expected a name without spaces, found {word:?}")
        });
    }

    /// Name of an instrument, <https://opentelemetry.io/docs/specs/otel/metrics/api/#instrument-name-syntax>.
    fn metric(&mut self, key: &str, name: &'a str, known: &mut HashSet<&'a str>) {
        let key = format!("{key}.name");
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
        let is_name = name.bytes().all(sound)
            && name.len() <= NAME_MAX
            && name.starts_with(|c: char| c.is_ascii_alphabetic());
        self.that(is_name, &key, || {
            format!(
                "the name of a metric begins with a letter and has letters, digits, \"_\", \".\", \"-\" and \"/\", \
                 at most {NAME_MAX}; found {name:?}"
            )
        });
        self.reserved(&key, name);
        let is_new = known.insert(name);
        self.that(is_new || !is_name, &key, || format!("another probe has the metric {name:?}"));
    }

    fn unit(&mut self, key: &str, unit: &str) {
        let sound = (1..=UNIT_MAX).contains(&unit.len()) && unit.bytes().all(|byte| byte.is_ascii_graphic());
        self.that(sound, &format!("{key}.unit"), || {
            format!("expected a unit in UCUM such as s, By or {{order}}, found {unit:?}")
        });
    }

    fn attributes(&mut self, key: &str, attributes: &'a BTreeMap<String, String>) {
        for (attribute, arg) in attributes {
            let key = format!("{key}.attributes.{attribute}");
            self.that(is_attribute(attribute), &key, || {
                "the name of an attribute is lower-case words of letters and digits, the first a letter, joined by \".\" or \"_\""
                    .to_owned()
            });
            self.reserved(&key, attribute);
            let known = self.probe.type_of(arg).is_some();
            self.argument(known, &key, || format!("there is no argument {arg:?}{}", listed(self.probe)));
        }
    }

    /// An argument that is a number.
    fn number(&mut self, key: &str, arg: &str) {
        let kind = self.probe.type_of(arg);
        let probe = self.probe;
        self.argument(kind.is_some(), key, || format!("there is no argument {arg:?}{}", listed(probe)));
        self.that(kind != Some(ArgumentType::String), key, || {
            format!("expected an integer, and {arg:?} is text")
        });
    }

    /// Says nothing where the arguments were wrong.
    fn argument(&mut self, holds: bool, key: &str, what: impl FnOnce() -> String) {
        let path = format!("{}.{key}", self.path);
        let args = ["usdt", "function"].map(|place| format!("{}.{place}.args", self.path));
        self.check.that(holds, &[&path, &args[0], &args[1]], what);
    }

    fn reserved(&mut self, key: &str, name: &str) {
        if let Some(prefix) = RESERVED.iter().find(|prefix| name.starts_with(**prefix)) {
            self.that(false, key, || format!("names that begin with \"{prefix}\" are not yours to give"));
        }
    }
}

/// `, expected one of "a", "b"`.
fn listed(probe: &Probe) -> String {
    let mut names: Vec<_> = probe.args().map(|(name, _)| format!("\"{name}\"")).collect();
    names.extend(probe.type_of(RESULT).map(|_| format!("\"{RESULT}\"")));
    if names.is_empty() { String::new() } else { format!(", expected {}", names.join(" or ")) }
}

fn is_argument(name: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(sound)
        && ![DURATION, RESULT].contains(&name)
}

/// <https://opentelemetry.io/docs/specs/semconv/general/naming/>
fn is_attribute(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split(['.', '_']).all(word)
}

#[cfg(test)]
mod tests;
