//! What stands for something in the code that only the loader knows -> that: functions of the kernel which are no helpers (kfuncs) by the ids
//! this kernel gives them, or left out, and which of its copies a program is.

use aya_obj::btf::{Btf, BtfKind};
use aya_obj::generated::{BPF_CALL, BPF_JMP, BPF_PSEUDO_KFUNC_CALL, bpf_insn};

use super::sys;

/// What `helpers.h` writes for `bpf_preempt_disable` and `bpf_preempt_enable` (kernel/bpf/helpers.c, since 6.10).
const NUMBERS: [i32; 2] = [0x7e00_0001, 0x7e00_0002];
/// What it writes for `which_copy`.
const WHICH_COPY: i32 = 0x7e00_0003;
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
        let Some(which) = NUMBERS.iter().position(|number| calls(*instruction, *number)) else {
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

/// Whether a program may have copies.
pub(super) fn has_copies(instructions: &[bpf_insn]) -> bool {
    instructions.iter().any(|instruction| calls(*instruction, WHICH_COPY))
}

/// The code of a program's `copy`, counted from 0.
pub(super) fn as_copy(instructions: &[bpf_insn], copy: i32) -> Vec<bpf_insn> {
    let constant = bpf_insn { imm: copy, ..sys::NOTHING[0] };
    let place = |instruction| if calls(instruction, WHICH_COPY) { constant } else { instruction };
    instructions.iter().copied().map(place).collect()
}

/// Whether this is a call of the helper that has the number.
fn calls(instruction: bpf_insn, number: i32) -> bool {
    let is_call = u32::from(instruction.code) == BPF_JMP | BPF_CALL && instruction.src_reg() == 0;
    is_call && instruction.imm == number
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
    fn each_copy_knows_which_it_is() {
        let program = [call(0, 14), call(0, WHICH_COPY), call(2, WHICH_COPY)];
        assert!(has_copies(&program));
        for copy in [0, 1, 2] {
            let placed = as_copy(&program, copy);
            assert_eq!(listing(&placed), [(0x85, 0, 14), (0xb7, 0, copy), (0x85, 2, WHICH_COPY)]);
            assert!(!has_copies(&placed));
        }
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
