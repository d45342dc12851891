//! Programs of chunks, losses and ends against the PostgreSQL decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underspan_protocols::{fuzzing, postgresql::PostgreSql};

fuzz_target!(|data: &[u8]| fuzzing::decoder(&PostgreSql, data));
