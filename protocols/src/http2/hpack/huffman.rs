//! The Huffman code of string literals (RFC 7541, appendix B).
//!
//! The code is canonical: among codes of one length, and from each length to the next, they count up in the order of
//! the symbols. So the lengths say everything.

/// Length of the code of each byte, in bits. The end-of-string symbol has 30 and comes after all of them.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// Lengths of the shortest and the longest code.
const SHORTEST: usize = 5;
const LONGEST: usize = 30;

static CODE: Code = Code::new();

/// The code by length.
struct Code {
    /// Bytes in the order of their codes.
    bytes: [u8; 256],
    /// Per length: how many bytes have shorter codes.
    before: [u16; LONGEST + 1],
    /// Per length: its first code, at the upper end of 32 bits.
    first: [u32; LONGEST + 1],
}

impl Code {
    const fn new() -> Self {
        let mut code = Self { bytes: [0; 256], before: [0; LONGEST + 1], first: [0; LONGEST + 1] };
        let mut next: u32 = 0;
        let mut known: u16 = 0;
        let mut length = SHORTEST;
        while length <= LONGEST {
            code.before[length] = known;
            code.first[length] = next;
            let mut byte: u8 = 0;
            loop {
                if LENGTHS[byte as usize] as usize == length {
                    code.bytes[known as usize] = byte;
                    known += 1;
                    next += 1 << (32 - length);
                }
                if byte == u8::MAX {
                    break;
                }
                byte += 1;
            }
            length += 1;
        }
        code
    }

    /// Symbol and length of the code that begins these 32 bits. Symbol 256 is the end of the string.
    fn symbol(&self, bits: u32) -> (usize, usize) {
        let mut length = SHORTEST;
        while length < LONGEST && bits >= self.first[length + 1] {
            length += 1;
        }
        let offset = (bits - self.first[length]) >> (32 - length);
        (usize::from(self.before[length]) + offset as usize, length)
    }
}

/// Decodes a string; `None` when it holds the end-of-string symbol or does not end in less than eight of its bits.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(bytes.len() * 8 / SHORTEST);
    let mut rest = bytes.iter();
    // Bits not yet decoded, at the upper end, then ones.
    let (mut bits, mut count) = (u64::MAX, 0);
    loop {
        while count <= 56
            && let Some(byte) = rest.next()
        {
            let place = 56 - count;
            bits ^= u64::from(!byte) << place;
            count += 8;
        }
        let upper = u32::try_from(bits >> 32).expect("32 bits are left");
        let (symbol, length) = CODE.symbol(upper);
        if length > count {
            // All that is left are ones: they decode to a code longer than they are.
            let padding = count < 8 && bits == u64::MAX;
            return padding.then_some(text);
        }
        text.push(*CODE.bytes.get(symbol)?);
        bits = bits << length | ((1 << length) - 1);
        count -= length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &[u8]) -> Vec<u8> {
        let (mut bits, mut count, mut coded) = (0_u64, 0, Vec::new());
        for byte in text {
            let length = usize::from(LENGTHS[usize::from(*byte)]);
            let place = CODE.bytes.iter().position(|coded| coded == byte).expect("every byte has a code");
            let offset = u32::try_from(place).expect("small") - u32::from(CODE.before[length]);
            bits = bits << length | u64::from((CODE.first[length] >> (32 - length)) + offset);
            count += length;
            while count >= 8 {
                count -= 8;
                coded.push(u8::try_from(bits >> count & 0xff).expect("eight bits"));
            }
        }
        if count > 0 {
            coded.push(u8::try_from((bits << (8 - count) | (0xff >> count)) & 0xff).expect("eight bits"));
        }
        coded
    }

    #[test]
    fn the_code_is_full() {
        let last = CODE.first[LONGEST] >> (32 - LONGEST);
        let longest = LENGTHS.iter().filter(|length| usize::from(**length) == LONGEST).count();
        assert_eq!(
            last + u32::try_from(longest).expect("small"),
            (1 << LONGEST) - 1,
            "one is left for the end"
        );
    }

    #[test]
    fn every_byte_and_every_pair_comes_back() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let text = [first, second, first];
                assert_eq!(decode(&encode(&text)).as_deref(), Some(&text[..]), "{text:?}");
            }
        }
        assert_eq!(decode(&[]), Some(Vec::new()));
    }

    #[test]
    fn strings_of_the_specification() {
        let known: &[(&str, &[u8])] = &[
            ("www.example.com", &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]),
            ("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
            ("302", &[0x64, 0x02]),
        ];
        for (text, coded) in known {
            assert_eq!(decode(coded).as_deref(), Some(text.as_bytes()));
            assert_eq!(encode(text.as_bytes()), *coded);
        }
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        assert_eq!(decode(&[0xff]), None, "eight bits of padding");
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), None, "the end of the string");
        assert_eq!(decode(&[0x00, 0x00]), None, "padding of zeros, or three zeros and a half");
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xfc]), None, "the end of the string, not in full");
    }
}
