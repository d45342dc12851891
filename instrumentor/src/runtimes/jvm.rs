//! Java virtual machines with `HotSpot`'s probes: garbage collections, memory pools, safepoints, classes, threads.

use hashbrown::HashMap;
use underspan_ebpf::Moment;
use underspan_ebpf::probes::inside::Mark;
use underspan_ebpf::uprobes::Sharing;
use underspan_protocols::message::{Attributes, Metric, Value};
use underspan_protocols::semconv::{attribute, metric, underspan};

use super::happenings::{Happening, To};
use super::{Reader, Runtime, Tap, Told, duration, level, text};

const GC: u8 = 0;
const OPERATION: u8 = 1;

/// See the module. `HotSpot` keeps its probes in `libjvm.so`, and they need no flag of the process.
pub(super) static RUNTIME: Runtime = Runtime {
    name: "jvm",
    provider: Some("hotspot"),
    lives_in: |file| file == "libjvm.so",
    sharing: Sharing::Own,
    taps: &[
        // (collector, its length, pool, its length, initial, used, committed, maximum), for each pool when a collector begins, and for
        // each when it has ended. `gc__begin` and `gc__end` are around all collectors that one operation needs.
        Tap::new("mem__pool__gc__begin", Mark::begin(GC).nests()),
        Tap::new(
            "mem__pool__gc__end",
            Mark::end(GC).nests().each().numbers(0, 8).text(0, Some(1)).text(2, Some(3)),
        ),
        // (name, its length, 0 at a safepoint)
        Tap::new("vmops__begin", Mark::begin(OPERATION).nests().numbers(2, 1).text(0, Some(1))),
        Tap::new("vmops__end", Mark::end(OPERATION).nests()),
        Tap::new("class__loaded", Mark::COUNT),
        Tap::new("class__unloaded", Mark::COUNT),
        // (name, its length, Java's id, the system's id, daemon)
        Tap::new("thread__start", Mark::COUNT.unless_zero(4)),
        Tap::new("thread__stop", Mark::COUNT.unless_zero(4)),
    ],
    without: "this Java virtual machine was built without probes (--enable-dtrace); builds of Debian, Ubuntu, Red Hat and Eclipse Temurin \
              have them",
    reader: || Box::<Jvm>::default(),
};

/// Collectors of young objects alone, by the names the virtual machine gives them.
const MINOR: [&str; 4] = ["Copy", "ParNew", "PS Scavenge", "G1 Young Generation"];

/// When the latest collection of each process began.
#[derive(Default)]
struct Jvm(HashMap<u32, u64>);

impl Reader for Jvm {
    fn moment(&mut self, probe: &'static str, moment: &Moment<'_>, out: &mut Vec<Told>) {
        match probe {
            "mem__pool__gc__end" => {
                pool(moment, out);
                self.collected(moment, out);
            }
            "vmops__end" => self.operated(moment, out),
            _ => {}
        }
    }

    fn counted(&self, probe: &'static str, zero: bool) -> Option<(&'static Metric, Attributes)> {
        let threads = |change| {
            (
                &underspan::JVM_THREADS,
                vec![
                    (underspan::JVM_THREAD_CHANGE, Value::Static(change)),
                    (attribute::JVM_THREAD_DAEMON, Value::Boolean(!zero)),
                ],
            )
        };
        Some(match probe {
            "class__loaded" => (&metric::JVM_CLASS_LOADED, Vec::new()),
            "class__unloaded" => (&metric::JVM_CLASS_UNLOADED, Vec::new()),
            "thread__start" => threads("started"),
            "thread__stop" => threads("ended"),
            _ => return None,
        })
    }

    fn forget(&mut self, pid: u32) {
        self.0.remove(&pid);
    }
}

impl Jvm {
    /// The collector has ended, if this was the last pool.
    fn collected(&mut self, moment: &Moment<'_>, out: &mut Vec<Told>) {
        let Some(begun) = moment.begun else { return };
        self.0.insert(moment.tgid, begun);
        let name = text(moment.texts[0]);
        // The words of the notifications that Java's own instrumentation listens to.
        let (action, pause) = match name.as_str() {
            minor if MINOR.contains(&minor) => ("end of minor GC", true),
            cycles if cycles.ends_with(" Cycles") => ("end of GC cycle", false),
            pauses if pauses.ends_with(" Pauses") => ("end of GC pause", true),
            concurrent if concurrent.contains("Concurrent") => ("end of concurrent GC pause", true),
            _ => ("end of major GC", true),
        };
        let attributes = vec![
            (attribute::JVM_GC_ACTION, Value::Static(action)),
            (attribute::JVM_GC_NAME, Value::String(name)),
        ];
        let took = moment.time.saturating_sub(begun);
        out.push(Told::Measured(duration(&metric::JVM_GC_DURATION, attributes.clone(), took)));
        if pause {
            out.push(Told::Happened(Happening {
                to: To::Process,
                span: (begun, moment.time),
                time: Some(underspan::TIME_GC),
                event: Some("underspan.gc"),
                attributes,
                sums: Vec::new(),
                interrupted: false,
            }));
        }
    }

    fn operated(&mut self, moment: &Moment<'_>, out: &mut Vec<Told>) {
        // Others do not stop the threads.
        let Some(begun) = moment.begun.filter(|_| moment.numbers[0] == 0) else { return };
        let name = Value::String(text(moment.texts[0]));
        let attributes = vec![(underspan::JVM_OPERATION, name)];
        let took = moment.time.saturating_sub(begun);
        out.push(Told::Measured(duration(&underspan::JVM_SAFEPOINT_DURATION, attributes.clone(), took)));
        // A collection is told of by itself.
        let collection = self.0.get(&moment.tgid).is_some_and(|latest| *latest >= begun);
        if !collection {
            out.push(Told::Happened(Happening {
                to: To::Process,
                span: (begun, moment.time),
                time: Some(underspan::TIME_SAFEPOINT),
                event: Some("underspan.safepoint"),
                attributes,
                sums: Vec::new(),
                interrupted: false,
            }));
        }
    }
}

/// The state of a memory pool after a collection.
fn pool(moment: &Moment<'_>, out: &mut Vec<Told>) {
    let pool = text(moment.texts[1]);
    let kind = if is_heap(&pool) { "heap" } else { "non_heap" };
    let [_, _, _, _, initial, used, committed, most] = *moment.numbers;
    for (metric, value) in [
        (&metric::JVM_MEMORY_INIT, initial),
        (&metric::JVM_MEMORY_USED_AFTER_LAST_GC, used),
        (&metric::JVM_MEMORY_COMMITTED, committed),
        (&metric::JVM_MEMORY_LIMIT, most),
    ] {
        let of = vec![
            (attribute::JVM_MEMORY_POOL_NAME, Value::String(pool.clone())),
            (attribute::JVM_MEMORY_TYPE, Value::Static(kind)),
        ];
        // What is not defined is -1, which is SIZE_MAX here.
        if value <= i64::MAX.cast_unsigned() {
            out.push(Told::Measured(level(metric, of, value)));
        }
    }
}

fn is_heap(pool: &str) -> bool {
    !["Metaspace", "Compressed Class Space", "CodeCache", "Code Cache"].contains(&pool)
        && !pool.starts_with("CodeHeap")
}
