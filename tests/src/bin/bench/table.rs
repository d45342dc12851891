//! Numbers -> lines for people.

/// One line of a table.
pub(crate) fn line(name: &str, value: &str) {
    println!("{name:<56}{value:>14}");
}

/// Nanoseconds as microseconds.
pub(crate) fn micros(nanos: u64) -> String {
    format!("{}.{:02} us", nanos / 1000, nanos % 1000 / 10)
}

/// Bytes.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}

/// `one / other`.
pub(crate) fn ratio(one: u64, other: u64) -> String {
    let permille = one * 1000 / other.max(1);
    format!("{}.{:03}", permille / 1000, permille % 1000)
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() {
        0 => 0,
        length if length % 2 == 1 => values[middle],
        _ => u64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The value that `percent` of them do not exceed. `values` are sorted.
pub(crate) fn percentile(values: &[u64], percent: usize) -> u64 {
    let index = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(index).copied().unwrap_or(0)
}
