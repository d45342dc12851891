//! Programs with callbacks -> the same for kernels that have none.

use aya_obj::generated::{
    BPF_CALL, BPF_DW, BPF_IMM, BPF_JA, BPF_JMP, BPF_LD, BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, bpf_insn,
};

/// Turns addresses of functions into calls. Kernels that know no callbacks refuse these addresses even in branches that are switched off,
/// and functions nobody calls too.
pub(super) fn forget(instructions: &mut [bpf_insn]) {
    let mut instructions = instructions.iter_mut();
    while let Some(instruction) = instructions.next() {
        if u32::from(instruction.code) != BPF_LD | BPF_DW | BPF_IMM {
            continue;
        }
        // Such an instruction takes the room of two.
        let second = instructions.next();
        if u32::from(instruction.src_reg()) == BPF_PSEUDO_FUNC {
            // Where the function is, both say in the same way.
            instruction.code = code(BPF_JMP | BPF_CALL);
            instruction.set_src_reg(code(BPF_PSEUDO_CALL));
            instruction.set_dst_reg(0);
            if let Some(second) = second {
                second.code = code(BPF_JMP | BPF_JA);
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "they are bytes and halves of one, of a type that is wider"
)]
const fn code(bits: u32) -> u8 {
    bits as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(code: u8, dst: u8, src: u8, imm: i32) -> bpf_insn {
        bpf_insn { code, _bitfield_align_1: [], _bitfield_1: bpf_insn::new_bitfield_1(dst, src), off: 0, imm }
    }

    fn listing(instructions: &[bpf_insn]) -> Vec<(u8, u8, u8, i32)> {
        let parts = |one: &bpf_insn| (one.code, one.dst_reg(), one.src_reg(), one.imm);
        instructions.iter().map(parts).collect()
    }

    #[test]
    fn only_addresses_of_functions_become_calls() {
        let map = [instruction(0x18, 2, 1, 7), instruction(0, 0, 0, 0)];
        let callback = [instruction(0x18, 2, 4, 31), instruction(0, 0, 0, 0)];
        let other = [instruction(0x85, 0, 0, 181)];
        let mut all = [&map[..], &callback, &other].concat();
        forget(&mut all);
        let expected =
            [&map[..], &[instruction(0x85, 0, 1, 31), instruction(0x05, 0, 0, 0)], &other].concat();
        assert_eq!(listing(&all), listing(&expected));
    }
}
