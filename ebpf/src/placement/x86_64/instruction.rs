//! What single instructions do.

use iced_x86::{
    Formatter, GasFormatter, Instruction, InstructionInfoFactory, MemorySize, Mnemonic, OpAccess, OpKind,
    Register,
};

use super::Convention;

/// Whether every kernel of interest emulates this instruction when a uprobe is on it, given its bytes (arch/x86/kernel/uprobes.c,
/// `branch_setup_xol_ops` and `push_setup_xol_ops`). Prefixes are left alone but for the one of `push %r8` to `push %r15`: some of them are
/// refused, some are refused by some kernels, and a `xchg %rax,%r8` (49 90) would be taken for a nop. Longer nops are emulated from
/// 6.18 on only.
pub(super) fn is_emulated(bytes: &[u8]) -> bool {
    let nop_or_push = matches!(bytes, [0x90 | 0x50..=0x57] | [0x41, 0x50..=0x57]);
    let jump_or_call = matches!(
        bytes,
        [0xeb | 0x70..=0x7f, _] | [0xe8 | 0xe9, _, _, _, _] | [0x0f, 0x80..=0x8f, _, _, _, _]
    );
    nop_or_push || jump_or_call
}

/// The registers that must keep their values up to the entry probe.
pub(super) fn arguments(convention: Convention) -> &'static [Register] {
    const C: [Register; 6] =
        [Register::RDI, Register::RSI, Register::RDX, Register::RCX, Register::R8, Register::R9];
    const GO: [Register; 10] = [
        Register::RAX,
        Register::RBX,
        Register::RCX,
        Register::RDI,
        Register::RSI,
        Register::R8,
        Register::R9,
        Register::R10,
        Register::R11,
        Register::R14,
    ];
    match convention {
        Convention::C { arguments } => &C[..usize::from(arguments).min(C.len())],
        Convention::Go => &GO,
        Convention::GoStack => &[],
    }
}

/// Whether it may change one of `registers`, or part of it.
pub(super) fn writes(
    factory: &mut InstructionInfoFactory,
    instruction: &Instruction,
    registers: &[Register],
) -> bool {
    factory.info(instruction).used_registers().iter().any(|used| {
        let written = matches!(
            used.access(),
            OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
        );
        written && registers.contains(&used.register().full_register())
    })
}

/// The frame at some point: how far the stack pointer is below where it was when the function was called, and how far the frame pointer is.
/// `None` where that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) stack: Option<i64>,
    pub(super) base: Option<i64>,
}

impl Frame {
    pub(super) const CALLED: Self = Self { stack: Some(0), base: None };

    /// The frame after an instruction that is not a jump.
    pub(super) fn after(self, factory: &mut InstructionInfoFactory, instruction: &Instruction) -> Self {
        let immediate = || {
            i64::try_from(instruction.immediate(1))
                .or_else(|_| Ok::<i64, ()>(instruction.immediate(1).cast_signed()))
                .unwrap_or_default()
        };
        let to = if instruction.op_count() > 0 && instruction.op0_kind() == OpKind::Register {
            instruction.op0_register()
        } else {
            Register::None
        };
        let by_immediate = instruction.op_count() == 2
            && !matches!(instruction.op1_kind(), OpKind::Register | OpKind::Memory);
        let from = if instruction.op_count() == 2 && instruction.op1_kind() == OpKind::Register {
            instruction.op1_register()
        } else {
            Register::None
        };
        let near_base =
            instruction.memory_base() == Register::RBP && instruction.memory_index() == Register::None;
        match (instruction.mnemonic(), to) {
            (Mnemonic::Pop, Register::RBP) => {
                Self { base: None, ..self.moved(i64::from(-instruction.stack_pointer_increment())) }
            }
            (Mnemonic::Push | Mnemonic::Pop, _) => {
                self.moved(i64::from(-instruction.stack_pointer_increment()))
            }
            (Mnemonic::Sub, Register::RSP) if by_immediate => self.moved(immediate()),
            (Mnemonic::Add, Register::RSP) if by_immediate => self.moved(-immediate()),
            (Mnemonic::Mov, Register::RBP) if from == Register::RSP => Self { base: self.stack, ..self },
            (Mnemonic::Mov, Register::RSP) if from == Register::RBP => Self { stack: self.base, ..self },
            (Mnemonic::Lea, Register::RSP) if near_base => {
                let displacement = instruction.memory_displacement64().cast_signed();
                Self { stack: self.base.map(|base| base - displacement), ..self }
            }
            (Mnemonic::Leave, _) => Self { stack: self.base.map(|base| base - 8), base: None },
            _ if writes(factory, instruction, &[Register::RSP])
                && !instruction.is_call_near()
                && !instruction.is_call_near_indirect() =>
            {
                Self { stack: None, base: self.base }
            }
            _ if writes(factory, instruction, &[Register::RBP]) => Self { base: None, ..self },
            _ => self,
        }
    }

    fn moved(self, bytes: i64) -> Self {
        Self { stack: self.stack.map(|stack| stack + bytes), ..self }
    }
}

/// Where an indirect jump or call takes its target from, if that is a fixed place.
pub(super) fn slot(instruction: &Instruction) -> Option<u64> {
    let through_memory =
        instruction.op0_kind() == OpKind::Memory && instruction.memory_size() == MemorySize::QwordOffset;
    (through_memory && instruction.is_ip_rel_memory_operand()).then(|| instruction.memory_displacement64())
}

/// In the syntax of the GNU tools.
pub(super) fn text(instruction: &Instruction) -> String {
    let mut text = String::new();
    let mut formatter = GasFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    formatter.format(instruction, &mut text);
    text
}
