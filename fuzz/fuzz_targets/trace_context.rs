//! Headers against the trace context parser.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underspan_protocols::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::trace_context(data));
