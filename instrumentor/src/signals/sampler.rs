//! Which traces are exported.
//!
//! Ratios are consistent probability sampling: the same traces are kept by everybody who looks at the low 56
//! bits of the trace id, and a kept span says in its `tracestate` how many it stands for (`ot=th:`).
use std::fmt::Write;

/// What decides about a trace that begins here, and whether it also decides about others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    /// Follow the decision that was made for the parent.
    parent_based: bool,
    threshold: Threshold,
}

/// W3C trace flag for a trace that is sampled.
const SAMPLED: u8 = 1;
/// Bits of a trace id that are random.
const RANDOM_BITS: u32 = 56;
/// Hexadecimal digits of a threshold beyond its leading `f`s; enough for 1.5 in 100,000 of the ratio.
const PRECISION: u32 = 4;

/// What to do with a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is exported.
    pub sampled: bool,
    /// To be written into `tracestate`; `None` leaves it as it is.
    pub threshold: Option<Threshold>,
}

/// Traces whose randomness is below it are dropped: 0 keeps all, 2^56 none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold(u64);

impl Sampler {
    /// `always_on`, or with the parent's decision first, `parentbased_always_on`.
    pub fn always_on(parent_based: bool) -> Self {
        Self { parent_based, threshold: Threshold::KEEP_ALL }
    }

    /// `always_off` or `parentbased_always_off`.
    pub fn always_off(parent_based: bool) -> Self {
        Self { parent_based, threshold: Threshold::KEEP_NONE }
    }

    /// `traceidratio` or `parentbased_traceidratio`, with the share of traces to keep, from 0 to 1.
    pub fn ratio(ratio: f64, parent_based: bool) -> Self {
        Self { parent_based, threshold: Threshold::of_ratio(ratio, PRECISION) }
    }

    /// Decides about a span. `parent` has the flags of its parent, in this process or another. Depends on
    /// nothing but the arguments, so a trace's first span can be decided when it begins, and its children
    /// follow.
    pub fn decide(&self, parent: Option<u8>, trace_id: &[u8; 16], state: &str) -> Decision {
        if let Some(flags) = parent.filter(|_| self.parent_based) {
            return Decision { sampled: flags & SAMPLED != 0, threshold: None };
        }
        let random = randomness(state).unwrap_or_else(|| low_bits(trace_id));
        let sampled = random >= self.threshold.0;
        let partial = self.threshold != Threshold::KEEP_ALL && self.threshold != Threshold::KEEP_NONE;
        Decision { sampled, threshold: Some(self.threshold).filter(|_| sampled && partial) }
    }

    /// Decides where a trace comes into this agent's sight, and notes it in the flags and the state that its
    /// spans inherit.
    pub fn apply(&self, parent: Option<u8>, trace_id: &[u8; 16], flags: &mut u8, state: &mut String) {
        let decision = self.decide(parent, trace_id, state);
        *flags = *flags & !SAMPLED | u8::from(decision.sampled);
        if let Some(threshold) = decision.threshold {
            *state = threshold.written_into(state);
        }
    }
}

impl Default for Sampler {
    fn default() -> Self {
        Self::always_on(true)
    }
}

impl Threshold {
    const KEEP_ALL: Self = Self(0);
    const KEEP_NONE: Self = Self(1 << RANDOM_BITS);
    const DIGITS: u32 = RANDOM_BITS / 4;

    /// The threshold for a share of traces, rounded to so many digits after its leading `f`s.
    fn of_ratio(ratio: f64, precision: u32) -> Self {
        if ratio >= 1.0 {
            return Self::KEEP_ALL;
        }
        #[expect(clippy::cast_precision_loss, reason = "2^56 is exact")]
        let all = (1_u64 << RANDOM_BITS) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 2^56; no number is 0"
        )]
        let kept = (ratio.max(0.0) * all).round() as u64;
        if kept == 0 {
            return Self::KEEP_NONE;
        }
        let exact = (1 << RANDOM_BITS) - kept;
        let leading = (kept.leading_zeros() - (u64::BITS - RANDOM_BITS)) / 4;
        let digits = (precision + leading).min(Self::DIGITS);
        let unit = 1_u64 << (4 * (Self::DIGITS - digits));
        Self((exact + unit / 2) / unit * unit)
    }

    /// The state with this threshold as `th` of the `ot` member, which moves to the front; what else it has
    /// stays.
    fn written_into(self, state: &str) -> String {
        let (ot, others): (Vec<_>, Vec<_>) = state
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
            .partition(|member| member.starts_with("ot="));
        let digits = format!("{:014x}", self.0);
        let mut out = format!(
            "ot=th:{}",
            Some(digits.trim_end_matches('0')).filter(|th| !th.is_empty()).unwrap_or("0")
        );
        let values = ot.iter().flat_map(|member| member["ot=".len()..].split(';'));
        for value in values.filter(|value| !value.is_empty() && !value.starts_with("th:")) {
            let _ = write!(out, ";{value}"); // writing to a string does not fail
        }
        for member in others {
            let _ = write!(out, ",{member}");
        }
        out
    }
}

/// Explicit randomness: the `rv` of the `ot` member, exactly 14 lower-case digits.
fn randomness(state: &str) -> Option<u64> {
    let ot = state.split(',').find_map(|member| member.trim().strip_prefix("ot="))?;
    let value = ot.split(';').find_map(|value| value.strip_prefix("rv:"))?;
    if value.len() == Threshold::DIGITS as usize { hex(value) } else { None }
}

