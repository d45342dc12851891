//! Programs of chunks, losses and ends against the HTTP/1 decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underspan_protocols::{fuzzing, http1::Http1};

fuzz_target!(|data: &[u8]| fuzzing::decoder(&Http1, data));
