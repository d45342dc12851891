//! Probes that the configuration declares -> marks for the kernel; what it tells of them -> measurements and calls
//!
//! Each probe has two marks: one for where something begins, and one for where it ends, if that is wanted. The kernel matches them by
//! thread. A counter without attributes is counted there, too, and nothing is told of its passes.

use underspan_config::{ArgumentType, DURATION, Probe, RESULT};
use underspan_ebpf::Moment;
use underspan_ebpf::probes::inside::{DECLARED, Mark, RESULT as RESULT_AT};
use underspan_ebpf::uprobes::Sharing;
use underspan_protocols::message::{Attribute, AttributeKind, Attributes, Metric, Value};
use underspan_protocols::semconv::metric::HTTP_SERVER_REQUEST_DURATION;

use super::{number, seconds};
use crate::attach::inside::{Files, Place, Seek, Wanted};
use crate::correlate::Mover;
use crate::correlate::exchange::Passed;
use crate::discover::WrongGlob;
use crate::discover::selector::FileGlob;
use crate::signals::metrics::{Instrument, Measurement};

/// Numbers of marks that a probe has.
const NUMBERS: u32 = 2;

/// See the module.
pub(super) struct Declared {
    probes: Vec<Made>,
    negative: u64,
}

/// What is made of the passes of a probe.
struct Made {
    outcome: Outcome,
    attributes: Vec<(Attribute, Source)>,
}