fn low_bits(trace_id: &[u8; 16]) -> u64 {
    trace_id[9..].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// One or more lower-case hexadecimal digits.
fn hex(text: &str) -> Option<u64> {
    let digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.is_empty() || !text.bytes().all(digit) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn th(threshold: Threshold) -> String {
        threshold.written_into("").strip_prefix("ot=th:").unwrap().to_owned()
    }

    #[test]
    fn ratios_round_as_they_do_elsewhere() {
        for (one_in, digits) in [
            (1, ["0", "0", "0"]),
            (2, ["8", "8", "8"]),
            (3, ["aab", "aaab", "aaaab"]),
            (4, ["c", "c", "c"]),
            (5, ["ccd", "cccd", "ccccd"]),
            (8, ["e", "e", "e"]),
            (10, ["e66", "e666", "e6666"]),
            (16, ["f", "f", "f"]),
            (100, ["fd71", "fd70a", "fd70a4"]),
            (1000, ["ffbe7", "ffbe77", "ffbe76d"]),
            (10_000, ["fff972", "fff9724", "fff97247"]),
            (100_000, ["ffff584", "ffff583a", "ffff583a5"]),
            (1_000_000, ["ffffef4", "ffffef39", "ffffef391"]),
        ] {
            for (precision, digits) in (3..).zip(digits) {
                let threshold = Threshold::of_ratio(1.0 / f64::from(one_in), precision);
                assert_eq!(th(threshold), digits, "1 in {one_in}");
            }
        }
        assert_eq!(Threshold::of_ratio(0.0, 4), Threshold::KEEP_NONE);
        assert_eq!(Threshold::of_ratio(-1.0, 4), Threshold::KEEP_NONE);
        assert_eq!(Threshold::of_ratio(f64::NAN, 4), Threshold::KEEP_NONE);
    }

    #[test]
    fn decisions_are_those_of_everybody() {
        let id = |text: &str| u128::from_str_radix(text, 16).unwrap().to_be_bytes();
        for (trace, state, th, keep) in [
            ("0123456789abcdef016e6d1a75832a2f", "", "6e6d1a75832a2f", true),
            ("4bf92f3577b34da6a3ce929d0e0e4736", "", "c", true),
            ("4bf92f3577b34da6a3ce929d0e0e4736", "", "d", false),
            ("ffffffffffffffffffffffffffffffff", "a=b,ot=x:y;rv:6e6d1a75832a2f", "6e6d1a75832a30", false),
            ("ffffffffffffffffffffffffffffffff", "ot=rv:00000000000000", "0", true),
            // Randomness that is not 14 digits is none.
            ("ffffffffffffffffffffffffffffffff", "ot=rv:6e6d1a75832a2", "f", true),
            ("ffffffffffffffffffffffffffffffff", "ot=rv:6E6D1A75832A2F", "f", true),
            ("ffffffffffffffffffffffffffffffff", "ot=rv:6e6d1a75832a2ff", "f", true),
            ("ffffffffffffffffffffffffffffffff", "ot=rv:", "f", true),
        ] {
            let sampler =
                Sampler { parent_based: false, threshold: Threshold(hex(&format!("{th:0<14}")).unwrap()) };
            assert_eq!(sampler.decide(Some(0), &id(trace), state).sampled, keep, "{trace} {state} {th}");
        }
    }

    #[test]
    fn a_parent_decides_for_its_children_where_it_may() {
        let high = [0xff; 16];
        let low = [0; 16];
        for (sampler, root, followed) in [
            (Sampler::always_on(true), true, true),
            (Sampler::always_off(true), false, true),
            (Sampler::always_on(false), true, false),
            (Sampler::always_off(false), false, false),
        ] {
            assert_eq!(sampler.decide(None, &low, "").sampled, root);
            for flags in [0, 1, 2, 3] {
                let expected = if followed { flags & 1 == 1 } else { root };
                assert_eq!(sampler.decide(Some(flags), &high, "").sampled, expected, "{sampler:?} {flags}");
            }
        }
        let half = Sampler::ratio(0.5, true);
        assert!(half.decide(None, &high, "").sampled && !half.decide(None, &low, "").sampled);
        assert!(half.decide(Some(1), &low, "").sampled && !half.decide(Some(0), &high, "").sampled);
    }

    #[test]
    fn notes_the_decision_in_what_spans_inherit() {
        let apply = |sampler: Sampler, parent: Option<u8>, low: u8| {
            let (mut flags, mut state) = (parent.unwrap_or(0x02), "a=b".to_owned());
            sampler.apply(parent, &[low; 16], &mut flags, &mut state);
            (flags, state)
        };
        let half = Sampler::ratio(0.5, true);
        assert_eq!(apply(half, None, 0xff), (0x03, "ot=th:8,a=b".to_owned()));
        assert_eq!(apply(half, None, 0x01), (0x02, "a=b".to_owned()));
        assert_eq!(apply(half, Some(0x00), 0xff), (0x00, "a=b".to_owned()), "the parent decided");
        assert_eq!(apply(Sampler::always_on(false), Some(0x00), 0x01), (0x01, "a=b".to_owned()));
    }

    #[test]
    fn a_ratio_keeps_its_share() {
        let sampler = Sampler::ratio(0.1, false);
        let mut random = fastrand::Rng::with_seed(7);
        let kept =
            (0..100_000).filter(|_| sampler.decide(None, &random.u128(..).to_be_bytes(), "").sampled).count();
        assert!((9_700..10_300).contains(&kept), "{kept}");
    }
}
