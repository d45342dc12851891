//! Bodies -> gzip. The compressor's tables are a few hundred KiB, so each thread makes them once.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};

/// Window of gzip as everybody reads it: 32 KiB.
const WINDOW_BITS: u8 = 15;

thread_local! {
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new_gzip(Compression::fast(), WINDOW_BITS));
}

/// One gzip member that holds `body`.
pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        // Telemetry repeats itself: a tenth is usual, so a quarter is rarely outgrown.
        let mut out = Vec::with_capacity(body.len() / 4 + 64);
        loop {
            let taken = usize::try_from(compressor.total_in()).unwrap_or(body.len());
            let status = compressor
                .compress_vec(&body[taken..], &mut out, FlushCompress::Finish)
                .expect("a compressor that was reset takes any bytes");
            if status == Status::StreamEnd {
                return out;
            }
            out.reserve(out.capacity());
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn bodies_come_back() {
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(100_000).collect();
        for body in [&b""[..], b"spans", &[7; 10_000], &noise] {
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(&gzip(body)[..]).read_to_end(&mut back).expect("gzip");
            assert!(back == body, "{} bytes", body.len());
        }
    }
}
