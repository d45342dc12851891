//! Programs of chunks, losses and ends against the HTTP/2 decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underspan_protocols::{fuzzing, http2::Http2};

fuzz_target!(|data: &[u8]| fuzzing::decoder(&Http2, data));
