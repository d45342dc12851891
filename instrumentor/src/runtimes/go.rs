//! Programs in Go: garbage collections, and how long the world stood still for them.

use underspan_ebpf::Moment;
use underspan_ebpf::probes::inside::{Mark, RESULT};
use underspan_ebpf::uprobes::Sharing;
use underspan_protocols::message::{Attributes, Metric};
use underspan_protocols::semconv::{metric, underspan};

use super::happenings::{Happening, To};
use super::{Reader, Runtime, Tap, Told, duration};

const PAUSE: u8 = 0;
/// Where Go passes its first argument there is the result of C's functions.
const FIRST: u8 = RESULT;
/// Why the world is stopped (`runtime.stwReason`): the end of marking, and before it of sweeping.
const MARK_TERMINATION: u64 = 1;
const SWEEP_TERMINATION: u64 = 2;

const CYCLE: &str = "runtime.gcMarkTermination";
const STOP: &str = "runtime.stopTheWorldWithSema";
const START: &str = "runtime.startTheWorldWithSema";

/// See the module. Each collection passes `CYCLE` once, and the others twice, on the thread that does it; before Go 1.21 these do not say why.
pub(super) static RUNTIME: Runtime = Runtime {
    name: "go",
    provider: None,
    lives_in: |_| true,
    sharing: Sharing::Own,
    taps: &[
        Tap::new(CYCLE, Mark::COUNT),
        Tap::new(START, Mark::end(PAUSE)).returns().since(21),
        Tap::new(STOP, Mark::begin(PAUSE).numbers(FIRST, 1)).since(21),
    ],
    without: "",
    reader: || Box::new(Go),
};

struct Go;

impl Reader for Go {
    fn moment(&mut self, probe: &'static str, moment: &Moment<'_>, out: &mut Vec<Told>) {
        let Some(begun) = moment.begun.filter(|_| probe == START) else { return };
        // Other stops are short and asked for: profiles, more or fewer processors.
        if !matches!(moment.numbers[0], MARK_TERMINATION | SWEEP_TERMINATION) {
            return;
        }
        let took = moment.time.saturating_sub(begun);
        out.extend([
            Told::Measured(duration(&metric::GO_MEMORY_GC_PAUSE_DURATION, Vec::new(), took)),
            Told::Happened(Happening {
                to: To::Process,
                span: (begun, moment.time),
                time: Some(underspan::TIME_GC),
                event: Some("underspan.gc"),
                attributes: Vec::new(),
                sums: Vec::new(),
                interrupted: false,
            }),
        ]);
    }

    fn counted(&self, probe: &'static str, _zero: bool) -> Option<(&'static Metric, Attributes)> {
        (probe == CYCLE).then(|| (&metric::GO_MEMORY_GC_CYCLES, Vec::new()))
    }
}
