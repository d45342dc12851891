//! Programs that call functions of the kernel which are no helpers (kfuncs) -> the same with the ids this kernel gives them, or without.

use aya_obj::btf::{Btf, BtfKind};
use aya_obj::generated::{BPF_CALL, BPF_JMP, BPF_PSEUDO_KFUNC_CALL, bpf_insn};

use super::sys;

/// What `helpers.h` writes for `bpf_preempt_disable` and `bpf_preempt_enable` (kernel/bpf/helpers.c, since 6.10).
const NUMBERS: [i32; 2] = [0x7e00_0001, 0x7e00_0002];
const NAMES: [&str; 2] = ["bpf_preempt_disable", "bpf_preempt_enable"];

/// Ids of both functions.
pub(super) type Ids = [i32; 2];

/// Looks them up. `None`: the kernel lacks one.
pub(super) fn find(kernel: &Btf) -> Option<Ids> {
    let id =
        |name| kernel.id_by_type_name_kind(name, BtfKind::Func).ok().and_then(|id| i32::try_from(id).ok());
    Some([id(NAMES[0])?, id(NAMES[1])?])
}

/// Puts calls of the functions in place of the numbers, or nothing.
pub(super) fn place(instructions: &mut [bpf_insn], ids: Option<Ids>) {
    for instruction in instructions {
        let is_call = u32::from(instruction.code) == BPF_JMP | BPF_CALL && instruction.src_reg() == 0;
        let Some(which) = NUMBERS.iter().position(|number| is_call && instruction.imm == *number) else {
            continue;
        };
        match ids {
            Some(ids) => {
                instruction.set_src_reg(KFUNC);
                instruction.imm = ids[which];
            }
            // What the result is does not matter, but that there is one.
            None => *instruction = sys::NOTHING[0],
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "half a byte, of a type that is wider")]
const KFUNC: u8 = BPF_PSEUDO_KFUNC_CALL as u8;

#[cfg(test)]
mod tests {
    use super::*;

    fn call(src: u8, imm: i32) -> bpf_insn {
        bpf_insn {
            code: 0x85,
            _bitfield_align_1: [],
            _bitfield_1: bpf_insn::new_bitfield_1(0, src),
            off: 0,
            imm,
        }
    }

    fn listing(instructions: &[bpf_insn]) -> Vec<(u8, u8, i32)> {
        instructions.iter().map(|one| (one.code, one.src_reg(), one.imm)).collect()
    }

    #[test]
    fn only_the_numbers_become_calls_of_the_kernel() {
        let program = [call(0, NUMBERS[0]), call(0, 14), call(1, NUMBERS[0]), call(0, NUMBERS[1])];
        let mut known = program;
        place(&mut known, Some([100, 200]));
        assert_eq!(listing(&known), [(0x85, 2, 100), (0x85, 0, 14), (0x85, 1, NUMBERS[0]), (0x85, 2, 200)]);
        let mut unknown = program;
        place(&mut unknown, None);
        assert_eq!(listing(&unknown), [(0xb7, 0, 0), (0x85, 0, 14), (0x85, 1, NUMBERS[0]), (0xb7, 0, 0)]);
    }
}
