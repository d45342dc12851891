//! Texts of queries, whole and cut, in both dialects.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underspan_protocols::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::query(data));
