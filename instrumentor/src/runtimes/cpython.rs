//! `CPython` with its probes: garbage collections and imports.

use underspan_ebpf::Moment;
use underspan_ebpf::probes::inside::Mark;
use underspan_ebpf::uprobes::Sharing;
use underspan_protocols::message::Value;
use underspan_protocols::semconv::{attribute, metric, underspan};

use super::happenings::{Happening, To};
use super::{Reader, Runtime, Tap, Told, duration, sum, text};

const GC: u8 = 0;
const IMPORT: u8 = 1;

/// See the module. `function__entry` and `function__return` are left alone: they cost each call, and 3.11 does not fire the former.
pub(super) static RUNTIME: Runtime = Runtime {
    name: "cpython",
    provider: Some("python"),
    lives_in: |file| {
        let rest = file.strip_prefix("python").or_else(|| file.strip_prefix("libpython"));
        rest.is_some_and(|rest| rest.starts_with('3'))
    },
    sharing: Sharing::Own,
    taps: &[
        // (generation), (objects that were freed or cannot be)
        Tap::new("gc__start", Mark::begin(GC).nests().numbers(0, 1)),
        Tap::new("gc__done", Mark::end(GC).nests().numbers(0, 1)),
        // (module), (module, found)
        Tap::new("import__find__load__start", Mark::begin(IMPORT).nests().text(0, None)),
        Tap::new("import__find__load__done", Mark::end(IMPORT).nests()),
    ],
    without: "this Python was built without probes (--with-dtrace); Debian's, Ubuntu's and Red Hat's have them",
    reader: || Box::new(CPython),
};

struct CPython;

/// Generations of its collector; the name of one it does not have is left out.
const GENERATIONS: [i64; 3] = [0, 1, 2];

impl Reader for CPython {
    fn moment(&mut self, probe: &'static str, moment: &Moment<'_>, out: &mut Vec<Told>) {
        let Some(begun) = moment.begun else { return };
        let took = moment.time.saturating_sub(begun);
        let happened = |to, time, event, attributes| {
            Told::Happened(Happening {
                to,
                span: (begun, moment.time),
                time: Some(time),
                event: Some(event),
                attributes,
                sums: Vec::new(),
                interrupted: false,
            })
        };
        match probe {
            "gc__done" => {
                let generation = moment.numbers[0].cast_signed();
                let generation = GENERATIONS.contains(&generation).then_some(generation);
                let of: Vec<_> = generation
                    .map(|generation| (attribute::CPYTHON_GC_GENERATION, Value::Int(generation)))
                    .into_iter()
                    .collect();
                let collected = u64::try_from(moment.ending[0].cast_signed()).unwrap_or(0);
                out.extend([
                    Told::Measured(sum(&metric::CPYTHON_GC_COLLECTIONS, of.clone(), 1)),
                    Told::Measured(sum(&metric::CPYTHON_GC_COLLECTED_OBJECTS, of.clone(), collected)),
                    Told::Measured(duration(&underspan::CPYTHON_GC_DURATION, of.clone(), took)),
                    happened(To::Process, underspan::TIME_GC, "underspan.gc", of),
                ]);
            }
            "import__find__load__done" => {
                let module = vec![(underspan::CPYTHON_MODULE, Value::String(text(moment.texts[0])))];
                out.extend([
                    Told::Measured(duration(&underspan::CPYTHON_IMPORT_DURATION, Vec::new(), took)),
                    happened(To::Thread(moment.tid), underspan::TIME_IMPORT, "underspan.import", module),
                ]);
            }
            _ => {}
        }
    }
}
