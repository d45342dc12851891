//! Header blocks against the HPACK decoder, from the beginning and joined late.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underspan_protocols::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::header_block(data));
