//! A program for user space, not yet in the kernel: how it is loaded depends on how it is attached.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

use aya_obj::Object;
use aya_obj::generated::{bpf_attach_type, bpf_insn, bpf_prog_type};

use super::link::uprobe::Way;
use super::program::{ProgramError, submit};
use super::sys;

/// See the module.
#[derive(Debug)]
pub(crate) struct Template {
    name: &'static str,
    instructions: Vec<bpf_insn>,
    license: CString,
    btf: Option<OwnedFd>,
    functions: (Vec<u8>, usize, usize),
    lines: (Vec<u8>, usize, usize),
}

/// Number of the helper `bpf_get_attach_cookie`.
const GET_COOKIE: i32 = 174;
/// `BPF_JMP | BPF_CALL`
const CALL: u8 = 0x85;
/// `BPF_ALU64 | BPF_MOV | BPF_K`
const MOVE: u8 = 0xb7;
/// `BPF_JMP | BPF_EXIT`
const RETURN: u8 = 0x95;

impl Template {
    pub(super) fn of(
        object: &Object,
        btf: Option<&OwnedFd>,
        name: &'static str,
    ) -> Result<Self, ProgramError> {
        let missing = || ProgramError::Missing(name.to_owned());
        let program = object.programs.get(name).ok_or_else(missing)?;
        let function = object.functions.get(&program.function_key()).ok_or_else(missing)?;
        let step = "duplicating a descriptor";
        Ok(Self {
            name,
            instructions: function.instructions.clone(),
            license: program.license.clone(),
            btf: btf
                .map(OwnedFd::try_clone)
                .transpose()
                .map_err(|error| ProgramError::Other { step, error })?,
            functions: (
                function.func_info.func_info_bytes(),
                function.func_info.len(),
                function.func_info_rec_size,
            ),
            lines: (
                function.line_info.line_info_bytes(),
                function.line_info.len(),
                function.line_info_rec_size,
            ),
        })
    }

    /// Loads the program to be attached in a way. With `cookie`, that constant takes the place of what the kernel would be asked for.
    pub(crate) fn load(&self, way: Way, cookie: Option<i32>) -> Result<OwnedFd, ProgramError> {
        let mut instructions = self.instructions.clone();
        if let Some(cookie) = cookie {
            for instruction in instructions.iter_mut().filter(|instruction| asks_for_cookie(**instruction)) {
                *instruction = plain(MOVE, cookie);
            }
        }
        submit(&sys::Program {
            name: self.name,
            instructions: &instructions,
            license: &self.license,
            btf: self.btf.as_ref().map(AsFd::as_fd),
            functions: (&self.functions.0, self.functions.1, self.functions.2),
            lines: (&self.lines.0, self.lines.1, self.lines.2),
            ..empty(way)
        })
    }

    /// Whether it makes a difference to the program where it stands.
    pub(crate) fn uses_cookie(&self) -> bool {
        self.instructions.iter().copied().any(asks_for_cookie)
    }
}

fn asks_for_cookie(instruction: bpf_insn) -> bool {
    instruction.code == CALL && instruction.src_reg() == 0 && instruction.imm == GET_COOKIE
}

/// An instruction about register 0.
fn plain(code: u8, imm: i32) -> bpf_insn {
    bpf_insn { code, _bitfield_align_1: [], _bitfield_1: bpf_insn::new_bitfield_1(0, 0), off: 0, imm }
}

fn empty(way: Way) -> sys::Program<'static> {
    let multi = bpf_attach_type::BPF_TRACE_UPROBE_MULTI as u32;
    sys::Program {
        name: "us_trial",
        kind: bpf_prog_type::BPF_PROG_TYPE_KPROBE as u32,
        attach_type: if way == Way::Multi { multi } else { 0 },
        attach_btf_id: 0,
        instructions: &[],
        license: c"Dual BSD/GPL",
        btf: None,
        functions: (&[], 0, 0),
        lines: (&[], 0, 0),
    }
}

/// Loads a program that does nothing, or nothing but ask for its cookie: to see what the kernel knows.
pub(super) fn trial(way: Way, cookie: bool) -> Result<OwnedFd, ProgramError> {
    let first = if cookie { plain(CALL, GET_COOKIE) } else { plain(MOVE, 0) };
    submit(&sys::Program { instructions: &[first, plain(RETURN, 0)], ..empty(way) })
}