#[derive(Clone, Copy)]
enum Outcome {
    /// Without a value, each counts one.
    Metric(&'static Metric, Instrument, Option<Source>),
    /// The time it took.
    Duration(&'static Metric),
    /// Of this name.
    Span(&'static str),
}

/// Where a value is in what the kernel tells.
#[derive(Clone, Copy)]
enum Source {
    /// Among the numbers.
    Number { slot: usize, bits: u8, signed: bool },
    /// Among the texts.
    Text(usize),
    /// What the function returned.
    Result { bits: u8, signed: bool },
}

impl Declared {
    /// What these probes want, too. Fails where the path of one is no glob.
    pub(super) fn new(probes: &[Probe]) -> Result<(Self, Vec<Wanted>), WrongGlob> {
        let (mut made, mut wanted) = (Vec::new(), Vec::new());
        for (index, probe) in (0..).zip(probes) {
            let layout = Layout::of(probe);
            let of = made_of(probe, &layout);
            wanted.push(wanted_by(probe, DECLARED + index * NUMBERS, &layout, &of)?);
            made.push(of);
        }
        Ok((Self { probes: made, negative: 0 }, wanted))
    }

    /// Takes a pass. Gives back the call that becomes a span.
    pub(super) fn moment(&mut self, moment: &Moment<'_>, out: &mut Vec<Measurement>) -> Option<Passed> {
        let Made { outcome, attributes } = self.probes.get(index_of(moment.mark)?)?;
        let value = |(attribute, source): &(Attribute, Source)| Some((*attribute, source.value(moment)?));
        let attributes: Attributes = attributes.iter().filter_map(value).collect();
        let start = moment.begun.unwrap_or(moment.time);
        let (metric, instrument, value) = match *outcome {
            Outcome::Span(name) => {
                let mover = Mover { tgid: moment.tgid, tid: moment.tid };
                return Some(Passed { mover, name, start, end: moment.time, attributes });
            }
            Outcome::Duration(metric) => {
                (metric, Instrument::Histogram, seconds(moment.time.saturating_sub(start)))
            }
            Outcome::Metric(metric, instrument, source) => {
                let Ok(value) = u64::try_from(source.map_or(1, |source| source.integer(moment))) else {
                    self.negative += 1;
                    return None;
                };
                (metric, instrument, number(value))
            }
        };
        out.push(Measurement { metric, instrument, attributes, value });
        None
    }

    /// The metric of what the kernel counted under a mark.
    pub(super) fn counted(&self, mark: u32) -> Option<&'static Metric> {
        match self.probes.get(index_of(mark)?)?.outcome {
            Outcome::Metric(metric, Instrument::Counter, _) => Some(metric),
            _ => None,
        }
    }

    /// Passes whose value was negative, where that cannot be.
    pub(super) fn negative(&self) -> u64 {
        self.negative
    }
}

fn index_of(mark: u32) -> Option<usize> {
    usize::try_from(mark.checked_sub(DECLARED)? / NUMBERS).ok()
}

impl Source {
    fn value(self, moment: &Moment<'_>) -> Option<Value> {
        match self {
            Source::Text(index) => {
                let text = moment.texts[index];
                (!text.is_empty()).then(|| Value::String(super::text(text)))
            }
            Source::Number { .. } | Source::Result { .. } => Some(Value::Int(self.integer(moment))),
        }
    }

    fn integer(self, moment: &Moment<'_>) -> i64 {
        match self {
            Source::Number { slot, bits, signed } => integer(moment.numbers[slot], bits, signed),
            Source::Result { bits, signed } => integer(moment.ending[0], bits, signed),
            Source::Text(_) => 0,
        }
    }
}

/// What the lower bits of a register mean.
fn integer(raw: u64, bits: u8, signed: bool) -> i64 {
    let drop = 64 - u32::from(bits);
    if signed {
        (raw << drop).cast_signed() >> drop
    } else {
        i64::try_from(raw << drop >> drop).unwrap_or(i64::MAX)
    }
}

/// Which arguments the kernel takes as numbers, in one row, and which as text.
struct Layout {
    first: u8,
    numbers: u8,
    texts: Vec<u8>,
}

impl Layout {
    fn of(probe: &Probe) -> Self {
        let integers = probe.args().filter(|(_, argument)| argument.kind.integer().is_some());
        let places: Vec<_> = integers.map(|(_, argument)| argument.at).collect();
        let (first, last) = (places.iter().min().copied(), places.iter().max().copied());
        let texts = probe.args().filter(|(_, argument)| argument.kind == ArgumentType::String);
        Self {
            first: first.unwrap_or(0),
            numbers: first.zip(last).map_or(0, |(first, last)| last - first + 1),
            texts: texts.map(|(_, argument)| argument.at).collect(),
        }
    }

    fn source(&self, probe: &Probe, name: &str) -> Option<Source> {
        if let Some((_, argument)) = probe.args().find(|(arg, _)| *arg == name) {
            return match argument.kind.integer() {
                Some((bits, signed)) => {
                    Some(Source::Number { slot: usize::from(argument.at - self.first), bits, signed })
                }
                None => self.texts.iter().position(|at| *at == argument.at).map(Source::Text),
            };
        }
        let (bits, signed) = probe.type_of(name).filter(|_| name == RESULT)?.integer()?;
        Some(Source::Result { bits, signed })
    }

    /// The mark of where it begins.
    fn mark(&self, has_end: bool) -> Mark {
        let mark = if has_end { Mark::CALL } else { Mark::CALL.each() };
        self.texts.iter().fold(mark.numbers(self.first, self.numbers), |mark, at| mark.text(*at, None))
    }
}

fn made_of(probe: &Probe, layout: &Layout) -> Made {
    let attributes: Vec<_> = probe
        .attributes()
        .filter_map(|(name, arg)| {
            let source = layout.source(probe, arg)?;
            let kind = match source {
                Source::Text(_) => AttributeKind::String,
                Source::Number { .. } | Source::Result { .. } => AttributeKind::Int,
            };
            Some((Attribute { name: keep(name), kind }, source))
        })
        .collect();
    let metric = |name, unit, description, boundaries: &[f64]| {
        let attributes: Vec<_> = attributes.iter().map(|(attribute, _)| *attribute).collect();
        &*Box::leak(Box::new(Metric {
            name: keep(name),
            unit: keep(unit),
            description: keep(description),
            boundaries: Box::leak(boundaries.into()),
            attributes: attributes.leak(),
        }))
    };
    let outcome = match (&probe.counter, &probe.histogram, &probe.span) {
        (Some(counter), ..) => {
            let value = counter.value.as_ref().and_then(|value| layout.source(probe, value));
            let metric = metric(&counter.name, &counter.unit, &counter.description, &[]);
            Outcome::Metric(metric, Instrument::Counter, value)
        }
        (_, Some(histogram), _) => {
            let lasts = histogram.value == DURATION;
            let unit = histogram.unit.as_deref().unwrap_or(if lasts { "s" } else { "1" });
            let advised = if lasts { HTTP_SERVER_REQUEST_DURATION.boundaries } else { &[] };
            let own = histogram.boundaries.as_slice();
            let boundaries = if own.is_empty() { advised } else { own };
            let metric = metric(&histogram.name, unit, &histogram.description, boundaries);
            match layout.source(probe, &histogram.value) {
                Some(value) if !lasts => Outcome::Metric(metric, Instrument::Histogram, Some(value)),
                _ => Outcome::Duration(metric),
            }
        }
        (.., span) => Outcome::Span(keep(span.as_ref().map_or(probe.name.as_str(), |span| &span.name))),
    };
    Made { outcome, attributes }
}

fn wanted_by(probe: &Probe, number: u32, layout: &Layout, made: &Made) -> Result<Wanted, WrongGlob> {
    let has_end = probe.has_end();
    // What is only added up needs not be told.
    let counts = match made.outcome {
        Outcome::Metric(_, Instrument::Counter, value) if made.attributes.is_empty() && !has_end => {
            match value {
                None => Some(Mark::COUNT),
                Some(Source::Number { slot, bits, signed }) => {
                    let at = layout.first + u8::try_from(slot).unwrap_or(u8::MAX);
                    Some(Mark::COUNT.adds(at, bits, signed))
                }
                Some(_) => None,
            }
        }
        _ => None,
    };
    let begin = counts.unwrap_or_else(|| layout.mark(has_end));
    let (path, seek) = match (&probe.usdt, &probe.function) {
        (Some(usdt), _) => {
            let needs = probe.args().map(|(_, argument)| argument.at).collect();
            let place = |name: &str, number, mark, needs| Place {
                probe: keep(name),
                number,
                mark,
                arguments: None,
                since: 0,
                returns: false,
                needs,
            };
            let mut places = vec![place(&usdt.name, number, begin, needs)];
            let until = usdt.until.as_ref().filter(|_| has_end);
            places.extend(until.map(|until| place(until, number + 1, Mark::DONE, Vec::new())));
            let without = "no such USDT probe in it";
            (usdt.path.as_str(), Seek::Usdt { provider: keep(&usdt.provider), places, without })
        }
        (None, function) => {
            let (path, symbol) =
                function.as_ref().map_or(("", ""), |function| (&function.path, &function.symbol));
            let returns = function.as_ref().is_some_and(|function| function.result.is_some());
            let done = if returns { Mark::DONE.numbers(RESULT_AT, 1) } else { Mark::DONE };
            let seek = Seek::Function {
                symbol: symbol.to_owned(),
                arguments: probe.args().map(|(_, argument)| argument.at + 1).max().unwrap_or(0),
                entry: (number, begin),
                exit: has_end.then_some((number + 1, done)),
            };
            (path, seek)
        }
    };
    Ok(Wanted {
        name: keep(&format!("probe {}", probe.name)),
        files: Files::Matching(FileGlob::new(path)?),
        sharing: if probe.shared { Sharing::Shared } else { Sharing::Own },
        declared: true,
        seek,
    })
}

/// What the configuration says is in use until the program ends.
fn keep(text: &str) -> &'static str {
    Box::leak(text.into())
}

#[cfg(test)]
mod tests {
    use underspan_config::Config;

