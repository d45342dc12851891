//! Content of one direction of a call -> how many messages it holds.

/// A flag and a length of four bytes stand before each message.
const PREFIX: usize = 5;

/// Counts length-prefixed messages.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    prefix: [u8; PREFIX],
    have: usize,
    /// Bytes of the current message yet to come.
    left: u64,
    count: u64,
    /// A prefix was not seen, or made no sense.
    uncertain: bool,
}

impl Messages {
    /// Takes content.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.uncertain {
            let within = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left -= within as u64;
            bytes = &bytes[within..];
            let part = (PREFIX - self.have).min(bytes.len());
            self.prefix[self.have..self.have + part].copy_from_slice(&bytes[..part]);
            self.have += part;
            bytes = &bytes[part..];
            if self.have == PREFIX {
                let [flag, length @ ..] = self.prefix;
                self.uncertain |= flag > 1;
                self.left = u32::from_be_bytes(length).into();
                self.have = 0;
                self.count += 1;
            }
        }
    }

    /// Takes content that was not captured.
    pub(crate) fn skip(&mut self, skipped: u64) {
        match self.left.checked_sub(skipped) {
            Some(left) => self.left = left,
            None => self.uncertain = true,
        }
    }

    /// Content may be missing.
    pub(crate) fn lose(&mut self) {
        self.uncertain = true;
    }

    /// Messages that began; `None` where that is not certain.
    pub(crate) fn count(&self) -> Option<u64> {
        (!self.uncertain).then_some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_however_it_is_cut() {
        let bytes = b"\x00\x00\x00\x00\x03abc\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01z";
        for cut in 0..bytes.len() {
            let mut messages = Messages::default();
            messages.read(&bytes[..cut]);
            messages.read(&bytes[cut..]);
            assert_eq!(messages.count(), Some(3), "{cut}");
        }
    }

    #[test]
    fn gaps_within_a_message_are_certain() {
        let mut messages = Messages::default();
        messages.read(b"\x00\x00\x00\x00\x64ab");
        messages.skip(98);
        assert_eq!(messages.count(), Some(1));
        messages.read(b"\x00\x00\x00\x00\x01z");
        assert_eq!(messages.count(), Some(2));
        messages.skip(1);
        assert_eq!(messages.count(), None);
    }

    #[test]
    fn what_is_no_prefix_is_not_counted() {
        let mut messages = Messages::default();
        messages.read(b"{\"json\": true}");
        assert_eq!(messages.count(), None);
    }
}
