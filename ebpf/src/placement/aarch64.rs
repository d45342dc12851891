//! Fixed-width instructions: nothing to find out but where a function returns.

use super::{Entry, Exit, Function, Planner};

/// `ret`, with any register (Arm ARM C6.2: bits 31..10 and 4..0 fixed).
const RET: u32 = 0xd65f_0000;
const RET_MASK: u32 = 0xffff_fc1f;
/// `nop`
const NOP: u32 = 0xd503_201f;

pub(super) fn place(planner: &Planner<'_>, function: &Function) -> (Entry, Option<String>, Exit) {
    let first = words(planner, function).next().map_or(0, |(_, word)| word);
    let emulated = is_simulated(first);
    let entry =
        Entry { offset: 0, distance: 0, emulated, depth: 0, instruction: format!(".word {first:#010x}") };
    let why = "aarch64: nothing is gained by another place".to_owned();
    (entry, None, Exit::Probe { offset: 0, distance: 0, emulated, why })
}

pub(super) fn returns(planner: &Planner<'_>, function: &Function) -> Vec<u64> {
    words(planner, function).filter(|(_, word)| word & RET_MASK == RET).map(|(address, _)| address).collect()
}

pub(super) fn is_emulated(code: &[u8]) -> bool {
    code.first_chunk().is_some_and(|word| is_simulated(u32::from_le_bytes(*word)))
}

/// Whether the kernel simulates an instruction (arch/arm64/kernel/probes/decode-insn.c): branches, address and literal loads, nop.
fn is_simulated(word: u32) -> bool {
    word == NOP
        || word & 0x7c00_0000 == 0x1400_0000 // b, bl
        || word & 0xff00_0010 == 0x5400_0000 // b.cond
        || word & 0x7e00_0000 == 0x3400_0000 // cbz, cbnz
        || word & 0x7e00_0000 == 0x3600_0000 // tbz, tbnz
        || word & 0x1f00_0000 == 0x1000_0000 // adr, adrp
        || word & 0x3b00_0000 == 0x1800_0000 // ldr literal
        || word & RET_MASK == RET
}

fn words(planner: &Planner<'_>, function: &Function) -> impl Iterator<Item = (u64, u32)> {
    /// Largest function that is searched, bytes.
    const MAX: u64 = 1 << 20;
    let length = usize::try_from(function.size.min(MAX)).unwrap_or_default();
    let code = planner.image.code(function.address, length);
    let words: Vec<_> =
        code.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
    (function.address..).step_by(4).zip(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_simulated() {
        for (word, simulated) in [
            (NOP, true),
            (0x9400_0001, true),  // bl
            (0x5400_0040, true),  // b.eq
            (0xb400_0040, true),  // cbz
            (0xd65f_03c0, true),  // ret
            (0xa9bf_7bfd, false), // stp x29, x30, [sp, #-16]!
            (0xd100_83ff, false), // sub sp, sp, #32
        ] {
            assert_eq!(is_simulated(word), simulated, "{word:#x}");
        }
    }
}
