//! Sizes of workloads on machines that are many times slower, such as one that is emulated.

use std::sync::LazyLock;

/// Names how many times slower this machine is than the one the sizes were chosen on, in whole numbers; 1 unless set.
pub const VARIABLE: &str = "UNDERSPAN_E2E_SCALE";

/// What no size is divided below: enough for each connection of a load to have several requests.
const LEAST: u64 = 50;

static DIVISOR: LazyLock<u64> = LazyLock::new(|| match std::env::var(VARIABLE) {
    Ok(text) => match text.parse() {
        Ok(divisor) if divisor > 0 => divisor,
        _ => panic!("{VARIABLE} is a whole number from 1, not {text:?}"),
    },
    Err(_) => 1,
});

/// A number of requests or bytes, or a rate, for this machine. A test keeps its shape and takes about as long as elsewhere.
pub fn down(full: u64) -> u64 {
    divide(full, *DIVISOR)
}

/// The same of requests per second.
pub fn rate(full: u32) -> u32 {
    u32::try_from(down(full.into())).expect("not more than before")
}

/// Whether this machine is said to be slower at all, as a guest is.
pub fn is_slow() -> bool {
    *DIVISOR > 1
}

fn divide(full: u64, divisor: u64) -> u64 {
    (full / divisor).max(full.min(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_shrink_but_not_to_nothing() {
        assert_eq!([20_000, 400, 30].map(|full| divide(full, 1)), [20_000, 400, 30]);
        assert_eq!([20_000, 400, 30].map(|full| divide(full, 20)), [1000, 50, 30]);
    }
}
