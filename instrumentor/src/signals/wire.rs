//! Protobuf, as much of it as OTLP needs: fields appended to a growing buffer, nothing allocated.
//!
//! Messages whose length is not known beforehand get a length of four bytes, padded as protobuf allows, that
//! is filled in when they are closed.
use underspan_protocols::message::Value;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH_DELIMITED: u32 = 2;
const FIXED32: u32 = 5;

/// Set in every byte of a varint but the last.
const MORE: u8 = 0x80;
/// Bytes of a padded length; seven bits each, so a message may have 256 MiB.
const HOLE: usize = 4;

/// Where the length of an open message belongs.
#[must_use = "a message that is not closed has no length"]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hole(usize);

/// Begins a message in `field`; what is appended until [`close`] is its content.
pub(crate) fn open(out: &mut Vec<u8>, field: u32) -> Hole {
    key(out, field, LENGTH_DELIMITED);
    let at = out.len();
    out.extend_from_slice(&[0; HOLE]);
    Hole(at)
}

/// Ends the message.
pub(crate) fn close(out: &mut [u8], hole: Hole) {
    let Hole(at) = hole;
    let mut length = out.len() - at - HOLE;
    debug_assert!(length < 1 << (7 * HOLE), "batches are limited long before this");
    let [padded @ .., last] = &mut out[at..at + HOLE] else { return };
    for byte in padded {
        *byte = low_bits(length as u64) | MORE;
        length >>= 7;
    }
    *last = low_bits(length as u64);
}

/// Text.
pub(crate) fn string(out: &mut Vec<u8>, field: u32, value: &str) {
    bytes(out, field, value.as_bytes());
}

/// Bytes, or a message that is encoded already.
pub(crate) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    key(out, field, LENGTH_DELIMITED);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// `uint64`, `uint32`, an enumeration or `bool`.
pub(crate) fn uint(out: &mut Vec<u8>, field: u32, value: u64) {
    key(out, field, VARINT);
    varint(out, value);
}

/// `sint32`.
pub(crate) fn sint(out: &mut Vec<u8>, field: u32, value: i32) {
    let zigzag = (value << 1) ^ (value >> 31);
    uint(out, field, u64::from(zigzag.cast_unsigned()));
}

/// `fixed64` or `sfixed64`.
pub(crate) fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    key(out, field, FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// `double`.
pub(crate) fn double(out: &mut Vec<u8>, field: u32, value: f64) {
    fixed64(out, field, value.to_bits());
}

/// `fixed32`.
pub(crate) fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    key(out, field, FIXED32);
    out.extend_from_slice(&value.to_le_bytes());
}

/// `repeated fixed64` or `repeated double`, packed, each value as its eight bytes.
pub(crate) fn packed64(out: &mut Vec<u8>, field: u32, values: impl ExactSizeIterator<Item = u64>) {
    key(out, field, LENGTH_DELIMITED);
    varint(out, values.len() as u64 * 8);
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// `repeated uint64`, packed.
pub(crate) fn packed_uint(out: &mut Vec<u8>, field: u32, values: &[u64]) {
    key(out, field, LENGTH_DELIMITED);
    varint(out, values.iter().map(|value| varint_length(*value) as u64).sum());
    for value in values {
        varint(out, *value);
    }
}

/// A `KeyValue` in `field`.
pub(crate) fn attribute(out: &mut Vec<u8>, field: u32, name: &str, value: &Value) {
    match value {
        Value::Static(text) => text_attribute(out, field, name, text),
        Value::String(text) => text_attribute(out, field, name, text),
        Value::Int(number) => int_attribute(out, field, name, *number),
        Value::Double(number) => {
            key_value(out, field, name, 9, |out| double(out, 4, *number));
        }
        Value::Boolean(truth) => key_value(out, field, name, 2, |out| uint(out, 2, u64::from(*truth))),
        Value::StringArray(texts) => {
            let list = texts.iter().map(|text| nested_length(nested_length(text.len()))).sum();
            key_value(out, field, name, nested_length(list), |out| {
                key(out, 5, LENGTH_DELIMITED);
                varint(out, list as u64);
                for text in texts {
                    key(out, 1, LENGTH_DELIMITED);
                    varint(out, nested_length(text.len()) as u64);
                    string(out, 1, text);
                }
            });
        }
    }
}

/// A `KeyValue` that holds text.
pub(crate) fn text_attribute(out: &mut Vec<u8>, field: u32, name: &str, text: &str) {
    key_value(out, field, name, nested_length(text.len()), |out| string(out, 1, text));
}

/// A `KeyValue` that holds an integer.
pub(crate) fn int_attribute(out: &mut Vec<u8>, field: u32, name: &str, number: i64) {
    let number = number.cast_unsigned();
    key_value(out, field, name, 1 + varint_length(number), |out| uint(out, 3, number));
}

/// A `KeyValue` whose `AnyValue` has `length` bytes, written by `value`.
fn key_value(out: &mut Vec<u8>, field: u32, name: &str, length: usize, value: impl FnOnce(&mut Vec<u8>)) {
    key(out, field, LENGTH_DELIMITED);
    varint(out, (nested_length(name.len()) + nested_length(length)) as u64);
    string(out, 1, name);
    key(out, 2, LENGTH_DELIMITED);
    varint(out, length as u64);
    value(out);
}

/// Bytes of a length-delimited field (numbered below 16) with `length` bytes of content.
fn nested_length(length: usize) -> usize {
    1 + varint_length(length as u64) + length
}

fn key(out: &mut Vec<u8>, field: u32, wire_type: u32) {
    varint(out, u64::from(field << 3 | wire_type));
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= u64::from(MORE) {
        out.push(low_bits(value) | MORE);
        value >>= 7;
    }
    out.push(low_bits(value));
}

/// What one byte of a varint holds.
fn low_bits(value: u64) -> u8 {
    value.to_le_bytes()[0] & !MORE
}

fn varint_length(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_the_length_that_is_foretold() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), 1 << 63, u64::MAX] {
            let mut out = Vec::new();
            varint(&mut out, value);
            assert_eq!(out.len(), varint_length(value), "{value}");
            assert_eq!(
                prost::decode_length_delimiter(out.as_slice()).ok(),
                usize::try_from(value).ok(),
                "{value}"
            );
        }
    }

    #[test]
    fn a_padded_length_is_a_length() {
        for length in [0, 1, 127, 128, 20_000, 3_000_000] {
            let mut out = Vec::new();
            let hole = open(&mut out, 1);
            out.resize(out.len() + length, 7);
            close(&mut out, hole);
            assert_eq!(prost::decode_length_delimiter(&out[1..]).ok(), Some(length));
        }
    }
}
