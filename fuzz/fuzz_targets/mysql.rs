//! Programs of chunks, losses and ends against the MySQL decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underspan_protocols::{fuzzing, mysql::MySql};

fuzz_target!(|data: &[u8]| fuzzing::decoder(&MySql, data));
