//! The running kernel -> where it may give the CPU to another thread in the middle of a program. It skips the program for the others on that
//! CPU until the thread goes on, so that there it gets copies.

use std::fs;

use super::Attach;

/// What the kernel was built as, and its release.
const VERSION: &str = "/proc/version";
/// How it preempts itself, where that can be changed while it runs: its choice stands in brackets.
const MODE: &str = "/sys/kernel/debug/sched/preempt";

/// Programs at such a hook: several, since the second is interrupted as easily as the first while it does the first one's work.
const COPIES: i32 = 4;

/// Where programs may be interrupted by other threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Preemption {
    /// Where kernel functions begin and return.
    pub(crate) functions: bool,
    /// At tracepoints.
    pub(crate) tracepoints: bool,
}

impl Preemption {
    /// Of the running kernel.
    pub(crate) fn of_kernel() -> Self {
        // Unreadable says as little as unknown does.
        let version = fs::read_to_string(VERSION).unwrap_or_default();
        Self::read(&version, fs::read_to_string(MODE).ok().as_deref())
    }

    /// How many copies of a program there are to be at a hook, the original included.
    pub(crate) fn copies(self, hook: Attach) -> i32 {
        let interrupted = match hook {
            Attach::TypedTracepoint(_) => self.tracepoints,
            Attach::Entry(_) | Attach::Exit(_) => self.functions,
            Attach::Iterator { .. } | Attach::Kprobe(_) | Attach::Kretprobe(_) | Attach::Uprobe => false,
        };
        if interrupted { COPIES } else { 1 }
    }

    fn read(version: &str, mode: Option<&str>) -> Self {
        let release = version.split_whitespace().nth(2).and_then(release).unwrap_or_default();
        let model = version.split_whitespace().find(|word| word.starts_with("PREEMPT"));
        let preempts = match (mode, model) {
            (Some(mode), _) => mode.contains("(full)") || mode.contains("(lazy)"),
            // Distributions choose `lazy` since it exists, and chose `voluntary` before.
            (None, Some("PREEMPT_DYNAMIC")) => release >= (6, 13),
            (None, model) => model.is_some(),
        };
        // Until 7.0, tracepoints kept other threads away by themselves.
        Self { functions: preempts, tracepoints: preempts && release >= (7, 0) }
    }
}

fn release(word: &str) -> Option<(u32, u32)> {
    let mut numbers = word.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(release: &str, model: &str, mode: Option<&str>) -> (bool, bool) {
        let version =
            format!("Linux version {release} (debian-kernel@lists.debian.org) (gcc) #1 SMP{model} Debian");
        let preemption = Preemption::read(&version, mode);
        (preemption.functions, preemption.tracepoints)
    }

    #[test]
    fn the_mode_decides_where_it_is_known() {
        let dynamic = " PREEMPT_DYNAMIC";
        assert_eq!(read("6.12.117+deb13-amd64", dynamic, Some("none (voluntary) full \n")), (false, false));
        assert_eq!(read("6.12.117+deb13-amd64", dynamic, Some("none voluntary (full) \n")), (true, false));
        assert_eq!(read("6.18.15-amd64", dynamic, Some("none voluntary full (lazy) \n")), (true, false));
        assert_eq!(read("7.3.4-amd64", dynamic, Some("full (lazy) \n")), (true, true));
    }

    #[test]
    fn else_the_model() {
        assert_eq!(read("5.10.0-40-amd64", "", None), (false, false));
        assert_eq!(read("6.1.0-56-amd64", " PREEMPT_DYNAMIC", None), (false, false));
        assert_eq!(read("6.6.1-rt5", " PREEMPT_RT", None), (true, false));
        assert_eq!(read("6.18.15", " PREEMPT_DYNAMIC", None), (true, false));
        assert_eq!(read("7.0.1", " PREEMPT_LAZY", None), (true, true));
        assert_eq!(Preemption::read("", None), Preemption::default());
    }
}