    use super::*;

    fn declared(yaml: &str) -> (Declared, Vec<Wanted>) {
        let config = Config::parse(yaml, &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
        Declared::new(&config.probes).expect("a glob")
    }

    /// Passes of `Declared` with these numbers and texts, from 1 s to 3 s.
    fn pass(declared: &mut Declared, mark: u32, texts: [&[u8]; 2]) -> (Vec<Measurement>, Option<Passed>) {
        // Arguments 1 to 3: -2 as an int, 255, and one that is not asked for.
        let numbers = [0xffff_fffe, 0xff, 7, 0, 0, 0, 0, 0];
        let flags = underspan_ebpf::Flags::from_bits(0);
        let moment = Moment {
            time: 3_000_000_000,
            begun: Some(1_000_000_000),
            flags,
            tgid: 1,
            tid: 2,
            mark,
            numbers: &numbers,
            ending: [u64::MAX, 0],
            texts,
        };
        let mut out = Vec::new();
        let call = declared.moment(&moment, &mut out);
        (out, call)
    }

    #[test]
    fn a_call_becomes_a_span_with_its_arguments() {
        let (mut declared, wanted) = declared(
            "
probes:
  - name: a
    function:
      path: p
      symbol: s
      args: { x: { at: 1, type: int32 }, y: { at: 2, type: int8 }, z: { at: 0, type: string }, w: { at: 4, type: string } }
      result: int64
    span: { name: work, attributes: { a.x: x, a.y: y, a.z: z, a.w: w, a.r: result } }
",
        );
        let Seek::Function { arguments, entry, exit, .. } = &wanted[0].seek else { panic!("a function") };
        assert_eq!((*arguments, entry.0, exit.map(|(number, _)| number)), (5, DECLARED, Some(DECLARED + 1)));
        // Texts are in the order of their names.
        let (measured, call) = pass(&mut declared, DECLARED + 1, [b"", b"zed\xff"]);
        assert!(measured.is_empty());
        let call = call.expect("a span");
        assert_eq!((call.name, call.mover.tid), ("work", 2));
        assert_eq!((call.start, call.end), (1_000_000_000, 3_000_000_000));
        let values: Vec<_> = call.attributes.iter().map(|(name, value)| (name.name, value.clone())).collect();
        let expected = [
            ("a.r", Value::Int(-1)),
            ("a.x", Value::Int(-2)),
            ("a.y", Value::Int(-1)),
            ("a.z", Value::String("zed\u{fffd}".to_owned())),
        ];
        assert_eq!(values, expected, "text that is empty is left out");
    }

    #[test]
    fn metrics_take_numbers_durations_and_passes() {
        let (mut declared, _) = declared(
            "
probes:
  - name: a
    usdt: { path: p, provider: p, name: n, until: m, args: { x: { at: 1, type: uint32 } } }
    histogram: { name: took, attributes: { a.x: x } }
  - name: b
    usdt: { path: p, provider: p, name: n, args: { x: { at: 1, type: uint8 } } }
    histogram: { name: sizes, value: x, unit: By, boundaries: [1, 2] }
  - name: c
    usdt: { path: p, provider: p, name: n, args: { x: { at: 1, type: int32 }, y: { at: 2, type: uint8 } } }
    counter: { name: sum, value: x, attributes: { a.y: y } }
",
        );
        let (measured, _) = pass(&mut declared, DECLARED + 1, [b"", b""]);
        let [took] = measured.as_slice() else { panic!("{measured:?}") };
        assert_eq!((took.metric.name, took.metric.unit, took.metric.boundaries.len()), ("took", "s", 14));
        assert!((took.value - 2.0).abs() < 1e-9 && took.instrument == Instrument::Histogram);
        assert_eq!(took.attributes[0].1, Value::Int(0xffff_fffe));
        let (measured, _) = pass(&mut declared, DECLARED + 2, [b"", b""]);
        assert_eq!((measured[0].metric.unit, measured[0].metric.boundaries), ("By", [1.0, 2.0].as_slice()));
        assert!((measured[0].value - 254.0).abs() < 1e-9);
        let (measured, _) = pass(&mut declared, DECLARED + 4, [b"", b""]);
        assert!(measured.is_empty(), "a sum only grows");
        assert_eq!(declared.negative(), 1);
        assert_eq!(declared.counted(DECLARED + 4).map(|metric| metric.name), Some("sum"));
        assert!(pass(&mut declared, DECLARED + 6, [b"", b""]).0.is_empty(), "nobody declared it");
    }

    #[test]
    fn registers_hold_more_than_is_meant() {
        assert_eq!(integer(0xffff_ffff_ffff_ff80, 8, true), -128);
        assert_eq!(integer(0xffff_ffff_ffff_ff80, 8, false), 128);
        assert_eq!(integer(u64::MAX, 64, true), -1);
        assert_eq!(integer(u64::MAX, 64, false), i64::MAX);
        assert_eq!(integer(0x1_0000_0001, 32, true), 1);
    }
}
